//! What a provider is: two pure functions between an alert and the wire.
//!
//! [`Provider::request`] says what to send, [`Provider::outcome`] says what the
//! answer means. Nothing here does any I/O, so a provider is tested with
//! snapshots of requests and tables of answers.

mod api_url;
pub mod form;
mod known_error;
mod partial;
mod secret;
mod wire;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

pub use api_url::api_url;
pub use known_error::KnownError;
pub use secret::{SecretUrl, Secrets};
pub use wire::{Address, Header, Method, Request, Response, visible};

use crate::Timestamp;
use crate::alert::{Alert, Severity};
use crate::delivery::DeliveryId;
use crate::outcome::{Failure, FailureKind, Outcome, Receipt};
use form::Form;

/// A kind of destination that is reached by HTTP.
pub trait Provider: Send + Sync + 'static {
    /// Its name: the destinations' `type`, the sender function, the secrets' path.
    const NAME: &'static str;
    /// What a destination of this kind has configured; no secrets. Unknown keys
    /// must be refused (`#[serde(deny_unknown_fields)]`).
    type Settings: DeserializeOwned + Serialize + Send + Sync;
    /// The credential. Its fields must be types that do not print what they hold.
    type Secret: DeserializeOwned + Send + Sync;

    /// What to ask a person for to configure a destination: every setting and every
    /// field of the secret. A test of the API holds it against `Settings` and `Secret`.
    fn form() -> Form;

    /// What is wrong with a destination before anything is sent: hosts that are
    /// not the provider's, keys of the wrong form.
    ///
    /// # Errors
    ///
    /// The field and what to do about it.
    fn check(&self, settings: &Self::Settings, secret: &Self::Secret) -> Result<(), FieldError>;

    /// The request that delivers the alert.
    ///
    /// # Errors
    ///
    /// When the destination's settings or secret cannot make a request.
    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError>;

    /// A made-up credential of the form that these settings ask for. Previews are
    /// made with it, and whether new settings need another credential is told by it:
    /// nothing gives the real one back.
    fn placeholder(settings: &Self::Settings) -> Value;

    /// What the provider's answer means. Providers that answer 200 to failures,
    /// or give receipts, say so here.
    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        let _ = context;
        Outcome::from_status(response)
    }

    /// The question to ask before creating again, when an earlier attempt may
    /// have arrived. `None` where the provider deduplicates by itself, or
    /// offers no way to ask.
    ///
    /// # Errors
    ///
    /// As for [`Provider::request`].
    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        let _ = context;
        Ok(None)
    }

    /// The longest response to [`Provider::lookup`] that is read, in bytes. A
    /// provider that returns whole lists needs more than one receipt takes.
    const LOOKUP_RESPONSE_LIMIT: usize = 64 * 1024;

    /// Reads the response to [`Provider::lookup`].
    fn parse_lookup(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        let _ = (context, response);
        Lookup::Absent
    }

    /// The request to the new address that `response` names, such as that of a
    /// renamed repository. It is sent at most once. The default, `None`, follows
    /// no redirect.
    fn follow_redirect(
        &self,
        context: &RequestContext<'_, Self>,
        request: &Request,
        response: &Response,
    ) -> Option<Request> {
        let _ = (context, request, response);
        None
    }
}

/// The result of a lookup.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// An earlier attempt created the object with this receipt.
    Found(Receipt),
    /// No earlier attempt created an object.
    Absent,
    /// The lookup itself failed.
    Failed(Outcome),
}

impl Lookup {
    /// The result when a list, of which at most `limit` bytes were read, does not
    /// contain the delivery. A complete list proves that the delivery is absent. A
    /// list that broke off is requested again. A list longer than `limit` can never
    /// be read completely, so the sender creates without knowing.
    #[must_use]
    pub fn absent_from(response: &Response, limit: usize) -> Self {
        let complete = serde_json::from_slice::<serde::de::IgnoredAny>(&response.body).is_ok();
        if complete {
            return Self::Absent;
        }
        if response.body.len() < limit {
            return Self::Failed(Outcome::not_understood(response));
        }
        Self::Failed(Outcome::permanent(Failure::new(
            FailureKind::NotUnderstood,
            format!("the list is longer than the {limit} bytes that are read of it"),
        )))
    }
}

/// How much of an alert to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything that fits.
    Full,
    /// Title, severity and link: the second try after a provider refused the
    /// full form (400, 413, 422), so that at least these arrive.
    Minimal,
}

/// One attempt, as a provider sees it.
#[derive(Debug)]
pub struct RequestContext<'a, P: Provider + ?Sized> {
    /// What to deliver.
    pub alert: &'a Alert,
    /// The effective severity: show this one, not the alert's static one.
    pub severity: Severity,
    /// The same for all attempts of this delivery.
    pub delivery: &'a DeliveryId,
    /// How much of the alert to send.
    pub detail: Detail,
    /// When the delivery began: not later than its first attempt.
    pub began_at: Timestamp,
    /// The time of this attempt.
    pub now: Timestamp,
    /// The destination's settings.
    pub settings: &'a P::Settings,
    /// The destination's credential.
    pub secret: &'a P::Secret,
}

impl<P: Provider + ?Sized> RequestContext<'_, P> {
    /// A time before the first attempt of this delivery, in whole seconds: how far
    /// back a lookup has to search.
    #[must_use]
    pub fn before_first_attempt(&self) -> Timestamp {
        /// By how much the provider's clock may be behind ours.
        const CLOCK_SKEW: Duration = Duration::from_mins(10);
        let start = self.began_at.minus(CLOCK_SKEW);
        Timestamp::from_unix_millis(start.unix_seconds().saturating_mul(1_000)).unwrap_or(start)
    }
}

/// A field of a destination's settings or secret that is wrong. Says nothing of
/// the value, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct FieldError {
    /// The path of the field: `settings.topicArn`, `secret.webhookUrl`.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl FieldError {
    /// An error about `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// Reads a destination's settings.
///
/// # Errors
///
/// Names the field that is missing, unknown or of the wrong kind.
pub fn read_settings<T: DeserializeOwned>(settings: &Map<String, Value>) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(Value::Object(settings.clone())).map_err(|error| {
        let problem = without_values(&error.inner().to_string());
        FieldError::new(path("settings", &error), format!("is unusable: {problem}"))
    })
}

/// A reader's message without what it found, which may be a secret in the wrong
/// place: names of fields, and what was expected, are enough.
fn without_values(said: &str) -> String {
    if said.starts_with("missing field") || said.starts_with("unknown field") {
        return said.to_owned();
    }
    match said.rsplit_once("expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => "it is not of the form it must have".to_owned(),
    }
}

/// Where in the object a reading error was; the root's own errors name their field.
fn path<E>(root: &str, error: &serde_path_to_error::Error<E>) -> String {
    match error.path().to_string().as_str() {
        "." => root.to_owned(),
        path => format!("{root}.{path}"),
    }
}

/// Whether `url`'s host is one of the provider's: `hosts` (an entry that begins
/// with a dot stands for all hosts below it), or the host and port that stand in
/// for the provider on a local stack.
#[must_use]
pub fn is_provider_host(url: &Url, hosts: &[&str], base_url: Option<&Url>) -> bool {
    let local = base_url.is_some_and(|base| base.origin() == url.origin());
    let genuine = url.scheme() == "https"
        && url.host_str().is_some_and(|host| {
            hosts.iter().any(|allowed| {
                host == *allowed || (allowed.starts_with('.') && host.ends_with(allowed))
            })
        });
    local || genuine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_providers_own_hosts_are_genuine() {
        let hosts = ["hooks.slack.com", ".api.powerplatform.com"];
        let url = |text: &str| Url::parse(text).unwrap();
        for text in [
            "https://hooks.slack.com/services/x",
            "https://a.b.api.powerplatform.com/x",
        ] {
            assert!(is_provider_host(&url(text), &hosts, None), "{text}");
        }
        for text in [
            "http://hooks.slack.com/x",
            "https://hooks.slack.com.evil.example/x",
            "https://evil.example/hooks.slack.com",
            "https://hooks.slack.com@evil.example/x",
            "https://evilapi.powerplatform.com/x",
            "http://127.0.0.1:4000/x",
        ] {
            assert!(!is_provider_host(&url(text), &hosts, None), "{text}");
        }
        let local = url("http://127.0.0.1:4000/");
        assert!(is_provider_host(
            &url("http://127.0.0.1:4000/x"),
            &hosts,
            Some(&local)
        ));
        assert!(!is_provider_host(
            &url("http://127.0.0.1:4001/x"),
            &hosts,
            Some(&local)
        ));
    }

    #[test]
    fn settings_errors_name_the_field() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        struct Settings {
            #[serde(rename = "topicArn")]
            _topic_arn: String,
        }
        let read = |json: Value| {
            let Value::Object(map) = json else { panic!() };
            read_settings::<Settings>(&map).unwrap_err().to_string()
        };
        assert_eq!(
            read(serde_json::json!({})),
            "`settings` is unusable: missing field `topicArn`"
        );
        assert!(
            read(serde_json::json!({"topicArn": 7})).starts_with("`settings.topicArn` is unusable")
        );
        assert!(
            read(serde_json::json!({"topicArn": "x", "typo": 1})).contains("unknown field `typo`")
        );
        assert_eq!(
            read(serde_json::json!({"topicArn": ["Bearer PLANTED"]})),
            "`settings.topicArn` is unusable: expected a string"
        );
    }
}
