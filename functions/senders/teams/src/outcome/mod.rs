//! The outcome of a workflow's responses.
//!
//! 202 means that a run began, not that the card was posted. Later failures are only
//! in the workflow's run history.

mod errors;

use serde_json::Value;
use tocsin_core::outcome::{FailureKind, Outcome, Receipt};
use tocsin_core::provider::{KnownError, Response};
use url::Url;

use crate::secret::is_legacy;

const OLD_URL: &str = "the URL has the old form, *.logic.azure.com: copy the workflow's new URL";

/// The header with the id of the run in the workflow's history.
const RUN_ID_HEADER: &str = "x-ms-workflow-run-id";

pub(crate) fn of_response(url: &Url, response: &Response) -> Outcome {
    let remark = is_legacy(url).then(|| OLD_URL.to_owned());
    match (without_remark(response), remark) {
        (Outcome::Delivered(receipt), remark) => Outcome::Delivered(Receipt { remark, ..receipt }),
        (outcome @ (Outcome::Misconfigured { .. } | Outcome::Refused { .. }), Some(remark)) => {
            let failure = outcome.failure().map(|failure| &*failure.detail);
            let detail = format!("{remark}; {}", failure.unwrap_or_default());
            outcome.with_detail(detail)
        }
        (outcome, _) => outcome,
    }
}

fn without_remark(response: &Response) -> Outcome {
    let text = response.text();
    match response.status {
        200..=299 => accepted(&text, response),
        // Teams sends Precondition Failed for a conflict with another message:
        // https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/rate-limit
        412 => Outcome::of_failure(FailureKind::Unavailable, text, response),
        _ => match errors::find(&text) {
            Some(known) => Outcome::of_failure(known.kind, detail(known, &text), response),
            None => Outcome::from_status(response),
        },
    }
}

fn accepted(text: &str, response: &Response) -> Outcome {
    match status_in_text(text) {
        Some(status @ 400..=599) => without_remark(&Response {
            status,
            ..response.clone()
        }),
        // Even without a readable status the card was not posted.
        Some(_) => Outcome::not_understood(response),
        None if is_web_page(text) => Outcome::not_understood(response),
        None => Outcome::Delivered(Receipt {
            id: response.header(RUN_ID_HEADER).map(str::to_owned),
            ..Receipt::default()
        }),
    }
}

/// The status in a text such as "Microsoft Teams endpoint returned HTTP error 429 …",
/// which is sent with the status 200
/// (<https://github.com/MicrosoftDocs/msteams-docs/issues/9698>).
fn status_in_text(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("endpoint returned HTTP error")?;
    let digits: String = rest
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    Some(digits.parse().unwrap_or_default())
}

/// Whether the text is a web page. A proxy or a sign-in page sent it, not the workflow.
/// A repetition may post the card twice, but giving up may lose it, which is worse.
fn is_web_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(9).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}

/// `WorkflowNotFound (create a new one): The workflow … could not be found.`
fn detail(known: &KnownError, text: &str) -> String {
    let message = serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|body| Some(body.get("error")?.get("message")?.as_str()?.to_owned()));
    let code = KnownError::explain(known.code, &[known.advice]);
    match message {
        Some(message) => format!("{code}: {message}"),
        None => code,
    }
}
