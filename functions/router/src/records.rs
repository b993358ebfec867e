//! The records of a batch, by the queue that they come from and by what they ask for.

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use tocsin_core::Timestamp;
use tocsin_core::delivery::UnrecordedAttempt;
use tocsin_core::destination::DestinationId;
use tocsin_core::retry_queue::{Retry, RetryQueueMessage, Sweep, UnrecordedDelivery};

/// One queue record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The id that SQS gave the message; it names the record in the response to Lambda.
    pub(crate) message_id: String,
    /// The message's body; empty when it has none.
    pub(crate) body: String,
    /// When the message was put on the queue.
    pub(crate) sent_at: Timestamp,
}

/// The records of one batch.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Alerts: from the alerts queue, and the reports of senders about destinations.
    pub(crate) alerts: Vec<Record>,
    /// The destinations to drain.
    pub(crate) wake_ups: BTreeSet<DestinationId>,
    /// The request to sweep the outbox.
    pub(crate) sweep: Option<Sweep>,
    /// Attempts that were accepted and could not be recorded.
    pub(crate) unrecorded: Vec<(Record, UnrecordedDelivery)>,
    /// Retries of version 0.1.0.
    pub(crate) retries: Vec<(Record, Retry)>,
    /// From the retry queue, but none of its messages.
    pub(crate) unreadable: Vec<(Record, serde_json::Error)>,
}

impl Records {
    /// Splits a batch. SQS never sends a record without an id. Should one come, its id
    /// is empty, and its failure fails the whole batch, as Lambda defines it.
    pub(crate) fn of(event: SqsEvent, retry_queue_arn: &str) -> Self {
        let mut records = Self::default();
        for message in event.records {
            // The queue of a record decides its kind: no message can forge that.
            let from_retry_queue = message.event_source_arn.as_deref() == Some(retry_queue_arn);
            let record = Record::of(message);
            if from_retry_queue {
                records.add(record);
            } else {
                records.alerts.push(record);
            }
        }
        records
    }

    fn add(&mut self, record: Record) {
        match serde_json::from_str(&record.body) {
            Ok(RetryQueueMessage::WakeUp(wake_up)) => {
                self.wake_ups.insert(wake_up.destination_id);
            }
            Ok(RetryQueueMessage::Sweep(sweep)) => self.sweep = Some(sweep),
            // A sender asks for an alert about a destination. That alert is routed
            // like any other.
            Ok(RetryQueueMessage::Failing { failing }) => self.alerts.push(Record {
                body: failing.alert().to_string(),
                ..record
            }),
            Ok(RetryQueueMessage::Unrecorded { unrecorded }) => {
                self.unrecorded.push((record, *unrecorded));
            }
            Ok(RetryQueueMessage::Retry(mut retry)) => match retry.unrecorded.take() {
                Some(attempt) => self.unrecorded.push((record, accepted(*retry, *attempt))),
                None => self.retries.push((record, *retry)),
            },
            Err(error) => self.unreadable.push((record, error)),
        }
    }
}

impl Record {
    fn of(message: SqsMessage) -> Self {
        Self {
            sent_at: sent_at(&message).unwrap_or_else(Timestamp::now),
            message_id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
        }
    }
}

/// Version 0.1.0 asked for a retry to have an accepted attempt recorded.
fn accepted(retry: Retry, attempt: UnrecordedAttempt) -> UnrecordedDelivery {
    UnrecordedDelivery {
        alert_id: retry.alert_id,
        destination_id: retry.destination_id,
        began_at: retry.began_at.unwrap_or(attempt.attempt.at),
        attempt,
    }
}

/// SQS gives the time in milliseconds since 1970.
fn sent_at(message: &SqsMessage) -> Option<Timestamp> {
    let millis = message.attributes.get("SentTimestamp")?.parse().ok()?;
    Timestamp::from_unix_millis(millis)
}

/// Records that SQS must deliver again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FailedRecords(BTreeSet<String>);

impl FailedRecords {
    /// Has SQS deliver a record again, and logs why.
    pub(crate) fn add(&mut self, message_id: &str, why: &dyn std::fmt::Display) {
        tracing::error!(
            message.id = message_id,
            error = %why,
            "record {message_id} could not be processed; SQS will deliver it again: {why}"
        );
        self.0.insert(message_id.to_owned());
    }

    /// Has SQS deliver several records again, for one reason.
    pub(crate) fn add_all(&mut self, message_ids: &[String], why: &dyn std::fmt::Display) {
        for message_id in message_ids {
            self.add(message_id, why);
        }
    }

    /// The response to Lambda: it names the failed records.
    pub(crate) fn into_response(self) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message_id in self.0 {
            response.add_failure(message_id);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(records: &[(&str, Value, Option<&str>)]) -> Records {
        let records = records.iter().map(|(id, body, queue)| {
            json!({"messageId": id, "body": body.to_string(), "eventSourceARN": queue})
        });
        let event = json!({"Records": records.collect::<Vec<_>>()});
        Records::of(serde_json::from_value(event).unwrap(), "arn:retry")
    }

    fn ids(records: &[Record]) -> Vec<&str> {
        records.iter().map(|one| one.message_id.as_str()).collect()
    }

    #[test]
    fn a_records_queue_decides_what_it_is_whatever_its_body_says() {
        let records = of(&[
            ("1", json!({"sweep": {}}), Some("arn:alerts")),
            ("2", json!({"id": "an alert"}), Some("arn:retry")),
            ("3", json!({}), None),
        ]);
        assert_eq!(ids(&records.alerts), ["1", "3"]);
        assert_eq!(records.sweep, None);
        assert_eq!(records.unreadable[0].0.message_id, "2");
    }

    #[test]
    fn a_destination_with_many_wake_ups_is_drained_once() {
        let id = DestinationId::generate();
        let wake_up = |message| (message, json!({"wakeUp": id}), Some("arn:retry"));
        let sweep = ("3", json!({"sweep": {}}), Some("arn:retry"));
        let records = of(&[wake_up("1"), wake_up("2"), sweep]);
        assert_eq!(records.wake_ups, BTreeSet::from([id]));
        assert_eq!(records.sweep, Some(Sweep::default()));
        assert!(records.alerts.is_empty() && records.unreadable.is_empty());
    }

    #[test]
    fn a_retry_of_version_0_1_0_is_one_or_records_an_attempt() {
        let retry = |unrecorded: Value| {
            let mut retry = json!({
                "alertId": "a", "destinationId": DestinationId::generate(), "attempt": 2,
                "due": "2026-01-01T00:05:00Z",
            });
            retry["unrecorded"] = unrecorded;
            ("1", retry, Some("arn:retry"))
        };
        let records = of(&[retry(Value::Null)]);
        assert_eq!((records.retries.len(), records.unrecorded.len()), (1, 0));
        let records = of(&[retry(json!({
            "leaseUntil": "2026-01-01T00:01:05Z",
            "attempt": {
                "number": 2, "at": "2026-01-01T00:00:00Z", "durationMs": 5, "result": "delivered",
            },
        }))]);
        assert_eq!((records.retries.len(), records.unrecorded.len()), (0, 1));
        let (_, unrecorded) = &records.unrecorded[0];
        assert_eq!(unrecorded.began_at, unrecorded.attempt.attempt.at);
    }

    #[test]
    fn a_record_fails_once_however_often_it_is_reported() {
        let mut failed = FailedRecords::default();
        failed.add("1", &"because");
        failed.add("1", &"again");
        assert_eq!(failed.into_response().batch_item_failures.len(), 1);
    }
}
