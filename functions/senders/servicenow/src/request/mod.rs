//! The request that creates an incident or an event.

mod event;
mod incident;

pub(crate) use event::message_key;
pub(crate) use incident::{correlation_display, correlation_id};
use tocsin_core::provider::{Address, FieldError, Header, Request, RequestContext};

use crate::settings::Mode;
use crate::{ServiceNow, secret};

pub(crate) fn create(
    provider: &ServiceNow,
    context: &RequestContext<'_, ServiceNow>,
) -> Result<Request, FieldError> {
    let mode = context.settings.mode;
    let url = provider.address(context.settings, mode.path())?;
    let (url, body) = match mode {
        Mode::Incident => (incident::creation_url(url), incident::body(context)),
        Mode::Event => (url, event::body(context)),
    };
    let request = Request::post_json(Address::Public(url), body.to_string());
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
