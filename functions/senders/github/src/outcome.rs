//! The outcome of GitHub's responses.

use std::time::Duration;

use serde_json::Value;
use tocsin_core::link::web_url;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::{Detail, RequestContext, Response};
use url::Url;

use crate::GitHub;
use crate::settings::Settings;

/// The wait that GitHub asks for if a response does not name one
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>).
const DEFAULT_WAIT: Duration = Duration::from_mins(1);

/// The outcome of creating an issue. Only 201 is a success: a client that follows a
/// redirect with GET receives 200.
pub(crate) fn of_response(context: &RequestContext<'_, GitHub>, response: &Response) -> Outcome {
    match response.status {
        201 => match created(context.settings, response) {
            Some(receipt) => Outcome::Delivered(Receipt {
                remark: dropped_fields(context, response),
                ..receipt
            }),
            None => Outcome::not_understood(response),
        },
        200..=299 => Outcome::not_understood(response),
        _ => failed(response),
    }
}

/// The receipt of the created issue. The response repeats the issue's whole body, so
/// its end may be missing. The `location` header contains the number as well.
fn created(settings: &Settings, response: &Response) -> Option<Receipt> {
    let location = response
        .header("location")
        .and_then(|url| url.rsplit('/').next());
    let issue = response.json();
    let number = issue["number"]
        .as_u64()
        .or_else(|| location?.parse().ok())?;
    Some(receipt(settings, number, issue["html_url"].as_str()))
}

/// The receipt of an issue. Its page is on the host of the destination.
pub(crate) fn receipt(settings: &Settings, number: u64, page: Option<&str>) -> Receipt {
    let own = settings.page(number);
    let page = page
        .and_then(web_url)
        .filter(|page| Url::parse(page).is_ok_and(|page| page.origin() == own.origin()))
        .unwrap_or_else(|| own.into());
    Receipt {
        id: Some(number.to_string()),
        url: Some(page),
        remark: None,
    }
}

/// A remark on the labels, assignees and type that GitHub dropped silently because the
/// account may not set them.
fn dropped_fields(context: &RequestContext<'_, GitHub>, response: &Response) -> Option<String> {
    if context.detail == Detail::Minimal {
        return None;
    }
    // A response that was cut off does not show what is missing.
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
    let issue_type = context.settings.issue_type.iter().filter(|wanted| {
        let set = issue["type"]["name"].as_str();
        !set.is_some_and(|set| set.eq_ignore_ascii_case(wanted))
    });
    let issue_type: Vec<String> = issue_type.cloned().collect();
    let dropped: Vec<String> = [
        ("labels", labels),
        ("assignees", assignees),
        ("type", issue_type),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(what, names)| format!("{what} {}", names.join(", ")))
    .collect();
    (!dropped.is_empty()).then(|| {
        format!(
            "GitHub left out the {}: the token's account may not set them",
            dropped.join(" and the ")
        )
    })
}

pub(crate) fn failed(response: &Response) -> Outcome {
    let outcome = rate_limit_wait(response).map_or_else(
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

/// The wait, if the response reports a rate limit. GitHub sends 403 as often as 429;
/// only headers and text distinguish it from a lack of permission. The limit of new
/// content is a validation error, "was submitted too quickly"
/// (<https://github.com/cli/cli/issues/4801>).
fn rate_limit_wait(response: &Response) -> Option<Duration> {
    let is_limit = match response.status {
        403 | 429 => true,
        422 => response.text().contains("submitted too quickly"),
        _ => false,
    };
    if !is_limit {
        return None;
    }
    let is_exhausted = response.header("x-ratelimit-remaining").map(str::trim) == Some("0");
    let text = response.text().to_ascii_lowercase();
    let is_secondary = text.contains("secondary rate limit") || text.contains("abuse detection");
    response
        .retry_after()
        .or_else(|| {
            is_exhausted.then(|| response.until("x-ratelimit-reset").unwrap_or(DEFAULT_WAIT))
        })
        .or_else(|| (is_secondary || response.status != 403).then_some(DEFAULT_WAIT))
}

/// The `message` and the messages of `errors`, in one line.
fn detail(body: &Value) -> Option<String> {
    let message = body["message"].as_str()?;
    let errors = body["errors"].as_array().into_iter().flatten();
    let errors: Vec<String> = errors
        .map(|error| match (error, error["message"].as_str()) {
            (Value::String(text), _) => text.clone(),
            (_, Some(text)) => text.to_owned(),
            _ => {
                let part = |name: &str| error[name].as_str().unwrap_or_default();
                format!("{} {}", part("field"), part("code"))
            }
        })
        .collect();
    Some(if errors.is_empty() {
        message.to_owned()
    } else {
        format!("{message}: {}", errors.join("; "))
    })
}
