//! The website chat: visitors without accounts, on pages we do not own.

use crate::people::{Answer, Socket, client_id, file, send};
use crate::support::{Channel, System, on_each_database};
use crate::wire;
use reqwest::Method;
use serde_json::{Value, json};

const SHOP: &str = "https://shop.example";

/// A visitor's browser with a session.
struct Visitor {
    system: System,
    key: String,
    token: String,
}

impl Visitor {
    async fn begin(system: &System, key: &str, more: Value) -> Answer {
        let mut body =
            json!({ "key": key, "locale": "en-GB", "page": { "url": "https://shop.example/", "title": "Shop" } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request = system
            .browser
            .http
            .post(format!("{}/widget/v1/sessions", system.url))
            .header("origin", SHOP);
        send(request.json(&body)).await
    }

    async fn new(system: &System, channel: &Channel) -> Self {
        let session = Self::begin(system, &channel.public_id, json!({})).await.ok();
        Self::with(system, channel, &session)
    }

    fn with(system: &System, channel: &Channel, session: &Value) -> Self {
        let token = session["token"].as_str().unwrap().to_owned();
        Self {
            system: system.clone(),
            key: channel.public_id.clone(),
            token,
        }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/widget/v1{path}", self.system.url);
        self.system.browser.http.request(method, url).bearer_auth(&self.token)
    }

    async fn writes(&self, id: &str, text: &str) -> Answer {
        let body = json!({ "client_id": id, "content": { "type": "text", "text": text } });
        send(self.request(Method::POST, "/messages").json(&body)).await
    }

    async fn texts(&self) -> Vec<String> {
        let page = send(self.request(Method::GET, "/messages")).await.ok();
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["content"]["text"].as_str().unwrap_or("a file").to_owned())
            .collect()
    }

    async fn socket(&self) -> Socket {
        let mut socket = Socket::open(&self.system.url, "/widget/v1/socket", &[("origin", SHOP)])
            .await
            .unwrap();
        socket
            .say(&json!({ "type": "auth", "token": self.token, "seq": 0 }))
            .await;
        socket
            .wait("hello", |frame| {
                frame["type"] == "reload" || frame["type"] == "caught_up"
            })
            .await;
        socket
    }
}

#[test]
fn a_visitor_and_an_agent_chat_live() {
    on_each_database(|system| async move {
        let channel = system
            .connect_with("website_chat", json!({ "greeting": "Welcome!" }))
            .await;
        let config = system
            .browser
            .get(&format!("/widget/v1/config?key={}", channel.public_id))
            .await
            .ok();
        assert_eq!(config["greeting"], "Welcome!", "{config}");
        let visitor = Visitor::new(&system, &channel).await;
        let mut page = visitor.socket().await;
        let ana = system.colleague("Ana", "agent").await;
        let mut desk = ana.live().await;

        let id = client_id();
        let written = visitor.writes(&id, "Do you ship to Kenya?").await.ok();
        assert_eq!(
            (&written["from"], &written["client_id"]),
            (&json!("visitor"), &json!(id)),
            "{written}"
        );
        // A retry, and another tab, show one message.
        assert_eq!(
            visitor.writes(&id, "Do you ship to Kenya?").await.ok()["id"],
            written["id"]
        );
        let received = desk
            .event("message.received", |frame| {
                frame["message"]["content"]["text"] == "Do you ship to Kenya?"
            })
            .await;
        let contact = received["event"]["contact_id"].as_i64().unwrap();
        page.wait("one's own message", |frame| frame["message"]["id"] == written["id"])
            .await;

        desk.say(&json!({ "type": "typing", "contact_id": contact })).await;
        page.wait("the agent typing", |frame| frame["type"] == "typing").await;
        page.say(&json!({ "type": "typing" })).await;
        desk.wait("the visitor typing", |frame| {
            frame["type"] == "typing" && frame["user_id"].is_null()
        })
        .await;

        let answer = ana.replies(contact, "Yes, within a week.").await;
        let shown = page
            .wait("the answer", |frame| frame["message"]["id"] == answer["id"])
            .await;
        assert_eq!(
            (&shown["message"]["from"], &shown["message"]["agent_name"]),
            (&json!("agent"), &json!("Ana")),
            "{shown}"
        );
        let status = |wanted: &'static str| {
            let id = answer["id"].clone();
            move |frame: &Value| frame["message"]["id"] == id && frame["message"]["status"] == wanted
        };
        desk.wait("delivered", status("delivered")).await;
        let session = Visitor::begin(&system, &visitor.key, json!({ "token": visitor.token }))
            .await
            .ok();
        assert_eq!(session["unread"], 1, "{session}");
        let seen = send(
            visitor
                .request(Method::POST, "/read")
                .json(&json!({ "up_to": answer["id"] })),
        )
        .await;
        assert_eq!(seen.status, 204);
        desk.wait("read", status("read")).await;
        let session = Visitor::begin(&system, &visitor.key, json!({ "token": visitor.token }))
            .await
            .ok();
        assert_eq!(session["unread"], 0, "{session}");

        let uploaded = send(visitor.request(Method::POST, "/attachments").multipart(file(
            "x.html",
            "text/html",
            b"<script>1</script>",
        )))
        .await
        .ok();
        let body = json!({ "client_id": client_id(), "content": { "type": "attachment", "attachment": { "id": uploaded["id"] } } });
        send(visitor.request(Method::POST, "/messages").json(&body)).await.ok();
        let received = desk
            .event("message.received", |frame| {
                frame["message"]["content"]["type"] == "attachment"
            })
            .await;
        let url = received["message"]["content"]["attachment"]["url"].as_str().unwrap();
        let bytes = ana.get(url).await;
        assert_eq!(bytes.bytes, b"<script>1</script>");
        assert!(
            bytes.header("content-disposition").starts_with("attachment"),
            "{:?}",
            bytes.headers
        );
        assert_eq!(
            visitor.texts().await,
            ["Do you ship to Kenya?", "Yes, within a week.", "a file"]
        );
        assert_eq!(system.count("SELECT count(*) FROM contact").await, 1);
    });
}

#[test]
fn visitors_see_nothing_of_each_other() {
    on_each_database(|system| async move {
        let channel = system.connect("website_chat").await;
        let other_channel = system.connect("website_chat").await;
        let (one, two) = (
            Visitor::new(&system, &channel).await,
            Visitor::new(&system, &channel).await,
        );
        let (mut first, mut second) = (one.socket().await, two.socket().await);
        one.writes(&client_id(), "My card number is secret").await.ok();
        two.writes(&client_id(), "Hello").await.ok();
        first
            .wait("own", |frame| {
                frame["message"]["content"]["text"] == "My card number is secret"
            })
            .await;
        second
            .wait("own", |frame| frame["message"]["content"]["text"] == "Hello")
            .await;
        let contact = system.contact_who_said("My card number is secret").await["id"]
            .as_i64()
            .unwrap();
        let answer = system.owner.replies(contact, "Keep it to yourself").await;
        first
            .wait("the answer", |frame| frame["message"]["id"] == answer["id"])
            .await;
        second.say(&json!({ "type": "ping" })).await;
        second.wait("pong", |frame| frame["type"] == "pong").await;
        assert!(
            second
                .frames
                .iter()
                .all(|frame| !frame.to_string().contains("yourself")),
            "{:?}",
            second.frames
        );
        assert_eq!(two.texts().await, ["Hello"]);

        // Somebody else's upload cannot be sent.
        let uploaded = send(
            one.request(Method::POST, "/attachments")
                .multipart(file("a.txt", "text/plain", b"mine")),
        )
        .await
        .ok();
        let body = json!({ "client_id": client_id(), "content": { "type": "attachment", "attachment": { "id": uploaded["id"] } } });
        let stolen = send(two.request(Method::POST, "/messages").json(&body)).await;
        assert!((400..=404).contains(&stolen.status), "{}", stolen.text());
        // Files open with their signature only.
        let url = uploaded["url"].as_str().unwrap().to_owned();
        assert_eq!(system.browser.get(&url).await.bytes, b"mine");
        let signature = url.split('/').rev().nth(1).unwrap();
        let forged = url.replace(signature, &"0".repeat(signature.len()));
        assert_eq!(system.browser.get(&forged).await.status, 404);

        // Tokens that were tampered with, or belong to another widget.
        let parts: Vec<&str> = one.token.split('.').collect();
        let who = hex::encode("visitor:00000000000000000000000000000000");
        let later = (wire::now() + 999_999_999).to_string();
        for token in [
            format!("{}x", one.token),
            [parts[0], parts[1], &who, parts[3]].join("."),
            [parts[0], &later, parts[2], parts[3]].join("."),
            [&other_channel.id.to_string(), parts[1], parts[2], parts[3]].join("."),
            "abc".to_owned(),
            String::new(),
        ] {
            let thief = Visitor {
                system: system.clone(),
                key: one.key.clone(),
                token,
            };
            assert_eq!(
                send(thief.request(Method::GET, "/messages")).await.status,
                401,
                "{}",
                thief.token
            );
            assert_eq!(thief.writes(&client_id(), "Hi").await.status, 401);
            let mut socket = Socket::open(&system.url, "/widget/v1/socket", &[]).await.unwrap();
            socket
                .say(&json!({ "type": "auth", "token": thief.token, "seq": 0 }))
                .await;
            assert_eq!(socket.end().await, Some(4401));
        }
        let elsewhere = Visitor::begin(&system, &other_channel.public_id, json!({ "token": one.token }))
            .await
            .ok();
        let elsewhere = Visitor::with(&system, &other_channel, &elsewhere);
        assert_eq!(elsewhere.texts().await, Vec::<String>::new());
    });
}

#[test]
fn only_listed_websites_may_embed_the_widget() {
    on_each_database(|system| async move {
        let channel = system
            .connect_with("website_chat", json!({ "allowed_origins": SHOP }))
            .await;
        let visitor = Visitor::new(&system, &channel).await;
        visitor.writes(&client_id(), "Hello").await.ok();
        let evil = "https://evil.example";
        let body = json!({ "key": channel.public_id });
        let begin = system
            .browser
            .http
            .post(format!("{}/widget/v1/sessions", system.url))
            .header("origin", evil);
        assert_eq!(send(begin.json(&body)).await.refused(403), "origin_not_allowed");
        let read = visitor.request(Method::GET, "/messages").header("origin", evil);
        assert_eq!(send(read).await.refused(403), "origin_not_allowed");
        let mut socket = Socket::open(&system.url, "/widget/v1/socket", &[("origin", evil)])
            .await
            .unwrap();
        socket
            .say(&json!({ "type": "auth", "token": visitor.token, "seq": 0 }))
            .await;
        assert_eq!(socket.end().await, Some(4401));
        visitor.socket().await;
        for lookalike in [
            "https://shop.example.evil.example",
            "http://shop.example",
            "https://shop.example:8443",
            "null",
        ] {
            let begin = system
                .browser
                .http
                .post(format!("{}/widget/v1/sessions", system.url))
                .header("origin", lookalike);
            assert_eq!(send(begin.json(&body)).await.status, 403, "{lookalike}");
        }

        let frame = system
            .browser
            .get(&format!("/widget/frame?key={}", channel.public_id))
            .await;
        if frame.status == 404 && frame.text().contains("not built") {
            println!(
                "the widget's page was not tested: it is not built into this server (npm --prefix widget run build)"
            );
        } else {
            let policy = frame.header("content-security-policy");
            assert!(policy.ends_with(&format!("frame-ancestors 'self' {SHOP}")), "{policy}");
            assert!(
                policy.contains("default-src 'none'") && !policy.contains("unsafe"),
                "{policy}"
            );
            let open = system.connect("website_chat").await;
            let frame = system
                .browser
                .get(&format!("/widget/frame?key={}", open.public_id))
                .await;
            assert!(
                frame.header("content-security-policy").ends_with("frame-ancestors *"),
                "{:?}",
                frame.headers
            );
        }
        assert_eq!(system.browser.get("/widget/frame?key=unknown").await.status, 404);
        assert_eq!(system.browser.get("/widget/v1/config?key=unknown").await.status, 404);
    });
}

#[test]
fn a_user_the_website_vouches_for_keeps_what_they_wrote_before() {
    on_each_database(|system| async move {
        let channel = system.connect("website_chat").await;
        let anonymous = Visitor::new(&system, &channel).await;
        anonymous.writes(&client_id(), "I forgot my password").await.ok();
        let known =
            |id: &str, hash: &str| json!({ "id": id, "hash": hash, "name": "Elif Demir", "email": "elif@example.com" });
        let hash = wire::hmac_hex(&channel.secret, b"user-1");

        let wrong = Visitor::begin(&system, &channel.public_id, json!({ "user": known("user-2", &hash) })).await;
        assert_eq!(wrong.refused(403), "identity_not_proven");
        let user = json!({ "token": anonymous.token, "user": known("user-1", &hash) });
        let session = Visitor::begin(&system, &channel.public_id, user.clone()).await.ok();
        let elif = Visitor::with(&system, &channel, &session);
        assert_eq!(elif.texts().await, ["I forgot my password"]);
        elif.writes(&client_id(), "Signed in now").await.ok();
        let contact = system.contact_who_said("Signed in now").await;
        assert_eq!(
            (&contact["name"], &contact["email"]),
            (&json!("Elif Demir"), &json!("elif@example.com")),
            "{contact}"
        );
        // Once more, from the same page: nothing is handed over twice.
        let again = Visitor::begin(&system, &channel.public_id, user).await.ok();
        assert_eq!(Visitor::with(&system, &channel, &again).texts().await.len(), 2);
        assert_eq!(system.count("SELECT count(*) FROM contact").await, 1);
        // On another device, without any history: the same person.
        let phone = Visitor::begin(&system, &channel.public_id, json!({ "user": known("user-1", &hash) }))
            .await
            .ok();
        assert_eq!(Visitor::with(&system, &channel, &phone).texts().await.len(), 2);

        // The next person at the same computer proves to be somebody else: the old session must not open Elif's chat.
        let next = json!({ "id": "user-2", "hash": wire::hmac_hex(&channel.secret, b"user-2"), "name": "Sam" });
        let next = Visitor::begin(
            &system,
            &channel.public_id,
            json!({ "token": anonymous.token, "user": next }),
        )
        .await
        .ok();
        assert_eq!(
            Visitor::with(&system, &channel, &next).texts().await,
            Vec::<String>::new()
        );
    });
}
