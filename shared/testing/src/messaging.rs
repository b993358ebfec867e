//! An AWS messaging provider with one destination.

use std::marker::PhantomData;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::delivery::{DeliveryId, PriorAttempt};
use tocsin_core::outcome::{FailureKind, Outcome, Receipt};
use tocsin_core::provider::Detail;
use tocsin_sender::AttemptInput;
use tocsin_sender::messaging::{
    AwsProvider, AwsTransport, OutgoingMessage, OwnEndpoints, build_message,
};

use crate::aws::{Answer, Asked, Replay};
use crate::{delivery, full, samples};

/// An AWS provider with the settings of one destination.
#[derive(Clone, Debug)]
pub struct MessagingFixture<P> {
    settings: Map<String, Value>,
    delivery: DeliveryId,
    provider: PhantomData<P>,
}

impl<P: AwsProvider> MessagingFixture<P> {
    /// A destination with these settings.
    ///
    /// # Panics
    ///
    /// If `settings` is not an object.
    #[must_use]
    pub fn new(settings: &Value) -> Self {
        Self {
            settings: settings.as_object().expect("settings").clone(),
            delivery: delivery(),
            provider: PhantomData,
        }
    }

    /// The same destination with one more setting, or another value of it.
    #[must_use]
    pub fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        let mut settings = self.settings.clone();
        settings.insert(name.to_owned(), value.into());
        Self::new(&Value::Object(settings))
    }

    fn input<'a>(&'a self, alert: &'a Alert) -> AttemptInput<'a> {
        AttemptInput {
            alert,
            severity: alert.severity,
            delivery: &self.delivery,
            first_delivery: &self.delivery,
            began_at: alert.created_at,
            settings: &self.settings,
            secret_name: None,
            prior_attempt: PriorAttempt::NotDelivered,
            detail: Detail::Full,
        }
    }

    /// The message for `alert`.
    ///
    /// # Panics
    ///
    /// If the settings are invalid.
    #[must_use]
    pub fn message(&self, alert: &Alert, detail: Detail) -> OutgoingMessage {
        build_message::<P>(self.input(alert), detail).expect("valid settings")
    }

    /// The message for `alert` with another effective severity.
    ///
    /// # Panics
    ///
    /// If the settings are invalid.
    #[must_use]
    pub fn message_with_severity(&self, alert: &Alert, severity: Severity) -> OutgoingMessage {
        let input = AttemptInput {
            severity,
            ..self.input(alert)
        };
        build_message::<P>(input, Detail::Full).expect("valid settings")
    }

    /// The outcome of delivering `alert` through `transport`.
    pub async fn attempt(&self, transport: &AwsTransport<P>, alert: &Alert) -> Outcome {
        transport.attempt(self.input(alert)).await
    }

    /// The outcome of delivering [`full`] to a service that gives these answers, and the
    /// calls that it received.
    pub async fn answered(
        &self,
        answers: impl IntoIterator<Item = Answer>,
    ) -> (Outcome, Vec<Asked>) {
        let replay = Replay::of(answers);
        let transport = AwsTransport::new(replay.config(), OwnEndpoints::default());
        let outcome = self.attempt(&transport, &full()).await;
        (outcome, replay.asked())
    }

    /// The receipt of a delivery that must succeed with these answers, and the calls.
    ///
    /// # Panics
    ///
    /// If the delivery fails.
    pub async fn receipt(
        &self,
        answers: impl IntoIterator<Item = Answer>,
    ) -> (Receipt, Vec<Asked>) {
        match self.answered(answers).await {
            (Outcome::Delivered(receipt), asked) => (receipt, asked),
            (failed, _) => panic!("{failed:?}"),
        }
    }

    /// Checks the outcome of an error that the service answers with `status`. Only a
    /// refused message is sent again, in its minimal form.
    ///
    /// # Panics
    ///
    /// If the outcome is another.
    pub async fn check_error(&self, answer: Answer, status: u16, kind: FailureKind) {
        let (outcome, asked) = self.answered([answer.clone(), answer.clone()]).await;
        let failure = outcome.failure().expect("a failure");
        assert_eq!(
            (failure.kind, failure.status),
            (kind, Some(status)),
            "{answer:?}"
        );
        assert!(failure.detail.contains(": said"), "{failure}");
        let is_transient = matches!(outcome, Outcome::Transient { .. });
        let expected = matches!(kind, FailureKind::Throttled | FailureKind::Unavailable);
        assert_eq!(is_transient, expected, "{answer:?}");
        let calls = if kind == FailureKind::Refused { 2 } else { 1 };
        assert_eq!(asked.len(), calls, "{answer:?}");
    }

    /// Checks that a refused message is sent again in its minimal form, and that the
    /// first refusal is reported if the second message is refused as well.
    ///
    /// # Panics
    ///
    /// If the outcome or the calls are others.
    pub async fn check_minimal_after_refusal(
        &self,
        refused: Answer,
        accepted: Answer,
        misconfigured: Answer,
        throttled: Answer,
    ) {
        let received = self.receipt([refused.clone(), accepted]);
        let (receipt, asked) = Box::pin(received).await;
        assert_eq!(receipt.id.as_deref(), Some("id-1"));
        let remark = receipt.remark.unwrap_or_default();
        assert!(remark.contains(": said"), "{remark}");
        assert!(asked[0].body.contains("principal") && !asked[1].body.contains("principal"));

        let answered = self.answered([refused.clone(), misconfigured]);
        let (outcome, _) = Box::pin(answered).await;
        let Outcome::Refused { failure } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.detail.contains(": said ("), "{failure}");
        let answered = self.answered([refused, throttled]);
        let (outcome, _) = Box::pin(answered).await;
        assert!(matches!(outcome, Outcome::Transient { .. }), "{outcome:?}");
    }

    /// Checks that responses which are not the service's own are read by their status,
    /// and that a broken connection is transient.
    ///
    /// # Panics
    ///
    /// If an outcome is another.
    pub async fn check_foreign_answers(&self) {
        let (outcome, _) = self
            .answered([Answer::new(502, "<html>Bad Gateway</html>")])
            .await;
        let failure = outcome.failure().expect("a failure");
        assert_eq!(failure.kind, FailureKind::Unavailable);
        assert!(!failure.detail.is_empty());
        assert!(matches!(outcome, Outcome::Transient { .. }));
        let (outcome, _) = self.answered([]).await;
        let failure = outcome.failure().expect("a failure");
        assert_eq!(failure.kind, FailureKind::Unreachable);
        assert!(matches!(outcome, Outcome::Transient { .. }));
    }

    /// Checks that a delivery with these invalid settings fails before any call.
    ///
    /// # Panics
    ///
    /// If the outcome does not name `field`, or the service was called.
    pub async fn check_invalid(&self, field: &str) {
        let (outcome, asked) = self.answered([]).await;
        let Outcome::Misconfigured { failure } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        assert!(
            failure.detail.starts_with(&format!("`{field}` ")),
            "{failure}"
        );
        assert_eq!(asked, []);
    }

    /// Checks that every message carries severity, type and alert id as attributes.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn check_attributes(&self) {
        for (name, alert) in samples() {
            let expected = vec![
                ("severity", alert.severity.to_string()),
                ("type", alert.alert_type.to_string()),
                ("alertId", alert.alert_id.to_string()),
            ];
            let message = self.message(&alert, Detail::Full);
            assert_eq!(message.attributes, expected, "{name}");
        }
    }

    /// Checks the message groups of a FIFO destination, and that the delivery is its
    /// deduplication id.
    ///
    /// # Panics
    ///
    /// If they are others.
    pub fn check_fifo(&self) {
        let detection = Some("AWS.CloudTrail.SuspiciousIP".to_owned());
        for detail in [Detail::Full, Detail::Minimal] {
            let message = self.message(&full(), detail);
            assert_eq!(message.group_id, detection);
            assert_eq!(message.deduplication_id, Some(self.delivery.to_string()));
        }
        let configured = self.with("messageGroupId", "all");
        let message = configured.message(&full(), Detail::Full);
        assert_eq!(message.group_id.as_deref(), Some("all"));

        let mut alert = full();
        "größer als erlaubt".clone_into(&mut alert.detection_id);
        let hashed = self.message(&alert, Detail::Full).group_id;
        assert_eq!(hashed.as_deref().map(str::len), Some(32));
    }

    /// Checks that messages keep to the configured size limits, and say what they left
    /// out: `(limit, beginning of the remark)`.
    ///
    /// # Panics
    ///
    /// If a message is too large or has another remark.
    pub fn check_size_limits(&self, limits: &[(usize, Option<&str>)]) {
        let mut alert = full();
        alert.alert_context = context(200_000).into();
        alert.description = Some("d".repeat(20_000));
        for (limit, left_out) in limits {
            let message = self
                .with("maxMessageBytes", *limit)
                .message(&alert, Detail::Full);
            assert!(size(&message) <= *limit, "{limit}: {}", size(&message));
            check_characters(&message);
            let remark = message.remark.as_deref();
            assert_eq!(remark.is_some(), left_out.is_some(), "{limit}");
            if let (Some(remark), Some(left_out)) = (remark, left_out) {
                assert!(remark.starts_with(left_out), "{remark}");
                let end = format!("{} takes {limit}", P::ENDPOINT_NAME);
                assert!(remark.ends_with(&end), "{remark}");
            }
        }
    }

    /// Checks that a message of exactly the size limit is sent whole.
    ///
    /// # Panics
    ///
    /// If it is cut, or a larger one is not.
    pub fn check_exact_limit(&self) {
        let mut alert = full();
        alert.description = Some("d".repeat(20_000));
        alert.alert_context = context(80_000).into();
        let size = size(&self.message(&alert, Detail::Full));
        let remark = |limit: usize| {
            self.with("maxMessageBytes", limit)
                .message(&alert, Detail::Full)
                .remark
        };
        assert_eq!(remark(size), None);
        assert!(remark(size - 1).is_some());
    }

    /// Checks what must hold for a message of any alert.
    ///
    /// # Panics
    ///
    /// If the message is too large, has characters that the service refuses, or has an
    /// invalid group.
    pub fn check_limits(&self, alert: &Alert) {
        for detail in [Detail::Full, Detail::Minimal] {
            let message = self.message(alert, detail);
            assert!(
                size(&message) <= P::DEFAULT_SIZE_LIMIT,
                "{}",
                size(&message)
            );
            check_characters(&message);
            let is_group = |id: &str| {
                (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
            };
            assert!(message.group_id.as_deref().is_none_or(is_group));
        }
    }

    /// Checks that a message of any alert keeps to a configured limit, unless it is the
    /// minimal one already.
    ///
    /// # Panics
    ///
    /// If the message is larger.
    pub fn check_configured_limit(&self, alert: &Alert, limit: usize) {
        let limited = self.with("maxMessageBytes", limit);
        let message = limited.message(alert, Detail::Full);
        check_characters(&message);
        let minimal = limited.message(alert, Detail::Minimal);
        assert!(size(&message) <= limit || message.body == minimal.body);
        assert!(size(&minimal) < 32 * 1024);
    }

    /// Any alert with any severity.
    pub fn any_alert() -> impl Strategy<Value = Alert> {
        (crate::any_alert(), 0usize..5).prop_map(|(mut alert, severity)| {
            alert.severity = Severity::ALL[severity];
            alert
        })
    }
}

fn context(length: usize) -> Map<String, Value> {
    Map::from_iter([("a".to_owned(), json!("x".repeat(length)))])
}

/// The size as SNS and SQS count it: the body, and the names, types and values of the
/// attributes.
fn size(message: &OutgoingMessage) -> usize {
    let attributes: usize = message
        .attributes
        .iter()
        .map(|(name, value)| name.len() + "String".len() + value.len())
        .sum();
    message.body.len() + attributes
}

/// Checks that body and attributes have only the characters of XML 1.0.
fn check_characters(message: &OutgoingMessage) {
    let is_xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(message.body.chars().all(is_xml), "{:?}", message.body);
    for (name, value) in &message.attributes {
        assert!(
            !value.is_empty() && value.chars().all(is_xml),
            "{name}: {value:?}"
        );
    }
}
