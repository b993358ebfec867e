//! Answers: "HTTP status codes" of the Table API, and the ones of Event
//! Management, which are documented nowhere.

use serde::Deserialize;
use serde_json::Value;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::{Lookup, RequestContext, Response};
use tocsin_core::text::line;

use crate::event::message_key;
use crate::incident::{correlation_display, correlation_id};
use crate::{Mode, ServiceNow};

/// How much of a text of ServiceNow's goes into a receipt.
const SHOWN: usize = 100;

#[derive(Deserialize)]
struct Answer<T> {
    result: T,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Incident {
    sys_id: String,
    number: String,
    correlation_id: String,
    correlation_display: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: Reason,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    message: Option<String>,
    detail: Option<String>,
}

pub(crate) fn read(
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

/// What an earlier attempt created, compared field by field: see
/// [`crate::incident::looking_up`].
pub(crate) fn found(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Lookup {
    match response.status {
        200 => {}
        // Older instances answer so to a query without results.
        404 if said(response).contains("no record") => return Lookup::Absent,
        // Whoever may create need not be allowed to read. Two incidents are
        // better than none, and if nothing is allowed, creating will say so.
        403 => return Lookup::Absent,
        201..=299 => return Lookup::Failed(Outcome::not_understood(response)),
        _ => return Lookup::Failed(failed(response).of_lookup()),
    }
    let Ok(answer) = serde_json::from_slice::<Answer<Vec<Incident>>>(&response.body) else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let (id, display) = (
        correlation_id(&context.alert.alert_id),
        correlation_display(context),
    );
    answer
        .result
        .iter()
        .find(|incident| incident.correlation_id == id && incident.correlation_display == display)
        .and_then(|incident| receipt(provider, context, incident))
        .map_or(Lookup::Absent, |receipt| {
            Lookup::Found(Receipt {
                remark: Some("created by an earlier attempt".to_owned()),
                ..receipt
            })
        })
}

/// Only an answer with the new record's id is success: an instance that sleeps,
/// is being upgraded or wants a login answers 200 with a web page. Instances wake
/// up and upgrades end, so that is worth another try, which looks first.
fn created(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Outcome {
    serde_json::from_slice::<Answer<Incident>>(&response.body)
        .ok()
        .and_then(|answer| receipt(provider, context, &answer.result))
        .map_or_else(|| Outcome::not_understood(response), Outcome::Delivered)
}

fn receipt(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    incident: &Incident,
) -> Option<Receipt> {
    let sys_id = &incident.sys_id;
    if sys_id.is_empty() || sys_id.len() > 64 || !sys_id.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        return None;
    }
    let number = line(&incident.number, SHOWN);
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

/// The answer that was observed (another try does no harm, since events have
/// their key): `{"result":{"Default Bulk Endpoint":"1 events were inserted"}}`.
fn inserted(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Outcome {
    let Ok(answer) = serde_json::from_slice::<Answer<Value>>(&response.body) else {
        return Outcome::not_understood(response);
    };
    let none = match &answer.result {
        Value::Object(said) => said.values().any(|text| {
            text.as_str()
                .is_some_and(|text| text.trim().starts_with("0 "))
        }),
        _ => return Outcome::not_understood(response),
    };
    if none {
        return Outcome::permanent(Failure::answered(FailureKind::Refused, response));
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

/// Where a person can look at it.
fn page(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    uri: &str,
) -> Option<String> {
    let mut url = provider.address(context.settings, "nav_to.do").ok()?;
    url.query_pairs_mut().append_pair("uri", uri);
    Some(url.into())
}

fn failed(response: &Response) -> Outcome {
    match response.status {
        // Not the credential but a rule of the instance stopped the record.
        403 if stopped_by_rule(response) => {
            Outcome::permanent(Failure::answered(FailureKind::Refused, response))
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

fn stopped_by_rule(response: &Response) -> bool {
    let said = said(response);
    said.contains("business rule") || said.contains("data policy")
}

/// The instance's own words for what went wrong, in lower case.
fn said(response: &Response) -> String {
    let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
    let Reason { message, detail } = refusal.error;
    format!(
        "{} {}",
        message.unwrap_or_default(),
        detail.unwrap_or_default()
    )
    .to_lowercase()
}
