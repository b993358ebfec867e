//! The settings of a Jira destination.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_core::alert::Severity;
use tocsin_core::provider::{FieldError, is_provider_host};
use url::Url;

/// The settings of a Jira destination.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// Jira Cloud or Jira Data Center.
    pub deployment: Deployment,
    /// The address of the site: `https://example.atlassian.net`, for scoped tokens
    /// `https://api.atlassian.com/ex/jira/<cloudId>`, for Data Center any https
    /// URL with its context path.
    pub site_url: Url,
    /// The address under which people open issues, if it is not `siteUrl`:
    /// `api.atlassian.com` has no pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browse_url: Option<Url>,
    /// The key of the project in which issues are created: `SEC`.
    pub project_key: String,
    /// The name of the issue type; its id if all characters are digits.
    pub issue_type: String,
    /// Labels of each issue, in addition to the one that the lookup searches for.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The assignee: on Cloud an account id, on Data Center a user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// The priority. Each site has its own names of priorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The key of the parent issue: `SEC-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Names of components of the project.
    #[serde(default)]
    pub components: Vec<String>,
    /// Values of custom fields in the form of Jira's API, by `customfield_NNNNN`.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
}

/// The two kinds of Jira. They differ in address, credential and text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Deployment {
    /// Jira Cloud.
    Cloud,
    /// Jira Data Center (or Server), 8.14 or later.
    DataCenter,
}

/// The priority of an issue.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "expected a priority's name, or an object from severities (CRITICAL, HIGH, …) to names"
)]
pub enum Priority {
    /// The same priority for all alerts.
    Same(String),
    /// A priority by effective severity. A severity without an entry gets the
    /// project's default.
    BySeverity(BTreeMap<Severity, String>),
}

impl Priority {
    /// The name of the priority for this severity.
    #[must_use]
    pub fn of(&self, severity: Severity) -> Option<&str> {
        match self {
            Self::Same(name) => Some(name),
            Self::BySeverity(names) => names.get(&severity).map(String::as_str),
        }
    }
}

impl Settings {
    /// Whether `siteUrl` is that of the site, where the tokens of service accounts are not
    /// accepted.
    pub(crate) fn has_site_host(&self) -> bool {
        is_provider_host(&self.site_url, &[".atlassian.net"], None)
    }
}

pub(crate) fn check(settings: &Settings, base_url: Option<&Url>) -> Result<(), FieldError> {
    check_site(settings, base_url)?;
    if let Some(url) = &settings.browse_url {
        check_plain_url("settings.browseUrl", url)?;
    }
    check_project_key(settings)?;
    check_name("settings.issueType", &settings.issue_type)?;
    check_lists(settings)?;
    check_optional(settings)
}

fn check_project_key(settings: &Settings) -> Result<(), FieldError> {
    let (longest, problem) = match settings.deployment {
        Deployment::Cloud => (
            10,
            "must be a project's key: at most 10 capital letters, digits and underscores, such as SEC",
        ),
        // The highest limit that an administrator of Data Center can set.
        Deployment::DataCenter => (
            255,
            "must be a project's key: capital letters, digits and underscores, such as SEC",
        ),
    };
    let key = &settings.project_key;
    let valid = key.len() <= longest && is_project_key(key);
    valid
        .then_some(())
        .ok_or_else(|| FieldError::new("settings.projectKey", problem))
}

fn check_site(settings: &Settings, base_url: Option<&Url>) -> Result<(), FieldError> {
    const FIELD: &str = "settings.siteUrl";
    let url = &settings.site_url;
    if base_url.is_some_and(|base| is_provider_host(url, &[], Some(base))) {
        return Ok(());
    }
    check_plain_url(FIELD, url)?;
    let valid = match settings.deployment {
        Deployment::DataCenter if is_cloud_host(url) => {
            return Err(FieldError::new(
                FIELD,
                "is a site of Jira Cloud: set deployment to cloud, with email and apiToken as the secret",
            ));
        }
        Deployment::DataCenter => true,
        Deployment::Cloud if is_provider_host(url, &[".atlassian.net"], None) => url.path() == "/",
        Deployment::Cloud => {
            is_provider_host(url, &["api.atlassian.com"], None)
                && url
                    .path()
                    .trim_end_matches('/')
                    .strip_prefix("/ex/jira/")
                    .is_some_and(is_cloud_id)
        }
    };
    valid.then_some(()).ok_or_else(|| {
        FieldError::new(
            FIELD,
            "must be https://<site>.atlassian.net or https://api.atlassian.com/ex/jira/<cloudId>; any other host is a deployment of dataCenter",
        )
    })
}

/// Whether the host is Atlassian's, on any port. A trailing dot does not change the
/// owner of a host name.
fn is_cloud_host(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    host == "api.atlassian.com" || host.ends_with(".atlassian.net")
}

fn is_cloud_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn check_plain_url(field: &str, url: &Url) -> Result<(), FieldError> {
    let is_plain = url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_plain.then_some(()).ok_or_else(|| {
        FieldError::new(
            field,
            "must be an https URL without user name, query or fragment",
        )
    })
}

fn is_project_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether `text` is an issue's key: `SEC-12`.
pub(crate) fn is_issue_key(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(project, number)| {
        is_project_key(project)
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn check_name(field: &str, name: &str) -> Result<(), FieldError> {
    let valid = !name.trim().is_empty() && name.len() <= 255 && !name.chars().any(char::is_control);
    valid
        .then_some(())
        .ok_or_else(|| FieldError::new(field, "must be a name of 1 to 255 bytes on one line"))
}

fn check_lists(settings: &Settings) -> Result<(), FieldError> {
    for label in &settings.labels {
        check_name("settings.labels", label)?;
        if label.contains(char::is_whitespace) {
            return Err(FieldError::new(
                "settings.labels",
                "has a label with a space, which Jira does not allow",
            ));
        }
    }
    for component in &settings.components {
        check_name("settings.components", component)?;
    }
    for name in settings.custom_fields.keys() {
        let number = name.strip_prefix("customfield_").unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FieldError::new(
                "settings.customFields",
                "has a key that is not of the form customfield_12345",
            ));
        }
    }
    Ok(())
}

fn check_optional(settings: &Settings) -> Result<(), FieldError> {
    if let Some(assignee) = &settings.assignee {
        check_name("settings.assignee", assignee)?;
        let account_id = |byte: u8| byte.is_ascii_alphanumeric() || b":-_".contains(&byte);
        if settings.deployment == Deployment::Cloud && !assignee.bytes().all(account_id) {
            return Err(FieldError::new(
                "settings.assignee",
                "must be an account id on Cloud: letters, digits, colons and hyphens",
            ));
        }
    }
    match &settings.priority {
        Some(Priority::Same(name)) => check_name("settings.priority", name)?,
        Some(Priority::BySeverity(names)) => {
            for (severity, name) in names {
                check_name(&format!("settings.priority.{severity}"), name)?;
            }
        }
        None => {}
    }
    if settings
        .parent
        .as_deref()
        .is_some_and(|key| !is_issue_key(key))
    {
        return Err(FieldError::new(
            "settings.parent",
            "must be an issue's key, such as SEC-1",
        ));
    }
    Ok(())
}
