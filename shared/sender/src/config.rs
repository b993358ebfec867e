//! A sender's configuration, which the template sets as environment variables.

use std::collections::BTreeMap;
use std::time::Duration;

use tocsin_aws::{Env, EnvError, Ledger};
use tocsin_core::retry::RetryPolicy;
use url::Url;

use crate::ssrf::AddressPolicy;

/// A sender's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of the ledger's table.
    pub ledger_table: String,
    /// How long the ledger keeps a delivery.
    pub retention: Duration,
    /// The queue of wake-ups.
    pub retry_queue_url: String,
    /// The id or display name of the destination that receives the canary alerts.
    pub canary_destination: Option<String>,
    /// When failed attempts are repeated; a destination may have limits of its own.
    pub policy: RetryPolicy,
    /// Which addresses may be called.
    pub addresses: AddressPolicy,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing or invalid.
    pub fn read(env: &Env) -> Result<Self, EnvError> {
        let mut policy = RetryPolicy::default();
        if let Some(hours) = env.parsed::<u64>("TOCSIN_RETRY_WINDOW_HOURS")? {
            policy.window = Duration::from_secs(hours * 60 * 60);
        }
        if let Some(most) = env.parsed("TOCSIN_RETRY_MOST_ATTEMPTS")? {
            policy.most_attempts = most;
        }
        Ok(Self {
            ledger_table: env.required("TOCSIN_LEDGER_TABLE")?,
            retention: Ledger::retention(env)?,
            retry_queue_url: env.required("TOCSIN_RETRY_QUEUE_URL")?,
            canary_destination: env.optional("TOCSIN_CANARY_DESTINATION").map(str::to_owned),
            policy,
            addresses: AddressPolicy::read(env)?,
        })
    }
}

/// Base URLs that replace the providers' own: `TOCSIN_BASE_URLS`, a comma-separated
/// list such as `slack@http://127.0.0.1:4700,jira@http://…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseUrls(BTreeMap<String, Url>);

impl BaseUrls {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When an entry is not of the form `provider@URL`.
    pub fn read(env: &Env) -> Result<Self, EnvError> {
        const NAME: &str = "TOCSIN_BASE_URLS";
        let pairs = env.optional(NAME).unwrap_or_default();
        pairs
            .split(',')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (provider, url) = pair.split_once('@').ok_or_else(|| {
                    EnvError::invalid(NAME, format!("{pair:?} is not of the form provider@URL"))
                })?;
                let url = url
                    .parse()
                    .map_err(|error| EnvError::invalid(NAME, error))?;
                Ok((provider.to_owned(), url))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The base URL that replaces this provider's own, if one is configured.
    #[must_use]
    pub fn of(&self, provider: &str) -> Option<Url> {
        self.0.get(provider).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(more: &[(&str, &str)]) -> Env {
        let least = [
            ("TOCSIN_LEDGER_TABLE", "t"),
            ("TOCSIN_RETRY_QUEUE_URL", "https://sqs"),
        ];
        least
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn base_urls_are_pairs() {
        let read = |pairs: &str| BaseUrls::read(&env(&[("TOCSIN_BASE_URLS", pairs)]));
        let both = read("slack@http://127.0.0.1:1,jira@https://j.example/x").unwrap();
        assert_eq!(both.of("jira").unwrap().as_str(), "https://j.example/x");
        assert_eq!(both.of("github"), None);
        assert_eq!(read("").unwrap(), BaseUrls::default());
        assert!(read("slack").is_err() && read("slack@nonsense").is_err());
    }

    #[test]
    fn private_addresses_are_blocked_unless_they_are_allowed() {
        let addresses = |more: &[_]| Config::read(&env(more)).unwrap().addresses;
        assert_eq!(addresses(&[]), AddressPolicy::PublicHttps);
        assert_eq!(
            addresses(&[("TOCSIN_ALLOW_PRIVATE_ENDPOINTS", "false")]),
            AddressPolicy::PublicHttps
        );
        assert_eq!(
            addresses(&[("TOCSIN_ALLOW_PRIVATE_ENDPOINTS", "true")]),
            AddressPolicy::Any
        );
        assert!(Config::read(&env(&[("TOCSIN_ALLOW_PRIVATE_ENDPOINTS", "yes")])).is_err());
    }
}
