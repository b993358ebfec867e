//! The message: Panther's payload, unchanged.
//!
//! It has no envelope as Standard Webhooks recommends: receivers written for Panther
//! read the flat fields.

use tocsin_core::alert::Payload;
use tocsin_core::provider::{Detail, RequestContext};

use crate::Webhook;

/// The payload. The minimal form has the same keys, with the long ones empty.
pub(crate) fn body(context: &RequestContext<'_, Webhook>) -> String {
    match context.detail {
        Detail::Full => Payload::of(context.alert, context.severity).to_json(),
        Detail::Minimal => Payload::minimal(context.alert, context.severity).to_json(),
    }
}
