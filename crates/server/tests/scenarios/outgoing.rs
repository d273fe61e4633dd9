//! Addresses that users choose never lead the server into its own network.

use crate::people::send;
use crate::support::{System, on_each_database, wait_for};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

/// A service inside the network; counts who comes.
async fn inside() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let visits = Arc::new(AtomicUsize::new(0));
    let seen = visits.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    });
    (url, visits)
}

fn form(source: &str, simulated: bool, base_url: &str) -> Value {
    let mut config = json!({ "base_url": base_url });
    let more = match source {
        "telegram" => json!({ "bot_token": "1234567890:AAFakeTokenThatIsLongEnough_1234567" }),
        "whatsapp_cloud" => json!({
            "phone_number_id": "2001", "waba_id": "3001", "access_token": "EAAGtoken",
            "app_secret": "0123456789abcdef0123456789abcdef", "verify_token": "verify",
        }),
        _ => json!({ "id_type": "custom" }),
    };
    config
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "source": source, "config": config, "simulated": simulated })
}

#[test]
fn a_channels_address_cannot_lead_inside_whatever_the_form_claims() {
    on_each_database(|system| async move {
        let (url, visits) = inside().await;
        for source in ["telegram", "whatsapp_cloud"] {
            for simulated in [false, true] {
                let body = form(source, simulated, &url);
                for path in ["/channels/check", "/channels"] {
                    let answer = system.owner.post(path, &body).await;
                    let told = answer.text();
                    assert!(answer.status >= 400, "{source} {simulated} {path}: {told}");
                    assert!(!told.contains("127.0.0.1"), "{source} {simulated} {path}: {told}");
                }
            }
            // A channel of the simulator does not carry its trust to another address.
            let channel = system.connect(source).await;
            let moved = json!({ "config": { "base_url": url } });
            let path = format!("/channels/{}/reconnect", channel.id);
            let answer = system.owner.post(&path, &moved).await;
            assert!(answer.status >= 400, "{source}: {}", answer.text());
            system
                .owner
                .patch(&format!("/channels/{}", channel.id), &moved)
                .await
                .ok();
            let answer = system.owner.post(&path, &json!({})).await;
            assert!(answer.status >= 400, "{source}: {}", answer.text());
        }
        // A bridge is called only when there is something to send.
        let bridge = system.connect("custom_channel").await;
        let phone = system.customer("Omar", "Haddad").await;
        system.writes(&bridge, &phone, "Hello from the bridge").await;
        let contact = system.contact_who_said("Hello from the bridge").await["id"]
            .as_i64()
            .unwrap();
        let moved = json!({ "config": { "base_url": url } });
        system
            .owner
            .patch(&format!("/channels/{}", bridge.id), &moved)
            .await
            .ok();
        system
            .owner
            .post(&format!("/channels/{}/reconnect", bridge.id), &json!({}))
            .await;
        system.owner.replies(contact, "Into the dark").await;
        wait_for("the sender to have tried", async || {
            let tried = system.count("SELECT count(*) FROM outbox WHERE attempts > 0").await;
            (tried > 0).then_some(())
        })
        .await;
        assert_eq!(visits.load(Ordering::Relaxed), 0, "somebody inside was called");
    });
}

#[test]
fn a_programs_file_cannot_come_from_inside_and_the_answer_tells_nothing() {
    on_each_database(|system| async move {
        let (url, visits) = inside().await;
        let port = url.rsplit(':').next().unwrap().to_owned();
        let workspace = ism_domain::WorkspaceId(system.owner.workspace);
        let token = system.services.create_api_token(workspace, "n8n", None).await.unwrap();
        let contact = contact(&system).await;
        let mut told = Vec::new();
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "localhost",
            "LOCALHOST.",
            "x.localhost",
            "%31%32%37.0.0.1",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "10.0.0.8",
            "192.168.1.1",
            "169.254.169.254",
            "[fd00:ec2::254]",
            "[fe80::1]",
        ] {
            let wanted = format!("http://{host}:{port}/latest/meta-data/");
            told.push((host, fetch(&system, &token, contact, &wanted).await));
        }
        for wanted in [
            format!("gopher://127.0.0.1:{port}/_GET"),
            format!("ftp://127.0.0.1:{port}/x"),
            "file:///etc/passwd".to_owned(),
            "data:text/plain,hello".to_owned(),
            format!("http://user:pass@127.0.0.1:{port}/"),
            format!("http://example.com@127.0.0.1:{port}/"),
        ] {
            fetch(&system, &token, contact, &wanted).await;
        }
        // One answer for all: what is inside cannot be mapped by asking.
        for (host, answer) in &told {
            assert_eq!(answer, &told[0].1, "{host}");
        }
        assert_eq!(visits.load(Ordering::Relaxed), 0, "somebody inside was called");
    });
}

async fn contact(system: &System) -> i64 {
    let bridge = system.connect("custom_channel").await;
    let phone = system.customer("Omar", "Haddad").await;
    system.writes(&bridge, &phone, "Send me the file").await;
    system.contact_who_said("Send me the file").await["id"]
        .as_i64()
        .unwrap()
}

async fn fetch(system: &System, token: &str, contact: i64, url: &str) -> String {
    let path = format!("{}/v2/contact/id:{contact}/message", system.url);
    let body = json!({ "message": { "type": "attachment", "attachment": { "type": "file", "url": url } } });
    let answer = send(system.browser.http.post(path).bearer_auth(token).json(&body)).await;
    assert_eq!(answer.status, 400, "{url}: {}", answer.text());
    let told = answer.text();
    for inner in [
        "127.0.0.1",
        "10.0.0.8",
        "loopback",
        "link-local",
        "private network",
        "passwd",
    ] {
        assert!(!told.contains(inner), "{url} is told {inner}: {told}");
    }
    told
}
