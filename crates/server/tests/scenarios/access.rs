//! Who may do what: sessions, foreign pages, invitations, roles, other companies.

use crate::people::{Socket, send};
use crate::support::{PASSWORD, on_each_database};
use reqwest::Method;
use serde_json::json;

#[test]
fn foreign_pages_can_neither_change_nor_listen() {
    on_each_database(|system| async move {
        let owner = &system.owner;
        let assign = |request: reqwest::RequestBuilder| request.json(&json!({ "name": "Taken over" }));
        let url = format!("{}/api/workspaces/{}", system.url, owner.workspace);
        let bare = system.browser.http.patch(&url).header("cookie", &owner.cookie);
        assert_eq!(send(assign(bare)).await.refused(403), "foreign_request");
        for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
            let foreign = owner.request(Method::PATCH, "").header("origin", origin);
            assert_eq!(send(assign(foreign)).await.refused(403), "foreign_request", "{origin}");
            let socket = owner.try_socket(&[("origin", origin)]).await;
            assert_eq!(socket.err(), Some(403), "{origin}");
        }
        let own = owner.request(Method::PATCH, "").header("origin", &system.url);
        assert_eq!(send(assign(own)).await.ok()["name"], "Taken over");
        assert!(owner.try_socket(&[("origin", &system.url)]).await.is_ok());

        let path = format!("/realtime?workspace={}", owner.workspace);
        assert_eq!(Socket::open(&system.url, &path, &[]).await.err(), Some(401));
        assert_eq!(
            Socket::open(&system.url, &path, &[("cookie", "ism_session=abc")])
                .await
                .err(),
            Some(401)
        );
        let stranger = system.foreign_owner().await;
        assert_eq!(
            Socket::open(&system.url, &path, &[("cookie", &stranger.cookie)])
                .await
                .err(),
            Some(404)
        );
    });
}

#[test]
fn guessing_passwords_is_slow_and_signing_out_ends_every_socket() {
    on_each_database(|system| async move {
        let ana = system.colleague("Ana", "agent").await;
        let guess = json!({ "email": "owner@example.com", "password": "wrong password" });
        let mut answers = Vec::new();
        for _ in 0..12 {
            let answer = system.browser.post("/api/session", &guess).await;
            answers.push((answer.status, answer.header("retry-after").to_owned()));
        }
        assert_eq!(answers[0].0, 401);
        let last = answers.last().unwrap();
        assert_eq!(last.0, 429, "{answers:?}");
        assert!(last.1.parse::<u32>().is_ok_and(|seconds| seconds > 0), "{answers:?}");
        // The right password does not help any more, and others are not kept out.
        let right = json!({ "email": "owner@example.com", "password": PASSWORD });
        assert_eq!(system.browser.post("/api/session", &right).await.status, 429);
        let again = system.browser.sign_in("ana@example.com", PASSWORD).await;

        let (mut first, mut second, mut other) = (ana.live().await, ana.live().await, again.live().await);
        assert_eq!(ana.delete("/api/session").await.status, 204);
        assert_eq!(first.end().await, Some(4401));
        assert_eq!(second.end().await, Some(4401));
        assert_eq!(ana.get("/api/session").await.refused(401), "signed_out");
        // The session in the other browser lives.
        other.say(&json!({ "type": "ping" })).await;
        other.wait("pong", |frame| frame["type"] == "pong").await;

        // Removed from the workspace: that one ends, too.
        assert_eq!(system.owner.delete(&format!("/users/{}", ana.user)).await.status, 204);
        assert_eq!(other.end().await, Some(4401));
        assert_eq!(again.get("").await.status, 404);
    });
}

#[test]
fn an_invitation_is_good_once() {
    on_each_database(|system| async move {
        let invite = async |email: &str, role: &str| {
            system
                .owner
                .post("/invitations", &json!({ "email": email, "role": role }))
                .await
        };
        let made = invite("Mia@Example.com", "manager").await.ok();
        let token = made["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let listed = system.owner.get("/invitations").await.ok();
        assert_eq!(listed[0]["email"], "mia@example.com", "{listed}");
        assert!(listed[0]["url"].is_null(), "the link is shown once: {listed}");
        let path = format!("/api/invitations/{token}");
        let info = system.browser.get(&path).await.ok();
        assert_eq!(
            (&info["role"], &info["account_exists"]),
            (&json!("manager"), &json!(false)),
            "{info}"
        );
        let joining = json!({ "first_name": "Mia", "last_name": "Larsen", "password": PASSWORD });
        let short = json!({ "first_name": "Mia", "last_name": "Larsen", "password": "short" });
        assert_eq!(system.browser.post(&path, &short).await.status, 400);
        let mia = system.browser.post(&path, &joining).await.signed_in(&system.browser);
        assert_eq!(mia.get("").await.ok()["role"], "manager");
        assert_eq!(system.browser.get(&path).await.status, 404);
        assert_eq!(system.browser.post(&path, &joining).await.status, 404);

        // Managers invite agents, and nobody above themselves.
        assert_eq!(
            mia.post("/invitations", &json!({ "email": "a@example.com", "role": "owner" }))
                .await
                .status,
            403
        );
        let revoked = mia
            .post("/invitations", &json!({ "email": "b@example.com", "role": "agent" }))
            .await
            .ok();
        let token = revoked["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        assert_eq!(mia.delete(&format!("/invitations/{}", revoked["id"])).await.status, 204);
        assert_eq!(
            system.browser.get(&format!("/api/invitations/{token}")).await.status,
            404
        );

        // Whoever has an account joins with its password.
        let stranger = system.foreign_owner().await;
        let made = invite("stranger@example.com", "agent").await.ok();
        let path = format!(
            "/api/invitations/{}",
            made["url"].as_str().unwrap().rsplit('/').next().unwrap()
        );
        assert_eq!(system.browser.get(&path).await.ok()["account_exists"], true);
        assert_eq!(
            system
                .browser
                .post(&path, &json!({ "password": "something else" }))
                .await
                .status,
            400
        );
        system.browser.post(&path, &json!({ "password": PASSWORD })).await.ok();
        let session = stranger.get("/api/session").await.ok();
        assert_eq!(session["workspaces"].as_array().unwrap().len(), 2, "{session}");
    });
}
