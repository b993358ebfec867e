//! A provider: two pure functions between an alert and an HTTP exchange.
//!
//! [`Provider::request`] builds the request, [`Provider::outcome`] reads the response.
//! Nothing here does any I/O, so a provider is tested with snapshots of requests and
//! tables of responses.

mod api_url;
mod entries;
mod field_error;
pub mod form;
mod identity;
mod known_error;
mod oauth;
mod partial;
mod pem;
mod secret;
mod spelling;
mod status;
mod token;
mod wire;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use crate::delivery::Detail;
pub use api_url::api_url;
pub use entries::{ENTRY_LIMIT, Entries, EntryReader, Extent, LIST_LIMIT, List, RESPONSE_LIMIT};
pub use field_error::{FieldError, read_settings, wanted};
pub use identity::ClientIdentity;
pub use known_error::KnownError;
pub use oauth::{ClientAuthentication, ClientCredentials, parse_token};
pub use pem::PemSection;
pub use secret::{SecretUrl, Secrets};
pub use token::AccessToken;
pub use wire::{Address, Header, Method, Request, Response, visible};

use crate::Timestamp;
use crate::alert::{Alert, Severity};
use crate::delivery::DeliveryId;
use crate::outcome::{Failure, FailureKind, Outcome, Receipt};
use form::Form;

/// How long a request may take, from name resolution to the last byte of the response,
/// where a destination has no limit of its own.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The longest limit that a destination may have. An attempt with it, with the request of
/// an access token, fits into an invocation of a sender.
pub const MAX_TIME_LIMIT: Duration = Duration::from_secs(30);

/// A kind of destination that is reached by HTTP.
pub trait Provider: Send + Sync + 'static {
    /// The name of the provider: the destinations' `type`, the sender function, the path
    /// of the secrets.
    const NAME: &'static str;
    /// The settings of a destination of this provider; no secrets. Unknown keys
    /// must be refused (`#[serde(deny_unknown_fields)]`).
    type Settings: DeserializeOwned + Serialize + Send + Sync;
    /// The credential. Its fields must have types that do not print their values.
    type Secret: DeserializeOwned + Send + Sync;

    /// What to ask a person for to configure a destination: every setting and every
    /// field of the secret. A test of the API holds it against `Settings` and `Secret`.
    fn form() -> Form;

    /// Checks a destination before anything is sent: hosts that are not the provider's,
    /// keys of the wrong form.
    ///
    /// # Errors
    ///
    /// Names the field and says what is wrong with it.
    fn check(&self, settings: &Self::Settings, secret: &Self::Secret) -> Result<(), FieldError>;

    /// How long a request of this destination may take: [`MAX_TIME_LIMIT`] at most.
    fn time_limit(settings: &Self::Settings) -> Duration {
        let _ = settings;
        TIME_LIMIT
    }

    /// The request of the access token that the requests of this destination carry. The
    /// default, `None`, is for credentials that are sent themselves.
    ///
    /// # Errors
    ///
    /// As for [`Provider::request`].
    fn token_request(
        &self,
        settings: &Self::Settings,
        secret: &Self::Secret,
        now: Timestamp,
    ) -> Result<Option<Request>, FieldError> {
        let _ = (settings, secret, now);
        Ok(None)
    }

    /// Reads the response to [`Provider::token_request`]. The default is that of OAuth 2.0.
    ///
    /// # Errors
    ///
    /// What the response means for the attempt, if it has no token.
    fn parse_token(&self, response: &Response) -> Result<AccessToken, Outcome> {
        parse_token(response)
    }

    /// The request that delivers the alert.
    ///
    /// # Errors
    ///
    /// When no request can be built from the destination's settings and secret.
    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError>;

    /// A placeholder credential of the form that these settings ask for. Previews use it,
    /// and so does the check whether new settings need another credential: the real one
    /// cannot be read back.
    fn placeholder(settings: &Self::Settings) -> Value;

    /// Reads the response. Providers that respond with 200 to failures, or return
    /// receipts, override this.
    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        let _ = context;
        Outcome::from_status(response)
    }

    /// The request without what `response` refuses by name, such as a field that a project
    /// does not have. It is sent at most once, before the minimal message. The default,
    /// `None`, is for providers whose answers name no field.
    fn without_refused(
        &self,
        context: &RequestContext<'_, Self>,
        request: &Request,
        response: &Response,
    ) -> Option<Reduced> {
        let _ = (context, request, response);
        None
    }

    /// The request that looks for an earlier attempt which may have been delivered,
    /// before another one is made. `None` where the provider deduplicates by itself, or
    /// offers no lookup.
    ///
    /// # Errors
    ///
    /// As for [`Provider::request`].
    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        let _ = context;
        Ok(None)
    }

    /// Reads the response to [`Provider::lookup`]. Of a list it has only the
    /// [`Entries`] that the request names.
    fn parse_lookup(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        let _ = (context, response);
        Lookup::Absent
    }

    /// Whether the alert is to be added to what an earlier one with the same given id
    /// created, by [`Provider::update`]. Then the lookup comes before the first attempt,
    /// too. The default is for providers that do so themselves, or not at all.
    fn joins_earlier(&self, context: &RequestContext<'_, Self>) -> bool {
        let _ = context;
        false
    }

    /// The request that adds the alert to what an earlier one with the same given id
    /// created, as `response` to the lookup shows it. `None` if there is nothing that it
    /// can be added to, so that it has to be created.
    ///
    /// # Errors
    ///
    /// As for [`Provider::request`].
    fn update(
        &self,
        context: &RequestContext<'_, Self>,
        response: &Response,
    ) -> Result<Option<Request>, FieldError> {
        let _ = (context, response);
        Ok(None)
    }

    /// The request that asks what came of a message, where the provider only accepts it
    /// and processes it later. It is made once, about a second later.
    ///
    /// # Errors
    ///
    /// As for [`Provider::request`].
    fn confirmation(
        &self,
        context: &RequestContext<'_, Self>,
        accepted: &Response,
    ) -> Result<Option<Request>, FieldError> {
        let _ = (context, accepted);
        Ok(None)
    }

    /// Reads the response to [`Provider::confirmation`]; `receipt` is that of the
    /// accepted message. Whatever does not say that the message failed leaves it
    /// delivered.
    fn parse_confirmation(&self, receipt: Receipt, response: &Response) -> Outcome {
        let _ = response;
        Outcome::Delivered(receipt)
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

/// A request that leaves out some fields of an earlier one.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The request.
    pub request: Request,
    /// What it leaves out, for people: `labels, priority`.
    pub left_out: String,
}

/// The result of a lookup.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// An earlier attempt was delivered: this is its receipt.
    Found(Receipt),
    /// No earlier attempt was delivered: send the alert.
    Absent,
    /// The lookup failed; the attempt ends with this outcome.
    Failed(Outcome),
}

impl Lookup {
    /// The result when a list does not contain the delivery. A complete list proves that
    /// the delivery is absent. A list that broke off is requested again. A list over a
    /// limit can never be read completely, so the sender creates without knowing.
    #[must_use]
    pub fn absent_from(response: &Response) -> Self {
        Self::Failed(match response.extent {
            Extent::Whole => return Self::Absent,
            Extent::Interrupted => Outcome::not_understood(response),
            Extent::OverLimit(limit) => Outcome::rejected(Failure::new(
                FailureKind::NotUnderstood,
                format!(
                    "the list, or one of its entries, is longer than the {limit} bytes that are read of it"
                ),
            )),
        })
    }
}

/// The inputs of a request, for one attempt.
#[derive(Debug)]
pub struct RequestContext<'a, P: Provider + ?Sized> {
    /// The alert to deliver.
    pub alert: &'a Alert,
    /// The effective severity: show this one, not the alert's static one.
    pub severity: Severity,
    /// The same for all attempts of this delivery.
    pub delivery: &'a DeliveryId,
    /// That of the first alert with the same given id: of `alert` itself, unless it is
    /// an update.
    pub first_delivery: &'a DeliveryId,
    /// How much of the alert to send.
    pub detail: Detail,
    /// When the delivery began: not later than its first attempt.
    pub began_at: Timestamp,
    /// The time of this attempt.
    pub now: Timestamp,
    /// The settings of the destination.
    pub settings: &'a P::Settings,
    /// The credential of the destination.
    pub secret: &'a P::Secret,
    /// The access token, where the destination has a [`Provider::token_request`].
    pub token: Option<&'a AccessToken>,
}

impl<P: Provider + ?Sized> RequestContext<'_, P> {
    /// The `Authorization` header with the access token, where there is one.
    ///
    /// # Errors
    ///
    /// When the token cannot be the value of a header.
    pub fn bearer(&self) -> Result<Option<Header>, FieldError> {
        let token = self
            .token
            .map(|token| Header::bearer("token", &token.secret));
        token.transpose()
    }

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

/// Whether the host of `url` is one of the provider's `hosts` (an entry that begins with
/// a dot matches all hosts below it), or `url` has the origin of `base_url`, which
/// replaces the provider on a local stack.
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
