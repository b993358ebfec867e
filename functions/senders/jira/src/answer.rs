//! What Jira's answers mean.

use serde_json::Value;
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{Lookup, RequestContext, Response, api_url};
use url::Url;

use crate::Jira;
use crate::settings::{Settings, is_issue_key};

/// The answer to the creation: 201 with the issue's key is success, nothing else
/// (a login page answers 200).
pub(crate) fn created(context: &RequestContext<'_, Jira>, response: &Response) -> Outcome {
    match response.status {
        201 => receipt(context.settings, &response.json())
            .map_or_else(|| Outcome::not_understood(response), Outcome::Delivered),
        200..=299 => Outcome::not_understood(response),
        _ => failed(response),
    }
}

/// The answer to the search.
pub(crate) fn found(context: &RequestContext<'_, Jira>, response: &Response) -> Lookup {
    if response.status != 200 {
        return Lookup::Failed(match response.status {
            200..=299 => Outcome::not_understood(response),
            _ => failed(response).of_lookup(),
        });
    }
    let answer = response.json();
    match answer["issues"].as_array().map(Vec::as_slice) {
        Some([]) => Lookup::Absent,
        Some([issue, ..]) => receipt(context.settings, issue).map_or_else(
            || Lookup::Failed(Outcome::not_understood(response)),
            Lookup::Found,
        ),
        None => Lookup::Failed(Outcome::not_understood(response)),
    }
}

/// The issue that an answer speaks of, by its key.
fn receipt(settings: &Settings, issue: &Value) -> Option<Receipt> {
    let key = issue["key"].as_str().filter(|key| is_issue_key(key))?;
    Some(Receipt {
        id: Some(key.to_owned()),
        url: pages(settings)
            .and_then(|base| api_url(base.as_str(), None, &format!("browse/{key}")).ok())
            .map(Into::into),
        remark: None,
    })
}

/// Where people look at issues, when that is known.
fn pages(settings: &Settings) -> Option<&Url> {
    let api_only = settings.site_url.host_str() == Some("api.atlassian.com");
    settings
        .browse_url
        .as_ref()
        .or_else(|| (!api_only).then_some(&settings.site_url))
}

fn failed(response: &Response) -> Outcome {
    let mut outcome = Outcome::from_status(response);
    if let Some(detail) = detail(response) {
        outcome = outcome.with_detail(detail);
    }
    if let Outcome::Transient { retry_after, .. } = &mut outcome {
        // https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
        *retry_after = retry_after.or_else(|| response.until("x-ratelimit-reset"));
    }
    outcome
}

/// `errorMessages` and the field errors in one line, and what they do not say.
fn detail(response: &Response) -> Option<String> {
    let answer = response.json();
    let mut said: Vec<String> = Vec::new();
    if response.status == 401 {
        said.push("is the token still valid? API tokens expire after a year at most".to_owned());
    }
    let messages = answer["errorMessages"].as_array().into_iter().flatten();
    said.extend(messages.filter_map(Value::as_str).map(str::to_owned));
    let errors = answer["errors"].as_object().into_iter().flatten();
    said.extend(errors.map(|(field, error)| match error {
        Value::String(text) => format!("{field}: {text}"),
        other => format!("{field}: {other}"),
    }));
    // Gateways and the rate limiter have one `message`.
    said.extend(answer["message"].as_str().map(str::to_owned));
    if let Some(reason) = response.header("ratelimit-reason") {
        said.push(format!("limit: {reason}"));
    }
    if said.len() == 1 && response.status == 401 {
        said.push(response.text().into_owned());
    }
    (!said.is_empty()).then(|| said.join("; "))
}
