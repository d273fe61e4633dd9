//! Sessions in browsers: how they begin, what travels with them, and that they end everywhere at once.

use crate::people::{Browser, send};
use crate::support::{PASSWORD, System, on_each_database};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How quickly what was ended must be gone.
const AT_ONCE: Duration = Duration::from_secs(2);

fn owner() -> Value {
    json!({ "email": "owner@example.com", "password": PASSWORD })
}

#[test]
fn a_session_is_always_a_new_one_and_its_cookie_is_kept_from_scripts() {
    on_each_database(|system| async move {
        let planted = "ism_session=0123456789012345678901234567890123456789012";
        let request = system
            .browser
            .request(Method::POST, "/api/session")
            .header("cookie", planted);
        let answer = send(request.json(&owner())).await;
        let cookie = answer.header("set-cookie").to_owned();
        let session = answer.signed_in(&system.browser);
        assert_ne!(session.cookie, planted);
        assert_ne!(
            session.cookie, system.owner.cookie,
            "each session has a token of its own"
        );
        for flag in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        assert!(!cookie.contains("Domain="), "{cookie}");
        // What was planted opens nothing, before or after.
        let request = system
            .browser
            .request(Method::GET, "/api/session")
            .header("cookie", planted);
        assert_eq!(send(request).await.refused(401), "signed_out");
        // A second cookie of the same name, as a page of a sibling domain could set, does not shadow into another session.
        let both = format!("{}; {planted}", session.cookie);
        let request = system
            .browser
            .request(Method::GET, "/api/session")
            .header("cookie", both);
        assert_eq!(send(request).await.status, 200);
        // Answers with a session's data are not for caches.
        assert_eq!(session.get("/api/session").await.header("cache-control"), "no-store");
        // Signing out takes the cookie away and ends the token itself.
        let out = session.delete("/api/session").await;
        assert!(out.header("set-cookie").contains("Max-Age=0"), "{:?}", out.headers);
        assert_eq!(session.get("/api/session").await.refused(401), "signed_out");
    });
}

#[test]
fn a_new_password_ends_every_other_session_and_socket_at_once() {
    on_each_database(|system| async move {
        let ana = system.colleague("Ana", "agent").await;
        let stolen = system.browser.sign_in("ana@example.com", PASSWORD).await;
        let (mut kept, mut ended) = (ana.live().await, stolen.live().await);
        let wrong = json!({ "current_password": "not this one", "new_password": "a whole new horse" });
        assert_eq!(ana.patch("/api/me", &wrong).await.status, 400);
        assert_eq!(
            ana.patch("/api/me", &json!({ "new_password": "a whole new horse" }))
                .await
                .status,
            400
        );
        let change = json!({ "current_password": PASSWORD, "new_password": "a whole new horse" });
        ana.patch("/api/me", &change).await.ok();
        let begun = Instant::now();
        assert_eq!(stolen.get("/api/session").await.refused(401), "signed_out");
        assert_eq!(ended.end().await, Some(4401));
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        // The browser in which it was changed goes on.
        kept.say(&json!({ "type": "ping" })).await;
        kept.wait("pong", |frame| frame["type"] == "pong").await;
        assert_eq!(ana.get("/api/session").await.status, 200);
        let old = json!({ "email": "ana@example.com", "password": PASSWORD });
        assert_eq!(
            system.browser.post("/api/session", &old).await.refused(401),
            "wrong_credentials"
        );
        system.browser.sign_in("ana@example.com", "a whole new horse").await;
    });
}

#[test]
fn whoever_loses_access_loses_the_socket_at_once_and_hears_nothing_more() {
    on_each_database(|system| async move {
        let ana = system.colleague("Ana", "agent").await;
        let mut socket = ana.live().await;
        let begun = Instant::now();
        assert_eq!(system.owner.delete(&format!("/users/{}", ana.user)).await.status, 204);
        system
            .owner
            .post("/contacts", &json!({ "first_name": "Afterwards" }))
            .await
            .ok();
        assert_eq!(socket.end().await, Some(4401));
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        let heard = serde_json::to_string(&socket.frames).unwrap();
        assert!(!heard.contains("Afterwards"), "{heard}");
    });
}

#[test]
fn nobody_is_signed_in_by_a_foreign_page() {
    on_each_database(|system| async move {
        let url = format!("{}/api/session", system.url);
        let bare = send(system.browser.http.post(&url).json(&owner())).await;
        assert_eq!(bare.refused(403), "foreign_request");
        // A form can send this without asking first.
        let form = system
            .browser
            .http
            .post(&url)
            .header("content-type", "text/plain")
            .body(owner().to_string());
        assert_eq!(send(form).await.refused(403), "foreign_request");
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1",
            "file://",
            "chrome-extension://abc",
        ] {
            let request = system
                .browser
                .request(Method::POST, "/api/session")
                .header("origin", origin);
            let answer = send(request.json(&owner())).await;
            assert_eq!(answer.refused(403), "foreign_request", "{origin}");
            assert!(answer.headers.get("set-cookie").is_none());
        }
        let invited = json!({ "email": "kai@example.com", "role": "agent" });
        let link = system.owner.post("/invitations", &invited).await.ok()["url"]
            .as_str()
            .unwrap()
            .to_owned();
        let accept = format!("{}/api/invitations/{}", system.url, link.rsplit('/').next().unwrap());
        let joining = json!({ "first_name": "Kai", "password": PASSWORD });
        assert_eq!(
            send(system.browser.http.post(accept).json(&joining)).await.refused(403),
            "foreign_request"
        );
        let upload = system.browser.http.post(format!(
            "{}/api/workspaces/{}/attachments",
            system.url, system.owner.workspace
        ));
        let upload = upload
            .header("cookie", &system.owner.cookie)
            .multipart(crate::people::file("a.txt", "text/plain", b"a"));
        assert_eq!(send(upload).await.refused(403), "foreign_request");
    });
}

#[test]
fn no_answer_lets_foreign_pages_read_with_somebodys_cookies() {
    on_each_database(|system| async move {
        let channel = system.connect("website_chat").await;
        let evil = "https://evil.example";
        let widget = format!("/widget/v1/config?key={}", channel.public_id);
        for path in [
            "/api/session",
            "/api/openapi.json",
            "/",
            "/v2/contact/list",
            "/healthz",
            &widget,
            "/widget/loader.js",
        ] {
            for method in [Method::GET, Method::OPTIONS] {
                let asked = system
                    .browser
                    .http
                    .request(method.clone(), format!("{}{path}", system.url));
                let asked = asked.header("origin", evil).header("cookie", &system.owner.cookie);
                let answer = send(asked.header("access-control-request-method", "GET")).await;
                assert!(
                    answer.headers.get("access-control-allow-credentials").is_none(),
                    "{method} {path}"
                );
                if !path.starts_with("/widget") {
                    assert!(
                        answer.headers.get("access-control-allow-origin").is_none(),
                        "{method} {path}"
                    );
                }
            }
        }
    });
}

#[test]
fn pages_cannot_be_framed_and_links_do_not_follow_the_host_header() {
    on_each_database(|system| async move {
        for path in ["/", "/sign-in", "/1/inbox", "/invite/x"] {
            let page = system.browser.get(path).await;
            if page.status == 404 && page.text().contains("not built") {
                println!("not run: the web app is not built");
                return;
            }
            let policy = page.header("content-security-policy");
            for part in [
                "frame-ancestors 'none'",
                "object-src 'none'",
                "base-uri 'self'",
                "default-src 'self'",
                "form-action 'self'",
            ] {
                assert!(policy.contains(part), "{path}: {policy}");
            }
            let scripts = policy.split("script-src").nth(1).unwrap().split(';').next().unwrap();
            assert!(
                !scripts.contains("unsafe") && !scripts.contains('*') && !scripts.contains("http"),
                "{scripts}"
            );
            assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
            assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        }
        assert_eq!(
            system.browser.get("/invite/x").await.header("referrer-policy"),
            "no-referrer"
        );
        // What the server writes into links is its configured address, whoever it is asked as.
        let invite = |host: &str| {
            let request = system.owner.request(Method::POST, "/invitations").header("host", host);
            let request = request
                .header("x-forwarded-host", host)
                .header("forwarded", format!("host={host}"));
            request.json(&json!({ "email": "mia@example.com", "role": "agent" }))
        };
        let made = send(invite("evil.example")).await.ok();
        assert!(made["url"].as_str().unwrap().starts_with(&system.url), "{made}");
        // No address redirects to where a parameter or path says.
        for path in [
            "//evil.example",
            "/%2f%2fevil.example",
            "/sign-in?next=https://evil.example",
            "/\\evil.example",
        ] {
            let answer = system.browser.get(path).await;
            assert!(answer.headers.get("location").is_none(), "{path}: {:?}", answer.headers);
        }
    });
}

#[test]
fn the_widgets_page_is_framed_only_as_configured() {
    on_each_database(|system| async move {
        let listed = system
            .connect_with("website_chat", json!({ "allowed_origins": "https://shop.example" }))
            .await;
        let frame = system
            .browser
            .get(&format!("/widget/frame?key={}", listed.public_id))
            .await;
        if frame.status == 404 {
            println!("not run: the widget is not built");
            return;
        }
        let policy = frame.header("content-security-policy");
        let ancestors = policy.split("frame-ancestors").nth(1).unwrap();
        assert_eq!(ancestors.trim(), "'self' https://shop.example", "{policy}");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
            "{policy}"
        );
        // What stands in the list cannot add directives of its own.
        let path = format!("/channels/{}", listed.id);
        for wrong in [
            "https://a.example; script-src *",
            "https://a.example, *",
            "'unsafe-inline'",
            "https://a.example\r\nx: y",
        ] {
            let change = json!({ "config": { "allowed_origins": wrong } });
            let answer = system.owner.patch(&path, &change).await;
            let frame = system
                .browser
                .get(&format!("/widget/frame?key={}", listed.public_id))
                .await;
            let policy = frame.header("content-security-policy");
            let scripts = policy.split("script-src").nth(1).unwrap().split(';').next().unwrap();
            assert_eq!(scripts.trim(), "'self'", "{wrong} ({}): {policy}", answer.status);
            assert!(!policy.contains("unsafe"), "{wrong}: {policy}");
        }
    });
}

/// How often a password may be guessed for one account, from however many addresses.
#[test]
fn a_password_can_be_guessed_five_times_from_wherever() {
    on_each_database(|system: System| async move {
        let ana = system.colleague("Ana", "agent").await;
        // The owner of an account is not counted for coming and going.
        for _ in 0..8 {
            system.browser.sign_in("ana@example.com", PASSWORD).await;
        }
        let guess = async |email: &str, number: usize| {
            let request = system.browser.request(Method::POST, "/api/session");
            let request = request.header("x-forwarded-for", format!("198.51.100.{number}"));
            send(request.json(&json!({ "email": email, "password": "wrong password" }))).await
        };
        let mut texts = Vec::new();
        for email in ["ana@example.com", "nobody@example.com", " ANA@example.com"] {
            let mut statuses = Vec::new();
            for number in 0..7 {
                let answer = guess(email, number).await;
                statuses.push(answer.status);
                texts.push((answer.status, answer.text()));
            }
            let expected: &[u16] = if email.starts_with(' ') {
                &[429; 7]
            } else {
                &[401, 401, 401, 401, 401, 429, 429]
            };
            assert_eq!(statuses, expected, "{email}");
        }
        // Accounts that exist answer exactly as those that do not.
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 2, "{texts:?}");
        // Whoever is signed in stays so; guessing the present password is counted as well.
        assert_eq!(ana.get("/api/session").await.status, 200);
        let change = json!({ "current_password": PASSWORD, "new_password": "a whole new horse" });
        assert_eq!(ana.patch("/api/me", &change).await.status, 429);
        // One address cannot try many accounts.
        let spray = Browser::new(&system.url);
        let mut refused = 0;
        for number in 0..60 {
            let request = spray
                .request(Method::POST, "/api/session")
                .header("x-forwarded-for", "203.0.113.9");
            let body = json!({ "email": format!("user{number}@example.com"), "password": "wrong password" });
            refused += usize::from(send(request.json(&body)).await.status == 429);
        }
        assert!(refused >= 10, "{refused}");
    });
}
