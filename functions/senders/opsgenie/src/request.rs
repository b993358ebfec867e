//! The request that creates an alert:
//! <https://docs.opsgenie.com/docs/alert-api#create-alert>. The table there has the
//! limits.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::message::Message;
use tocsin_core::provider::{Address, Detail, FieldError, Request, RequestContext, api_url};
use tocsin_core::text::clipped;
use url::Url;

use crate::secret::authorization;
use crate::settings::{Priority, Settings};
use crate::{OpsGenie, message};

/// The longest `message`, in characters.
const MESSAGE_LIMIT: usize = 130;
/// The longest `alias`, in characters.
const ALIAS_LIMIT: usize = 512;
/// The longest `entity`, in characters.
const ENTITY_LIMIT: usize = 512;
/// The most `tags`.
const TAG_COUNT: usize = 20;
/// The longest tag, in characters.
const TAG_LIMIT: usize = 50;

pub(crate) fn build(
    context: &RequestContext<'_, OpsGenie>,
    base_url: Option<&Url>,
) -> Result<Request, FieldError> {
    let url = address(context.settings, base_url, "")?;
    let request = Request::post_json(url, alert(context).to_string());
    Ok(request.header("authorization", authorization(context.secret)?))
}

/// The request that asks for the result of an accepted one:
/// <https://docs.opsgenie.com/docs/alert-api#get-request-status>.
pub(crate) fn result_of(
    context: &RequestContext<'_, OpsGenie>,
    base_url: Option<&Url>,
    request_id: &str,
) -> Result<Request, FieldError> {
    let url = address(
        context.settings,
        base_url,
        &format!("/requests/{request_id}"),
    )?;
    Ok(Request::get(url).header("authorization", authorization(context.secret)?))
}

/// The address of the alert API, or of something below it.
fn address(
    settings: &Settings,
    base_url: Option<&Url>,
    below: &str,
) -> Result<Address, FieldError> {
    let region = settings.region;
    let path = format!("{}{below}", region.path(base_url));
    api_url(region.base(), base_url, &path).map(Address::Public)
}

/// The key by which OpsGenie deduplicates the finding. Later calls put it into a URL,
/// and the web application shows it.
pub(crate) fn alias(alert: &Alert) -> String {
    let plain = |c: char| !matches!(c, '<' | '>' | '&' | '"' | '\'' | '/' | '?' | '#' | '%');
    alert.deduplication_key(ALIAS_LIMIT, plain).into_owned()
}

fn alert(context: &RequestContext<'_, OpsGenie>) -> Value {
    let message = Message::of(context);
    let (details, context_in) = message::details(context.alert, context.severity);
    let mut alert = json!({
        "message": message::plain(&message.headline, MESSAGE_LIMIT),
        "alias": alias(context.alert),
        "description": message::description(&message, context_in),
        "source": "Tocsin",
        "priority": priority(context.settings, context.severity),
    });
    // The minimal form has them as well: they decide who is woken.
    if !context.settings.responders.is_empty() {
        alert["responders"] = json!(context.settings.responders);
    }
    if context.detail == Detail::Full {
        alert["entity"] = json!(message::plain(&context.alert.detection_id, ENTITY_LIMIT));
        alert["tags"] = json!(tags(message.tags));
        alert["details"] = Value::Object(details);
    }
    alert
}

fn priority(settings: &Settings, severity: Severity) -> Priority {
    let default = match severity {
        Severity::Critical => Priority::P1,
        Severity::High => Priority::P2,
        Severity::Medium => Priority::P3,
        Severity::Low => Priority::P4,
        Severity::Info => Priority::P5,
    };
    settings
        .priorities
        .get(&severity)
        .copied()
        .unwrap_or(default)
}

/// Each tag once. If there are too many, the last tag counts those left out.
fn tags(tags: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut shown: Vec<String> = tags
        .iter()
        .map(|tag| clipped(&message::plain(tag, usize::MAX), TAG_LIMIT).into_owned())
        .filter(|tag| !tag.is_empty() && seen.insert(tag.clone()))
        .collect();
    if shown.len() > TAG_COUNT {
        let more = shown.len() - (TAG_COUNT - 1);
        shown.truncate(TAG_COUNT - 1);
        shown.push(format!("… {more} more tags"));
    }
    shown
}
