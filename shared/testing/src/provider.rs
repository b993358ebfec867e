//! A provider over HTTP with one destination.

use std::fmt::Debug;

use serde_json::Value;
use tocsin_core::Timestamp;
use tocsin_core::alert::Alert;
use tocsin_core::outcome::{FailureKind, Outcome, Receipt};
use tocsin_core::provider::{
    AccessToken, Detail, Entries, EntryReader, Lookup, Provider, Request, RequestContext, Response,
    Secrets, read_settings,
};

use crate::alerts::delivery_of;
use crate::{Expected, Row, check_outcomes, delivery, full, response};

/// When the delivery began, and the time of the attempt.
const BEGAN_AT: &str = "2020-10-13T03:35:24Z";
const NOW: &str = "2020-10-13T03:35:30Z";

/// A word in the secrets of tests, by which a leak is found.
const PLANTED: &str = "PLANTED";

/// A provider with the settings and the secret of one destination.
#[derive(Debug)]
pub struct ProviderFixture<P: Provider> {
    /// The provider.
    pub provider: P,
    /// The destination's settings.
    pub settings: P::Settings,
    /// The destination's secret.
    pub secret: P::Secret,
}

impl<P: Provider> ProviderFixture<P> {
    /// Parses settings and secret. Does not check them.
    ///
    /// # Panics
    ///
    /// If settings or secret cannot be parsed.
    pub fn new(provider: P, settings: &Value, secret: &Value) -> Self {
        let settings = settings.as_object().expect("settings are an object");
        Self {
            provider,
            settings: read_settings(settings).expect("settings that can be parsed"),
            secret: Secrets::new(secret.to_string())
                .read()
                .expect("a secret that can be parsed"),
        }
    }

    /// Calls `f` with the context of one attempt, six seconds after the delivery began.
    ///
    /// # Panics
    ///
    /// Never: the time is valid.
    pub fn with_context<T>(
        &self,
        alert: &Alert,
        detail: Detail,
        f: impl FnOnce(&RequestContext<'_, P>) -> T,
    ) -> T {
        let now: Timestamp = NOW.parse().expect("a time");
        let token = self.token_request().map(|_| AccessToken {
            secret: PLANTED.to_owned().into(),
            ..AccessToken::placeholder()
        });
        f(&RequestContext {
            alert,
            severity: alert.severity,
            delivery: &delivery_of(alert),
            first_delivery: &delivery(),
            detail,
            began_at: BEGAN_AT.parse().expect("a time"),
            now,
            settings: &self.settings,
            secret: &self.secret,
            token: token.as_ref(),
        })
    }

    /// The request of the access token that this destination needs, if it needs one.
    ///
    /// # Panics
    ///
    /// If the destination is invalid.
    pub fn token_request(&self) -> Option<Request> {
        let now: Timestamp = NOW.parse().expect("a time");
        self.provider
            .token_request(&self.settings, &self.secret, now)
            .expect("a token request")
    }

    /// The request that delivers `alert`.
    ///
    /// # Panics
    ///
    /// If the destination is invalid.
    pub fn request(&self, alert: &Alert, detail: Detail) -> Request {
        self.provider
            .check(&self.settings, &self.secret)
            .expect("a valid destination");
        self.with_context(alert, detail, |context| {
            self.provider.request(context).expect("a request")
        })
    }

    /// The JSON body of the request that delivers `alert`.
    ///
    /// # Panics
    ///
    /// If the destination is invalid, or the body is not JSON.
    pub fn body(&self, alert: &Alert, detail: Detail) -> Value {
        serde_json::from_slice(&self.request(alert, detail).body).expect("a JSON body")
    }

    /// The lookup request for `alert`, if the provider has one.
    ///
    /// # Panics
    ///
    /// If the destination is invalid.
    pub fn lookup(&self, alert: &Alert) -> Option<Request> {
        self.with_context(alert, Detail::Full, |context| {
            self.provider.lookup(context).expect("a lookup request")
        })
    }

    /// The lookup request for `alert`, of a delivery that began at `began_at`.
    ///
    /// # Panics
    ///
    /// If the destination is invalid, `began_at` is not a time, or the provider has no
    /// lookup.
    pub fn lookup_since(&self, alert: &Alert, began_at: &str) -> Request {
        self.with_context(alert, Detail::Full, |context| {
            let context = RequestContext {
                began_at: began_at.parse().expect("a time"),
                ..*context
            };
            let lookup = self.provider.lookup(&context).expect("a lookup request");
            lookup.expect("a provider with a lookup")
        })
    }

    /// The outcome of a response to the delivery of [`full`].
    pub fn outcome(&self, response: &Response) -> Outcome {
        self.with_context(&full(), Detail::Full, |context| {
            self.provider.outcome(context, response)
        })
    }

    /// The receipt in a response to the delivery of [`full`].
    ///
    /// # Panics
    ///
    /// If the response is a failure.
    pub fn receipt(&self, response: &Response) -> Receipt {
        match self.outcome(response) {
            Outcome::Delivered(receipt) => receipt,
            failed => panic!("{failed:?}"),
        }
    }

    /// The result of a lookup with this response.
    ///
    /// # Panics
    ///
    /// If the destination is invalid.
    pub fn parse_lookup(&self, response: &Response) -> Lookup {
        self.with_context(&full(), Detail::Full, |context| {
            let lookup = self.provider.lookup(context).expect("a lookup request");
            let entries = lookup.and_then(|request| request.entries);
            let response = match &entries {
                Some(entries) if response.status == 200 => &kept(entries, response),
                _ => response,
            };
            self.provider.parse_lookup(context, response)
        })
    }

    /// The request to the new address that a response names.
    pub fn follow_redirect(&self, request: &Request, response: &Response) -> Option<Request> {
        self.with_context(&full(), Detail::Full, |context| {
            self.provider.follow_redirect(context, request, response)
        })
    }

    /// Compares outcomes with a table.
    ///
    /// # Panics
    ///
    /// At the first response with another outcome.
    pub fn check_outcomes(&self, table: &[Row<'_>]) {
        check_outcomes(table, |response| self.outcome(response));
    }

    /// Checks that these responses, which have a success status, are not taken for a
    /// success: the next attempt begins with a lookup.
    ///
    /// # Panics
    ///
    /// At the first response with another outcome.
    pub fn check_not_understood(&self, responses: &[(u16, &str)]) {
        let expected = Expected::Transient(FailureKind::NotUnderstood, None);
        for (status, body) in responses {
            self.check_outcomes(&[(*status, &[], body, expected)]);
        }
    }

    /// Checks that these responses are rejections of this kind and a detail
    /// that begins with this text.
    ///
    /// # Panics
    ///
    /// At the first response with another outcome.
    pub fn check_rejections(&self, table: &[(u16, &str, FailureKind, &str)]) {
        for (status, body, kind, detail) in table {
            self.check_outcomes(&[(*status, &[], body, Expected::Rejected(*kind))]);
            let outcome = self.outcome(&response(*status, &[], body));
            let failure = outcome.failure().expect("a failure");
            assert!(failure.detail.starts_with(detail), "{status}: {failure}");
        }
    }

    /// Checks that these responses to a lookup are failures.
    ///
    /// # Panics
    ///
    /// At the first response with another result.
    pub fn check_failed_lookups(&self, table: &[Row<'_>]) {
        check_outcomes(table, |response| match self.parse_lookup(response) {
            Lookup::Failed(outcome) => outcome,
            other => panic!("{} {other:?}", response.status),
        });
    }

    /// Checks that neither the requests for `alert` nor the secret show the word
    /// `PLANTED`, with which the tests mark their secrets.
    ///
    /// # Panics
    ///
    /// If the word is shown.
    pub fn check_secret_is_hidden(&self, alert: &Alert)
    where
        P::Secret: Debug,
    {
        for detail in [Detail::Full, Detail::Minimal] {
            let request = self.request(alert, detail);
            let shown = format!("{request} {request:?} {:?}", self.secret);
            assert!(!shown.contains(PLANTED), "{shown}");
        }
        if let Some(request) = self.token_request() {
            let shown = format!("{request} {request:?}");
            assert!(!shown.contains(PLANTED), "{shown}");
        }
    }

    /// The value with which a request carries its credential in the header `name`.
    ///
    /// # Panics
    ///
    /// If the destination is invalid, or the request has no such header.
    pub fn exposed_header(&self, name: &str) -> String {
        let request = self.request(&full(), Detail::Full);
        let header = request.headers.iter().find(|(header, _)| header == name);
        header.expect("the header").1.expose().to_owned()
    }
}

/// The response as the HTTP client reads it, in small pieces.
fn kept(entries: &Entries, response: &Response) -> Response {
    let mut reader = EntryReader::new(entries);
    for piece in response.body.chunks(100) {
        if reader.push(piece).is_break() {
            break;
        }
    }
    let (body, extent) = reader.finish();
    Response {
        body,
        extent,
        ..response.clone()
    }
}
