//! The request that triggers an event:
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::message::Message;
use tocsin_core::provider::{Address, Detail, FieldError, Request, RequestContext, api_url};
use url::Url;

use crate::{PagerDuty, message};

/// The longest `dedup_key`, in characters (trigger-events).
const DEDUP_KEY_LIMIT: usize = 255;

pub(crate) fn build(
    context: &RequestContext<'_, PagerDuty>,
    base_url: Option<&Url>,
) -> Result<Request, FieldError> {
    let url = api_url(context.settings.region.base(), base_url, "v2/enqueue")?;
    let mut event = event(context);
    if context.detail == Detail::Full {
        message::shrink(&mut event, message::SIZE_LIMIT);
    }
    let request = Request::post_json(Address::Public(url), event.to_string());
    // The credential is part of the body.
    Ok(request.hiding(context.secret.routing_key.clone()))
}

/// The key by which PagerDuty deduplicates the finding. It belongs to the alert, not
/// to the delivery: destinations have different routing keys, and PagerDuty compares
/// deduplication keys within one routing key.
pub(crate) fn dedup_key(alert: &Alert) -> String {
    alert
        .deduplication_key(DEDUP_KEY_LIMIT, |_| true)
        .into_owned()
}

/// The event. The minimal form has no fields for links: PagerDuty may have refused one of
/// them, and a page without a link is better than none.
fn event(context: &RequestContext<'_, PagerDuty>) -> Value {
    let message = Message::of(context);
    let mut event = json!({
        "routing_key": context.secret.routing_key.expose_secret(),
        "event_action": "trigger",
        "dedup_key": dedup_key(context.alert),
        "client": "Tocsin",
        "payload": message::payload(context, &message),
    });
    if context.detail == Detail::Full {
        event["links"] = message::links(&message);
        if let Some(link) = message::page(&message) {
            event["client_url"] = json!(link);
        }
    }
    event
}
