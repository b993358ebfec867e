//! The providers there are. Adding one takes one line in [`Providers::new`].

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tocsin_asana::Asana;
use tocsin_aws::{Env, EnvError};
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, parse};
use tocsin_core::delivery::DeliveryId;
use tocsin_core::destination::DestinationId;
use tocsin_core::provider::{FieldError, Form, Job, Provider, Secrets, read_settings};
use tocsin_github::GitHub;
use tocsin_jira::Jira;
use tocsin_opsgenie::OpsGenie;
use tocsin_pagerduty::PagerDuty;
use tocsin_sender::{AddressPolicy, BaseUrls};
use tocsin_servicenow::ServiceNow;
use tocsin_slack::Slack;
use tocsin_teams::Teams;
use tocsin_webhook::Webhook;
use url::Url;

/// Checks a destination's settings and secret.
type Check =
    Box<dyn Fn(&Map<String, Value>, Option<&Secrets>) -> Result<(), FieldError> + Send + Sync>;

/// What providers have to know of the stack they run in.
#[derive(Clone, Debug)]
pub struct ProvidersConfig {
    /// Which addresses may be called.
    pub addresses: AddressPolicy,
    /// Addresses in place of the providers' own.
    pub base_urls: BaseUrls,
}

impl ProvidersConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is wrong.
    pub fn read(env: &Env) -> Result<Self, EnvError> {
        let private = env
            .parsed("TOCSIN_ALLOW_PRIVATE_ENDPOINTS")?
            .unwrap_or(false);
        Ok(Self {
            addresses: if private {
                AddressPolicy::Any
            } else {
                AddressPolicy::PublicHttps
            },
            base_urls: BaseUrls::read(env)?,
        })
    }
}

/// The providers there are.
pub struct Providers(BTreeMap<&'static str, Check>);

impl Providers {
    /// All of them.
    #[must_use]
    pub fn new(config: &ProvidersConfig) -> Self {
        Self(BTreeMap::from([
            http(config, |stand_in| Asana { stand_in }),
            http(config, |stand_in| GitHub { stand_in }),
            http(config, |stand_in| Jira { stand_in }),
            http(config, |stand_in| OpsGenie { stand_in }),
            http(config, |stand_in| PagerDuty { stand_in }),
            http(config, |stand_in| ServiceNow { stand_in }),
            http(config, |stand_in| Slack { stand_in }),
            by_role("sns", |settings: tocsin_sns::Settings| {
                tocsin_sns::check(&settings).map(drop)
            }),
            by_role("sqs", |settings: tocsin_sqs::Settings| {
                tocsin_sqs::check(&settings).map(drop)
            }),
            http(config, |stand_in| Teams { stand_in }),
            http(config, |_| Webhook),
        ]))
    }

    /// The providers' names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Checks a destination of this provider.
    ///
    /// # Errors
    ///
    /// Names the field that is wrong.
    pub fn check(
        &self,
        provider: &str,
        settings: &Map<String, Value>,
        secret: Option<&Secrets>,
    ) -> Result<(), FieldError> {
        let check = self.0.get(provider).ok_or_else(|| {
            let known: Vec<_> = self.names().collect();
            FieldError::new("type", format!("must be one of {}", known.join(", ")))
        })?;
        check(settings, secret)
    }
}

/// A provider over HTTP: its own check, and that of the address it would call.
fn http<P: Provider>(
    config: &ProvidersConfig,
    make: fn(Option<Url>) -> P,
) -> (&'static str, Check) {
    let provider = make(config.base_urls.of(P::NAME));
    let addresses = config.addresses;
    let check = move |settings: &Map<String, Value>, secret: Option<&Secrets>| {
        let settings: P::Settings = read_settings(settings)?;
        let none = Secrets::new("{}".to_owned());
        let secret: P::Secret = secret.unwrap_or(&none).read()?;
        provider.check(&settings, &secret)?;
        let alert = sample()?;
        let delivery = DeliveryId::of(&alert.alert_id, DestinationId::generate());
        let request = provider.request(&Job {
            alert: &alert,
            severity: alert.severity,
            delivery: &delivery,
            form: Form::Minimal,
            now: Timestamp::now(),
            settings: &settings,
            secret: &secret,
        })?;
        addresses
            .check(request.address.expose())
            .map_err(|blocked| {
                FieldError::new(
                    "secret",
                    format!("holds an address that must not be called: {blocked}"),
                )
            })
    };
    (P::NAME, Box::new(check))
}

/// A provider whose credential is an IAM role.
fn by_role<S: DeserializeOwned + 'static>(
    name: &'static str,
    check: fn(S) -> Result<(), FieldError>,
) -> (&'static str, Check) {
    let check = move |settings: &Map<String, Value>, secret: Option<&Secrets>| match secret {
        Some(_) => Err(FieldError::new(
            "secret",
            "is not used by this provider: the sender's IAM role is the credential",
        )),
        None => check(read_settings(settings)?),
    };
    (name, Box::new(check))
}

/// The alert whose request is checked. Every provider's request must come about
/// for it.
fn sample() -> Result<Alert, FieldError> {
    parse(
        r#"{"id": "Tocsin.Check", "createdAt": "2026-01-01T00:00:00Z", "severity": "INFO",
            "type": "RULE", "title": "Checking a destination"}"#,
    )
    .map_err(|error| FieldError::new("alert", format!("of the check itself is none: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn providers(addresses: AddressPolicy) -> Providers {
        Providers::new(&ProvidersConfig {
            addresses,
            base_urls: BaseUrls::default(),
        })
    }

    fn check(
        addresses: AddressPolicy,
        provider: &str,
        settings: &Value,
        secret: Option<Value>,
    ) -> Option<String> {
        let secret = secret.map(|json| Secrets::new(json.to_string()));
        let settings = settings.as_object().unwrap().clone();
        providers(addresses)
            .check(provider, &settings, secret.as_ref())
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn sound_destinations_pass() {
        let https = AddressPolicy::PublicHttps;
        let url = json!({"url": "https://example.com/hook"});
        assert_eq!(check(https, "webhook", &json!({}), Some(url)), None);
        let topic = json!({"topicArn": "arn:aws:sns:us-east-1:123456789012:alerts"});
        assert_eq!(check(https, "sns", &topic, None), None);
        let queue = json!({"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/alerts"});
        assert_eq!(check(https, "sqs", &queue, None), None);
    }

    #[test]
    fn private_addresses_are_refused_when_a_destination_is_added() {
        for url in [
            "https://169.254.169.254/latest",
            "http://example.com/",
            "https://[::1]/x",
        ] {
            let secret = Some(json!({"url": url}));
            let error = check(
                AddressPolicy::PublicHttps,
                "webhook",
                &json!({}),
                secret.clone(),
            );
            assert!(error.unwrap().contains("must not be called"), "{url}");
            assert_eq!(
                check(AddressPolicy::Any, "webhook", &json!({}), secret),
                None
            );
        }
    }

    #[test]
    fn unknown_providers_and_superfluous_secrets_are_named() {
        let error = check(AddressPolicy::Any, "carrier-pigeon", &json!({}), None).unwrap();
        assert!(
            error.contains("`type` must be one of asana, github"),
            "{error}"
        );
        let topic = json!({"topicArn": "arn:aws:sns:us-east-1:123456789012:alerts"});
        assert!(
            check(AddressPolicy::Any, "sns", &topic, Some(json!({})))
                .unwrap()
                .contains("IAM role")
        );
        let missing = check(AddressPolicy::Any, "webhook", &json!({}), None).unwrap();
        assert_eq!(missing, "`secret.url` is missing");
    }
}
