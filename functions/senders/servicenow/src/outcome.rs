//! The outcome of ServiceNow's responses: "HTTP status codes" of the Table API, and
//! those of Event Management, which are not documented.

use serde::Deserialize;
use serde_json::Value;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::{RequestContext, Response};
use tocsin_core::text::line;

use crate::request::message_key;
use crate::{Mode, ServiceNow};

/// The longest incident number in a receipt, in characters.
const NUMBER_LIMIT: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Body<T> {
    pub(crate) result: T,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Incident {
    pub(crate) sys_id: String,
    number: String,
    pub(crate) correlation_id: String,
    pub(crate) correlation_display: String,
    active: String,
    state: String,
    pub(crate) impact: String,
    pub(crate) urgency: String,
}

/// The states in which nobody works on an incident: resolved, closed, canceled.
const FINAL_STATES: [&str; 3] = ["6", "7", "8"];

impl Incident {
    /// Whether somebody who looks at open incidents sees it.
    pub(crate) fn is_open(&self) -> bool {
        self.active == "true" && !FINAL_STATES.contains(&self.state.as_str())
    }

    /// Whether it has an id that can be a part of a URL.
    pub(crate) fn has_id(&self) -> bool {
        let id = &self.sys_id;
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: ErrorTexts,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorTexts {
    message: Option<String>,
    detail: Option<String>,
}

pub(crate) fn of_response(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Outcome {
    match (response.status, context.settings.mode) {
        (200..=299, Mode::Incident) => created(provider, context, response),
        (200..=299, Mode::Event) => inserted(provider, context, response),
        _ => failed(response),
    }
}

/// The outcome of creating an incident. Only a response with the new record's id is a
/// success: an instance that hibernates, is being upgraded or requires a login sends
/// 200 with a web page. That is transient, and the next attempt begins with a lookup.
fn created(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Outcome {
    serde_json::from_slice::<Body<Incident>>(&response.body)
        .ok()
        .and_then(|body| receipt(provider, context, &body.result))
        .map_or_else(|| Outcome::not_understood(response), Outcome::Delivered)
}

pub(crate) fn receipt(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    incident: &Incident,
) -> Option<Receipt> {
    if !incident.has_id() {
        return None;
    }
    let sys_id = &incident.sys_id;
    let number = line(&incident.number, NUMBER_LIMIT);
    let id = if number.is_empty() {
        sys_id.clone()
    } else {
        number
    };
    Some(Receipt {
        url: page(provider, context, &format!("incident.do?sys_id={sys_id}")),
        ..Receipt::id(id)
    })
}

/// The outcome of inserting an event. Observed response:
/// `{"result":{"Default Bulk Endpoint":"1 events were inserted"}}`. A repetition is
/// harmless, since events have a key.
fn inserted(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Outcome {
    let Ok(body) = serde_json::from_slice::<Body<Value>>(&response.body) else {
        return Outcome::not_understood(response);
    };
    let nothing_inserted = match &body.result {
        Value::Object(texts) => texts.values().any(|text| {
            text.as_str()
                .is_some_and(|text| text.trim().starts_with("0 "))
        }),
        _ => return Outcome::not_understood(response),
    };
    if nothing_inserted {
        return Outcome::rejected(Failure::answered(FailureKind::Refused, response));
    }
    let key = message_key(context.alert);
    Outcome::Delivered(Receipt {
        url: page(
            provider,
            context,
            &format!("em_event_list.do?sysparm_query=message_key={key}"),
        ),
        ..Receipt::id(key)
    })
}

/// The page of a record.
fn page(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    uri: &str,
) -> Option<String> {
    let mut url = provider.address(context.settings, "nav_to.do").ok()?;
    url.query_pairs_mut().append_pair("uri", uri);
    Some(url.into())
}

pub(crate) fn failed(response: &Response) -> Outcome {
    match response.status {
        // A rule of the instance rejected the record; the credential is valid.
        403 if is_rejected_by_rule(response) => {
            Outcome::rejected(Failure::answered(FailureKind::Refused, response))
        }
        429 => Outcome::Transient {
            failure: Failure::answered(FailureKind::Throttled, response),
            retry_after: response
                .retry_after()
                .or_else(|| response.until("x-ratelimit-reset")),
        },
        _ => Outcome::from_status(response),
    }
}

fn is_rejected_by_rule(response: &Response) -> bool {
    let text = error_text(response);
    text.contains("business rule") || text.contains("data policy")
}

/// The instance's error texts, in lower case.
pub(crate) fn error_text(response: &Response) -> String {
    let body: ErrorBody = serde_json::from_slice(&response.body).unwrap_or_default();
    let ErrorTexts { message, detail } = body.error;
    format!(
        "{} {}",
        message.unwrap_or_default(),
        detail.unwrap_or_default()
    )
    .to_lowercase()
}
