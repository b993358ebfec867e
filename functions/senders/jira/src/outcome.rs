//! The outcome of Jira's responses.

use serde_json::Value;
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{RequestContext, Response, api_url};
use url::Url;

use crate::Jira;
use crate::settings::{Settings, is_issue_key};

/// The outcome of creating an issue. Only 201 with the issue's key is a success: a
/// login page has the status 200.
pub(crate) fn of_response(context: &RequestContext<'_, Jira>, response: &Response) -> Outcome {
    match response.status {
        201 => receipt(context.settings, &response.json())
            .map_or_else(|| Outcome::not_understood(response), Outcome::Delivered),
        200..=299 => Outcome::not_understood(response),
        _ => failed(response),
    }
}

/// The receipt of an issue: its key and page.
pub(crate) fn receipt(settings: &Settings, issue: &Value) -> Option<Receipt> {
    let key = issue["key"].as_str().filter(|key| is_issue_key(key))?;
    Some(Receipt {
        id: Some(key.to_owned()),
        url: browse_base(settings)
            .and_then(|base| api_url(base.as_str(), None, &format!("browse/{key}")).ok())
            .map(Into::into),
        remark: None,
    })
}

/// The address under which people open issues, if it is known.
fn browse_base(settings: &Settings) -> Option<&Url> {
    let api_only = settings.site_url.host_str() == Some("api.atlassian.com");
    settings
        .browse_url
        .as_ref()
        .or_else(|| (!api_only).then_some(&settings.site_url))
}

pub(crate) fn failed(response: &Response) -> Outcome {
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

/// The error messages in one line, with advice on a rejected token.
fn detail(response: &Response) -> Option<String> {
    let body = response.json();
    let mut texts: Vec<String> = Vec::new();
    if response.status == 401 {
        texts.push("is the token still valid? API tokens expire after a year at most".to_owned());
    }
    let messages = body["errorMessages"].as_array().into_iter().flatten();
    texts.extend(messages.filter_map(Value::as_str).map(str::to_owned));
    let errors = body["errors"].as_object().into_iter().flatten();
    texts.extend(errors.map(|(field, error)| match error {
        Value::String(text) => format!("{field}: {text}"),
        other => format!("{field}: {other}"),
    }));
    // Gateways and the rate limiter send one `message`.
    texts.extend(body["message"].as_str().map(str::to_owned));
    if let Some(reason) = response.header("ratelimit-reason") {
        texts.push(format!("limit: {reason}"));
    }
    if texts.len() == 1 && response.status == 401 {
        texts.push(response.text().into_owned());
    }
    (!texts.is_empty()).then(|| texts.join("; "))
}
