//! The records of a batch, by the queue that they come from.

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use tocsin_core::Timestamp;
use tocsin_core::retry_queue::RetryQueueMessage;

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
    /// From the alerts queue.
    pub(crate) alerts: Vec<Record>,
    /// From the retry queue.
    pub(crate) retries: Vec<Record>,
}

impl Records {
    /// Splits a batch by queue. SQS never sends a record without an id. Should one come,
    /// its id is empty, and its failure fails the whole batch, as Lambda defines it.
    pub(crate) fn of(event: SqsEvent, retry_queue_arn: &str) -> Self {
        let mut records = Self::default();
        for message in event.records {
            let is_retry = message.event_source_arn.as_deref() == Some(retry_queue_arn);
            let record = Record::of(message);
            if !is_retry {
                records.alerts.push(record);
                continue;
            }
            match serde_json::from_str(&record.body) {
                // A sender asks for an alert about a destination. That alert is routed
                // like any other.
                Ok(RetryQueueMessage::Failing { failing }) => records.alerts.push(Record {
                    body: failing.alert().to_string(),
                    ..record
                }),
                // A record that is neither is rejected when it is parsed as a retry.
                Ok(RetryQueueMessage::Retry(_)) | Err(_) => records.retries.push(record),
            }
        }
        records
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
    use serde_json::json;

    #[test]
    fn a_records_queue_decides_what_it_is_whatever_its_body_says() {
        let event = json!({"Records": [
            {"messageId": "1", "body": "{\"alertId\": \"forged retry\"}", "eventSourceARN": "arn:alerts"},
            {"messageId": "2", "body": "{}", "eventSourceARN": "arn:retry"},
            {"messageId": "3", "eventSourceARN": null},
        ]});
        let records = Records::of(serde_json::from_value(event).unwrap(), "arn:retry");
        let ids = |records: &[Record]| {
            records
                .iter()
                .map(|one| one.message_id.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&records.alerts), ["1", "3"]);
        assert_eq!(ids(&records.retries), ["2"]);
    }

    #[test]
    fn a_record_fails_once_however_often_it_is_reported() {
        let mut failed = FailedRecords::default();
        failed.add("1", &"because");
        failed.add("1", &"again");
        assert_eq!(failed.into_response().batch_item_failures.len(), 1);
    }
}
