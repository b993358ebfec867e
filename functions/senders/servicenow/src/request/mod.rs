//! The requests that create an incident or an event, and add to an incident.

mod event;
mod incident;

pub(crate) use event::message_key;
pub(crate) use incident::{Weight, correlation_display, correlation_id, finding, is_of_finding};
use tocsin_core::provider::{Address, FieldError, Header, Method, Request, RequestContext};

use crate::settings::Mode;
use crate::{ServiceNow, secret};

pub(crate) fn create(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
) -> Result<Request, FieldError> {
    let mode = context.settings.mode;
    let url = provider.address(context.settings, mode.path())?;
    let (url, body) = match mode {
        Mode::Incident => (incident::writing_url(url), incident::body(context)),
        Mode::Event => (url, event::body(context)),
    };
    let request = Request::post_json(Address::Public(url), body.to_string());
    with_headers(request, context)
}

/// The request that adds the alert to the incident with this id and weight.
pub(crate) fn update(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
    sys_id: &str,
    weight: Weight<'_>,
) -> Result<Request, FieldError> {
    let path = format!("{}/{sys_id}", Mode::Incident.path());
    let url = incident::writing_url(provider.address(context.settings, &path)?);
    let body = incident::update(context, weight);
    let request = Request {
        method: Method::Put,
        ..Request::post_json(Address::Public(url), body.to_string())
    };
    with_headers(request, context)
}

/// Adds `accept` and the credential. The Table API answers 400 to a request without
/// both `accept` and `content-type`.
pub(crate) fn with_headers(
    request: Request,
    context: &RequestContext<'_, ServiceNow>,
) -> Result<Request, FieldError> {
    let (name, value) = secret::header(context.secret)?;
    Ok(request
        .header("accept", Header::Plain("application/json".to_owned()))
        .header(name, value))
}
