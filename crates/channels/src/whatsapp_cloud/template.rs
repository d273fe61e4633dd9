//! Templates: from the Developer API's components to the Cloud API's.
//!
//! The Developer API repeats the template's own text and names things in lower case; the Cloud API wants only what fills
//! the gaps. Components are told apart by `type`; their order means nothing.

use ism_domain::content::Template;
use serde_json::{Map, Value, json};

/// The `template` object of a send.
pub(super) fn to_cloud(template: &Template) -> Value {
    let mut components = Vec::new();
    let mut buttons = 0;
    for component in &template.components {
        match kind(component).as_str() {
            "header" => components.extend(header(component)),
            "body" => components.extend(filled("body", parameters(component))),
            "buttons" => {
                for button in crate::json::items(component, "/buttons") {
                    components.extend(named_button(button, buttons));
                    buttons += 1;
                }
            }
            // Already as the Cloud API wants it.
            "button" => components.push(cloud_button(component)),
            // A footer has no gaps; carousels and offers have no Developer API form and are passed on as they are.
            "footer" | "" => {}
            _ => components.push(component.clone()),
        }
    }
    let mut out =
        json!({ "name": template.name, "language": { "code": template.language_code, "policy": "deterministic" } });
    if !components.is_empty() {
        out["components"] = Value::Array(components);
    }
    out
}

fn kind(value: &Value) -> String {
    value
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_ascii_lowercase()
}

fn parameters(value: &Value) -> Vec<Value> {
    crate::json::items(value, "/parameters").iter().map(parameter).collect()
}

/// A component, unless there is nothing to fill in: a static component must not be sent.
fn filled(kind: &str, parameters: Vec<Value>) -> Option<Value> {
    (!parameters.is_empty()).then(|| json!({ "type": kind, "parameters": parameters }))
}

fn header(component: &Value) -> Option<Value> {
    let parameters = crate::json::items(component, "/parameters")
        .iter()
        .map(|value| {
            let mut value = parameter(value);
            // The media of a header: only its address or id, and a document's name.
            for media in ["image", "video", "document"] {
                if let Some(Value::Object(fields)) = value.get_mut(media) {
                    let keep = |key: &str| matches!(key, "id" | "link") || (media == "document" && key == "filename");
                    fields.retain(|key, value| keep(key) && !value.as_str().is_some_and(str::is_empty));
                }
            }
            value
        })
        .collect();
    filled("header", parameters)
}

/// A parameter without what only the Developer API knows.
fn parameter(value: &Value) -> Value {
    let Value::Object(fields) = value else {
        return json!({ "type": "text", "text": text_of(value) });
    };
    let mut fields = fields.clone();
    fields.remove("example");
    Value::Object(fields)
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A button of the Developer API. The index counts all buttons, also those that need no parameter.
fn named_button(button: &Value, index: usize) -> Option<Value> {
    let given = crate::json::items(button, "/parameters");
    let sub_type = kind(button);
    let parameters: Vec<Value> = match sub_type.as_str() {
        "quick_reply" => given.iter().map(payload).collect(),
        "copy_code" => given.iter().map(coupon).collect(),
        "url" | "catalog" | "mpm" | "flow" | "order_details" | "otp" => given.iter().map(parameter).collect(),
        _ => return None,
    };
    // One-time-password buttons are sent as `url`.
    let sub_type = if sub_type == "otp" { "url" } else { &sub_type };
    (!parameters.is_empty()).then(
        || json!({ "type": "button", "sub_type": sub_type, "index": index.to_string(), "parameters": parameters }),
    )
}

fn payload(value: &Value) -> Value {
    match value.get("type").and_then(Value::as_str) {
        Some("payload") => parameter(value),
        _ => {
            json!({ "type": "payload", "payload": value.get("text").or_else(|| value.get("payload")).map_or_else(|| text_of(value), text_of) })
        }
    }
}

fn coupon(value: &Value) -> Value {
    match value.get("type").and_then(Value::as_str) {
        Some("coupon_code") => parameter(value),
        _ => json!({ "type": "coupon_code", "coupon_code": value.get("text").map_or_else(|| text_of(value), text_of) }),
    }
}

/// A button of the Cloud API, with its index as the text that Meta wants.
fn cloud_button(component: &Value) -> Value {
    let mut fields: Map<String, Value> = component.as_object().cloned().unwrap_or_default();
    fields.insert("type".into(), "button".into());
    if let Some(index) = fields
        .get("index")
        .filter(|index| index.is_number())
        .map(Value::to_string)
    {
        fields.insert("index".into(), index.into());
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(components: Value) -> Value {
        let template = json!({ "name": "order_ready", "languageCode": "en_GB", "components": components });
        to_cloud(&serde_json::from_value(template).unwrap())
    }

    #[test]
    fn templates_are_matched_by_type_in_any_order() {
        let body = json!({ "type": "body", "text": "Hi {{1}}", "parameters": [{ "type": "text", "text": "Mia" }] });
        let footer = json!({ "type": "footer", "text": "Reply STOP", "parameters": [] });
        let buttons = json!({ "type": "buttons", "buttons": [
        { "type": "quick_reply", "text": "Help", "parameters": [] },
        { "type": "phone_number", "text": "Call", "phone_number": "+1" },
        { "type": "url", "text": "Track", "url": "https://t.test/{{1}}", "parameters": [{ "type": "text", "text": "A-77" }] },
        { "type": "quick_reply", "text": "Stop", "parameters": [{ "type": "text", "text": "STOP_1" }] }] });
        let header = json!({ "type": "header", "format": "image", "example": { "header_handle": ["x"] },
        "parameters": [{ "type": "image", "image": { "link": "https://cdn.test/p.png", "filename": "p.png", "caption": "" } }] });
        let expected = |order: [usize; 4]| {
            let parts = [
                json!({ "type": "header", "parameters": [{ "type": "image", "image": { "link": "https://cdn.test/p.png" } }] }),
                json!({ "type": "body", "parameters": [{ "type": "text", "text": "Mia" }] }),
                json!({ "type": "button", "sub_type": "url", "index": "2", "parameters": [{ "type": "text", "text": "A-77" }] }),
                json!({ "type": "button", "sub_type": "quick_reply", "index": "3", "parameters": [{ "type": "payload", "payload": "STOP_1" }] }),
            ];
            order.iter().map(|index| parts[*index].clone()).collect::<Vec<_>>()
        };
        let usual = template(json!([header, body, footer, buttons]));
        assert_eq!(usual["language"], json!({ "code": "en_GB", "policy": "deterministic" }));
        assert_eq!(usual["components"], json!(expected([0, 1, 2, 3])));
        // As n8n sends it: text first, then buttons, then the media header.
        assert_eq!(
            template(json!([body, footer, buttons, header]))["components"],
            json!(expected([1, 2, 3, 0]))
        );
    }

    #[test]
    fn templates_without_gaps_have_no_components() {
        assert!(template(json!([])).get("components").is_none());
        let still = json!([{ "type": "body", "text": "Hello", "parameters": [] }, { "type": "footer", "text": "Bye" }]);
        assert!(template(still).get("components").is_none());
    }

    #[test]
    fn templates_in_metas_own_form_pass() {
        let own = json!([
            { "type": "body", "parameters": [{ "type": "text", "parameter_name": "name", "text": "Mia" }] },
            { "type": "button", "sub_type": "url", "index": 0, "parameters": [{ "type": "text", "text": "88" }] },
            { "type": "carousel", "cards": [] },
        ]);
        let sent = template(own);
        assert_eq!(sent["components"][0]["parameters"][0]["parameter_name"], "name");
        assert_eq!(sent["components"][1]["index"], "0", "Meta wants the index as text");
        assert_eq!(sent["components"][2]["type"], "carousel");
        let upper = template(json!([{ "type": "BODY", "parameters": [{ "type": "text", "text": "Mia" }] }]));
        assert_eq!(upper["components"][0]["type"], "body");
    }

    #[test]
    fn documents_and_places_in_headers() {
        let document = json!([{ "type": "header", "parameters": [{ "type": "document", "document": { "link": "https://c.test/a.pdf", "filename": "a.pdf" } }] }]);
        assert_eq!(
            template(document)["components"][0]["parameters"][0]["document"],
            json!({ "link": "https://c.test/a.pdf", "filename": "a.pdf" })
        );
        let place = json!({ "name": "Shop", "address": "1 Rd", "latitude": "1.5", "longitude": "2" });
        let location =
            template(json!([{ "type": "header", "parameters": [{ "type": "location", "location": place }] }]));
        assert_eq!(location["components"][0]["parameters"][0]["location"], place);
    }
}
