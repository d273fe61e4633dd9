//! Request parts that all providers share: parameters however they come, pauses, and deliberate failures.

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::faults::{self, Failure};
use crate::log;
use crate::simulator::Simulator;

/// The largest request: a document of 100 MB with some room.
pub const LARGEST: usize = 110 * 1024 * 1024;

/// A file of a multipart request.
#[derive(Debug, Clone)]
pub struct Upload {
    pub bytes: Bytes,
    pub mime: Option<String>,
    pub name: Option<String>,
}

/// Query, JSON, form and multipart fields in one place.
#[derive(Debug, Default)]
pub struct Params {
    pub values: Map<String, Value>,
    pub files: HashMap<String, Upload>,
}

impl Params {
    /// A field as text, whatever JSON type it came as.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    pub fn int(&self, name: &str) -> Option<i64> {
        match self.values.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub fn float(&self, name: &str) -> Option<f64> {
        match self.values.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        }
    }

    pub fn flag(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1")
    }

    /// A field with structure: JSON itself, or JSON in a text, as forms carry it.
    pub fn json(&self, name: &str) -> Result<Option<Value>, ()> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| ()),
            Some(other) => Ok(Some(other.clone())),
        }
    }

    fn form(&mut self, text: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(text) {
            self.values.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }
}

/// Why a request could not be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    TooLarge,
    BadJson,
    BadForm,
}

pub async fn params(request: Request) -> Result<Params, Unreadable> {
    let mut params = Params::default();
    if let Some(query) = request.uri().query() {
        params.form(query.as_bytes());
    }
    if request.method() == Method::GET {
        return Ok(params);
    }
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| Unreadable::BadForm)?;
        while let Some(part) = parts.next_field().await.map_err(|_| Unreadable::BadForm)? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let mime = part.content_type().map(str::to_owned);
            let bytes = part.bytes().await.map_err(|_| Unreadable::TooLarge)?;
            if file_name.is_some() {
                params.files.insert(
                    name,
                    Upload {
                        bytes,
                        mime,
                        name: file_name,
                    },
                );
            } else {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                params.values.insert(name, Value::String(text));
            }
        }
        return Ok(params);
    }
    let json = kind.starts_with("application/json");
    let body = axum::body::to_bytes(request.into_body(), LARGEST)
        .await
        .map_err(|_| Unreadable::TooLarge)?;
    if json {
        if !body.is_empty() {
            match serde_json::from_slice(&body) {
                Ok(Value::Object(map)) => params.values.extend(map),
                _ => return Err(Unreadable::BadJson),
            }
        }
    } else {
        params.form(&body);
    }
    Ok(params)
}

/// The token of `Authorization: Bearer …`, or the `access_token` parameter.
pub fn bearer(headers: &HeaderMap, params: Option<&Params>) -> Option<String> {
    let from_header = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned());
    from_header
        .or_else(|| params?.text("access_token"))
        .filter(|token| !token.is_empty())
}

pub fn json_response(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = header::HeaderValue::from_static("application/json; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer of the provider before it is sent.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// Seconds, as the `Retry-After` header.
    pub retry_after: Option<u64>,
}

impl Answer {
    pub fn ok(body: Value) -> Self {
        Self {
            status: 200,
            body,
            retry_after: None,
        }
    }

    pub fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            retry_after: None,
        }
    }
}

/// One call of a provider's API.
pub struct Call<'a> {
    pub account: &'a str,
    pub method: &'a str,
    /// Whether it sends a message to a customer.
    pub sends: bool,
    /// What the log shows.
    pub shown: Value,
}

/// Handles a call with everything the knobs ask for: counts, waits, fails on request, logs.
///
/// `refuse` words a refusal in the provider's dialect from a status, a code and seconds to wait.
pub async fn answer(
    sim: &Simulator,
    call: Call<'_>,
    refuse: impl Fn(u16, Option<i64>, Option<u64>) -> Answer,
    handle: impl Future<Output = Answer>,
) -> Response<Body> {
    let started = sim.now();
    let (failure, delay, over) = sim.write(|world| {
        let Some(account) = world.accounts.get_mut(call.account) else {
            return (None, 0, false);
        };
        *account.counters.calls.entry(call.method.to_owned()).or_default() += 1;
        let failure = faults::take(&mut account.knobs, call.method, call.sends);
        let limit = account.knobs.limit_per_second;
        (
            failure,
            account.knobs.answer_delay_ms,
            call.sends && limit > 0 && over_limit(world, call.account, limit, started),
        )
    });
    if failure.is_some() {
        sim.tell_accounts();
    }
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let answer = match &failure {
        Some(fail) if !fail.status.accepts() => match fail.status {
            Failure::Status(status) => refuse(status, fail.code, fail.retry_after),
            _ => Answer::new(502, Value::Null),
        },
        _ if over => refuse(429, None, Some(1)),
        _ => handle.await,
    };
    let worse = failure.as_ref().map(|fail| fail.status);
    let (status, note) = match worse {
        Some(Failure::Timeout) => (0, Some("taken, but never answered")),
        Some(Failure::Half) => (answer.status, Some("taken, answer cut in the middle")),
        Some(Failure::Html) => (502, Some("a proxy's page instead of an answer")),
        Some(Failure::Status(_)) => (answer.status, Some("failed on request")),
        None if over => (answer.status, Some("over the limit per second")),
        None => (answer.status, None),
    };
    sim.write(|world| {
        if let Some(counters) = world.counters(call.account) {
            let key = if status == 0 {
                "none".to_owned()
            } else {
                status.to_string()
            };
            *counters.answers.entry(key).or_default() += 1;
        }
    });
    sim.log(log::Entry {
        account: call.account.to_owned(),
        direction: log::Direction::Api,
        what: call.method.to_owned(),
        status,
        ms: sim.now() - started,
        request: log::redact(call.shown),
        response: log::redact(answer.body.clone()),
        note: note.map(str::to_owned),
        ..log::Entry::default()
    });
    match worse {
        Some(Failure::Html) => faults::html(),
        Some(Failure::Half) => faults::half(answer.body.to_string().as_bytes()),
        Some(Failure::Timeout) => {
            // Longer than any client waits; ends early when the simulator does.
            tokio::select! {
                () = sim.closed() => {}
                () = tokio::time::sleep(Duration::from_secs(120)) => {}
            }
            json_response(504, &Value::Null)
        }
        _ => {
            let mut response = json_response(answer.status, &answer.body);
            if let Some(seconds) = answer.retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
    }
}

/// Counts messages of the running second.
fn over_limit(world: &mut crate::world::World, account: &str, limit: u32, now: i64) -> bool {
    let Some(account) = world.accounts.get_mut(account) else {
        return false;
    };
    let (second, count) = &mut account.counters.this_second;
    if *second != now / 1_000 {
        (*second, *count) = (now / 1_000, 0);
    }
    *count += 1;
    *count > limit
}
