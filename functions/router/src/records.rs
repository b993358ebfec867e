//! The records of a batch, sorted by where they come from.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use std::collections::BTreeSet;
use tocsin_core::Timestamp;
use tocsin_core::retry_queue::RetryQueueMessage;

/// One queue record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Names the record in the answer to Lambda.
    pub(crate) message_id: String,
    /// What it says.
    pub(crate) body: String,
    /// When it was put on the queue.
    pub(crate) sent_at: Timestamp,
}

/// A batch, sorted.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// From the alerts queue.
    pub(crate) alerts: Vec<Record>,
    /// From the retry queue.
    pub(crate) retries: Vec<Record>,
}

impl Records {
    /// Sorts a batch. A record without an id, which SQS never sends, cannot be
    /// reported as failed: it counts as an alert with an empty id, and a failure
    /// of it then fails the whole batch, as Lambda defines it.
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
                // A sender asks for an alert about a destination: it is routed
                // like any other.
                Ok(RetryQueueMessage::Failing { failing }) => records.alerts.push(Record {
                    body: failing.alert().to_string(),
                    ..record
                }),
                // What is neither is found out when it is read as a retry.
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

/// SQS says it in milliseconds since 1970.
fn sent_at(message: &SqsMessage) -> Option<Timestamp> {
    let millis = message.attributes.get("SentTimestamp")?.parse().ok()?;
    Timestamp::from_unix_millis(millis)
}

/// Records that SQS must deliver again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FailedRecords(BTreeSet<String>);

impl FailedRecords {
    /// Has `record` delivered again, and says why in the log.
    pub(crate) fn add(&mut self, message_id: &str, why: &dyn std::fmt::Display) {
        tracing::error!(
            message.id = message_id,
            error = %why,
            "the record could not be dealt with; SQS will deliver it again"
        );
        self.0.insert(message_id.to_owned());
    }

    /// Has several records delivered again for one reason.
    pub(crate) fn add_all(&mut self, message_ids: &[String], why: &dyn std::fmt::Display) {
        for message_id in message_ids {
            self.add(message_id, why);
        }
    }

    /// The answer to Lambda.
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
    fn the_queue_decides_what_a_record_is_whatever_it_says() {
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
