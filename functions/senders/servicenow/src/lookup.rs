//! The lookup of an incident that an earlier attempt may have created, or an earlier alert
//! with the same id.

use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{
    Address, FieldError, Header, Lookup, Request, RequestContext, Response,
};

use crate::ServiceNow;
use crate::outcome::{Body, Incident, error_text, failed, receipt};
use crate::request::{self, Weight, correlation_display, correlation_id, finding, with_headers};
use crate::settings::Mode;

/// The query for the incidents of this finding, closed or not, the latest first. Incidents
/// need it, since several may have one `correlation_id`; ServiceNow deduplicates events by
/// their `message_key`.
///
/// The response has to contain the two compared fields: an instance ignores conditions
/// on fields that the user cannot read, and then returns any incident
/// (`glide.invalid_query.returns_no_rows`).
pub(crate) fn request(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
) -> Result<Option<Request>, FieldError> {
    if context.settings.mode == Mode::Event {
        return Ok(None);
    }
    let mut url = provider.address(context.settings, Mode::Incident.path())?;
    let query = format!(
        "correlation_id={}^correlation_displaySTARTSWITH{}^ORDERBYDESCsys_created_on",
        correlation_id(context.alert),
        finding(context)
    );
    url.query_pairs_mut()
        .append_pair("sysparm_query", &query)
        .append_pair(
            "sysparm_fields",
            "sys_id,number,correlation_id,correlation_display,active,state,impact,urgency",
        )
        .append_pair("sysparm_exclude_reference_link", "true")
        .append_pair("sysparm_limit", "10");
    let json = Header::Plain("application/json".to_owned());
    let request = Request::get(Address::Public(url)).header("content-type", json);
    with_headers(request, context).map(Some)
}

/// Finds the incident into which this delivery was the last to write, by its two
/// correlation fields. If another alert of the finding wrote into it since, nothing tells
/// whether this one is there, so it is added once more.
pub(crate) fn parse(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Lookup {
    match response.status {
        200 => {}
        // Older instances send this for a query without results.
        404 if error_text(response).contains("no record") => return Lookup::Absent,
        201..=299 => return Lookup::Failed(Outcome::not_understood(response)),
        _ => return Lookup::Failed(failed(response).of_lookup()),
    }
    let Ok(body) = serde_json::from_slice::<Body<Vec<Incident>>>(&response.body) else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let id = correlation_id(context.alert);
    let display = correlation_display(context);
    body.result
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

/// The request that adds the alert to the incident of an earlier one, if that is open.
/// What is added to a closed one, nobody would see.
pub(crate) fn update(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Result<Option<Request>, FieldError> {
    let Ok(body) = serde_json::from_slice::<Body<Vec<Incident>>>(&response.body) else {
        return Ok(None);
    };
    let id = correlation_id(context.alert);
    let open = body.result.iter().find(|incident| {
        incident.correlation_id == id
            && request::is_of_finding(context, &incident.correlation_display)
            && incident.is_open()
            && incident.has_id()
    });
    open.map(|incident| {
        let weight = Weight {
            impact: &incident.impact,
            urgency: &incident.urgency,
        };
        request::update(provider, context, &incident.sys_id, weight)
    })
    .transpose()
}
