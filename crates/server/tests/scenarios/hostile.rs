//! Requests made to deceive: forged signatures, text that is SQL, file names that are paths, tokens that nearly fit.

use crate::people::{client_id, send};
use crate::support::{APP_SECRET, Channel, PASSWORD, System, on_each_database};
use crate::wire;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};

/// Headers of a request, and what is wrong with them.
type Forged = (&'static str, Vec<(&'static str, String)>);

#[test]
fn only_the_right_signature_over_the_very_bytes_opens_a_webhook() {
    on_each_database(|system| async move {
        let telegram = system.connect("telegram").await;
        let whatsapp = system.connect("whatsapp_cloud").await;
        let bridge = system.connect("custom_channel").await;
        let other = system.connect("custom_channel").await;
        let before = system.count("SELECT count(*) FROM message").await;

        let update = wire::telegram_text(1, 5_001, 1, "Hi").to_string();
        refuse(
            &system,
            &telegram,
            &update,
            token_cases("x-telegram-bot-api-secret-token", "", &telegram.secret),
        )
        .await;

        let text = json!([wire::whatsapp_text("447700900001", "wamid.1", "Hi")]);
        let value = wire::whatsapp_value(&whatsapp, "messages", "447700900001", text);
        let change = wire::whatsapp(&whatsapp, vec![value]).to_string();
        refuse(&system, &whatsapp, &change, signature_cases(&change)).await;

        let events = wire::custom(
            &json!(bridge.public_id),
            "447700900001",
            vec![wire::custom_text("m1", "Hi")],
        )
        .to_string();
        let mut cases = token_cases("authorization", "Bearer ", &bridge.secret);
        cases.push((
            "another channel's",
            vec![("authorization", format!("Bearer {}", other.secret))],
        ));
        cases.push((
            "another scheme",
            vec![("authorization", format!("Basic {}", bridge.secret))],
        ));
        refuse(&system, &bridge, &events, cases).await;

        assert_eq!(system.count("SELECT count(*) FROM message").await, before);
        // The right ones are taken: the cases failed for what is wrong with them.
        let token = [("x-telegram-bot-api-secret-token", telegram.secret.as_str())];
        assert_eq!(system.deliver(&telegram.webhook_url, &token, update).await.status, 200);
        let own = wire::meta_signature(APP_SECRET, change.as_bytes());
        assert_eq!(
            system
                .deliver(&whatsapp.webhook_url, &[("x-hub-signature-256", &own)], change)
                .await
                .status,
            200
        );
        let token = format!("Bearer {}", bridge.secret);
        assert_eq!(
            system
                .deliver(&bridge.webhook_url, &[("authorization", &token)], events)
                .await
                .status,
            200
        );
        assert_eq!(system.count("SELECT count(*) FROM message").await, before + 3);
    });
}

async fn refuse(system: &System, channel: &Channel, body: &str, cases: Vec<Forged>) {
    for (what, headers) in cases {
        let mut request = system
            .browser
            .http
            .post(&channel.webhook_url)
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = send(request.body(body.to_owned())).await;
        assert!(
            matches!(answer.status, 401 | 403),
            "{} {what}: {} {}",
            channel.source,
            answer.status,
            answer.text()
        );
        assert!(!answer.text().contains(&channel.secret), "{what}");
    }
    // In the address it does not count.
    let url = format!(
        "{}?secret_token={}&token={}",
        channel.webhook_url, channel.secret, channel.secret
    );
    let answer = send(system.browser.http.post(url).body(body.to_owned())).await;
    assert!(matches!(answer.status, 401 | 403), "{}", answer.status);
}

fn token_cases(header: &'static str, prefix: &str, secret: &str) -> Vec<Forged> {
    let with = |token: &str| vec![(header, format!("{prefix}{token}"))];
    let turned: String = secret.chars().rev().collect();
    vec![
        ("missing", vec![]),
        ("empty", with("")),
        ("wrong", with("guessed")),
        ("turned around", with(&turned)),
        ("truncated", with(&secret[..secret.len() - 1])),
        ("the beginning", with(&secret[..8])),
        ("longer", with(&format!("{secret}0"))),
        (
            "in other case",
            with(&secret.to_uppercase().replace(|c: char| c.is_ascii_digit(), "x")),
        ),
        ("a list", with(&format!("{secret},{secret}"))),
        ("a pattern", with("%")),
        ("twice, right first", [with(secret), with("guessed")].concat()),
        ("twice, wrong first", [with("guessed"), with(secret)].concat()),
    ]
}

fn signature_cases(body: &str) -> Vec<Forged> {
    const NAME: &str = "x-hub-signature-256";
    let of = |bytes: &[u8]| wire::meta_signature(APP_SECRET, bytes);
    let own = of(body.as_bytes());
    let digest = own.strip_prefix("sha256=").unwrap().to_owned();
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(body).unwrap()).unwrap();
    let sha512 = {
        let mut mac = Hmac::<sha2::Sha512>::new_from_slice(APP_SECRET.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    };
    let with = |value: String| vec![(NAME, value)];
    vec![
        ("missing", vec![]),
        ("empty", with(String::new())),
        ("only the algorithm", with("sha256=".to_owned())),
        ("without the algorithm", with(digest.clone())),
        ("truncated", with(own[..own.len() - 2].to_owned())),
        ("the beginning", with(own[..20].to_owned())),
        ("longer", with(format!("{own}00"))),
        ("no hex", with(format!("sha256={}", "z".repeat(64)))),
        ("of the body formatted otherwise", with(of(pretty.as_bytes()))),
        (
            "of the body with a line at its end",
            with(of(format!("{body}\n").as_bytes())),
        ),
        ("of nothing", with(of(b""))),
        (
            "by another secret",
            with(wire::meta_signature("another secret", body.as_bytes())),
        ),
        ("by no secret", with(wire::meta_signature("", body.as_bytes()))),
        ("another algorithm's", with(format!("sha512={sha512}"))),
        (
            "another algorithm's, as ours",
            with(format!("sha256={}", &sha512[..64])),
        ),
        ("under another algorithm", with(format!("sha1={digest}"))),
        (
            "in the old header",
            vec![("x-hub-signature", format!("sha1={}", &digest[..40]))],
        ),
        ("twice, right first", [with(own.clone()), with(of(b""))].concat()),
        ("twice, wrong first", [with(of(b"")), with(own)].concat()),
    ]
}

/// Text that would change a statement if it were pasted into one.
const SQL: &[&str] = &[
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    "%",
    "_",
    "%%",
    "%_%",
    "';--",
    "' OR '1'='1",
    "') OR ('1'='1",
    "\" OR \"\"=\"",
    "1 OR 1=1",
    "1; DROP TABLE contact",
    "'; DROP TABLE contact; --",
    "' UNION SELECT id, secrets FROM channel --",
    "1) UNION ALL SELECT NULL,NULL--",
    "/*",
    "*/",
    "--",
    "#",
    ";",
    "?1",
    "$1",
    ":id",
    "@id",
    "{0}",
    "%s",
    "%27",
    "0x27",
    "CHAR(39)",
    "(SELECT pg_sleep(3))",
    "'||pg_sleep(3)||'",
    "randomblob(1000000000)",
    "load_extension('x')",
    "NULL",
    "null",
    "true",
    "-1",
    "0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1e308",
    "NaN",
    "\u{2019}",
    "\u{ff07}",
    "\u{0}",
    "\u{1}",
    "\u{feff}",
    "\u{fffd}",
    "a\tb",
    "a\nb",
    "\u{202e}",
    "🜃",
    "[1,2]",
    "{\"$ne\":null}",
    "{\"$and\":[]}",
    "newest; DROP TABLE contact",
    "sort_at DESC",
    "__proto__",
    "../../etc/passwd",
];

#[test]
fn text_that_is_sql_stays_text_in_every_parameter() {
    on_each_database(|system| async move {
        let named = json!({ "first_name": "Robert'); DROP TABLE contact;--", "email": "o'brien@example.com" });
        let contact = system.owner.post("/contacts", &named).await.ok()["id"].to_string();
        let found = system.owner.get("/inbox?status=all&q=robert%27%29").await.ok();
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
        let workspace = ism_domain::WorkspaceId(system.owner.workspace);
        let token = system.services.create_api_token(workspace, "n8n", None).await.unwrap();
        let contacts = system.count("SELECT count(*) FROM contact").await;
        let lists = [
            (
                "/inbox",
                ["inbox", "status", "sort", "unreplied", "q", "cursor", "limit"].as_slice(),
            ),
            (&*format!("/contacts/{contact}/timeline"), &["before", "limit"]),
        ];
        for text in SQL {
            let escaped: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            for (path, parameters) in lists {
                for name in parameters {
                    let answer = system.owner.get(&format!("{path}?{name}={escaped}")).await;
                    assert!(answer.status < 500, "{path}?{name}={text}: {}", answer.text());
                    if *name == "q" && !text.is_empty() && answer.status == 200 {
                        let few = answer.json()["items"].as_array().unwrap().len();
                        assert!(few <= 1, "{text}");
                    }
                }
            }
            // Everywhere in paths and bodies.
            for path in [
                format!("/contacts/{escaped}"),
                format!("/channels/{escaped}/secret"),
                format!("/users/{escaped}"),
            ] {
                assert!(system.owner.get(&path).await.status < 500, "{path}");
            }
            let body = json!({ "first_name": text, "last_name": text });
            let answer = system.owner.patch(&format!("/contacts/{contact}"), &body).await;
            assert!(answer.status < 500, "{text}: {}", answer.text());
            let answer = system
                .owner
                .post("/closing-categories", &json!({ "name": text, "description": text }))
                .await;
            assert!(answer.status < 500, "{text}: {}", answer.text());
            let answer = system
                .browser
                .post("/api/session", &json!({ "email": text, "password": text }))
                .await;
            assert!(matches!(answer.status, 401 | 429), "{text}: {}", answer.text());
            for (path, body) in [
                (
                    format!("/v2/contact/email:{escaped}/message/list?limit={escaped}&cursorId={escaped}"),
                    Value::Null,
                ),
                (format!("/v2/contact/{escaped}"), Value::Null),
                (
                    "/v2/contact/list".to_owned(),
                    json!({ "search": text, "timezone": text, "filter": { "$and": [] } }),
                ),
                (
                    "/v2/contact/list".to_owned(),
                    json!({ "search": "", "filter": { text.to_string(): [{ "field": text, "operator": text, "value": text }] } }),
                ),
                (
                    format!("/v2/contact/id:{contact}/conversation/assignee"),
                    json!({ "assignee": text }),
                ),
                (
                    format!("/v2/contact/id:{contact}/conversation/status"),
                    json!({ "status": "close", "category": text, "summary": text }),
                ),
            ] {
                let method = if body.is_null() { Method::GET } else { Method::POST };
                let request = system
                    .browser
                    .http
                    .request(method, format!("{}{path}", system.url))
                    .bearer_auth(&token);
                let answer = send(request.json(&body)).await;
                assert!(answer.status < 500, "{path} {body}: {}", answer.text());
            }
        }
        assert_eq!(system.count("SELECT count(*) FROM contact").await, contacts);
        assert_eq!(system.count("SELECT count(*) FROM channel").await, 0);
    });
}

#[test]
fn names_of_files_are_only_names() {
    on_each_database(|system| async move {
        let long = "x".repeat(3_000) + ".pdf";
        for (given, kept) in [
            ("../../../../etc/passwd", "passwd"),
            ("..\\..\\windows\\system32\\cmd.exe", "cmd.exe"),
            ("/etc/shadow", "shadow"),
            ("....//....//x.txt", "x.txt"),
            ("\u{200b}.htaccess", "htaccess"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{2060}b\u{feff}.txt", "ab.txt"),
            ("..", "file.txt"),
            ("CON", "CON"),
            ("<img src=x onerror=alert(1)>.txt", "img src=x onerror=alert(1).txt"),
            ("a; filename=\"evil.html\"", "a; filename=evil.html"),
            ("ｆｕｌｌ．ｔｘｔ", "ｆｕｌｌ．ｔｘｔ"),
            (long.as_str(), &*format!("{}.pdf", "x".repeat(116))),
        ] {
            let made = system.owner.uploads(given, "text/plain", b"bytes of a file").await;
            let made = made.ok();
            assert_eq!(made["file_name"], kept, "{given:?}");
            let answer = system.owner.get(made["url"].as_str().unwrap()).await;
            assert_eq!(
                (answer.status, answer.bytes.as_slice()),
                (200, b"bytes of a file".as_slice()),
                "{given:?}"
            );
            let how = answer.header("content-disposition");
            assert!(
                how.starts_with("attachment; filename*=UTF-8''") && how.is_ascii(),
                "{how}"
            );
            assert_eq!(
                how.matches("filename").count() - how.matches("%20filename").count(),
                1,
                "{how}"
            );
        }
        // What a browser, a viewer or a decoder could run into, by what it is and what it says it is.
        let bomb = [
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x06\0\0\0".as_slice(),
            &[0; 64],
        ]
        .concat();
        let cases: &[(&str, &str, &[u8])] = &[
            ("page.html", "text/html", b"<!doctype html><script>alert(1)</script>"),
            ("page.xhtml", "application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"),
            ("drawing.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
            ("style.xsl", "text/xml", b"<?xml version='1.0'?><?xml-stylesheet href='x'?><x/>"),
            ("code.js", "text/javascript", b"alert(1)"),
            ("form.pdf", "application/pdf", b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj"),
            ("both.pdf", "application/pdf", b"<html><script>alert(1)</script></html>%PDF-1.4"),
            ("flash.swf", "application/x-shockwave-flash", b"FWS\x06\0\0\0\0"),
            ("mhtml.mht", "multipart/related", b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>"),
            ("page.png", "image/png", b"<script>alert(1)</script>"),
            ("gif.html", "text/html", b"GIF89a=0;/*<script>alert(1)</script>*/"),
            ("vnd.docx", "application/vnd.wap.xhtml+xml", b"PK\x03\x04<html><script>alert(1)</script>"),
            ("bomb.png", "image/png", &bomb),
        ];
        for (name, mime, bytes) in cases {
            let made = system.owner.uploads(name, mime, bytes).await.ok();
            let answer = system.owner.get(made["url"].as_str().unwrap()).await;
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
            assert_eq!(
                answer.header("content-security-policy"),
                "default-src 'none'; sandbox",
                "{name}"
            );
            let kind = answer.header("content-type");
            let image = kind.starts_with("image/") && !kind.contains("svg");
            assert!(
                image || answer.header("content-disposition").starts_with("attachment"),
                "{name}: {kind}"
            );
            for runs in ["html", "svg", "xml", "javascript", "multipart"] {
                assert!(!kind.contains(runs), "{name} is served as {kind}");
            }
        }
    });
}

#[test]
fn a_token_or_identity_that_nearly_fits_opens_nothing() {
    on_each_database(|system| async move {
        let workspace = ism_domain::WorkspaceId(system.owner.workspace);
        let token = system.services.create_api_token(workspace, "n8n", None).await.unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let list = async |header: Option<String>, query: &str| {
            let mut request = system
                .browser
                .http
                .post(format!("{}/v2/contact/list{query}", system.url));
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            send(request.json(&json!({ "search": "" }))).await.status
        };
        assert_eq!(list(Some(format!("Bearer {token}")), "").await, 200);
        // {"alg":"none"}, as forged JWTs have it.
        let none = "eyJhbGciOiJub25lIn0";
        for wrong in [
            format!("Bearer {}", &token[..token.len() - 1]),
            format!("Bearer {token}0"),
            format!("Bearer {none}.{}.", parts[1]),
            format!("Bearer {none}.{}.{}", parts[1], parts[2]),
            format!("Bearer {}.{}.", parts[0], parts[1]),
            format!("Basic {token}"),
            token.clone(),
            "Bearer ".to_owned(),
            "Bearer null".to_owned(),
            "Bearer ' OR ''='".to_owned(),
        ] {
            assert_eq!(list(Some(wrong.clone()), "").await, 401, "{wrong}");
        }
        assert_eq!(list(None, &format!("?token={token}&access_token={token}")).await, 401);
        // A program's token opens neither the web app nor a chat, nor the other way round.
        let request = system.browser.request(Method::GET, "/api/session");
        let cookie = format!("ism_session={token}");
        assert_eq!(
            send(request.header("cookie", cookie).bearer_auth(&token)).await.status,
            401
        );
        let session = system.owner.cookie.split_once('=').unwrap().1.to_owned();
        assert_eq!(list(Some(format!("Bearer {session}")), "").await, 401);
        // Taken back, it is dead with the next request.
        let sql = "UPDATE api_token SET revoked_at = 1";
        system
            .services
            .store
            .write(workspace, move |tx| tx.execute(sql, &[]))
            .await
            .unwrap();
        assert_eq!(list(Some(format!("Bearer {token}")), "").await, 401);

        let chat = system.connect("website_chat").await;
        let begin = async |user: Value| {
            let body = json!({ "key": chat.public_id, "user": user });
            send(
                system
                    .browser
                    .http
                    .post(format!("{}/widget/v1/sessions", system.url))
                    .json(&body),
            )
            .await
        };
        let hash = |id: &str| wire::hmac_hex(&chat.secret, id.as_bytes());
        begin(json!({ "id": "42", "hash": hash("42") })).await.ok();
        let long = "a".repeat(201);
        for (id, hash) in [
            ("42", String::new()),
            ("42", hash("43")),
            ("42", hash("42")[..32].to_owned()),
            ("42", format!("{}0", hash("42"))),
            ("42 ", hash("42")),
            ("", hash("")),
            ("42", wire::hmac_hex("", b"42")),
            ("42", hex::encode("42")),
            (long.as_str(), hash(&long)),
        ] {
            let answer = begin(json!({ "id": id, "hash": hash })).await;
            assert!(matches!(answer.status, 400 | 403), "{id:?} {hash}: {}", answer.text());
            assert!(answer.json()["token"].is_null());
        }
        // An e-mail address without proof opens nobody's history.
        let answer = begin(json!({ "id": "", "email": "owner@example.com", "name": PASSWORD })).await;
        assert!(matches!(answer.status, 400 | 403), "{}", client_id());
    });
}
