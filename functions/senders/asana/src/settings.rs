//! The settings of an Asana destination.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_core::provider::FieldError;

/// The settings of an Asana destination. Every object in Asana has a gid: the long
/// number in its URL.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The gids of the projects. An alert becomes one task that is in all of them.
    pub projects: Vec<String>,
    /// The gid of the workspace. Asana derives it from the projects if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The tasks' assignee: a gid, an e-mail address, or `me`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// The tasks' followers, in the same form as the assignee.
    #[serde(default)]
    pub followers: Vec<String>,
    /// The gids of the tasks' tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Values of custom fields in the form of Asana's API, by the field's gid.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
}

/// The most projects, followers or tags of a destination. Bounds the size of a
/// request.
const LIST_LIMIT: usize = 50;

pub(crate) fn check(settings: &Settings) -> Result<(), FieldError> {
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
    check_all("settings.customFields", &fields, is_gid, GID)
}

const GID: &str = "must be gids: the long numbers in the URLs of Asana";
const USER: &str = "must be a gid, an e-mail address, or me";

fn check_all(
    field: &str,
    values: &[String],
    is_valid: fn(&str) -> bool,
    problem: &str,
) -> Result<(), FieldError> {
    if values.len() > LIST_LIMIT {
        return Err(FieldError::new(
            field,
            format!("has more than {LIST_LIMIT} entries"),
        ));
    }
    if values.iter().all(|value| is_valid(value)) {
        Ok(())
    } else {
        Err(FieldError::new(field, problem))
    }
}

/// Whether `text` is a gid.
pub(crate) fn is_gid(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_user(text: &str) -> bool {
    let address = text.contains('@') && text.len() <= 254;
    text == "me" || is_gid(text) || address && text.bytes().all(|byte| byte.is_ascii_graphic())
}
