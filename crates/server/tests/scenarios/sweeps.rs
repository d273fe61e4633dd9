//! Sweeps over every operation of the web app's API, as its description names them: roles, other companies, and members
//! of bodies that are not the caller's to set.

use crate::people::{Agent, Answer, client_id, send};
use crate::policy::{Least, POLICY, Rule, Target, described};
use crate::support::{Channel, PASSWORD, System, on_each_database};
use ism_simulator::{FailNext, Failure};
use reqwest::Method;
use serde_json::{Map, Value, json};

/// In everything of the first company that could be told to another.
const MARK: &str = "zq7marked";

/// What calls are about: things of the first company, made as they are needed.
struct Things {
    system: System,
    bridge: Channel,
    customer: i64,
    failed: i64,
    attachment: i64,
}

impl Things {
    async fn of(system: &System) -> Self {
        let bridge = system.connect("custom_channel").await;
        let phone = system.customer(MARK, "Haddad").await;
        let said = format!("Where is it? {MARK}");
        system.writes(&bridge, &phone, &said).await;
        let customer = system.contact_who_said(&said).await["id"].as_i64().unwrap();
        let refused = FailNext {
            n: 1,
            status: Failure::Status(400),
            retry_after: None,
            code: None,
            method: None,
        };
        system.knobs(&bridge, |knobs| knobs.fail_next = Some(refused)).await;
        let failed = system.owner.replies(customer, MARK).await["id"].as_i64().unwrap();
        system.message_with_status(customer, failed, "failed").await;
        let file = format!("{MARK}.txt");
        let attachment = system.owner.uploads(&file, "text/plain", MARK.as_bytes()).await.ok();
        Self {
            system: system.clone(),
            bridge,
            customer,
            failed,
            attachment: attachment["id"].as_i64().unwrap(),
        }
    }

    /// Makes what an operation is about; returns what stands for it in the path.
    async fn make(&self, target: Target) -> String {
        let owner = &self.system.owner;
        let id = |answer: &Answer| answer.ok()["id"].to_string();
        let contact = async || id(&owner.post("/contacts", &json!({ "first_name": MARK })).await);
        let invite = async || {
            let body = json!({ "email": format!("{MARK}{}@example.com", client_id()), "role": "agent" });
            owner.post("/invitations", &body).await
        };
        match target {
            Target::None => String::new(),
            Target::Contact => contact().await,
            Target::Conversation => {
                let contact = contact().await;
                owner
                    .post(&format!("/contacts/{contact}/open"), &Value::Null)
                    .await
                    .ok();
                contact
            }
            Target::Customer => self.customer.to_string(),
            Target::FailedMessage => self.failed.to_string(),
            Target::Attachment => self.attachment.to_string(),
            Target::Channel => self.system.connect("custom_channel").await.id.to_string(),
            Target::Category => {
                let body = json!({ "name": format!("{MARK} {}", client_id()) });
                id(&owner.post("/closing-categories", &body).await)
            }
            Target::Invitation => id(&invite().await),
            Target::InvitationToken => invite().await.ok()["url"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned(),
            Target::Colleague => self
                .system
                .colleague(&format!("{MARK}{}", client_id()), "agent")
                .await
                .user
                .to_string(),
        }
    }
}

fn path_of(rule: &Rule, workspace: i64, id: &str) -> String {
    let path = rule.1.replace("{workspace}", &workspace.to_string());
    let path = path.replace("{id}", id).replace("{token}", id);
    format!("/api{}", path.replace("{file_name}", "x.txt"))
}

/// Calls with a session, or without one.
async fn call(system: &System, cookie: Option<&str>, method: &str, path: &str, body: &Value) -> Answer {
    let mut request = system.browser.request(method.to_uppercase().parse().unwrap(), path);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    if !body.is_null() {
        request = request.json(body);
    }
    send(request).await
}

#[test]
fn the_policy_names_every_operation_and_no_other() {
    on_each_database(|system| async move {
        let mut listed: Vec<_> = POLICY
            .iter()
            .map(|rule| (rule.0.to_owned(), rule.1.to_owned()))
            .collect();
        listed.sort();
        let described = described(&system.browser.get("/api/openapi.json").await.ok());
        for operation in &described {
            assert!(listed.contains(operation), "{operation:?} is new: add it to policy.rs");
        }
        assert_eq!(
            described, listed,
            "policy.rs lists operations that are gone, or lists one twice"
        );
        for (method, path) in crate::policy::UNDESCRIBED {
            let path = path.replace("{workspace}", &system.owner.workspace.to_string());
            let answer = call(&system, None, method, &format!("/api{path}"), &Value::Null).await;
            assert_eq!(answer.refused(401), "signed_out", "{method} {path}");
        }
    });
}

#[test]
fn every_operation_is_open_to_exactly_the_roles_the_policy_names() {
    on_each_database(|system| async move {
        let things = Things::of(&system).await;
        let ana = system.colleague("swept-agent", "agent").await;
        let mia = system.colleague("swept-manager", "manager").await;
        for rule in POLICY.iter().filter(|rule| rule.2 != Least::Anyone) {
            let (method, path, least, target, body) = *rule;
            let called = format!("{method} {path}");
            let id = things.make(target).await;
            let address = path_of(rule, system.owner.workspace, &id);
            let nobody = call(&system, None, method, &address, &body()).await;
            assert_eq!(nobody.refused(401), "signed_out", "{called} without a session");
            let forged = call(&system, Some("ism_session=x"), method, &address, &body()).await;
            assert_eq!(
                forged.refused(401),
                "signed_out",
                "{called} with a session that does not exist"
            );
            if method != "get" {
                let foreign = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let bare = system
                    .browser
                    .http
                    .request(foreign.clone(), format!("{}{address}", system.url));
                let bare = send(bare.header("cookie", &system.owner.cookie).json(&body())).await;
                assert_eq!(
                    bare.refused(403),
                    "foreign_request",
                    "{called} without the client's header"
                );
                let elsewhere = system
                    .owner
                    .request(foreign, &address)
                    .header("origin", "https://evil.example");
                let elsewhere = send(elsewhere.json(&body())).await;
                assert_eq!(
                    elsewhere.refused(403),
                    "foreign_request",
                    "{called} from a foreign page"
                );
            }
            let people = [
                ("agent", Least::Agent, &ana),
                ("manager", Least::Manager, &mia),
                ("owner", Least::Owner, &system.owner),
            ];
            for (role, rank, person) in people {
                // Signing out ends a session, so that it needs one of its own.
                let cookie = match (method, path) {
                    ("delete", "/session") => system.browser.sign_in(&email(role), PASSWORD).await.cookie,
                    _ => person.cookie.clone(),
                };
                let answer = call(&system, Some(&cookie), method, &address, &body()).await;
                if rank < least {
                    assert_eq!(answer.refused(403), "forbidden", "{called} as {role}");
                    continue;
                }
                // Whoever came before may have done it already.
                let first = rank == least.max(Least::Agent);
                let done = !first && target != Target::None && matches!(answer.status, 404 | 409);
                let fine = (200..300).contains(&answer.status) || done;
                assert!(fine, "{called} as {role}: {} {}", answer.status, answer.text());
            }
        }
    });
}

fn email(role: &str) -> String {
    match role {
        "owner" => "owner@example.com".to_owned(),
        _ => format!("swept-{role}@example.com"),
    }
}

/// An id that nothing has.
const NOTHING: &str = "4503599627370001";

#[test]
fn nothing_of_one_company_can_be_reached_from_another() {
    on_each_database(|system| async move {
        let things = Things::of(&system).await;
        let stranger = system.foreign_owner().await;
        let ours = system.owner.workspace;
        for rule in POLICY.iter().filter(|rule| rule.1.contains("{workspace}")) {
            let (method, path, _, target, body) = *rule;
            let called = format!("{method} {path}");
            let id = things.make(target).await;
            let head = system.services.log_head(ism_domain::WorkspaceId(ours)).await.unwrap();
            let ask = async |workspace: i64, id: &str| {
                call(
                    &system,
                    Some(&stranger.cookie),
                    method,
                    &path_of(rule, workspace, id),
                    &body(),
                )
                .await
            };
            // Our workspace looks like one that does not exist.
            let (theirs, missing) = (ask(ours, &id).await, ask(NOTHING.parse().unwrap(), &id).await);
            assert_eq!(theirs.refused(404), "not_found", "{called} in our workspace");
            assert_eq!(
                theirs.bytes, missing.bytes,
                "{called}: a workspace is told apart from none"
            );
            // So does everything of ours in their own.
            if path.contains("{id}") {
                let (theirs, missing) = (
                    ask(stranger.workspace, &id).await,
                    ask(stranger.workspace, NOTHING).await,
                );
                assert_eq!(theirs.refused(404), "not_found", "{called} with our id");
                assert_eq!(
                    theirs.bytes, missing.bytes,
                    "{called}: an id of ours is told apart from none"
                );
            } else {
                let theirs = ask(stranger.workspace, "").await;
                assert!(!theirs.text().contains(MARK), "{called} tells of us: {}", theirs.text());
            }
            let now = system.services.log_head(ism_domain::WorkspaceId(ours)).await.unwrap();
            assert_eq!(now, head, "{called} has done something here");
        }
    });
}

#[test]
fn ids_of_another_company_in_bodies_and_queries_mean_nothing() {
    on_each_database(|system| async move {
        let things = Things::of(&system).await;
        let category = things.make(Target::Category).await;
        let stranger = system.foreign_owner().await;
        let own = stranger.post("/contacts", &json!({ "first_name": "Own" })).await.ok()["id"].to_string();
        stranger.post(&format!("/contacts/{own}/open"), &Value::Null).await.ok();
        let head = system
            .services
            .log_head(ism_domain::WorkspaceId(system.owner.workspace))
            .await
            .unwrap();
        let say = |more: Value| {
            let mut body = json!({ "client_id": client_id(), "content": { "type": "text", "text": "Hi" } });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let file = json!({ "type": "attachment", "attachment": { "kind": "file", "id": things.attachment } });
        for (path, body) in [
            ("assignee", json!({ "user_id": system.owner.user })),
            ("close", json!({ "category_id": category.parse::<i64>().unwrap() })),
            ("messages", say(json!({ "channel_id": things.bridge.id }))),
            ("messages", say(json!({ "reply_to": things.failed }))),
            ("messages", say(json!({ "content": file }))),
        ] {
            let answer = stranger.post(&format!("/contacts/{own}/{path}"), &body).await;
            assert!((400..500).contains(&answer.status), "{path} {body}: {}", answer.text());
            assert!(!answer.text().contains(MARK), "{path} {body}: {}", answer.text());
        }
        let detail = stranger.get(&format!("/contacts/{own}")).await.text();
        assert!(
            !detail.contains(MARK) && !detail.contains(&system.owner.user.to_string()),
            "{detail}"
        );
        // Cursors of ours lead nowhere in theirs.
        for query in [
            format!("/inbox?cursor={}", things.customer),
            format!("/inbox?q={MARK}&status=all"),
            format!("/contacts/{own}/timeline?before={}", i64::MAX),
        ] {
            assert!(!stranger.get(&query).await.text().contains(MARK), "{query}");
        }
        // Files: not under their workspace, not with a signature made for another id.
        for path in [
            format!(
                "/files/{}/{}/{}/x.txt",
                system.owner.workspace,
                things.attachment,
                "0".repeat(64)
            ),
            format!(
                "/files/{}/{}/{}/x.txt",
                stranger.workspace,
                things.attachment,
                "0".repeat(64)
            ),
        ] {
            let answer = system.browser.get(&path).await;
            assert!(matches!(answer.status, 403 | 404), "{path}: {}", answer.status);
            assert!(!answer.text().contains(MARK));
        }
        // The Developer API: a token opens its own workspace only, however the contact is named.
        let email = format!("{MARK}@example.com");
        let known = json!({ "first_name": MARK, "email": email, "phone": "+60123456789" });
        let known = system.owner.post("/contacts", &known).await.ok()["id"].to_string();
        let head = head
            + (system
                .services
                .log_head(ism_domain::WorkspaceId(system.owner.workspace))
                .await
                .unwrap()
                - head);
        let workspace = ism_domain::WorkspaceId(stranger.workspace);
        let token = system.services.create_api_token(workspace, "n8n", None).await.unwrap();
        for who in [
            format!("id:{known}"),
            format!("id:{}", things.customer),
            format!("email:{email}"),
            "phone:+60123456789".to_owned(),
        ] {
            for (method, rest, body) in [
                ("get", "", Value::Null),
                ("get", "/message/list", Value::Null),
                ("get", &*format!("/message/{}", things.failed), Value::Null),
                (
                    "post",
                    "/message",
                    json!({ "message": { "type": "text", "text": "Hi" } }),
                ),
                ("post", "/conversation/status", json!({ "status": "open" })),
                ("post", "/conversation/assignee", json!({ "assignee": null })),
            ] {
                let path = format!("{}/v2/contact/{who}{rest}", system.url);
                let method: Method = method.to_uppercase().parse().unwrap();
                let answer = send(
                    system
                        .browser
                        .http
                        .request(method, &path)
                        .bearer_auth(&token)
                        .json(&body),
                )
                .await;
                assert_eq!(answer.status, 404, "{path}: {}", answer.text());
                assert!(!answer.text().contains(MARK), "{path}: {}", answer.text());
            }
        }
        let list = system
            .browser
            .http
            .post(format!("{}/v2/contact/list", system.url))
            .bearer_auth(&token);
        let list = send(list.json(&json!({ "search": MARK }))).await;
        assert_eq!(list.ok()["items"], json!([]));
        let assign = format!("{}/v2/contact/id:{own}/conversation/assignee", system.url);
        for assignee in [json!(system.owner.user), json!("owner@example.com")] {
            let request = system.browser.http.post(&assign).bearer_auth(&token);
            let answer = send(request.json(&json!({ "assignee": assignee }))).await;
            assert!((400..500).contains(&answer.status), "{}", answer.text());
        }
        let now = system
            .services
            .log_head(ism_domain::WorkspaceId(system.owner.workspace))
            .await
            .unwrap();
        assert_eq!(now, head, "something was done here");
    });
}

/// Members that decide whose something is or what somebody may, which only the server sets.
fn forbidden(stranger: &Agent) -> Map<String, Value> {
    let planted = json!({
        "id": PLANTED, "workspace_id": stranger.workspace, "workspaceId": stranger.workspace, "workspace": stranger.workspace,
        "organization_id": PLANTED, "organizationId": PLANTED, "owner_id": stranger.user, "created_by": stranger.user,
        "invited_by": stranger.user, "sender_id": stranger.user, "author_id": stranger.user, "assignee_id": stranger.user,
        "role": "owner", "roles": ["owner"], "permissions": ["users.manage"], "is_admin": true, "admin": true,
        "seq": PLANTED, "version": PLANTED, "created_at": PLANTED, "expires_at": PLANTED, "accepted_at": PLANTED,
        "removed_at": PLANTED, "token_hash": "planted", "password_hash": "planted", "trusted_base": true,
        "public_id": "planted", "secret": "planted", "settings": { "planted": true }, "status": "planted",
        "direction": "incoming", "sender_source": "contact", "external_id": "planted", "__proto__": { "role": "owner" },
        "constructor": { "prototype": { "role": "owner" } },
    });
    planted.as_object().unwrap().clone()
}

const PLANTED: i64 = 777_000_111_222;

#[test]
fn members_that_are_not_the_callers_to_set_are_ignored() {
    on_each_database(|system| async move {
        let things = Things::of(&system).await;
        let stranger = system.foreign_owner().await;
        let ana = system.colleague("swept-agent", "agent").await;
        let mia = system.colleague("swept-manager", "manager").await;
        let before = stranger.get("").await.ok();
        let mut swept = 0;
        for rule in POLICY.iter().filter(|rule| rule.0 != "get") {
            let (method, path, least, target, body) = *rule;
            let called = format!("{method} {path}");
            if path == "/session" {
                continue;
            }
            let mut planted = body();
            if planted.is_null() {
                planted = json!({});
            }
            if path == "/invitations/{token}" {
                planted = json!({ "first_name": "Kai", "password": PASSWORD });
            }
            let members = planted.as_object_mut().unwrap();
            for (name, value) in forbidden(&stranger) {
                members.entry(name).or_insert(value);
            }
            let caller = match least {
                Least::Anyone => None,
                Least::SignedIn | Least::Agent => Some(&ana.cookie),
                Least::Manager => Some(&mia.cookie),
                Least::Owner => Some(&system.owner.cookie),
            };
            let address = path_of(rule, system.owner.workspace, &things.make(target).await);
            let answer = call(&system, caller.map(String::as_str), method, &address, &planted).await;
            assert!(
                answer.status < 500 && !matches!(answer.status, 401 | 403),
                "{called}: {} {}",
                answer.status,
                answer.text()
            );
            let told = answer.text();
            for sign in [
                "planted",
                &PLANTED.to_string(),
                &stranger.workspace.to_string(),
                &stranger.user.to_string(),
            ] {
                // Saying that a field is unknown is fine.
                assert!(
                    !told.contains(sign) || answer.status == 400,
                    "{called} took {sign}: {told}"
                );
            }
            swept += 1;
        }
        assert!(swept >= 25, "{swept}");
        // Nobody has risen, nothing has moved.
        let users = system.owner.get("/users").await.ok();
        for user in users.as_array().unwrap() {
            let expected = match user["email"].as_str().unwrap() {
                "owner@example.com" => "owner",
                "swept-manager@example.com" => "manager",
                _ => "agent",
            };
            assert_eq!(user["role"], expected, "{user}");
        }
        let after = stranger.get("").await.ok();
        assert_eq!(after["seq"], before["seq"], "something arrived in the other company");
        assert_eq!(stranger.get("/users").await.ok().as_array().unwrap().len(), 1);
        // A form cannot plant facts that the provider tells, nor a JSON body pose as an upload.
        let config = json!({ "id_type": "custom", "trusted_base": true, "bot_id": "planted", "secret": "planted" });
        let form = json!({ "source": "custom_channel", "simulated": true, "config": config });
        let channel = system.owner.post("/channels", &form).await.ok();
        assert!(
            !channel.to_string().contains("planted") && channel["channel"]["config"]["trusted_base"].is_null(),
            "{channel}"
        );
        let path = format!("/channels/{}", channel["channel"]["id"]);
        let changed = system
            .owner
            .patch(
                &path,
                &json!({ "config": { "status": "planted", "trusted_base": true } }),
            )
            .await
            .ok();
        assert!(
            !changed.to_string().contains("planted") && changed["config"]["trusted_base"].is_null(),
            "{changed}"
        );
        let posed = json!({ "file": { "path": "/etc/passwd", "filename": "passwd" } });
        assert_eq!(system.owner.post("/attachments", &posed).await.status, 400);
    });
}
