//! The knobs: how a provider misbehaves on request.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};

/// How one account behaves. Every field has a calm default, and a partial object changes only what it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Wait before each webhook.
    pub delay_ms: u64,
    /// Up to this much more, at random.
    pub jitter_ms: u64,
    /// Wait before answering an API call.
    pub answer_delay_ms: u64,
    /// 0 to 1: how many webhooks are sent twice, both at the same time.
    pub duplicate_rate: f64,
    /// Collect webhooks for a moment and send them last first.
    pub reorder: bool,
    /// Up to this many events in one request, where the provider can batch (WhatsApp, custom channel). 0 or 1: no batches.
    pub batch: usize,
    /// Go on to `delivered` and `read` by itself.
    pub auto_delivered: bool,
    pub auto_read: bool,
    /// Between two statuses.
    pub status_delay_ms: u64,
    /// Send the `sent` status and wait for its answer before the send call is answered.
    pub status_before_answer: bool,
    /// Refuse more messages than this in a second, as the provider would. 0: no limit.
    pub limit_per_second: u32,
    /// Make a phone for a number nobody has, instead of failing.
    pub create_unknown: bool,
    /// Failures of the next calls, taken one by one.
    pub fail_next: Option<FailNext>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            delay_ms: 0,
            jitter_ms: 0,
            answer_delay_ms: 0,
            duplicate_rate: 0.0,
            reorder: false,
            batch: 0,
            auto_delivered: true,
            auto_read: false,
            status_delay_ms: 150,
            status_before_answer: false,
            limit_per_second: 0,
            create_unknown: false,
            fail_next: None,
        }
    }
}

/// The next `n` calls fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailNext {
    pub n: u32,
    pub status: Failure,
    /// Seconds, for 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The provider's own code, such as Meta's 131056 or 190.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Only calls of this method (`sendMessage`, `messages`, `media` …); without it, every call that sends a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// An HTTP status, or something worse than a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
pub enum Failure {
    /// Refused with the provider's own error body.
    Status(u16),
    /// 502 with a web page, as a proxy in front of the provider would send.
    Html,
    /// The message is taken, and the answer never comes.
    Timeout,
    /// The message is taken, and the connection breaks in the middle of the answer.
    Half,
}

impl Failure {
    /// The provider has the message although the caller cannot know.
    pub fn accepts(self) -> bool {
        matches!(self, Self::Timeout | Self::Half)
    }
}

impl TryFrom<serde_json::Value> for Failure {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        let text = value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
        match text.as_str() {
            "html" => Ok(Self::Html),
            "timeout" => Ok(Self::Timeout),
            "half" => Ok(Self::Half),
            other => match other.parse() {
                Ok(status @ 400..=599) => Ok(Self::Status(status)),
                _ => Err(format!(
                    "{other:?} is no failure: give a status from 400 to 599, html, timeout or half"
                )),
            },
        }
    }
}

impl From<Failure> for serde_json::Value {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Status(status) => status.into(),
            Failure::Html => "html".into(),
            Failure::Timeout => "timeout".into(),
            Failure::Half => "half".into(),
        }
    }
}

/// Takes one failure if the call is meant.
pub fn take(knobs: &mut Knobs, method: &str, sends: bool) -> Option<FailNext> {
    let next = knobs.fail_next.as_mut()?;
    let meant = match &next.method {
        Some(wanted) => wanted.eq_ignore_ascii_case(method),
        None => sends,
    };
    if !meant {
        return None;
    }
    let taken = next.clone();
    next.n = next.n.saturating_sub(1);
    if next.n == 0 {
        knobs.fail_next = None;
    }
    (taken.n > 0).then_some(taken)
}

/// A proxy's web page instead of JSON.
pub fn html() -> Response<Body> {
    let page = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>";
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html"));
    response
}

/// The first half of the answer, then a broken connection.
pub fn half(body: &[u8]) -> Response<Body> {
    let first = Bytes::copy_from_slice(&body[..body.len() / 2]);
    let broken = async {
        // Let the first half leave before the connection goes.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        Err(std::io::Error::new(
            std::io::ErrorKind::ConnectionReset,
            "the simulator was asked to cut the answer",
        ))
    };
    let halves = stream::once(async { Ok(first) }).chain(stream::once(broken));
    let mut response = Response::new(Body::from_stream(halves));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    response
}
