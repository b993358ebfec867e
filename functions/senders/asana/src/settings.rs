//! What an Asana destination has configured.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_core::provider::{FieldError, Header};

/// What may be seen. Everything in Asana has a gid, the long number in its URL.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The gids of the projects that get the tasks: one task, in all of them.
    pub projects: Vec<String>,
    /// The gid of the workspace; Asana knows it from the projects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Who gets the tasks: a gid, an e-mail address, or `me`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Who follows the tasks, likewise.
    #[serde(default)]
    pub followers: Vec<String>,
    /// The gids of the tasks' tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Values of custom fields, as Asana's API takes them, by the field's gid.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
}

/// What must not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// A service account's token, or a personal access token.
    pub access_token: SecretString,
}

/// Projects, followers or tags of one destination: bounds what a request can grow to.
const MOST: usize = 50;

pub(crate) fn authorization(secret: &Secret) -> Result<Header, FieldError> {
    Header::bearer("secret.accessToken", &secret.access_token)
}

pub(crate) fn check(settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
    if settings.projects.is_empty() {
        return Err(FieldError::new(
            "settings.projects",
            "must name at least one project",
        ));
    }
    check_all("settings.projects", &settings.projects, is_gid, GID)?;
    check_all(
        "settings.workspace",
        settings.workspace.as_slice(),
        is_gid,
        GID,
    )?;
    check_all(
        "settings.assignee",
        settings.assignee.as_slice(),
        is_user,
        USER,
    )?;
    check_all("settings.followers", &settings.followers, is_user, USER)?;
    check_all("settings.tags", &settings.tags, is_gid, GID)?;
    let fields: Vec<String> = settings.custom_fields.keys().cloned().collect();
    check_all("settings.customFields", &fields, is_gid, GID)?;
    authorization(secret).map(drop)
}

const GID: &str = "must be gids: the long numbers in the URLs of Asana";
const USER: &str = "must be a gid, an e-mail address, or me";

fn check_all(
    field: &str,
    values: &[String],
    sound: fn(&str) -> bool,
    problem: &str,
) -> Result<(), FieldError> {
    if values.len() > MOST {
        return Err(FieldError::new(
            field,
            format!("has more than {MOST} entries"),
        ));
    }
    if values.iter().all(|value| sound(value)) {
        Ok(())
    } else {
        Err(FieldError::new(field, problem))
    }
}

/// Whether `text` is one of Asana's identities.
pub(crate) fn is_gid(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_user(text: &str) -> bool {
    let address = text.contains('@') && text.len() <= 254;
    text == "me" || is_gid(text) || address && text.bytes().all(|byte| byte.is_ascii_graphic())
}
