//! The message: the payload, as webhooks receive it.

use tocsin_core::alert::Payload;

pub(crate) fn body(payload: &Payload<'_>) -> String {
    payload.to_json()
}
