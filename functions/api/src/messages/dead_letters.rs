//! Dead letters: what could not be read, routed or handed over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::Retry;
use tocsin_core::destination::DestinationId;
use tocsin_core::system_alert::DestinationFailing;

/// The queues in which something waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeadLetterQueue {
    /// Messages that are no alert, or could not be routed.
    Alerts,
    /// Retries that could not be handed over again.
    Retries,
    /// Hand-overs that no sender could take.
    HandOvers,
}

/// Looks into a dead-letter queue without taking anything out of it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListDeadLetters {
    /// Which queue.
    pub queue: DeadLetterQueue,
    /// At most so many: 1 to 100, 20 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u8>,
}

/// What lies in a dead-letter queue.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters {
    /// Which queue.
    pub queue: DeadLetterQueue,
    /// About how many lie there, by SQS's own count.
    pub waiting: u64,
    /// Some of them. Those that somebody else is looking at are not among them.
    pub letters: Vec<DeadLetter>,
}

/// One dead letter.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Names it to `redriveDeadLetters`.
    pub message_id: String,
    /// When it was put there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// Why it was put aside, in one word; absent when SQS or Lambda put it aside
    /// after too many tries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What it holds.
    #[serde(flatten)]
    pub content: Content,
}

/// What a dead letter holds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "holds",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Content {
    /// A message of the alerts queue.
    Message {
        /// The beginning of it, as it came; a cut is marked.
        body: String,
        /// The alert, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alert_id: Option<AlertId>,
        /// What that is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// A retry.
    Retry(Retry),
    /// A sender's word that deliveries to a destination end badly.
    Report(DestinationFailing),
    /// Deliveries that were handed over in vain.
    #[serde(rename = "handOver")]
    DeliveryBatch {
        /// Which.
        deliveries: Vec<FailedDelivery>,
    },
    /// What should not lie in this queue: it stays there.
    Unreadable {
        /// What is wrong with it.
        problem: String,
        /// The beginning of it.
        body: String,
    },
}

/// A delivery that was handed over in vain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedDelivery {
    /// Of which alert.
    pub alert_id: AlertId,
    /// To which destination.
    pub destination_id: DestinationId,
    /// Its name.
    pub display_name: String,
    /// Which attempt it was to be.
    pub attempt: u32,
}

/// Puts dead letters back on their way: messages onto the alerts queue, retries
/// and failed hand-overs onto the retry queue. They leave the dead-letter queue
/// only when the other has taken them.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RedriveDeadLetters {
    /// Which queue.
    pub queue: DeadLetterQueue,
    /// Which of its letters.
    pub which: Which,
    /// At most so many: 1 to 500, 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u16>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// Which dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Which {
    /// All there are.
    All,
    /// Those of these message ids.
    Messages(Vec<String>),
}

/// What was put back.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redriven {
    /// Which queue.
    pub queue: DeadLetterQueue,
    /// One for each letter that was taken up.
    pub letters: Vec<RedrivenLetter>,
    /// Wanted ids that were not found; somebody may be looking at them just now.
    pub not_found: Vec<String>,
    /// About how many still lie there, by SQS's own count.
    pub waiting: u64,
}

/// What became of one dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedrivenLetter {
    /// Which.
    pub message_id: String,
    /// What became of it.
    #[serde(flatten)]
    pub result: RedriveResult,
}

/// What became of one dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "result",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum RedriveResult {
    /// It is on its way again.
    Sent {
        /// As so many messages: a hand-over becomes one for each delivery.
        messages: usize,
    },
    /// It is on its way again, and still lies here as well: taken up once more,
    /// it does no harm.
    SentNotRemoved {
        /// Why it still lies here.
        reason: String,
    },
    /// It stays where it is.
    Kept {
        /// Why.
        reason: String,
    },
}
