//! The alert: <https://docs.opsgenie.com/docs/alert-api#create-alert>. The limits
//! are the ones of the table there.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tocsin_core::alert::{AlertId, Severity};
use tocsin_core::message::Message;
use tocsin_core::provider::{Address, Detail, FieldError, Request, RequestContext, api_url};
use tocsin_core::text::{clipped, line};
use url::Url;

use crate::settings::{Priority, Settings, authorization};
use crate::{OpsGenie, description, details};

/// `message`, characters.
const MESSAGE: usize = 130;
/// `alias`, characters.
const ALIAS: usize = 512;
/// `entity`, characters.
const ENTITY: usize = 512;
/// `tags`, entries.
const TAGS: usize = 20;
/// One tag, characters.
const TAG: usize = 50;

pub(crate) fn build(
    context: &RequestContext<'_, OpsGenie>,
    base_url: Option<&Url>,
) -> Result<Request, FieldError> {
    let region = context.settings.region;
    let path = region.path(base_url.is_some());
    let url = api_url(region.base(), base_url, path)?;
    let request = Request::post_json(Address::Public(url), alert(context).to_string());
    Ok(request.header("authorization", authorization(context.secret)?))
}

/// The key under which OpsGenie keeps repetitions of this alert together. Later
/// calls put it into a URL, and the web application shows it.
pub(crate) fn alias(alert: &AlertId) -> String {
    let plain = |c: char| !matches!(c, '<' | '>' | '&' | '"' | '\'' | '/' | '?' | '#' | '%');
    alert.key(ALIAS, plain).into_owned()
}

fn alert(context: &RequestContext<'_, OpsGenie>) -> Value {
    let message = Message::of(context);
    let mut alert = json!({
        "message": plain(&message.headline, MESSAGE),
        "alias": alias(&context.alert.alert_id),
        "description": description::of(&message),
        "source": "Tocsin",
        "priority": priority(context.settings, context.severity),
    });
    // Also in the minimal form: whom to wake is no decoration.
    if !context.settings.responders.is_empty() {
        alert["responders"] = json!(context.settings.responders);
    }
    if context.detail == Detail::Full {
        alert["entity"] = json!(plain(&context.alert.detection_id, ENTITY));
        alert["tags"] = json!(tags(message.tags));
        alert["details"] = Value::Object(details::of(context.alert, context.severity));
    }
    alert
}

fn priority(settings: &Settings, severity: Severity) -> Priority {
    let usual = match severity {
        Severity::Critical => Priority::P1,
        Severity::High => Priority::P2,
        Severity::Medium => Priority::P3,
        Severity::Low => Priority::P4,
        Severity::Info => Priority::P5,
    };
    settings.priorities.get(&severity).copied().unwrap_or(usual)
}

/// One line that is read the same whether the reader takes it for HTML or not:
/// notifications and web application differ there. Without angle brackets
/// nothing can become an element; entities would show as such in the former.
pub(crate) fn plain(text: &str, limit: usize) -> String {
    line(&text.replace('<', "‹").replace('>', "›"), limit)
}

/// Each tag once; the last one counts those that there was no room for.
fn tags(tags: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut shown: Vec<String> = tags
        .iter()
        .map(|tag| clipped(&plain(tag, usize::MAX), TAG).into_owned())
        .filter(|tag| !tag.is_empty() && seen.insert(tag.clone()))
        .collect();
    if shown.len() > TAGS {
        let more = shown.len() - (TAGS - 1);
        shown.truncate(TAGS - 1);
        shown.push(format!("… {more} more tags"));
    }
    shown
}
