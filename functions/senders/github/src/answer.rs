//! What GitHub's answers mean.

use std::time::Duration;

use serde_json::Value;
use tocsin_core::link::web_url;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::{Detail, Lookup, Provider, RequestContext, Response};

use crate::GitHub;
use crate::request::marker;
use crate::settings::Settings;

/// What GitHub wants one to wait when it does not say how long
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>).
const A_MINUTE: Duration = Duration::from_mins(1);

/// The answer to the creation: only 201 is success. 200 is what a client gets
/// that followed a redirect with GET.
pub(crate) fn created(context: &RequestContext<'_, GitHub>, response: &Response) -> Outcome {
    match response.status {
        201 => match receipt(context.settings, response) {
            Some(receipt) => Outcome::Delivered(Receipt {
                remark: dropped(context, response),
                ..receipt
            }),
            None => Outcome::not_understood(response),
        },
        200..=299 => Outcome::not_understood(response),
        _ => failed(response),
    }
}

/// The answer to the list: the issue that begins with this delivery's marker.
pub(crate) fn found(context: &RequestContext<'_, GitHub>, response: &Response) -> Lookup {
    if response.status != 200 {
        return Lookup::Failed(match response.status {
            200..=299 => Outcome::not_understood(response),
            _ => failed(response).of_lookup(),
        });
    }
    let Value::Array(issues) = response.json() else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let marker = marker(context);
    let ours = |issue: &&Value| {
        issue["body"]
            .as_str()
            .is_some_and(|body| body.starts_with(&marker))
    };
    // Newest first: of several, the one that was created first.
    issues
        .iter()
        .rev()
        .find(ours)
        .and_then(|issue| read(context.settings, issue, None))
        .map_or_else(
            || Lookup::missing_from(response, GitHub::LOOKUP_ANSWER),
            Lookup::Found,
        )
}

/// The issue that was created. The answer repeats the whole body, so its end may
/// be missing; the number also stands in the address of what was created.
fn receipt(settings: &Settings, response: &Response) -> Option<Receipt> {
    let location = response
        .header("location")
        .and_then(|url| url.rsplit('/').next());
    read(
        settings,
        &response.json(),
        location.and_then(|number| number.parse().ok()),
    )
}

fn read(settings: &Settings, issue: &Value, number: Option<u64>) -> Option<Receipt> {
    let number = issue["number"].as_u64().or(number)?;
    let page = issue["html_url"]
        .as_str()
        .and_then(web_url)
        .unwrap_or_else(|| settings.page(number).into());
    Some(Receipt {
        id: Some(number.to_string()),
        url: Some(page),
        remark: None,
    })
}

/// What GitHub left out without a word, because the account may not set it.
fn dropped(context: &RequestContext<'_, GitHub>, response: &Response) -> Option<String> {
    if context.detail == Detail::Minimal {
        return None;
    }
    // Of an answer that was cut off nobody can say what is missing.
    let issue: Value = serde_json::from_slice(&response.body).ok()?;
    let missing = |wanted: &[String], list: &str, name: &str| -> Vec<String> {
        let there = |wanted: &str| {
            let entries = issue[list].as_array().into_iter().flatten();
            entries
                .filter_map(|entry| entry[name].as_str().or_else(|| entry.as_str()))
                .any(|set| set.eq_ignore_ascii_case(wanted))
        };
        wanted
            .iter()
            .filter(|wanted| !there(wanted))
            .cloned()
            .collect()
    };
    let labels = missing(&context.settings.labels, "labels", "name");
    let assignees = missing(&context.settings.assignees, "assignees", "login");
    let said: Vec<String> = [("labels", labels), ("assignees", assignees)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {}", names.join(", ")))
        .collect();
    (!said.is_empty()).then(|| {
        format!(
            "GitHub left out the {}: the token's account may not set them",
            said.join(" and the ")
        )
    })
}

fn failed(response: &Response) -> Outcome {
    let outcome = limit(response).map_or_else(
        || Outcome::from_status(response),
        |wait| Outcome::Transient {
            failure: Failure::answered(FailureKind::Throttled, response),
            retry_after: Some(wait),
        },
    );
    match detail(&response.json()) {
        Some(detail) => outcome.with_detail(detail),
        None => outcome,
    }
}

/// How long to wait, when the answer is one of a rate limit. These are 403 as
/// often as 429, and only their headers and words tell them from a plain 403.
fn limit(response: &Response) -> Option<Duration> {
    if !matches!(response.status, 403 | 429) {
        return None;
    }
    let used_up = response.header("x-ratelimit-remaining").map(str::trim) == Some("0");
    let text = response.text().to_ascii_lowercase();
    let secondary = text.contains("secondary rate limit") || text.contains("abuse detection");
    response
        .retry_after()
        .or_else(|| used_up.then(|| response.until("x-ratelimit-reset").unwrap_or(A_MINUTE)))
        .or_else(|| (secondary || response.status == 429).then_some(A_MINUTE))
}

/// `message`, and what each of `errors` says, in one line.
fn detail(answer: &Value) -> Option<String> {
    let message = answer["message"].as_str()?;
    let errors = answer["errors"].as_array().into_iter().flatten();
    let said: Vec<String> = errors
        .map(|error| match (error, error["message"].as_str()) {
            (Value::String(text), _) => text.clone(),
            (_, Some(text)) => text.to_owned(),
            _ => {
                let part = |name: &str| error[name].as_str().unwrap_or_default();
                format!("{} {}", part("field"), part("code"))
            }
        })
        .collect();
    let said = said.join("; ");
    Some(if said.is_empty() {
        message.to_owned()
    } else {
        format!("{message}: {said}")
    })
}
