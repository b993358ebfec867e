//! The settings of a ServiceNow destination.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_core::provider::{FieldError, is_provider_host};
use url::Url;

/// The settings of a ServiceNow destination.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// Whether to create incidents or events.
    pub mode: Mode,
    /// The instance at one of ServiceNow's own hosts: `https://acme.service-now.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<Url>,
    /// The instance's custom URL, instead of `instance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_url: Option<Url>,
    /// Incidents: the `sys_id` of the group to assign to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignment_group: Option<String>,
    /// Incidents: the value of the category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Incidents: the `sys_id` of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_id: Option<String>,
    /// Incidents: the value of the contact type (channel).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_type: Option<String>,
    /// Incidents: further columns and their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Events: the source. `Tocsin` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Events: the affected host, to which ServiceNow binds a configuration item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// The kind of record to create.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// An incident, by the Table API.
    #[default]
    Incident,
    /// An event of Event Management (ITOM).
    Event,
}

impl Mode {
    /// Table API: <https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html>.
    /// Events: <https://www.servicenow.com/docs/r/it-operations-management/event-management/send-events-via-web-service.html>.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Incident => "api/now/table/incident",
            Self::Event => "api/global/em/jsonv2",
        }
    }
}

/// The hosts of the commercial cloud, and of the one for United States government
/// bodies (`gsa.servicenowservices.com`).
const HOSTS: [&str; 2] = [".service-now.com", ".servicenowservices.com"];

/// Columns that Tocsin fills itself.
const RESERVED_COLUMNS: [&str; 7] = [
    "correlation_display",
    "correlation_id",
    "description",
    "impact",
    "short_description",
    "urgency",
    "work_notes",
];

/// The longest value of a setting, in characters.
const VALUE_LIMIT: usize = 1_000;
/// The longest `source` and `node` of an event, in characters (`em_event`).
const EVENT_VALUE_LIMIT: usize = 100;
/// The most custom fields of a destination.
const FIELD_LIMIT: usize = 50;

impl Settings {
    /// The address of the instance.
    pub(crate) fn base(&self) -> Option<&Url> {
        self.instance.as_ref().or(self.instance_url.as_ref())
    }
}

pub(crate) fn check(settings: &Settings, base_url: Option<&Url>) -> Result<(), FieldError> {
    check_instance(settings, base_url)?;
    match settings.mode {
        Mode::Incident => check_incident(settings),
        Mode::Event => check_event(settings),
    }
}

fn check_instance(settings: &Settings, base_url: Option<&Url>) -> Result<(), FieldError> {
    match (&settings.instance, &settings.instance_url) {
        (Some(url), None) => {
            if !is_provider_host(url, &HOSTS, base_url) {
                return Err(FieldError::new(
                    "settings.instance",
                    "must be like https://acme.service-now.com; for an address of your own use settings.instanceUrl",
                ));
            }
            check_bare("settings.instance", url, base_url)
        }
        (None, Some(url)) => {
            if url.scheme() != "https" || url.domain().is_none() {
                return Err(FieldError::new(
                    "settings.instanceUrl",
                    "must be an https URL with a host name, like https://support.example.com",
                ));
            }
            check_bare("settings.instanceUrl", url, base_url)
        }
        _ => Err(FieldError::new(
            "settings.instance",
            "is needed, or settings.instanceUrl instead of it, but not both",
        )),
    }
}

/// Checks that `url` has nothing but scheme and host: Tocsin chooses the paths, and
/// credentials belong in the secret.
fn check_bare(field: &str, url: &Url, base_url: Option<&Url>) -> Result<(), FieldError> {
    let local = base_url.is_some_and(|base| base.origin() == url.origin());
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.port().is_none();
    if bare || local {
        Ok(())
    } else {
        Err(FieldError::new(
            field,
            "must be scheme and host only, without port, path, query and user name",
        ))
    }
}

fn check_incident(settings: &Settings) -> Result<(), FieldError> {
    for (field, value) in [
        ("settings.source", &settings.source),
        ("settings.node", &settings.node),
    ] {
        only_for(field, value.is_some(), "event")?;
    }
    check_sys_id(
        "settings.assignmentGroup",
        settings.assignment_group.as_deref(),
    )?;
    check_sys_id("settings.callerId", settings.caller_id.as_deref())?;
    check_value(
        "settings.category",
        settings.category.as_deref(),
        VALUE_LIMIT,
    )?;
    check_value(
        "settings.contactType",
        settings.contact_type.as_deref(),
        VALUE_LIMIT,
    )?;
    check_fields(&settings.fields)
}

fn check_event(settings: &Settings) -> Result<(), FieldError> {
    for (field, set) in [
        (
            "settings.assignmentGroup",
            settings.assignment_group.is_some(),
        ),
        ("settings.callerId", settings.caller_id.is_some()),
        ("settings.category", settings.category.is_some()),
        ("settings.contactType", settings.contact_type.is_some()),
        ("settings.fields", !settings.fields.is_empty()),
    ] {
        only_for(field, set, "incident")?;
    }
    check_value(
        "settings.source",
        settings.source.as_deref(),
        EVENT_VALUE_LIMIT,
    )?;
    check_value("settings.node", settings.node.as_deref(), EVENT_VALUE_LIMIT)
}

fn only_for(field: &str, set: bool, mode: &str) -> Result<(), FieldError> {
    if set {
        return Err(FieldError::new(
            field,
            format!("is only for the mode `{mode}`"),
        ));
    }
    Ok(())
}

/// Requires a `sys_id`. ServiceNow would look up a name, and silently leave the field
/// empty if it finds none.
fn check_sys_id(field: &str, value: Option<&str>) -> Result<(), FieldError> {
    let sys_id = |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match value {
        Some(text) if !sys_id(text) => Err(FieldError::new(
            field,
            "must be a sys_id: 32 hexadecimal digits (right-click the record's header, Copy sys_id)",
        )),
        _ => Ok(()),
    }
}

fn check_value(field: &str, value: Option<&str>, limit: usize) -> Result<(), FieldError> {
    let is_value = |text: &str| {
        !text.trim().is_empty()
            && text.chars().count() <= limit
            && !text.chars().any(char::is_control)
    };
    match value {
        Some(text) if !is_value(text) => Err(FieldError::new(
            field,
            format!("must be one line of 1 to {limit} characters, or be left out"),
        )),
        _ => Ok(()),
    }
}

fn check_fields(fields: &BTreeMap<String, String>) -> Result<(), FieldError> {
    if fields.len() > FIELD_LIMIT {
        return Err(FieldError::new(
            "settings.fields",
            format!("has more than {FIELD_LIMIT} entries"),
        ));
    }
    for (name, value) in fields {
        let is_column_byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let is_column = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= 80
            && name.bytes().all(is_column_byte);
        if !is_column {
            return Err(FieldError::new(
                "settings.fields",
                "has a name that cannot be a column: use lower-case letters, digits and underscores, at most 80",
            ));
        }
        let at = format!("settings.fields.{name}");
        if RESERVED_COLUMNS.contains(&name.as_str()) || name.starts_with("sys_") {
            return Err(FieldError::new(
                at,
                "is set by the sender or by ServiceNow itself",
            ));
        }
        check_value(&at, Some(value), VALUE_LIMIT)?;
    }
    Ok(())
}
