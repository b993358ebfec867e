//! What the answers of workflows mean.
//!
//! 202 says that a run began, not that the card was posted: what fails later
//! stands in the workflow's run history and nowhere else.

use serde_json::Value;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::Response;
use url::Url;

use crate::errors;
use crate::settings::is_legacy;

const OLD_URL: &str = "the URL is of the old form, *.logic.azure.com: copy the workflow's new URL";

/// Names the run in the workflow's history.
const RUN_ID: &str = "x-ms-workflow-run-id";

pub(crate) fn of(url: &Url, response: &Response) -> Outcome {
    let remark = is_legacy(url).then(|| OLD_URL.to_owned());
    match (read(response), remark) {
        (Outcome::Delivered(receipt), remark) => Outcome::Delivered(Receipt { remark, ..receipt }),
        (Outcome::Permanent { failure }, Some(remark)) => Outcome::permanent(Failure {
            status: failure.status,
            ..Failure::new(failure.kind, format!("{remark}; {}", failure.detail))
        }),
        (outcome, _) => outcome,
    }
}

fn read(response: &Response) -> Outcome {
    let text = response.text();
    match response.status {
        200..=299 => accepted(&text, response),
        // Precondition Failed is Teams' sign of a conflict with another message:
        // https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/rate-limit
        412 => failed(FailureKind::Unavailable, text.into(), response),
        _ => match errors::find(&text) {
            Some((code, kind, advice)) => failed(*kind, detail(code, advice, &text), response),
            None => Outcome::from_status(response),
        },
    }
}

fn accepted(text: &str, response: &Response) -> Outcome {
    match status_inside(text) {
        Some(status @ 400..=599) => read(&Response {
            status,
            ..response.clone()
        }),
        // A status that cannot be read still means that nothing was posted.
        Some(_) => failed(FailureKind::NotUnderstood, text.to_owned(), response),
        None if is_page(text) => failed(FailureKind::NotUnderstood, text.to_owned(), response),
        None => Outcome::Delivered(Receipt {
            id: response.header(RUN_ID).map(str::to_owned),
            ..Receipt::default()
        }),
    }
}

/// The status that an answer speaks of, as in "Microsoft Teams endpoint returned
/// HTTP error 429 …", which comes with HTTP 200
/// (<https://github.com/MicrosoftDocs/msteams-docs/issues/9698>).
fn status_inside(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("endpoint returned HTTP error")?;
    let digits: String = rest
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    Some(digits.parse().unwrap_or_default())
}

/// A web page is the answer of a proxy or of a sign-in, not of a workflow.
/// Trying again may post the card twice; giving up may lose it, which is worse.
fn is_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(9).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}

/// `WorkflowNotFound (make a new one): The workflow … could not be found.`
fn detail(code: &str, advice: &str, text: &str) -> String {
    let message = serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|answer| Some(answer.get("error")?.get("message")?.as_str()?.to_owned()));
    let advice = match advice {
        "" => String::new(),
        advice => format!(" ({advice})"),
    };
    match message {
        Some(message) => format!("{code}{advice}: {message}"),
        None => format!("{code}{advice}"),
    }
}

fn failed(kind: FailureKind, detail: String, response: &Response) -> Outcome {
    let failure = Failure {
        status: Some(response.status),
        ..Failure::new(kind, detail)
    };
    match kind {
        FailureKind::Throttled | FailureKind::Unavailable | FailureKind::NotUnderstood => {
            Outcome::Transient {
                failure,
                retry_after: response.retry_after(),
            }
        }
        _ => Outcome::permanent(failure),
    }
}
