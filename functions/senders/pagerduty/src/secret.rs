//! The credential of a PagerDuty destination.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tocsin_core::provider::FieldError;

/// The secret of a PagerDuty destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The integration key of a service or of an event orchestration.
    pub routing_key: SecretString,
}

/// The length of a key. PagerDuty says "32 character" and refuses other lengths. Keys
/// of services are hexadecimal, those of orchestrations and rulesets begin with an
/// `R` and use the whole alphabet.
const KEY_LENGTH: usize = 32;

pub(crate) fn check(secret: &Secret) -> Result<(), FieldError> {
    let key = secret.routing_key.expose_secret();
    if key.len() != KEY_LENGTH || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(FieldError::new(
            "secret.routingKey",
            "must be the 32 letters and digits of an Events API v2 integration key",
        ));
    }
    Ok(())
}
