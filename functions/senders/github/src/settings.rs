//! The settings of a GitHub destination.

use serde::{Deserialize, Serialize};
use tocsin_core::provider::{FieldError, api_url, is_provider_host};
use tocsin_core::text::Unit;
use url::Url;

/// The settings of a GitHub destination.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The address of the API: `https://api.github.com` by default, on Enterprise
    /// Server `https://HOST/api/v3`.
    #[serde(default = "public_api")]
    pub api_url: Url,
    /// The repository in which issues are created: `owner/name`.
    pub repository: String,
    /// Labels of each issue. GitHub drops them silently if the token's account
    /// has no push access.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Logins of the assignees. GitHub drops them silently in the same case.
    #[serde(default)]
    pub assignees: Vec<String>,
    /// The name of the organization's issue type, such as `Bug`. GitHub drops it silently
    /// in the same case.
    #[serde(default)]
    pub issue_type: Option<String>,
    /// The id of the GitHub App that creates the issues: its App ID, or its client ID.
    #[serde(default)]
    pub app_id: Option<String>,
    /// The id of the app's installation.
    #[serde(default)]
    pub installation_id: Option<String>,
}

/// The host of github.com's API.
const PUBLIC_API: &str = "api.github.com";

fn public_api() -> Url {
    // A constant URL parses, so this never panics.
    Url::parse("https://api.github.com/").unwrap_or_else(|_| unreachable!("a constant URL"))
}

impl Settings {
    /// The API address of the repository's issues.
    pub(crate) fn issues(&self) -> Result<Url, FieldError> {
        let path = format!("repos/{}/issues", self.repository);
        api_url(self.api_url.as_str(), None, &path)
    }

    /// The web page of an issue.
    pub(crate) fn page(&self, number: u64) -> Url {
        let mut page = self.api_url.clone();
        let host = page.host_str().unwrap_or_default();
        // api.github.com and, with data residency, api.TENANT.ghe.com.
        let host = host.strip_prefix("api.").unwrap_or(host).to_owned();
        // Only the host of an IP address cannot be replaced, and it has no prefix.
        let _ = page.set_host(Some(&host));
        page.set_path(&format!("{}/issues/{number}", self.repository));
        page
    }
}

pub(crate) fn check(settings: &Settings, base_url: Option<&Url>) -> Result<(), FieldError> {
    check_api(&settings.api_url, base_url)?;
    if !is_repository(&settings.repository) {
        return Err(FieldError::new(
            "settings.repository",
            "must be owner/name, such as octo-org/alerts",
        ));
    }
    check_app(settings)?;
    // GitHub answers 422 to more than 100 labels, or to one of more than 50 characters.
    let is_label = |name: &String| {
        !name.trim().is_empty()
            && Unit::Characters.length(name) <= 50
            && !name.chars().any(char::is_control)
    };
    if settings.labels.len() > 100 || !settings.labels.iter().all(is_label) {
        return Err(FieldError::new(
            "settings.labels",
            "must be at most 100 labels of 1 to 50 characters",
        ));
    }
    // https://docs.github.com/en/rest/issues/assignees: "up to 10 assignees".
    if settings.assignees.len() > 10 || !settings.assignees.iter().all(|name| is_login(name)) {
        return Err(FieldError::new(
            "settings.assignees",
            "must be at most 10 logins, without @",
        ));
    }
    if settings
        .issue_type
        .as_ref()
        .is_some_and(|name| !is_label(name))
    {
        return Err(FieldError::new(
            "settings.issueType",
            "must be the name of an issue type, of 1 to 50 characters",
        ));
    }
    Ok(())
}

fn check_app(settings: &Settings) -> Result<(), FieldError> {
    let fits = |id: &Option<String>, is_id: fn(u8) -> bool| {
        id.as_ref()
            .is_none_or(|id| (1..=100).contains(&id.len()) && id.bytes().all(is_id))
    };
    if !fits(&settings.app_id, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'.'
    }) {
        return Err(FieldError::new(
            "settings.appId",
            "must be the app's App ID or client ID, as its settings page shows it",
        ));
    }
    if !fits(&settings.installation_id, |byte| byte.is_ascii_digit()) {
        return Err(FieldError::new(
            "settings.installationId",
            "must be the number at the end of the installation's URL",
        ));
    }
    Ok(())
}

const API_URL: &str = "settings.apiUrl";

fn check_api(url: &Url, base_url: Option<&Url>) -> Result<(), FieldError> {
    if base_url.is_some_and(|base| is_provider_host(url, &[], Some(base))) {
        return Ok(());
    }
    let is_plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let public_api_host = is_provider_host(url, &[PUBLIC_API], None)
        || url
            .host_str()
            .is_some_and(|host| host.starts_with("api.") && host.ends_with(".ghe.com"));
    let site = url.host_str().unwrap_or_default();
    let site = site.strip_suffix('.').unwrap_or(site);
    if ["github.com", "www.github.com"].contains(&site) {
        return Err(FieldError::new(
            API_URL,
            "is the website: leave the setting out for github.com, or set https://api.github.com",
        ));
    }
    if site.ends_with(".ghe.com") && !public_api_host {
        return Err(FieldError::new(
            API_URL,
            "is the website: with data residency, set https://api.TENANT.ghe.com",
        ));
    }
    let path = if public_api_host { "" } else { "/api/v3" };
    if is_plain && url.path().trim_end_matches('/') == path {
        return Ok(());
    }
    Err(FieldError::new(
        API_URL,
        "must be https://api.github.com, or https://HOST/api/v3 for Enterprise Server",
    ))
}

fn is_repository(text: &str) -> bool {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.split_once('/').is_some_and(|(owner, repository)| {
        is_login(owner)
            && (1..=100).contains(&repository.len())
            && repository.bytes().all(is_name_byte)
            && ![".", ".."].contains(&repository)
    })
}

/// Whether `text` can be a login: letters, digits and hyphens. The logins of managed
/// users have an underscore before the enterprise's short code.
fn is_login(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
