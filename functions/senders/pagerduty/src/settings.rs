//! What a PagerDuty destination has configured.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tocsin_core::provider::FieldError;

/// What may be seen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// The service region of the account.
    pub region: Region,
    /// What the alerts are about: an account, a host, a product. `Tocsin` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The logical group the source belongs to. The alert's log types when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// PagerDuty's service regions: an account lives in one and is unknown in the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// `app.pagerduty.com`.
    #[default]
    Us,
    /// `app.eu.pagerduty.com`.
    Eu,
}

impl Region {
    /// Where events go: <https://support.pagerduty.com/docs/service-regions>.
    pub(crate) const fn base(self) -> &'static str {
        match self {
            Self::Us => "https://events.pagerduty.com",
            Self::Eu => "https://events.eu.pagerduty.com",
        }
    }
}

/// What must not be seen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The integration key of a service or of an event orchestration.
    pub routing_key: SecretString,
}

/// PagerDuty says "32 character" and refuses other lengths. Keys of services are
/// hexadecimal, those of orchestrations and rulesets begin with an `R` and use
/// the whole alphabet, so no more than that can be asked of a key.
const KEY: usize = 32;

/// PagerDuty gives no limit for these; longer names serve nobody.
pub(crate) const NAME: usize = 255;

pub(crate) fn check(settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
    let key = secret.routing_key.expose_secret();
    if key.len() != KEY || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(FieldError::new(
            "secret.routingKey",
            "must be the 32 letters and digits of an Events API v2 integration key",
        ));
    }
    check_name("settings.source", settings.source.as_deref())?;
    check_name("settings.group", settings.group.as_deref())
}

fn check_name(field: &str, name: Option<&str>) -> Result<(), FieldError> {
    let fit = |name: &str| {
        !name.trim().is_empty()
            && name.chars().count() <= NAME
            && !name.chars().any(char::is_control)
    };
    match name {
        Some(name) if !fit(name) => Err(FieldError::new(
            field,
            format!("must be one line of 1 to {NAME} characters, or be left out"),
        )),
        _ => Ok(()),
    }
}
