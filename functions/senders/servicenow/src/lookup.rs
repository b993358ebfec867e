//! The lookup of an incident that an earlier attempt may have created.

use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{
    Address, FieldError, Header, Lookup, Request, RequestContext, Response,
};

use crate::ServiceNow;
use crate::outcome::{Body, Incident, error_text, failed, receipt};
use crate::request::{correlation_display, correlation_id, with_headers};
use crate::settings::Mode;

/// The query for the incident of this delivery, closed or not. Incidents need it, since
/// several may have one `correlation_id`; ServiceNow deduplicates events by their
/// `message_key`.
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
        "correlation_id={}^correlation_display={}",
        correlation_id(&context.alert.alert_id),
        correlation_display(context)
    );
    url.query_pairs_mut()
        .append_pair("sysparm_query", &query)
        .append_pair(
            "sysparm_fields",
            "sys_id,number,correlation_id,correlation_display",
        )
        .append_pair("sysparm_exclude_reference_link", "true")
        .append_pair("sysparm_limit", "10");
    let json = Header::Plain("application/json".to_owned());
    let request = Request::get(Address::Public(url)).header("content-type", json);
    with_headers(request, context).map(Some)
}

/// Finds the incident of this delivery by its two correlation fields.
pub(crate) fn parse(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    response: &Response,
) -> Lookup {
    match response.status {
        200 => {}
        // Older instances send this for a query without results.
        404 if error_text(response).contains("no record") => return Lookup::Absent,
        // An account that may create is not always allowed to read. A second incident
        // is better than none, and if nothing is allowed, creating will fail.
        403 => return Lookup::Absent,
        201..=299 => return Lookup::Failed(Outcome::not_understood(response)),
        _ => return Lookup::Failed(failed(response).of_lookup()),
    }
    let Ok(body) = serde_json::from_slice::<Body<Vec<Incident>>>(&response.body) else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let id = correlation_id(&context.alert.alert_id);
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
