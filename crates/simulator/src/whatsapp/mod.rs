//! The Graph API for WhatsApp, as far as a messaging product uses it.

mod content;
pub(crate) mod graph;
pub(crate) mod media;
pub(crate) mod messages;
mod status;
pub(crate) mod templates;
pub(crate) mod webhook;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, Method, Response, header};
use axum::routing::{any, get};
use serde_json::{Value, json};

use crate::http::{self, Answer, Call, Params};
use crate::setup::digits;
use crate::simulator::Simulator;
use crate::world::{WhatsappNumber, World};

pub(crate) use status::set as set_status;

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/whatsapp/media/", get(media::download))
        .route("/whatsapp/{*rest}", any(call))
        .layer(DefaultBodyLimit::max(http::LARGEST))
}

/// The part of an object that `fields` asks for; `id` always comes along.
pub(crate) fn pick(object: Value, fields: Option<&str>) -> Value {
    let Some(fields) = fields.filter(|f| !f.is_empty()) else {
        return object;
    };
    let wanted: Vec<&str> = fields
        .split(',')
        .map(|f| f.split(['{', '.']).next().unwrap_or_default().trim())
        .collect();
    match object {
        Value::Object(map) => map
            .into_iter()
            .filter(|(key, _)| key == "id" || wanted.contains(&key.as_str()))
            .collect(),
        other => other,
    }
}

/// The account of a phone number id. An id never seen before becomes an account, so ids can be invented.
fn number(sim: &Simulator, id: &str) -> String {
    let key = format!("whatsapp:{id}");
    if sim.read(|world| world.accounts.contains_key(&key)) {
        return key;
    }
    sim.write(|world| {
        let guessed = |n: &WhatsappNumber| n.phone_guessed;
        match guess(world, guessed) {
            Some(old) => rename(world, &old, id),
            None => {
                let waba = (309_000_000_000_000 + world.tick()).to_string();
                world.add_number(id, &waba);
                if let Some(number) = world.whatsapp_mut(&key) {
                    number.waba_guessed = true;
                }
            }
        }
    });
    sim.tell_accounts();
    key
}

/// A number of the WABA, made up if the WABA was never seen.
fn number_of_waba(sim: &Simulator, waba: &str) -> String {
    if let Some(key) = sim.read(|world| world.numbers_of(waba).into_iter().next()) {
        return key;
    }
    let key = sim.write(|world| match guess(world, |n| n.waba_guessed) {
        Some(key) => {
            if let Some(number) = world.whatsapp_mut(&key) {
                number.waba_id = waba.to_owned();
                number.waba_guessed = false;
            }
            templates::seed(world, waba);
            key
        }
        None => {
            let phone = (204_000_000_000_000 + world.tick()).to_string();
            let key = world.add_number(&phone, waba);
            if let Some(number) = world.whatsapp_mut(&key) {
                number.phone_guessed = true;
            }
            key
        }
    });
    sim.tell_accounts();
    key
}

fn guess(world: &World, wanted: impl Fn(&WhatsappNumber) -> bool) -> Option<String> {
    world
        .accounts
        .keys()
        .find(|key| world.whatsapp(key).is_some_and(&wanted))
        .cloned()
}

fn rename(world: &mut World, old: &str, id: &str) {
    let Some(mut account) = world.accounts.remove(old) else {
        return;
    };
    account.key = format!("whatsapp:{id}");
    let key = account.key.clone();
    world.accounts.insert(key.clone(), account);
    if let Some(number) = world.whatsapp_mut(&key) {
        number.phone_number_id = id.to_owned();
        number.phone_guessed = false;
    }
}

/// Which account a path is about: `(account, waba id if it is about the WABA)`.
fn subject(sim: &Simulator, id: &str, edge: &str, params: &Params) -> (String, bool) {
    let key = format!("whatsapp:{id}");
    // Nobody knows the id yet: what is asked about it tells what it is.
    const OF_NUMBERS: [&str; 6] = [
        "verified_name",
        "display_phone_number",
        "quality_rating",
        "code_verification",
        "throughput",
        "platform_type",
    ];
    let fields = params.text("fields").unwrap_or_default();
    let asks_waba = !fields.is_empty() && !OF_NUMBERS.iter().any(|field| fields.contains(field));
    let known_waba = sim.read(|world| !world.numbers_of(id).is_empty());
    let waba = match edge {
        "phone_numbers" | "subscribed_apps" | "message_templates" => true,
        "" => known_waba || (asks_waba && sim.read(|world| !world.accounts.contains_key(&key))),
        _ => false,
    };
    (if waba { number_of_waba(sim, id) } else { number(sim, id) }, waba)
}

async fn call(State(sim): State<Simulator>, Path(rest): Path<String>, request: Request) -> Response<Body> {
    let method = request.method().clone();
    let headers = request.headers().clone();
    let mut segments: Vec<&str> = rest.split('/').filter(|s| !s.is_empty()).collect();
    let version = segments
        .first()
        .copied()
        .filter(|s| s.starts_with('v') && s[1..].starts_with(|c: char| c.is_ascii_digit()));
    if version.is_some() {
        segments.remove(0);
    }
    let reply = |answer: Answer| http::json_response(answer.status, &answer.body);
    let params = match http::params(request).await {
        Ok(params) => params,
        Err(http::Unreadable::TooLarge) => {
            return reply(graph::error(
                413,
                100,
                "Request entity too large",
                "The request is too large.",
            ));
        }
        Err(_) => return reply(graph::invalid("The request body could not be read.")),
    };
    let Some(token) = http::bearer(&headers, Some(&params)) else {
        return reply(graph::error(
            401,
            104,
            "An access token is required to request this resource.",
            "Send Authorization: Bearer.",
        ));
    };
    let (id, edge) = (
        segments.first().copied().unwrap_or_default(),
        segments.get(1).copied().unwrap_or_default(),
    );
    if id == "debug_token" {
        let scopes = json!(["whatsapp_business_messaging", "whatsapp_business_management"]);
        return reply(Answer::ok(
            json!({"data": {"is_valid": true, "expires_at": 0, "scopes": scopes, "type": "SYSTEM_USER"}}),
        ));
    }
    if id.is_empty() || digits(id) != id {
        return reply(graph::unknown_object(id));
    }
    // Media and templates are objects of their own, known by their ids.
    let owner = sim.read(
        |world| match (world.files.get(id), world.templates.iter().find(|t| t.id == id)) {
            (Some(file), _) => Some((file.owner.clone(), true)),
            (_, Some(template)) => Some((world.numbers_of(&template.waba_id).into_iter().next(), false)),
            _ => None,
        },
    );
    let (account, waba, object) = match owner {
        Some((Some(account), is_media)) => (account, false, Some(is_media)),
        Some((None, _)) => return reply(graph::unknown_object(id)),
        None if edge.is_empty() && !sounds_like_account(&sim, id, &method, &params) => {
            return reply(graph::unknown_object(id));
        }
        None => {
            let (account, waba) = subject(&sim, id, edge, &params);
            (account, waba, None)
        }
    };
    let refused = sim.read(|world| {
        world
            .whatsapp(&account)
            .and_then(|n| n.access_token.clone())
            .is_some_and(|known| known != token)
    });
    if refused {
        return reply(graph::error(
            401,
            190,
            "Invalid OAuth access token - Cannot parse access token",
            "The token is not the account's.",
        ));
    }
    let name = match (object, edge) {
        (Some(true), _) => "media",
        (Some(false), _) => "template",
        (None, "") if waba => "waba",
        (None, "") => "phone_number",
        (None, edge) => edge,
    };
    let label = if method == Method::GET && edge != "messages" {
        format!("{name}.get")
    } else {
        name.to_owned()
    };
    let sends = edge == "messages" && params.values.get("status").is_none();
    let base = base(&sim, &headers);
    let mut shown = Value::Object(params.values.clone());
    if !params.files.is_empty() {
        shown["files"] = json!(params.files.keys().collect::<Vec<_>>());
    }
    let context = Context {
        account: &account,
        id,
        waba,
        base: &base,
        version: version.unwrap_or("v26.0"),
    };
    let call = Call {
        account: &account,
        method: &label,
        sends,
        shown,
    };
    http::answer(&sim, call, graph::refuse, run(&sim, context, &method, name, &params)).await
}

/// Whether a bare id can be a number's or a WABA's: known, or asked about as one. A media id that is gone is neither.
fn sounds_like_account(sim: &Simulator, id: &str, method: &Method, params: &Params) -> bool {
    let key = format!("whatsapp:{id}");
    let known = sim.read(|world| world.accounts.contains_key(&key) || !world.numbers_of(id).is_empty());
    let asked = match *method {
        Method::GET => params.text("fields").is_some_and(|fields| !fields.is_empty()),
        Method::POST => params.values.contains_key("webhook_configuration") || params.values.contains_key("pin"),
        _ => false,
    };
    known || asked && !params.values.contains_key("phone_number_id")
}

/// The address the caller used for us.
fn base(sim: &Simulator, headers: &HeaderMap) -> String {
    match (
        &sim.inner.options.public_url,
        headers.get(header::HOST).and_then(|h| h.to_str().ok()),
    ) {
        (None, Some(host)) => format!("http://{host}"),
        _ => sim.base_url(),
    }
}

#[derive(Clone, Copy)]
struct Context<'a> {
    account: &'a str,
    id: &'a str,
    waba: bool,
    base: &'a str,
    version: &'a str,
}

async fn run(sim: &Simulator, at: Context<'_>, method: &Method, name: &str, params: &Params) -> Answer {
    let fields = params.text("fields");
    let success = || Answer::ok(json!({"success": true}));
    match (method.as_str(), name) {
        ("POST", "messages") => messages::post(sim, at.account, params).await,
        ("POST", "media") if at.id == account_id(at.account) => media::upload(sim, at.account, params),
        ("GET", "media") => media::resolve(sim, at.account, at.id, at.base, params),
        ("DELETE", "media") => {
            sim.write(|world| world.files.remove(at.id));
            success()
        }
        ("GET", "phone_number") => sim.read(|world| match world.whatsapp(at.account) {
            Some(number) => Answer::ok(pick(number_json(world, at.account, number), fields.as_deref())),
            None => graph::unknown_object(at.id),
        }),
        ("POST", "phone_number") => phone_settings(sim, at.account, params).await,
        ("GET", "waba") => {
            let waba = json!({
                "id": at.id, "name": format!("Simulated business account {at_id}", at_id = &at.id[at.id.len().saturating_sub(4)..]),
                "timezone_id": "1", "currency": "GBP", "account_review_status": "APPROVED", "message_template_namespace": "sim_ns",
                "health_status": {"can_send_message": "AVAILABLE"},
            });
            Answer::ok(pick(waba, fields.as_deref()))
        }
        ("GET", "phone_numbers") => sim.read(|world| {
            let keys = world.numbers_of(at.id);
            let of = |key: &String| Some(pick(number_json(world, key, world.whatsapp(key)?), fields.as_deref()));
            Answer::ok(json!({"data": keys.iter().filter_map(of).collect::<Vec<_>>()}))
        }),
        (_, "subscribed_apps") => subscribed_apps(sim, at, method, params).await,
        ("GET", "message_templates") => {
            let address = format!("{}/whatsapp/{}/{}/message_templates", at.base, at.version, at.id);
            sim.read(|world| templates::list(world, at.id, params, &address))
        }
        ("POST", "message_templates") => create_template(sim, at, params),
        ("DELETE", "message_templates") => delete_template(sim, at, params),
        ("GET", "template") => sim.read(|world| match world.templates.iter().find(|t| t.id == at.id) {
            Some(template) => Answer::ok(pick(templates::as_json(template), fields.as_deref())),
            None => graph::unknown_object(at.id),
        }),
        ("POST", "template") => {
            let components = params.json("components").ok().flatten();
            sim.write(|world| {
                if let (Some(template), Some(components)) =
                    (world.templates.iter_mut().find(|t| t.id == at.id), components)
                {
                    template.components = components;
                }
            });
            success()
        }
        ("POST", "register" | "deregister") => success(),
        ("GET", "whatsapp_business_profile") => {
            Answer::ok(json!({"data": [{"messaging_product": "whatsapp", "about": "A simulated business"}]}))
        }
        ("POST", "whatsapp_business_profile" | "conversational_automation") => success(),
        _ => graph::unknown_object(if at.waba || name.is_empty() { at.id } else { name }),
    }
}

fn account_id(account: &str) -> &str {
    account.strip_prefix("whatsapp:").unwrap_or(account)
}

fn number_json(world: &World, key: &str, number: &WhatsappNumber) -> Value {
    let name = world.accounts.get(key).map(|a| a.name.clone()).unwrap_or_default();
    json!({
        "id": number.phone_number_id, "verified_name": name, "display_phone_number": format!("+{}", number.display_phone_number),
        "quality_rating": "GREEN", "code_verification_status": "VERIFIED", "name_status": "APPROVED", "status": "CONNECTED",
        "platform_type": "CLOUD_API", "is_on_biz_app": false, "throughput": {"level": "STANDARD"},
        "whatsapp_business_manager_messaging_limit": "TIER_1K", "account_mode": "LIVE",
    })
}

/// Phone-level callback override, two-step PIN.
async fn phone_settings(sim: &Simulator, account: &str, params: &Params) -> Answer {
    if let Ok(Some(configuration)) = params.json("webhook_configuration") {
        let url = configuration["override_callback_uri"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let token = configuration["verify_token"].as_str().unwrap_or_default();
        if !url.is_empty()
            && let Err(reason) = webhook::handshake(sim, &url, token).await
        {
            return verification_failed(&reason);
        }
        sim.write(|world| {
            world
                .whatsapp_mut(account)
                .map(|n| n.phone_override = Some(url).filter(|u| !u.is_empty()))
        });
        sim.tell_accounts();
    }
    Answer::ok(json!({"success": true}))
}

fn verification_failed(reason: &str) -> Answer {
    let text = format!("Callback verification failed with the following errors: {reason}");
    graph::error(400, 2_200, &text, &text)
}

async fn subscribed_apps(sim: &Simulator, at: Context<'_>, method: &Method, params: &Params) -> Answer {
    let numbers = sim.read(|world| world.numbers_of(at.id));
    let current = sim
        .read(|world| world.whatsapp(at.account).cloned())
        .unwrap_or_default();
    let set = |change: &dyn Fn(&mut WhatsappNumber)| {
        sim.write(|world| {
            for key in &numbers {
                world.whatsapp_mut(key).map(&change);
            }
        });
        sim.tell_accounts();
    };
    match method.as_str() {
        "GET" => {
            let mut app = json!({"whatsapp_business_api_data": {"id": "100100100100100", "name": "Simulated app", "link": "https://www.facebook.com/games/?app_id=100100100100100"}});
            if let Some(url) = &current.waba_override {
                app["override_callback_uri"] = json!(url);
            }
            Answer::ok(json!({"data": if current.subscribed { vec![app] } else { Vec::new() }}))
        }
        "POST" => {
            let Some(url) = params.text("override_callback_uri").filter(|u| !u.is_empty()) else {
                // Subscribing without a body takes an override away.
                set(&|number| {
                    number.subscribed = true;
                    number.waba_override = None;
                });
                return Answer::ok(json!({"success": true}));
            };
            if !current.subscribed {
                let text = "Before override the current callback uri, your app must be subscribed to receive messages for WhatsApp Business Account.";
                return graph::error(400, 100, text, text);
            }
            let token = params.text("verify_token").unwrap_or_default();
            match webhook::handshake(sim, &url, &token).await {
                Ok(()) => {
                    set(&|number| number.waba_override = Some(url.clone()));
                    Answer::ok(json!({"success": true}))
                }
                Err(reason) => verification_failed(&reason),
            }
        }
        "DELETE" => {
            set(&|number| {
                number.subscribed = false;
                number.waba_override = None;
            });
            Answer::ok(json!({"success": true}))
        }
        _ => graph::unknown_object(at.id),
    }
}

fn create_template(sim: &Simulator, at: Context<'_>, params: &Params) -> Answer {
    let made = sim.write(|world| templates::create(world, at.id, params));
    let template = match made {
        Ok(template) => template,
        Err(refusal) => return refusal,
    };
    // Meta's review, in a moment.
    let (later, account, id) = (sim.clone(), at.account.to_owned(), template.id.clone());
    let pause = std::time::Duration::from_millis(sim.knobs(at.account).status_delay_ms);
    sim.inner.spawn(async move {
        tokio::time::sleep(pause).await;
        let approved = later.write(|world| {
            let template = world.templates.iter_mut().find(|t| t.id == id)?;
            template.status = "APPROVED".to_owned();
            Some(template.clone())
        });
        if let Some(template) = approved {
            let value = json!({
                "event": "APPROVED", "message_template_id": template.id.parse::<u64>().unwrap_or_default(),
                "message_template_name": template.name, "message_template_language": template.language,
                "message_template_category": template.category, "reason": "NONE",
            });
            later.send_webhook(
                &account,
                "",
                json!({"field": "message_template_status_update", "value": value}),
            );
        }
    });
    Answer::ok(json!({"id": template.id, "status": template.status, "category": template.category}))
}

fn delete_template(sim: &Simulator, at: Context<'_>, params: &Params) -> Answer {
    let name = params.text("name").unwrap_or_default();
    let only = params.text("hsm_id");
    let removed = sim.write(|world| {
        let before = world.templates.len();
        let doomed = |id: &str| only.as_deref().is_none_or(|only| only == id);
        world
            .templates
            .retain(|t| !(t.waba_id == at.id && t.name == name && doomed(&t.id)));
        before - world.templates.len()
    });
    if removed == 0 {
        return graph::invalid("There is no template with this name.");
    }
    Answer::ok(json!({"success": true}))
}
