//! What a Jira destination has configured.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_core::alert::Severity;
use tocsin_core::provider::{FieldError, Header, is_provider_host, visible};
use url::Url;

/// What may be seen.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// Which of the two Jiras it is.
    pub deployment: Deployment,
    /// Where its API is: `https://example.atlassian.net`, for scoped tokens
    /// `https://api.atlassian.com/ex/jira/<cloudId>`, for Data Center any https
    /// URL with its context path.
    pub site_url: Url,
    /// Where people look at issues, when that is not `siteUrl`: with
    /// `api.atlassian.com`, which has no pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browse_url: Option<Url>,
    /// The project that gets the issues: `SEC`.
    pub project_key: String,
    /// The name of the issues' type, or its id when it is all digits.
    pub issue_type: String,
    /// Labels of each issue, besides the one by which Tocsin finds it again.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Who gets the issues: on Cloud an account id, on Data Center a user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// The issues' priority; priority names are the site's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The issue that the issues become children of: `SEC-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Names of the project's components.
    #[serde(default)]
    pub components: Vec<String>,
    /// Other fields, as Jira's API takes them, by `customfield_NNNNN`.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
}

/// Which Jira it is; the two differ in address, credential and text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Deployment {
    /// Jira Cloud.
    Cloud,
    /// Jira Data Center (or Server), 8.14 or later.
    DataCenter,
}

/// The issues' priority.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "expected a priority's name, or an object from severities (CRITICAL, HIGH, …) to names"
)]
pub enum Priority {
    /// The same for all.
    Same(String),
    /// By the effective severity; severities that are not named get the
    /// project's default.
    BySeverity(BTreeMap<Severity, String>),
}

impl Priority {
    /// The name of the priority of an alert of this severity.
    #[must_use]
    pub fn of(&self, severity: Severity) -> Option<&str> {
        match self {
            Self::Same(name) => Some(name),
            Self::BySeverity(names) => names.get(&severity).map(String::as_str),
        }
    }
}

/// What must not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// Cloud: the address of the account that the API token belongs to.
    pub email: Option<SecretString>,
    /// Cloud: the API token.
    pub api_token: Option<SecretString>,
    /// Data Center: a personal access token.
    pub token: Option<SecretString>,
}

/// The `authorization` header: Basic on Cloud, Bearer on Data Center.
pub(crate) fn authorization(settings: &Settings, secret: &Secret) -> Result<Header, FieldError> {
    match settings.deployment {
        Deployment::Cloud => {
            refuse(
                "secret.token",
                secret.token.as_ref(),
                "belongs to Data Center; Cloud takes email and apiToken",
            )?;
            let email = visible(
                "secret.email",
                required("secret.email", secret.email.as_ref())?,
            )?;
            if email.contains(':') || !email.contains('@') {
                return Err(FieldError::new("secret.email", "must be an e-mail address"));
            }
            let token = required("secret.apiToken", secret.api_token.as_ref())?;
            let token = visible("secret.apiToken", token)?;
            let pair = STANDARD.encode(format!("{email}:{token}"));
            Ok(Header::Secret(format!("Basic {pair}").into()))
        }
        Deployment::DataCenter => {
            let hint = "belongs to Cloud; Data Center takes a personal access token as token";
            refuse("secret.email", secret.email.as_ref(), hint)?;
            refuse("secret.apiToken", secret.api_token.as_ref(), hint)?;
            Header::bearer(
                "secret.token",
                required("secret.token", secret.token.as_ref())?,
            )
        }
    }
}

fn required<'a>(
    field: &str,
    value: Option<&'a SecretString>,
) -> Result<&'a SecretString, FieldError> {
    value.ok_or_else(|| FieldError::new(field, "is missing"))
}

fn refuse(field: &str, value: Option<&SecretString>, why: &str) -> Result<(), FieldError> {
    value.map_or(Ok(()), |_| Err(FieldError::new(field, why)))
}

pub(crate) fn check(
    settings: &Settings,
    secret: &Secret,
    base_url: Option<&Url>,
) -> Result<(), FieldError> {
    check_site(settings, base_url)?;
    if let Some(url) = &settings.browse_url {
        check_plain_url("settings.browseUrl", url)?;
    }
    check_project_key(settings)?;
    check_name("settings.issueType", &settings.issue_type)?;
    check_lists(settings)?;
    check_optional(settings)?;
    authorization(settings, secret).map(drop)
}

fn check_project_key(settings: &Settings) -> Result<(), FieldError> {
    let (longest, problem) = match settings.deployment {
        Deployment::Cloud => (
            10,
            "must be a project's key: at most 10 capital letters, digits and underscores, such as SEC",
        ),
        // An administrator can raise Data Center's limit up to this.
        Deployment::DataCenter => (
            255,
            "must be a project's key: capital letters, digits and underscores, such as SEC",
        ),
    };
    let key = &settings.project_key;
    let sound = key.len() <= longest && is_project_key(key);
    sound
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
    let sound = match settings.deployment {
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
    sound.then_some(()).ok_or_else(|| {
        FieldError::new(
            FIELD,
            "must be https://<site>.atlassian.net or https://api.atlassian.com/ex/jira/<cloudId>; any other host is a deployment of dataCenter",
        )
    })
}

/// Whether Atlassian itself answers there, on whatever port. A dot at the end of a
/// host's name changes nothing about whose it is.
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
    let plain = url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(()).ok_or_else(|| {
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
    let sound = !name.trim().is_empty() && name.len() <= 255 && !name.chars().any(char::is_control);
    sound
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
