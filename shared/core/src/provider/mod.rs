//! What a provider is: two pure functions between an alert and the wire.
//!
//! [`Provider::request`] says what to send, [`Provider::outcome`] says what the
//! answer means. Nothing here does any I/O, so a provider is tested with
//! snapshots of requests and tables of answers.

mod api_url;
mod field_error;
mod partial;
mod secret;
mod status;
mod wire;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use api_url::api_url;
pub use field_error::{FieldError, read_settings};
pub use secret::{SecretUrl, Secrets};
pub use wire::{Address, Header, Method, Request, Response, visible};

use crate::Timestamp;
use crate::alert::{Alert, Severity};
use crate::delivery::DeliveryId;
use crate::outcome::{Failure, FailureKind, Outcome, Receipt};

/// A kind of destination that is reached by HTTP.
pub trait Provider: Send + Sync + 'static {
    /// Its name: the destinations' `type`, the sender function, the secrets' path.
    const NAME: &'static str;
    /// What a destination of this kind has configured; no secrets. Unknown keys
    /// must be refused (`#[serde(deny_unknown_fields)]`).
    type Settings: DeserializeOwned + Serialize + Send + Sync;
    /// The credential. Its fields must be types that do not print what they hold.
    type Secret: DeserializeOwned + Send + Sync;

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

    /// How many bytes of the answer to [`Provider::lookup`] are read. A provider
    /// that can only be asked for whole lists needs more than for one receipt.
    const LOOKUP_ANSWER: usize = 64 * 1024;

    /// What the answer to [`Provider::lookup`] says.
    fn found(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        let _ = (context, response);
        Lookup::Absent
    }

    /// The one further request that an answer asks for: a renamed repository's
    /// new address. `None` keeps to the rule that redirects are not followed.
    fn follow(
        &self,
        context: &RequestContext<'_, Self>,
        asked: &Request,
        response: &Response,
    ) -> Option<Request> {
        let _ = (context, asked, response);
        None
    }
}

/// What a lookup found.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// An earlier attempt arrived: this is what it created.
    Found(Receipt),
    /// None did: create.
    Absent,
    /// The question itself failed; the attempt ends with this outcome.
    Failed(Outcome),
}

impl Lookup {
    /// What it means that a list of at most `limit` bytes does not hold the
    /// delivery. Complete, it is absence. A list that broke off is asked for again.
    /// One that was too long would always be: nobody may look, so to say, and the
    /// sender creates all the same.
    #[must_use]
    pub fn missing_from(response: &Response, limit: usize) -> Self {
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
}
