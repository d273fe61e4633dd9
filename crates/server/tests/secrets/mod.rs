//! Secrets: a run that uses one of every kind, after which none stands in the log or, in clear, in the data folder.

use crate::support::Installation;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const PASSWORD: &str = "zebra-password-one";
const NEW_PASSWORD: &str = "zebra-password-two";
const COLLEAGUE: &str = "zebra-password-three";
const BOT_TOKEN: &str = "1234567890:AAzebraTelegramTokenzebra12345678";
const ACCESS_TOKEN: &str = "EAAGzebraAccessToken";
const APP_SECRET: &str = "0123456789abcdef0123456789zebra0";
const VERIFY_TOKEN: &str = "zebra-verify-token";
const GUESS: &str = "zebra-wrong-guess";

struct Web {
    http: Client,
    url: String,
    cookie: String,
}

impl Web {
    async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value, String) {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = request.header("x-ism-client", "web").header("cookie", &self.cookie);
        let response = request.json(&body).send().await.unwrap();
        let status = response.status();
        let cookie = response.headers().get("set-cookie");
        let cookie = cookie.map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned());
        (
            status,
            response.json().await.unwrap_or_default(),
            cookie.unwrap_or_default(),
        )
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer, _) = self.call(Method::POST, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }
}

/// Uses every kind of secret once, rightly and wrongly; returns them all.
async fn use_everything(url: &str, workspace: i64, api_token: &str) -> Vec<(&'static str, String)> {
    let http = Client::builder().no_proxy().build().unwrap();
    let mut web = Web {
        http,
        url: url.to_owned(),
        cookie: String::new(),
    };
    let sign_in = json!({ "email": "owner@shop.example", "password": PASSWORD });
    let wrong = json!({ "email": "owner@shop.example", "password": GUESS });
    assert_eq!(web.call(Method::POST, "/api/session", wrong).await.0, 401);
    let (_, _, cookie) = web.call(Method::POST, "/api/session", sign_in).await;
    web.cookie = cookie;
    let mut secrets = vec![("session", web.cookie.split_once('=').unwrap().1.to_owned())];

    let of = format!("/api/workspaces/{workspace}");
    let telegram = json!({ "bot_token": BOT_TOKEN });
    let whatsapp = json!({ "access_token": ACCESS_TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN });
    let mut links = Vec::new();
    for (source, config) in [
        ("telegram", telegram),
        ("whatsapp_cloud", whatsapp),
        ("custom_channel", json!({ "id_type": "custom" })),
    ] {
        let form = json!({ "source": source, "config": config, "simulated": true });
        let made = web.post(&format!("{of}/channels"), form).await;
        secrets.push(("channel secret", made["secret"].as_str().unwrap().to_owned()));
        links.push(made["channel"]["webhook_url"].as_str().unwrap().to_owned());
    }
    // Credentials that fail: the provider is unreachable, so that the error path has them in hand.
    let form = json!({ "source": "telegram", "config": { "bot_token": format!("9{BOT_TOKEN}"), "base_url": "http://127.0.0.1:1/x" } });
    assert!(
        !web.call(Method::POST, &format!("{of}/channels"), form)
            .await
            .0
            .is_success()
    );
    let site = web
        .post(
            &format!("{of}/channels"),
            json!({ "source": "website_chat", "config": {} }),
        )
        .await;
    secrets.push(("widget secret", site["secret"].as_str().unwrap().to_owned()));

    // Webhooks, with a secret that is right, wrong, and in the address.
    let secret = secrets[1].1.clone();
    for (link, header, value) in [
        (&links[0], "x-telegram-bot-api-secret-token", secret.as_str()),
        (&links[0], "x-telegram-bot-api-secret-token", "zebra-wrong-guess"),
        (&links[1], "x-hub-signature-256", "sha256=zebra-wrong-guess"),
        (&links[2], "authorization", "Bearer zebra-wrong-guess"),
    ] {
        web.http
            .post(link)
            .header(header, value)
            .body("{\"channelId\":1}")
            .send()
            .await
            .unwrap();
    }
    let handshake = format!(
        "{}?hub.mode=subscribe&hub.challenge=1&hub.verify_token={VERIFY_TOKEN}",
        links[1]
    );
    web.http.get(handshake).send().await.unwrap();

    // A colleague by invitation, a visitor, a program, a file by its signed address.
    let invited = web
        .post(
            &format!("{of}/invitations"),
            json!({ "email": "kai@shop.example", "role": "agent" }),
        )
        .await;
    let link = invited["url"].as_str().unwrap().to_owned();
    let token = link.rsplit('/').next().unwrap().to_owned();
    web.http.get(format!("{url}/invite/{token}")).send().await.unwrap();
    web.post(
        &format!("/api/invitations/{token}"),
        json!({ "first_name": "Kai", "password": COLLEAGUE }),
    )
    .await;
    web.call(
        Method::POST,
        &format!("/api/invitations/{token}"),
        json!({ "password": GUESS }),
    )
    .await;
    secrets.push(("invitation", token));
    let key = site["channel"]["public_id"].clone();
    let visitor = web.post("/widget/v1/sessions", json!({ "key": key })).await["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let text = json!({ "client_id": "1", "content": { "type": "text", "text": "Hello" } });
    let written = web
        .http
        .post(format!("{url}/widget/v1/messages"))
        .bearer_auth(&visitor)
        .json(&text)
        .send()
        .await
        .unwrap();
    assert_eq!(written.status(), 200);
    let part = reqwest::multipart::Part::bytes(b"a file".to_vec()).file_name("a.txt");
    let form = reqwest::multipart::Form::new().part("file", part);
    let file = web
        .http
        .post(format!("{url}/widget/v1/attachments"))
        .bearer_auth(&visitor)
        .multipart(form)
        .send()
        .await
        .unwrap();
    let file = file.json::<Value>().await.unwrap()["url"].as_str().unwrap().to_owned();
    let address = if file.starts_with("http") {
        file.clone()
    } else {
        format!("{url}{file}")
    };
    assert_eq!(web.http.get(address).send().await.unwrap().status(), 200);
    secrets.push(("signed address", file.split('/').rev().nth(1).unwrap().to_owned()));
    secrets.push(("visitor", visitor));
    for bearer in [api_token, GUESS] {
        let request = web.http.post(format!("{url}/v2/contact/list")).bearer_auth(bearer);
        request
            .json(&json!({ "search": "", "filter": {} }))
            .send()
            .await
            .unwrap();
    }
    // Requests that break.
    for path in [
        "/v2/contact/nonsense",
        "/api/workspaces/x/inbox",
        "/webhooks/telegram/1",
        "/files/1/1/zebra-wrong-guess/x",
    ] {
        web.http
            .get(format!("{url}{path}"))
            .bearer_auth(GUESS)
            .send()
            .await
            .unwrap();
    }
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    assert_eq!(web.call(Method::PATCH, "/api/me", change).await.0, 200);

    secrets.push(("Developer API token", api_token.to_owned()));
    secrets.push(("its signature", api_token.rsplit('.').next().unwrap().to_owned()));
    for (name, secret) in [
        ("password", PASSWORD),
        ("new password", NEW_PASSWORD),
        ("colleague's password", COLLEAGUE),
        ("bot token", &BOT_TOKEN[11..]),
        ("access token", ACCESS_TOKEN),
        ("app secret", APP_SECRET),
        ("verify token", VERIFY_TOKEN),
        ("guess", GUESS),
    ] {
        secrets.push((name, secret.to_owned()));
    }
    secrets
}

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn no_secret_is_logged_or_stored_in_clear() {
    let place = Installation::sqlite("secrets");
    let init = [
        "init",
        "--email",
        "owner@shop.example",
        "--password",
        PASSWORD,
        "--workspace",
        "Shop",
    ];
    let made = place.json(&init);
    let workspace = made["workspace_id"].as_i64().unwrap();
    fs::write(place.folder().join("is-messenger.toml"), "log = \"trace\"\n").unwrap();
    let name = workspace.to_string();
    let token = place.json(&["token", "create", "--workspace", &name, "--name", "till"]);
    let token = token["token"].as_str().unwrap();
    let mut server = place.serve(&["--simulator", "127.0.0.1:0"]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let secrets = runtime.block_on(use_everything(&format!("http://{}", server.address), workspace, token));
    server.signal();
    assert_eq!(server.wait(), Some(0), "{}", server.log());

    let key = fs::read_to_string(place.folder().join("secret.key")).unwrap();
    let log = server.log();
    assert!(log.contains("request"), "the log was written: {log}");
    let mut kept = Vec::new();
    files(place.folder(), &mut kept);
    assert!(
        kept.iter()
            .any(|(name, bytes)| name.ends_with(".db") || bytes.starts_with(b"SQLite")),
        "a database was found"
    );
    for (name, secret) in secrets.iter().chain(&[("key", key.trim().to_owned())]) {
        assert!(secret.len() >= 15, "{name}: {secret}");
        if let Some(line) = log.lines().find(|line| line.contains(secret.as_str())) {
            panic!("the {name} is in the log: {line}");
        }
        for (file, bytes) in kept
            .iter()
            .filter(|(file, _)| !file.ends_with("secret.key") && !file.ends_with("simulator.json"))
        {
            let clear = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!clear, "the {name} stands in {file}");
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.folder().join("secret.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "only the server may read its key: {mode:o}");
    }
}

#[test]
fn without_its_key_an_installation_says_so_and_makes_no_new_one() {
    let place = Installation::sqlite("key");
    let init = [
        "init",
        "--email",
        "owner@shop.example",
        "--password",
        PASSWORD,
        "--workspace",
        "Shop",
    ];
    let workspace = place.json(&init)["workspace_id"].to_string();
    let connect = [
        "channel",
        "connect",
        "--workspace",
        &workspace,
        "--source",
        "website_chat",
    ];
    place.json(&connect);
    let key = place.folder().join("secret.key");
    let kept = fs::read(&key).unwrap();
    for other in [None, Some("ab".repeat(32))] {
        fs::remove_file(&key).unwrap();
        if let Some(other) = &other {
            fs::write(&key, other).unwrap();
        }
        // The doctor looks, and makes no key either.
        let run = place.run(&["doctor", "--json"]);
        assert!(
            run.stdout.contains("secret.key"),
            "{other:?}: {}{}",
            run.stdout,
            run.stderr
        );
        let run = place.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(
            run.code != 0 && run.stderr.contains("key"),
            "{other:?}: {}{}",
            run.stdout,
            run.stderr
        );
        let run = place.run(&connect);
        assert_ne!(run.code, 0, "{other:?}: {}", run.stdout);
        assert!(run.stderr.contains("key"), "{other:?}: {}{}", run.stdout, run.stderr);
        assert_eq!(
            key.exists(),
            other.is_some(),
            "no new key is made in place of the lost one"
        );
        fs::write(&key, &kept).unwrap();
    }
    place.json(&connect);
}
