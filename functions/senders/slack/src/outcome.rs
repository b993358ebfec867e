//! What Slack's answers mean.
//!
//! An answer that looks like success and cannot be read is transient: a proxy
//! or a half-broken connection answered, not Slack. Trying again may post the
//! message twice; giving up may lose it, which is worse.

use serde::Deserialize;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::Response;
use tocsin_core::text::line;

use crate::errors::meaning;

/// The longest remark kept of Slack's warnings, characters.
const REMARK: usize = 300;

/// The answer of `chat.postMessage`, as far as it matters.
#[derive(Deserialize)]
struct Answer {
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

/// A bot's failures come with HTTP 200 as well: only `ok` counts.
pub(crate) fn of_bot(response: &Response) -> Outcome {
    let success = matches!(response.status, 200..=299);
    match serde_json::from_slice::<Answer>(&response.body) {
        Ok(answer) if answer.ok && success => Outcome::Delivered(receipt(&answer)),
        Ok(answer) if !answer.ok && (success || answer.meaning().is_some()) => {
            refusal(&answer, response)
        }
        Err(_) if success && begins_with_ok(response) => Outcome::Delivered(Receipt {
            remark: Some("the answer was cut short; it held the message's id".to_owned()),
            ..Receipt::default()
        }),
        _ if success => Outcome::not_understood(response),
        _ => Outcome::from_status(response),
    }
}

/// A webhook says `ok` and nothing else; its failures are one word in plain
/// text, whose status has changed over the years: the word counts first.
pub(crate) fn of_webhook(response: &Response) -> Outcome {
    let text = response.text();
    let word = text.trim();
    if response.status == 200 && word == "ok" {
        return Outcome::Delivered(Receipt::default());
    }
    match meaning(word) {
        Some((kind, advice)) => failed(kind, detail(word, [advice]), response),
        None if matches!(response.status, 200..=299) => Outcome::not_understood(response),
        None => Outcome::from_status(response),
    }
}

/// Slack begins each success this way; what is missing of it came after.
fn begins_with_ok(response: &Response) -> bool {
    response
        .body
        .trim_ascii_start()
        .starts_with(b"{\"ok\":true,")
}

impl Answer {
    fn meaning(&self) -> Option<(FailureKind, &'static str)> {
        self.error.as_deref().and_then(meaning)
    }
}

fn receipt(answer: &Answer) -> Receipt {
    let id = match (&answer.channel, &answer.ts) {
        (Some(channel), Some(ts)) => Some(format!("{channel}:{ts}")),
        _ => None,
    };
    let mut said: Vec<&str> = answer.warning.iter().map(String::as_str).collect();
    let metadata = &answer.response_metadata;
    for text in metadata.warnings.iter().chain(&metadata.messages) {
        if !said.contains(&text.as_str()) {
            said.push(text);
        }
    }
    let remark = line(&said.join("; "), REMARK);
    Receipt {
        id,
        url: None,
        remark: (!remark.is_empty()).then_some(remark),
    }
}

fn refusal(answer: &Answer, response: &Response) -> Outcome {
    let error = answer.error.as_deref().unwrap_or("no reason given");
    // A string that Slack has added since may be about the message: then the
    // minimal form gets through, and otherwise one attempt was spent.
    let (kind, advice) = answer.meaning().unwrap_or((FailureKind::Refused, ""));
    let needed = answer
        .needed
        .as_ref()
        .map(|scope| format!("it needs {scope}"));
    let messages = answer.response_metadata.messages.join("; ");
    let said = [advice, needed.as_deref().unwrap_or_default(), &messages];
    failed(kind, detail(error, said), response)
}

/// `channel_not_found (use the channel's id)`.
fn detail<const N: usize>(error: &str, said: [&str; N]) -> String {
    let said: Vec<&str> = said.into_iter().filter(|text| !text.is_empty()).collect();
    match said.as_slice() {
        [] => error.to_owned(),
        said => format!("{error} ({})", said.join("; ")),
    }
}

fn failed(kind: FailureKind, detail: String, response: &Response) -> Outcome {
    let failure = Failure {
        status: Some(response.status),
        ..Failure::new(kind, detail)
    };
    match kind {
        FailureKind::Throttled | FailureKind::Unavailable => Outcome::Transient {
            failure,
            retry_after: response.retry_after(),
        },
        _ => Outcome::permanent(failure),
    }
}
