//! The settings of an OpsGenie destination.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_core::alert::Severity;
use tocsin_core::provider::FieldError;
use url::Url;

/// The settings of an OpsGenie destination.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// The region of the account.
    pub region: Region,
    /// The responders, in addition to those of the integration itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub responders: Vec<Responder>,
    /// Priorities by severity that differ from the default ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub priorities: BTreeMap<Severity, Priority>,
}

/// The region of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// OpsGenie in the United States, until Atlassian ends it.
    #[default]
    Us,
    /// OpsGenie in Europe, until Atlassian ends it.
    Eu,
    /// Jira Service Management Operations, the successor: one host for all regions.
    Jsm,
}

impl Region {
    /// The base of the alert API. OpsGenie: <https://docs.opsgenie.com/docs/alert-api>.
    /// JSM takes the same body and header at its "integration events" address:
    /// <https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/api-group-integration-events/>.
    pub(crate) const fn base(self) -> &'static str {
        match self {
            Self::Us => "https://api.opsgenie.com",
            Self::Eu => "https://api.eu.opsgenie.com",
            Self::Jsm => "https://api.atlassian.com/jsm/ops/integration",
        }
    }

    /// The path after the base, or after the simulator's address. On a local stack
    /// only the path tells the two products apart.
    pub(crate) const fn path(self, base_url: Option<&Url>) -> &'static str {
        match self {
            Self::Jsm if base_url.is_some() => "jsm/ops/integration/v2/alerts",
            _ => "v2/alerts",
        }
    }
}

/// The urgency of an alert. P1 is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs, reason = "the names say everything")]
pub enum Priority {
    P1,
    P2,
    P3,
    P4,
    P5,
}

/// One responder: its kind, and one of the three ways to name it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Responder {
    /// The kind of responder.
    #[serde(rename = "type")]
    pub kind: ResponderKind,
    /// Its id, for any kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name, for teams, escalations and schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its e-mail address, for users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// The kinds of responders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponderKind {
    /// A team.
    Team,
    /// One person.
    User,
    /// An escalation policy.
    Escalation,
    /// An on-call schedule.
    Schedule,
}

/// The most responders of an alert (alert-api, "responders").
const RESPONDER_LIMIT: usize = 50;

pub(crate) fn check(settings: &Settings) -> Result<(), FieldError> {
    if settings.responders.len() > RESPONDER_LIMIT {
        return Err(FieldError::new(
            "settings.responders",
            format!("has more than {RESPONDER_LIMIT} entries"),
        ));
    }
    settings
        .responders
        .iter()
        .enumerate()
        .try_for_each(|(at, responder)| check_responder(at, responder))
}

fn check_responder(at: usize, responder: &Responder) -> Result<(), FieldError> {
    let invalid = |problem: &str| FieldError::new(format!("settings.responders[{at}]"), problem);
    let Responder {
        kind,
        id,
        name,
        username,
    } = responder;
    let is_user = *kind == ResponderKind::User;
    match (id, name, username) {
        (None, Some(_), None) if is_user => {
            return Err(invalid("is a user: name it by `id` or `username`"));
        }
        (None, None, Some(_)) if !is_user => {
            return Err(invalid("is not a user: name it by `id` or `name`"));
        }
        (Some(_), None, None) | (None, Some(_), None) | (None, None, Some(_)) => {}
        _ => {
            return Err(invalid(
                "needs exactly one of `id`, `name` (team, escalation, schedule) and `username` (user)",
            ));
        }
    }
    let is_name = |text: &String| {
        !text.trim().is_empty() && text.len() <= 512 && !text.chars().any(char::is_control)
    };
    if [id, name, username].into_iter().flatten().all(is_name) {
        Ok(())
    } else {
        Err(invalid("has an empty or unusable name"))
    }
}
