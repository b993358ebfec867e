//! A destination with everything that an attempt needs.

use std::time::Duration;

use serde_json::{Value, json};
use tocsin_aws::{Clients, SecretStore};
use tocsin_core::alert::Alert;
use tocsin_core::delivery::{Detail, PriorAttempt};
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_sender::{
    AddressPolicy, AttemptInput, Context, HttpClient, HttpTransport, Limits, Transport,
};
use tocsin_testing::aws::{Answer, Replay};
use tocsin_testing::{delivery, full};

use crate::probe::Probe;
use crate::server::{Arrived, Reply, Server};

/// Limits that a test can wait for. All other tests have the default ones, so that a
/// slow machine does not change what they test.
pub(crate) const SHORT: Limits = Limits {
    connect: Duration::from_millis(500),
    request: Duration::from_millis(500),
};

/// A secret in the store.
pub(crate) fn stored(secret: &Value) -> Answer {
    let body = json!({"Name": "probe/1", "SecretString": secret.to_string()});
    Answer::new(200, body.to_string())
}

/// An error of the store.
pub(crate) fn withheld(code: &str) -> Answer {
    let body = json!({"__type": code, "Message": "said"});
    Answer::new(400, body.to_string())
}

/// A secret for the server.
pub(crate) fn secret(url: &str, token: &str) -> Value {
    json!({"url": url, "token": token})
}

/// One destination, and what its attempts use.
pub(crate) struct Fixture {
    transport: HttpTransport<Probe>,
    context: Context,
    alert: Alert,
    pub(crate) secrets: Replay,
    pub(crate) settings: Value,
    pub(crate) secret_name: Option<&'static str>,
    pub(crate) prior_attempt: PriorAttempt,
    pub(crate) detail: Detail,
}

impl Fixture {
    /// A destination whose secret the store returns by these answers, one for each
    /// read.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(AddressPolicy::Any, Limits::default(), answers)
    }

    pub(crate) fn with(
        addresses: AddressPolicy,
        limits: Limits,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let secrets = Replay::of(answers);
        let clients = Clients::of(secrets.config());
        Self {
            transport: HttpTransport::new(Probe),
            context: Context {
                http: HttpClient::with_limits(addresses, limits).unwrap(),
                secrets: SecretStore::new(&clients),
            },
            alert: full(),
            secrets,
            settings: json!({"project": "tests"}),
            secret_name: Some("probe/1"),
            prior_attempt: PriorAttempt::NotDelivered,
            detail: Detail::Full,
        }
    }

    /// One attempt.
    pub(crate) async fn attempt(&self) -> Outcome {
        let delivery = delivery();
        let input = AttemptInput {
            alert: &self.alert,
            severity: self.alert.severity,
            delivery: &delivery,
            first_delivery: &delivery,
            began_at: self.alert.created_at,
            settings: self.settings.as_object().unwrap(),
            secret_name: self.secret_name,
            prior_attempt: self.prior_attempt,
            detail: self.detail,
        };
        self.transport.deliver(&self.context, input).await
    }
}

/// One attempt at a server with these replies.
pub(crate) async fn answered(replies: impl IntoIterator<Item = Reply>) -> (Outcome, Vec<Arrived>) {
    attempted(PriorAttempt::NotDelivered, Limits::default(), replies).await
}

/// The same when an earlier attempt may have been delivered.
pub(crate) async fn looked_up(replies: impl IntoIterator<Item = Reply>) -> (Outcome, Vec<Arrived>) {
    attempted(PriorAttempt::MaybeDelivered, Limits::default(), replies).await
}

/// The same with a choice of everything.
pub(crate) async fn attempted(
    prior_attempt: PriorAttempt,
    limits: Limits,
    replies: impl IntoIterator<Item = Reply>,
) -> (Outcome, Vec<Arrived>) {
    let server = Server::start(replies).await;
    let answers = [stored(&secret(&server.url(), "PLANTED-TOKEN"))];
    let mut fixture = Fixture::with(AddressPolicy::Any, limits, answers);
    fixture.prior_attempt = prior_attempt;
    (fixture.attempt().await, server.arrived())
}

pub(crate) fn plain(status: u16, body: &str) -> Reply {
    Reply::Plain(status, body.to_owned())
}

#[track_caller]
pub(crate) fn delivered(outcome: Outcome) -> Receipt {
    match outcome {
        Outcome::Delivered(receipt) => receipt,
        failed => panic!("{failed:?}"),
    }
}

/// A failure that no retry of the same request can fix.
#[track_caller]
pub(crate) fn rejected(outcome: Outcome, kind: FailureKind) -> Failure {
    match outcome {
        Outcome::Misconfigured { failure } if kind.is_curable() && failure.kind == kind => failure,
        Outcome::Refused { failure } if !kind.is_curable() && failure.kind == kind => failure,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn transient(outcome: Outcome, kind: FailureKind) -> Failure {
    match outcome {
        Outcome::Transient { failure, .. } if failure.kind == kind => failure,
        other => panic!("{other:?}"),
    }
}
