//! Dead letters: messages that could not be read, routed or processed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::destination::DestinationId;
use tocsin_core::retry_queue::{Retry, UnrecordedDelivery};
use tocsin_core::system_alert::DestinationFailing;

/// The dead-letter queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeadLetterQueue {
    /// Messages that are not alerts, or could not be routed.
    Alerts,
    /// Wake-ups, sweeps, reports and unrecorded deliveries that the router could not
    /// process.
    Retries,
    /// Failed dispatches of version 0.1.0; nothing new is put there.
    #[serde(rename = "handOvers")]
    FailedDispatches,
}

/// Lists messages of a dead-letter queue and leaves them there.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListDeadLetters {
    /// The queue.
    pub queue: DeadLetterQueue,
    /// The largest number of entries: 1 to 100, by default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u8>,
}

/// Shows one message of a dead-letter queue, with its whole body, and leaves it there.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GetDeadLetter {
    /// The queue.
    pub queue: DeadLetterQueue,
    /// The id of the message.
    pub message_id: String,
}

/// A dead letter with its whole body.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WholeDeadLetter {
    /// The dead letter.
    pub dead_letter: DeadLetter,
    /// The body as it is in the queue.
    pub whole_body: String,
}

/// Deletes messages of a dead-letter queue for good.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteDeadLetters {
    /// The queue.
    pub queue: DeadLetterQueue,
    /// Which messages.
    pub which: Which,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// What was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedDeadLetters {
    /// The queue.
    pub queue: DeadLetterQueue,
    /// The ids of the deleted messages.
    pub deleted: Vec<String>,
    /// Messages that could not be deleted.
    pub kept: Vec<String>,
    /// Ids that were not found; another request may be reading these messages.
    pub not_found: Vec<String>,
    /// The approximate number of messages that are still in the queue.
    pub waiting: u64,
}

/// Messages of a dead-letter queue.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters {
    /// The queue.
    pub queue: DeadLetterQueue,
    /// The approximate number of messages in the queue, by SQS's own count.
    pub waiting: u64,
    /// The newest of them. Messages that another request is reading are left out.
    #[serde(rename = "letters")]
    pub dead_letters: Vec<DeadLetter>,
}

/// One dead letter.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// The id by which `redriveDeadLetters` takes it.
    pub message_id: String,
    /// When it was put into the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// Why it was rejected, in one word; absent if SQS or Lambda moved it here after
    /// too many attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it was rejected, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The message.
    #[serde(flatten)]
    pub content: Content,
}

/// The content of a dead letter.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "holds",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Content {
    /// A message of the alerts queue.
    Message {
        /// The beginning of the original body; a cut is marked.
        body: String,
        /// The alert's id, if the message is an alert.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alert_id: Option<AlertId>,
        /// The alert's title.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// A wake-up: a hint that a destination has deliveries due. The next sweep sends
    /// another one.
    #[serde(rename = "wakeUp")]
    WakeUp {
        /// The destination.
        destination_id: DestinationId,
    },
    /// A sweep: the request to look for deliveries that are due. The next one follows
    /// within a minute.
    Sweep,
    /// A delivery that was accepted, which the ledger does not know yet.
    Unrecorded(UnrecordedDelivery),
    /// A retry of version 0.1.0.
    Retry(Retry),
    /// A sender's report that deliveries to a destination fail.
    Report(DestinationFailing),
    /// Deliveries whose dispatch failed.
    #[serde(rename = "handOver")]
    DeliveryBatch {
        /// The deliveries.
        deliveries: Vec<FailedDelivery>,
    },
    /// A message that does not belong into this queue; a redrive leaves it there.
    Unreadable {
        /// What is wrong with it.
        problem: String,
        /// The beginning of the body.
        body: String,
    },
}

/// A delivery whose dispatch failed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedDelivery {
    /// The alert.
    pub alert_id: AlertId,
    /// The destination.
    pub destination_id: DestinationId,
    /// The destination's name.
    pub display_name: String,
    /// The number of the attempt that was to be made.
    pub attempt: u32,
}

/// Puts dead letters back: messages onto the alerts queue, all others onto the retry
/// queue. A message is deleted from the dead-letter queue
/// only after the other queue has accepted it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RedriveDeadLetters {
    /// The queue.
    pub queue: DeadLetterQueue,
    /// The messages to put back.
    pub which: Which,
    /// The largest number of messages: 1 to 500, by default 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u16>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// Which dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Which {
    /// All of them.
    All,
    /// Those with these message ids.
    Messages(Vec<String>),
}

/// The result of a redrive.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redriven {
    /// The queue.
    pub queue: DeadLetterQueue,
    /// One result for each message that was taken from the queue.
    #[serde(rename = "letters")]
    pub dead_letters: Vec<RedrivenDeadLetter>,
    /// Requested ids that were not found; another request may be reading them.
    pub not_found: Vec<String>,
    /// The approximate number of messages left in the queue, by SQS's own count.
    pub waiting: u64,
}

/// The result of a redrive for one dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedrivenDeadLetter {
    /// The dead letter's message id.
    pub message_id: String,
    /// Whether it was put back.
    #[serde(flatten)]
    pub result: RedriveResult,
}

/// Whether a dead letter was put back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "result",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum RedriveResult {
    /// It was put back.
    Sent {
        /// The number of messages sent: a failed dispatch becomes one for each delivery.
        messages: usize,
    },
    /// It was put back, but could not be deleted here. Putting it back again does no
    /// harm.
    SentNotRemoved {
        /// Why it could not be deleted.
        reason: String,
    },
    /// It was left in the queue.
    Kept {
        /// Why it was not put back.
        reason: String,
    },
}
