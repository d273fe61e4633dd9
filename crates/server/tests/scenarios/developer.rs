//! The Developer API: what programs read and write, and how they are told what is wrong.

use crate::people::{Answer, Browser};
use crate::support::{System, on_each_database};
use crate::wire;
use serde_json::{Value, json};

/// A program with a token.
struct Program {
    browser: Browser,
    token: String,
}

impl Program {
    async fn of(system: &System, workspace: i64, name: &str) -> Self {
        let workspace = ism_domain::WorkspaceId(workspace);
        let token = system.services.create_api_token(workspace, name, None).await.unwrap();
        Self {
            browser: system.browser.clone(),
            token,
        }
    }

    async fn call(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}/v2{path}", self.browser.url)
        };
        let request = self
            .browser
            .http
            .request(method.parse().unwrap(), url)
            .bearer_auth(&self.token);
        // The official clients send the type even without a body.
        let request = request
            .header("content-type", "application/json")
            .body(body.unwrap_or_default().to_owned());
        Answer::of(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(&body.to_string())).await
    }
}

#[track_caller]
fn refused(answer: &Answer, status: u16) -> String {
    let body = answer.json();
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(body["code"], status, "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    body["message"].as_str().unwrap().to_owned()
}

#[test]
fn programs_find_contacts_however_they_name_them() {
    on_each_database(|system| async move {
        let program = Program::of(&system, system.owner.workspace, "n8n").await;
        for number in 0..25 {
            let contact = json!({ "first_name": format!("Mia {number}"), "email": format!("mia{number}@shop.test"), "phone": format!("+601234567{number:02}") });
            system.owner.post("/contacts", &contact).await.ok();
        }
        let listed = program
            .post(
                "/contact/list",
                &json!({ "search": "", "timezone": "UTC", "filter": { "$and": [] } }),
            )
            .await;
        assert!(
            listed.header("x-ratelimit-limit").parse::<u32>().is_ok(),
            "{:?}",
            listed.headers
        );
        assert!(listed.header("x-ratelimit-remaining").parse::<u32>().is_ok());
        // Through all pages by the addresses given, each contact once.
        let mut page = listed.ok();
        let mut seen = Vec::new();
        loop {
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"].as_i64().unwrap()),
            );
            let next = page["pagination"]["next"].as_str().unwrap().to_owned();
            if next.is_empty() {
                break;
            }
            assert!(next.contains("/v2/contact/list?"), "{next}");
            page = program.post(&next, &json!({ "filter": { "$and": [] } })).await.ok();
        }
        assert_eq!(seen.len(), 25);
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), 25);

        let wanted = program.get("/contact/email:mia7@shop.test").await.ok();
        assert_eq!(wanted["firstName"], "Mia 7", "{wanted}");
        let id = wanted["id"].as_i64().unwrap();
        for spelling in [
            format!("id:{id}"),
            format!("id%3A{id}"),
            "email:mia7@shop.test".to_owned(),
            "email%3Amia7%40shop.test".to_owned(),
            "email:MIA7@shop.test".to_owned(),
            "phone:+60123456707".to_owned(),
            "phone:60123456707".to_owned(),
            "phone%3A%2B60123456707".to_owned(),
        ] {
            let found = program.get(&format!("/contact/{spelling}")).await.ok();
            assert_eq!(found["id"], id, "{spelling}");
        }
        let found = program
            .post("/contact/list", &json!({ "search": "mia7@shop" }))
            .await
            .ok();
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    });
}

#[test]
fn programs_are_told_what_is_wrong() {
    on_each_database(|system| async move {
        let program = Program::of(&system, system.owner.workspace, "n8n").await;
        let contact = system
            .owner
            .post("/contacts", &json!({ "first_name": "Mia" }))
            .await
            .ok()["id"]
            .clone();
        let bad = Program {
            browser: system.browser.clone(),
            token: format!("{}x", program.token),
        };
        assert_eq!(
            refused(&bad.get(&format!("/contact/id:{contact}")).await, 401),
            "UN_AUTHORIZED"
        );
        let none = system.browser.get(&format!("/v2/contact/id:{contact}")).await;
        assert_eq!(refused(&none, 401), "UN_AUTHORIZED");
        let basic = system
            .browser
            .http
            .get(format!("{}/v2/contact/id:1", system.url))
            .basic_auth("a", Some("b"));
        assert_eq!(refused(&crate::people::send(basic).await, 401), "UN_AUTHORIZED");

        // A token of another workspace learns nothing.
        let stranger = system.foreign_owner().await;
        let foreign = Program::of(&system, stranger.workspace, "spy").await;
        refused(&foreign.get(&format!("/contact/id:{contact}")).await, 404);
        assert_eq!(foreign.post("/contact/list", &json!({})).await.ok()["items"], json!([]));

        refused(&program.get("/contact/id:123").await, 404);
        refused(&program.get("/contact/name:mia").await, 400);
        refused(&program.get(&format!("/contact/id:{contact}/message/77")).await, 404);
        refused(&program.get("/nothing/here").await, 404);
        refused(&program.call("DELETE", "/contact/list", None).await, 405);
        refused(&program.call("POST", "/contact/list", Some("{not json")).await, 400);
        refused(&program.post("/contact/list?limit=0", &json!({})).await, 400);
        refused(&program.post("/contact/list?cursorId=abc", &json!({})).await, 400);
        let huge = format!("{{\"search\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
        refused(&program.call("POST", "/contact/list", Some(&huge)).await, 413);
        let send = format!("/contact/id:{contact}/message");
        refused(&program.post(&send, &json!({})).await, 400);
        refused(
            &program
                .post(&send, &json!({ "message": { "type": "smoke_signal" } }))
                .await,
            400,
        );
        let missing = program
            .post(&send, &json!({ "message": { "type": "text", "text": "Hi" } }))
            .await;
        assert!(
            (400..=409).contains(&missing.status),
            "no channel to send on: {}",
            missing.text()
        );
        assert_eq!(missing.json()["code"], missing.status);
        let channel = format!("/contact/id:{contact}/conversation");
        refused(
            &program
                .post(&format!("{channel}/status"), &json!({ "status": "ajar" }))
                .await,
            400,
        );
        refused(&program.post(&format!("{channel}/assignee"), &json!({})).await, 400);
        refused(
            &program
                .post(
                    &format!("{channel}/assignee"),
                    &json!({ "assignee": "nobody@example.com" }),
                )
                .await,
            404,
        );
    });
}

#[test]
fn programs_answer_customers_and_move_conversations() {
    on_each_database(|system| async move {
        let program = Program::of(&system, system.owner.workspace, "n8n").await;
        let channel = system.connect("custom_channel").await;
        let phone = system.customer("Ana", "Reis").await;
        system.writes(&channel, &phone, "Are you open on Sunday?").await;
        let contact = system.contact_who_said("Are you open on Sunday?").await["id"]
            .as_i64()
            .unwrap();
        let at = |rest: &str| format!("/contact/id:{contact}{rest}");
        let mut socket = system.owner.live().await;

        let sent = program
            .post(
                &at("/message"),
                &json!({ "channelId": null, "message": { "type": "text", "text": "From ten to four." } }),
            )
            .await
            .ok();
        let id = sent["messageId"].as_i64().unwrap();
        assert_eq!(sent["contactId"], contact, "{sent}");
        system.message_with_status(contact, id, "delivered").await;
        let read = program.get(&at(&format!("/message/{id}"))).await.ok();
        assert_eq!(read["message"]["text"], "From ten to four.", "{read}");
        assert_eq!(
            (&read["traffic"], &read["channelId"]),
            (&json!("outgoing"), &json!(channel.id)),
            "{read}"
        );
        assert_eq!(read["sender"]["source"], "api", "{read}");
        let steps: Vec<&Value> = read["status"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| &step["value"])
            .collect();
        assert_eq!(steps, ["pending", "sent", "delivered"], "{read}");
        assert!(read["channelMessageId"].is_string(), "{read}");
        let event = socket.event("message.sent", |frame| frame["message"]["id"] == id).await;
        assert_eq!(event["event"]["actor"]["kind"], "api", "{event}");

        // Pages of messages: newest first, then back with a negative cursor.
        let events = (0..7)
            .map(|number| wire::custom_text(&format!("more-{number}"), &format!("more {number}")))
            .collect();
        let body = wire::custom(&json!(channel.public_id), &phone.custom_id, events).to_string();
        let bearer = format!("Bearer {}", channel.secret);
        system
            .deliver(
                &format!("{}/custom/channel/webhook/", system.url),
                &[("authorization", &bearer)],
                body,
            )
            .await
            .ok();
        let texts = |page: &Value| -> Vec<String> {
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["message"]["text"].as_str().unwrap().to_owned())
                .collect()
        };
        let first = program.get(&at("/message/list?limit=4")).await.ok();
        assert_eq!(texts(&first), ["more 6", "more 5", "more 4", "more 3"]);
        assert_eq!(first["pagination"]["previous"], "", "{first}");
        let second = program.get(first["pagination"]["next"].as_str().unwrap()).await.ok();
        assert_eq!(texts(&second), ["more 2", "more 1", "more 0", "From ten to four."]);
        let third = program.get(second["pagination"]["next"].as_str().unwrap()).await.ok();
        assert_eq!(texts(&third), ["Are you open on Sunday?"]);
        assert_eq!(third["pagination"]["next"], "", "{third}");
        let back = program
            .get(second["pagination"]["previous"].as_str().unwrap())
            .await
            .ok();
        let mut again = texts(&back);
        again.sort_unstable();
        assert_eq!(again, ["more 3", "more 4", "more 5", "more 6"], "{back}");

        program
            .post(
                &at("/conversation/assignee"),
                &json!({ "assignee": "owner@example.com" }),
            )
            .await
            .ok();
        let shown = program.get(&at("")).await.ok();
        assert_eq!(shown["assignee"]["id"], system.owner.user, "{shown}");
        program
            .post(&at("/conversation/assignee"), &json!({ "assignee": null }))
            .await
            .ok();
        assert_eq!(program.get(&at("")).await.ok()["assignee"], Value::Null);
        program
            .post(
                &at("/conversation/status"),
                &json!({ "status": "close", "summary": "Told the hours" }),
            )
            .await
            .ok();
        assert_eq!(program.get(&at("")).await.ok()["status"], "close");
        let closed = socket.event("conversation.closed", |_| true).await;
        assert_eq!(closed["event"]["actor"]["kind"], "api", "{closed}");
        program
            .post(&at("/conversation/status"), &json!({ "status": "open" }))
            .await
            .ok();
        assert_eq!(program.get(&at("")).await.ok()["status"], "open");
    });
}

#[test]
fn files_are_fetched_for_programs_but_never_from_private_networks() {
    on_each_database(|system| async move {
        let program = Program::of(&system, system.owner.workspace, "n8n").await;
        let channel = system.connect("custom_channel").await;
        let phone = system.customer("Jonas", "Weber").await;
        system.writes(&channel, &phone, "Do you have a menu?").await;
        let contact = system.contact_who_said("Do you have a menu?").await["id"]
            .as_i64()
            .unwrap();
        let send = async |url: &str| {
            let attachment = json!({ "type": "image", "url": url });
            let body = json!({ "message": { "type": "attachment", "attachment": attachment } });
            program.post(&format!("/contact/id:{contact}/message"), &body).await
        };
        let own_port = system.url.rsplit(':').next().unwrap().to_owned();
        for url in [
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            format!("{}/metrics", system.url),
            format!("http://localhost:{own_port}/metrics"),
            format!("http://[::1]:{own_port}/metrics"),
            format!("http://[::ffff:127.0.0.1]:{own_port}/metrics"),
            format!("http://2130706433:{own_port}/metrics"),
            format!("http://0x7f.1:{own_port}/metrics"),
            "http://10.0.0.1/".to_owned(),
            "file:///etc/passwd".to_owned(),
            "ftp://example.com/x".to_owned(),
            "nonsense".to_owned(),
            String::new(),
        ] {
            let message = refused(&send(&url).await, 400);
            assert!(message.to_lowercase().contains("url is not valid"), "{url}: {message}");
        }
        assert_eq!(system.count("SELECT count(*) FROM attachment").await, 0);
        assert_eq!(system.send_calls(&channel).await, 0);

        // What the operator allows, which here is the simulator, is fetched and sent on.
        let photo = ism_simulator::Write::sample(ism_simulator::world::MediaKind::Image, None);
        system
            .sim
            .customer_writes(&channel.account, &phone.id, photo)
            .await
            .unwrap();
        let file = crate::support::wait_for("a photo at the simulator", async || {
            system.sim.read(|world| world.files.keys().next().cloned())
        })
        .await;
        let sim_url = system.services.settings.simulator_url.clone().unwrap();
        let sent = send(&format!("{sim_url}/sim/files/{file}/menu.jpg")).await.ok();
        system
            .message_with_status(contact, sent["messageId"].as_i64().unwrap(), "delivered")
            .await;
        assert_eq!(system.accepted(&channel).await, 1);
    });
}
