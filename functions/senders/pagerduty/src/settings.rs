//! The settings of a PagerDuty destination.

use serde::{Deserialize, Serialize};
use tocsin_core::provider::FieldError;

/// The settings of a PagerDuty destination.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// The service region of the account.
    pub region: Region,
    /// The source of the events, such as an account, a host or a product. `Tocsin` if
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The logical group of the source. The alert's log types if absent.
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
    /// The address for events: <https://support.pagerduty.com/docs/service-regions>.
    pub(crate) const fn base(self) -> &'static str {
        match self {
            Self::Us => "https://events.pagerduty.com",
            Self::Eu => "https://events.eu.pagerduty.com",
        }
    }
}

/// The longest name, in characters. PagerDuty documents no limit.
pub(crate) const NAME_LIMIT: usize = 255;

pub(crate) fn check(settings: &Settings) -> Result<(), FieldError> {
    check_name("settings.source", settings.source.as_deref())?;
    check_name("settings.group", settings.group.as_deref())
}

fn check_name(field: &str, name: Option<&str>) -> Result<(), FieldError> {
    let is_name = |name: &str| {
        !name.trim().is_empty()
            && name.chars().count() <= NAME_LIMIT
            && !name.chars().any(char::is_control)
    };
    match name {
        Some(name) if !is_name(name) => Err(FieldError::new(
            field,
            format!("must be one line of 1 to {NAME_LIMIT} characters, or be left out"),
        )),
        _ => Ok(()),
    }
}
