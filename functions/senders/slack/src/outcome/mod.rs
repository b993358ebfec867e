//! The outcome of Slack's responses.
//!
//! A response with a success status that cannot be read is transient: a proxy or a
//! half-broken connection sent it, not Slack. A repetition may post the message twice,
//! but giving up may lose it, which is worse.

mod errors;

use serde::Deserialize;
use tocsin_core::outcome::{FailureKind, Outcome, Receipt};
use tocsin_core::provider::{KnownError, Response};
use tocsin_core::text::line;

/// The longest remark with Slack's warnings, in characters.
const REMARK_LIMIT: usize = 300;

/// The fields of a response to `chat.postMessage` that matter here.
#[derive(Deserialize)]
struct Body {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    ts: Option<String>,
    #[serde(default)]
    warning: Option<String>,
    #[serde(default)]
    needed: Option<String>,
    #[serde(default)]
    response_metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    messages: Vec<String>,
    warnings: Vec<String>,
}

/// The outcome of a bot's request. Failures also have the status 200: only `ok` counts.
pub(crate) fn of_bot_response(response: &Response) -> Outcome {
    let success = matches!(response.status, 200..=299);
    match serde_json::from_slice::<Body>(&response.body) {
        Ok(body) if body.ok && success => Outcome::Delivered(receipt(&body)),
        Ok(body) if !body.ok && (success || body.known_error().is_some()) => {
            failed(&body, response)
        }
        Err(_) if success && begins_with_ok(response) => Outcome::Delivered(Receipt {
            remark: Some("the response was cut off; it contained the message's id".to_owned()),
            ..Receipt::default()
        }),
        _ if success => Outcome::not_understood(response),
        _ => Outcome::from_status(response),
    }
}

/// The outcome of a webhook's request. The body of a success is `ok`. That of a failure
/// is an error code; its status has changed over the years, so the code counts first.
pub(crate) fn of_webhook_response(response: &Response) -> Outcome {
    let text = response.text();
    let code = text.trim();
    if response.status == 200 && code == "ok" {
        return Outcome::Delivered(Receipt::default());
    }
    match errors::find(code) {
        Some(known) => {
            let detail = KnownError::explain(code, &[known.advice]);
            Outcome::of_failure(known.kind, detail, response)
        }
        None if matches!(response.status, 200..=299) => Outcome::not_understood(response),
        None => Outcome::from_status(response),
    }
}

/// Whether the response begins like every success of Slack.
fn begins_with_ok(response: &Response) -> bool {
    response
        .body
        .trim_ascii_start()
        .starts_with(b"{\"ok\":true,")
}

impl Body {
    fn known_error(&self) -> Option<&'static KnownError> {
        self.error.as_deref().and_then(errors::find)
    }
}

fn receipt(body: &Body) -> Receipt {
    let id = match (&body.channel, &body.ts) {
        (Some(channel), Some(ts)) => Some(format!("{channel}:{ts}")),
        _ => None,
    };
    let mut warnings: Vec<&str> = body.warning.iter().map(String::as_str).collect();
    let metadata = &body.response_metadata;
    for text in metadata.warnings.iter().chain(&metadata.messages) {
        if !warnings.contains(&text.as_str()) {
            warnings.push(text);
        }
    }
    let remark = line(&warnings.join("; "), REMARK_LIMIT);
    Receipt {
        id,
        url: None,
        remark: (!remark.is_empty()).then_some(remark),
    }
}

fn failed(body: &Body, response: &Response) -> Outcome {
    let code = body.error.as_deref().unwrap_or("no reason given");
    // An unknown code may be about the message. Then the minimal form gets through;
    // otherwise it costs one more request.
    let (kind, advice) = body
        .known_error()
        .map_or((FailureKind::Refused, ""), |known| {
            (known.kind, known.advice)
        });
    let needed = body
        .needed
        .as_ref()
        .map(|scope| format!("it needs {scope}"));
    let messages = body.response_metadata.messages.join("; ");
    let notes = [advice, needed.as_deref().unwrap_or_default(), &messages];
    Outcome::of_failure(kind, KnownError::explain(code, &notes), response)
}
