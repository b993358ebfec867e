//! What an OpsGenie destination has configured.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tocsin_core::alert::Severity;
use tocsin_core::provider::{FieldError, Header, visible};

/// What may be seen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// Where the account is.
    pub region: Region,
    /// Who is to be told, besides whom the integration itself tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub responders: Vec<Responder>,
    /// Other priorities than the usual ones, for some severities or all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub priorities: BTreeMap<Severity, Priority>,
}

/// Where an account is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// OpsGenie, until it ends.
    #[default]
    Us,
    /// OpsGenie in Europe, until it ends.
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

    /// What follows the base, or the stand-in: without the host nothing else
    /// would tell the two products apart on a local stack.
    pub(crate) const fn path(self, stood_in: bool) -> &'static str {
        match self {
            Self::Jsm if stood_in => "jsm/ops/integration/v2/alerts",
            _ => "v2/alerts",
        }
    }
}

/// How urgent an alert is; P1 is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs, reason = "their names are all there is to them")]
pub enum Priority {
    P1,
    P2,
    P3,
    P4,
    P5,
}

/// One of those to be told: a kind, and one way to name which.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Responder {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ResponderKind,
    /// Its id; any kind has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name: teams, escalations, schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its e-mail address: users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// Kinds of responders.
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

/// What must not be seen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The key of an API integration.
    pub api_key: SecretString,
}

/// Responders of an alert (alert-api, "responders").
const MOST_RESPONDERS: usize = 50;

/// OpsGenie's own scheme. Keys are UUIDs today; no page promises that they stay so.
pub(crate) fn authorization(secret: &Secret) -> Result<Header, FieldError> {
    let key = visible("secret.apiKey", &secret.api_key)?;
    Ok(Header::Secret(format!("GenieKey {key}").into()))
}

pub(crate) fn check(settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
    authorization(secret)?;
    if settings.responders.len() > MOST_RESPONDERS {
        return Err(FieldError::new(
            "settings.responders",
            format!("has more than {MOST_RESPONDERS} entries"),
        ));
    }
    settings
        .responders
        .iter()
        .enumerate()
        .try_for_each(|(at, responder)| check_responder(at, responder))
}

fn check_responder(at: usize, responder: &Responder) -> Result<(), FieldError> {
    let wrong = |problem: &str| FieldError::new(format!("settings.responders[{at}]"), problem);
    let Responder {
        kind,
        id,
        name,
        username,
    } = responder;
    let of_user = *kind == ResponderKind::User;
    match (id, name, username) {
        (None, Some(_), None) if of_user => {
            return Err(wrong("is a user, which `id` or `username` names"));
        }
        (None, None, Some(_)) if !of_user => {
            return Err(wrong("is no user; `id` or `name` names it"));
        }
        (Some(_), None, None) | (None, Some(_), None) | (None, None, Some(_)) => {}
        _ => {
            return Err(wrong(
                "needs exactly one of `id`, `name` (team, escalation, schedule) and `username` (user)",
            ));
        }
    }
    let fit = |text: &String| {
        !text.trim().is_empty() && text.len() <= 512 && !text.chars().any(char::is_control)
    };
    if [id, name, username].into_iter().flatten().all(fit) {
        Ok(())
    } else {
        Err(wrong("has an empty or unusable name"))
    }
}
