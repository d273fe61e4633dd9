//! Message templates: what a WABA starts with, listing, creating, and checking a send against one.

use serde_json::{Value, json};

use super::graph::{error, invalid};
use crate::http::{Answer, Params};
use crate::world::{Button, Template, World};

/// A new WABA has a few approved templates, one of them paused.
pub fn seed(world: &mut World, waba_id: &str) {
    if world.templates.iter().any(|t| t.waba_id == waba_id) {
        return;
    }
    let samples = [
        (
            "hello_world",
            "en_US",
            "UTILITY",
            "APPROVED",
            json!([
                {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
                {"type": "BODY", "text": "Welcome and congratulations! This message shows that you can send templates."},
                {"type": "FOOTER", "text": "Sample message"},
            ]),
        ),
        (
            "order_update",
            "en_GB",
            "UTILITY",
            "APPROVED",
            json!([
                {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["88"]}},
                {"type": "BODY", "text": "Hi {{1}}, your parcel leaves on {{2}}.", "example": {"body_text": [["Priya", "Friday"]]}},
                {"type": "FOOTER", "text": "Shop"},
                {"type": "BUTTONS", "buttons": [
                    {"type": "URL", "text": "Track", "url": "https://shop.example/t/{{1}}", "example": ["https://shop.example/t/88"]},
                    {"type": "QUICK_REPLY", "text": "Help"},
                ]},
            ]),
        ),
        (
            "appointment_reminder",
            "en",
            "UTILITY",
            "APPROVED",
            json!([
                {"type": "BODY", "text": "Hello {{first_name}}, we see you on {{day}} at our shop.", "example":
                    {"body_text_named_params": [{"param_name": "first_name", "example": "Sam"}, {"param_name": "day", "example": "Monday"}]}},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Confirm"}, {"type": "QUICK_REPLY", "text": "Move it"}]},
            ]),
        ),
        (
            "spring_offer",
            "en",
            "MARKETING",
            "APPROVED",
            json!([
                {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://scontent.example/mugs.jpg"]}},
                {"type": "BODY", "text": "Spring is here, {{1}}: two mugs for the price of one.", "example": {"body_text": [["Ana"]]}},
            ]),
        ),
        (
            "old_offer",
            "en",
            "MARKETING",
            "PAUSED",
            json!([{"type": "BODY", "text": "This offer has ended."}]),
        ),
    ];
    for (name, language, category, status, components) in samples {
        let id = (990_000_000_000_000 + world.tick()).to_string();
        let named = components.to_string().contains("param_name");
        world.templates.push(Template {
            id,
            waba_id: waba_id.to_owned(),
            name: name.to_owned(),
            language: language.to_owned(),
            category: category.to_owned(),
            status: status.to_owned(),
            parameter_format: if named { "NAMED" } else { "POSITIONAL" }.to_owned(),
            components,
        });
    }
}

pub fn as_json(template: &Template) -> Value {
    json!({
        "id": template.id, "name": template.name, "language": template.language, "category": template.category,
        "status": template.status, "parameter_format": template.parameter_format, "components": template.components,
        "quality_score": {"score": "UNKNOWN", "date": 1_760_000_000}, "rejected_reason": "NONE",
    })
}

/// A page of the WABA's templates with Graph's cursors.
pub fn list(world: &World, waba_id: &str, params: &Params, address: &str) -> Answer {
    let wanted = |field: &str, value: &str| {
        params
            .text(field)
            .is_none_or(|filter| filter.is_empty() || filter == value)
    };
    let all: Vec<&Template> = world
        .templates
        .iter()
        .filter(|t| t.waba_id == waba_id)
        .filter(|t| wanted("name", &t.name) && wanted("status", &t.status) && wanted("language", &t.language))
        .collect();
    let limit = usize::try_from(params.int("limit").unwrap_or(25).clamp(1, 1_000)).unwrap_or(25);
    let after = params.text("after").unwrap_or_default();
    let start = all.iter().position(|t| t.id == after).map_or(0, |at| at + 1);
    let page: Vec<&Template> = all.iter().skip(start).take(limit).copied().collect();
    let fields = params.text("fields");
    let data: Vec<Value> = page
        .iter()
        .map(|t| super::pick(as_json(t), fields.as_deref()))
        .collect();
    let mut body = json!({"data": data});
    if params.values.contains_key("summary") {
        body["summary"] = json!({
            "total_count": all.len(), "message_template_count": all.len(), "message_template_limit": 250,
            "are_translations_complete": true,
        });
    }
    if let (Some(first), Some(last)) = (page.first(), page.last()) {
        body["paging"] = json!({"cursors": {"before": first.id, "after": last.id}});
        if start + page.len() < all.len() {
            let mut next = format!("{address}?limit={limit}&after={}", last.id);
            for (name, value) in ["fields", "name", "status", "language"]
                .iter()
                .filter_map(|n| Some((n, params.text(n)?)))
            {
                let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                next.push_str(&format!("&{name}={value}"));
            }
            body["paging"]["next"] = json!(next);
        }
    }
    Answer::ok(body)
}

/// Checks and stores a new template; it starts as PENDING.
pub fn create(world: &mut World, waba_id: &str, params: &Params) -> Result<Template, Answer> {
    let name = params.text("name").unwrap_or_default();
    if name.is_empty()
        || name.len() > 512
        || !name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    {
        return Err(invalid(
            "The name has 1 to 512 lower-case letters, digits and underscores.",
        ));
    }
    let category = params.text("category").unwrap_or_default();
    if !["AUTHENTICATION", "MARKETING", "UTILITY"].contains(&category.as_str()) {
        return Err(invalid(
            "The category must be one of AUTHENTICATION, MARKETING, UTILITY.",
        ));
    }
    let language = params
        .text("language")
        .filter(|l| !l.is_empty())
        .ok_or_else(|| invalid("The parameter language is required."))?;
    let Ok(Some(components @ Value::Array(_))) = params.json("components") else {
        return Err(invalid("The parameter components is required."));
    };
    let part = |kind: &str| components.as_array().into_iter().flatten().find(|c| c["type"] == kind);
    let length = |component: Option<&Value>| {
        component
            .and_then(|c| c["text"].as_str())
            .map_or(0, |t| t.chars().count())
    };
    let body = part("BODY").ok_or_else(|| invalid("A template needs a BODY component."))?;
    if category != "AUTHENTICATION" && length(Some(body)) == 0 || length(Some(body)) > 1_024 {
        return Err(error(
            400,
            2_388_040,
            "Character limit exceeded",
            "The body has 1 to 1024 characters.",
        ));
    }
    if length(part("HEADER")) > 60 || length(part("FOOTER")) > 60 {
        return Err(error(
            400,
            2_388_040,
            "Character limit exceeded",
            "Header and footer have at most 60 characters.",
        ));
    }
    let text = body["text"].as_str().unwrap_or_default().trim();
    if text.starts_with("{{") || text.ends_with("}}") {
        return Err(error(
            400,
            2_388_299,
            "Variables can't be at the start or end of the template",
            "Add words around the variable.",
        ));
    }
    if part("BUTTONS")
        .and_then(|b| b["buttons"].as_array())
        .is_some_and(|b| b.len() > 10)
    {
        return Err(invalid("A template has at most 10 buttons."));
    }
    if world
        .templates
        .iter()
        .any(|t| t.waba_id == waba_id && t.name == name && t.language == language)
    {
        return Err(invalid("There is already a template with this name and language."));
    }
    let template = Template {
        id: (990_000_000_000_000 + world.tick()).to_string(),
        waba_id: waba_id.to_owned(),
        name,
        language,
        category,
        status: "PENDING".to_owned(),
        parameter_format: params
            .text("parameter_format")
            .unwrap_or_else(|| "POSITIONAL".to_owned())
            .to_uppercase(),
        components,
    };
    world.templates.push(template.clone());
    Ok(template)
}

/// A template as the customer sees it.
pub struct Rendered {
    pub header: Option<String>,
    pub body: String,
    pub footer: Option<String>,
    pub buttons: Vec<Button>,
    pub category: String,
}

/// Checks a `template` object of a send and fills in the parameters.
pub fn render(world: &World, waba_id: &str, template: &Value) -> Result<Rendered, Answer> {
    let name = template["name"].as_str().unwrap_or_default();
    let language = template["language"]["code"].as_str().unwrap_or_default();
    if name.is_empty() || language.is_empty() {
        return Err(super::graph::missing("template.name and template.language.code"));
    }
    let known = world
        .templates
        .iter()
        .find(|t| t.waba_id == waba_id && t.name == name && t.language == language);
    let Some(known) = known.filter(|t| !matches!(t.status.as_str(), "PENDING" | "REJECTED" | "DELETED")) else {
        let text = format!("template name ({name}) does not exist in {language}");
        return Err(error(
            404,
            132_001,
            "Template name does not exist in the translation",
            &text,
        ));
    };
    match known.status.as_str() {
        "PAUSED" => {
            return Err(error(
                400,
                132_015,
                "Template is paused",
                "The template is paused because of low quality.",
            ));
        }
        "DISABLED" => {
            return Err(error(
                400,
                132_016,
                "Template is disabled",
                "The template was disabled for good.",
            ));
        }
        _ => {}
    }
    let given = |kind: &str| -> Vec<Value> {
        let of_kind = |c: &&Value| c["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case(kind));
        let component = template["components"].as_array().into_iter().flatten().find(of_kind);
        component
            .and_then(|c| c["parameters"].as_array().cloned())
            .unwrap_or_default()
    };
    let mut rendered = Rendered {
        header: None,
        body: String::new(),
        footer: None,
        buttons: Vec::new(),
        category: known.category.to_lowercase(),
    };
    for component in known.components.as_array().into_iter().flatten() {
        let text = component["text"].as_str().unwrap_or_default();
        match component["type"].as_str().unwrap_or_default() {
            "HEADER" if component["format"] == "TEXT" => {
                rendered.header = Some(fill("header", text, &given("header"))?)
            }
            "HEADER" => {
                let format = component["format"].as_str().unwrap_or_default().to_lowercase();
                let parameters = given("header");
                if parameters.first().and_then(|p| p["type"].as_str()) != Some(format.as_str()) {
                    let text = format!(
                        "header: Format mismatch, expected {}, received {}",
                        format.to_uppercase(),
                        parameters
                            .first()
                            .and_then(|p| p["type"].as_str())
                            .unwrap_or("UNKNOWN")
                            .to_uppercase()
                    );
                    return Err(error(400, 132_012, "Template parameter format mismatch", &text));
                }
                rendered.header = Some(format!("[{format}]"));
            }
            "BODY" => rendered.body = fill("body", text, &given("body"))?,
            "FOOTER" => rendered.footer = Some(text.to_owned()),
            "BUTTONS" => rendered.buttons = buttons(component, template)?,
            _ => {}
        }
    }
    Ok(rendered)
}

fn buttons(component: &Value, template: &Value) -> Result<Vec<Button>, Answer> {
    let mut buttons = Vec::new();
    for (index, button) in component["buttons"].as_array().into_iter().flatten().enumerate() {
        let title = button["text"].as_str().unwrap_or_default().to_owned();
        let given = template["components"].as_array().into_iter().flatten().find(|c| {
            let at = c["index"]
                .as_str()
                .map(str::to_owned)
                .unwrap_or_else(|| c["index"].to_string());
            c["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("button")) && at == index.to_string()
        });
        let parameter = given.and_then(|c| c["parameters"].get(0));
        let (id, kind) = match button["type"].as_str().unwrap_or_default() {
            "URL" => {
                let url = button["url"].as_str().unwrap_or_default();
                if url.contains("{{") && parameter.and_then(|p| p["text"].as_str()).is_none_or(str::is_empty) {
                    let text = format!("buttons: Button at index {index} of type Url requires a parameter");
                    return Err(error(400, 131_008, "Required parameter is missing", &text));
                }
                let value = parameter.and_then(|p| p["text"].as_str()).unwrap_or_default();
                (url.replace("{{1}}", value), "url")
            }
            "QUICK_REPLY" => {
                let payload = parameter.and_then(|p| p["payload"].as_str()).unwrap_or(&title);
                (payload.to_owned(), "quick_reply")
            }
            _ => (title.clone(), "other"),
        };
        buttons.push(Button {
            id,
            title,
            kind: kind.to_owned(),
            row: index,
            description: None,
        });
    }
    Ok(buttons)
}

/// Puts parameters into `{{1}}` or `{{name}}`, after checking their number and content.
fn fill(part: &str, text: &str, parameters: &[Value]) -> Result<String, Answer> {
    let mut names: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else {
            break;
        };
        if !names.contains(&name.trim()) {
            names.push(name.trim());
        }
        rest = tail;
    }
    if names.len() != parameters.len() {
        let text = format!(
            "{part}: number of localizable_params ({}) does not match the expected number of params ({})",
            parameters.len(),
            names.len()
        );
        return Err(error(
            400,
            132_000,
            "Number of parameters does not match the expected number of params",
            &text,
        ));
    }
    let mut filled = text.to_owned();
    for (index, parameter) in parameters.iter().enumerate() {
        let named = parameter["parameter_name"].as_str();
        let positional = names.get(index).copied().unwrap_or_default();
        let numbered = positional.chars().all(|c| c.is_ascii_digit());
        let name = match (numbered, named) {
            (true, _) => (index + 1).to_string(),
            (false, Some(name)) if names.contains(&name) => name.to_owned(),
            (false, _) => {
                let text = format!("{part}: Parameter name is missing or empty");
                return Err(error(400, 100, "Invalid parameter", &text));
            }
        };
        let value = match parameter["type"].as_str() {
            Some("text") => parameter["text"].as_str().unwrap_or_default(),
            Some("currency") => parameter["currency"]["fallback_value"].as_str().unwrap_or_default(),
            Some("date_time") => parameter["date_time"]["fallback_value"].as_str().unwrap_or_default(),
            _ => {
                return Err(error(
                    400,
                    132_012,
                    "Template parameter format mismatch",
                    &format!("{part}: unexpected parameter type"),
                ));
            }
        };
        if value.is_empty() {
            return Err(error(
                400,
                131_008,
                "Required parameter is missing",
                &format!("{part}: parameter text must not be empty"),
            ));
        }
        if value.contains(['\n', '\t']) || value.contains("     ") {
            let text = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces";
            return Err(error(
                400,
                132_018,
                "There was an issue with the parameters in your template",
                text,
            ));
        }
        filled = filled.replace(&format!("{{{{{name}}}}}"), value);
    }
    Ok(filled)
}
