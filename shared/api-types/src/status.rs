//! What is wrong now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::destination::{DestinationId, Enabled};

use crate::QueueDepths;

/// Shows what is wrong now: what waits, what failed, what nobody received.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GetStatus {
    /// Failed deliveries and unrouted alerts since then; by default a day ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// The state of the stack.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// When it was looked at.
    pub at: Timestamp,
    /// Failed deliveries and unrouted alerts are counted from here.
    pub since: Timestamp,
    /// What needs a person, the most urgent first. Empty: nothing does.
    pub problems: Vec<StatusProblem>,
    /// Every destination; those with problems first, then by name.
    pub destinations: Vec<DestinationStatus>,
    /// Alerts that nothing matched and that nobody has sent again.
    pub unrouted: Unrouted,
    /// The approximate number of messages in each queue.
    pub queues: QueueDepths,
    /// The last look over the outbox; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sweep_at: Option<Timestamp>,
    /// The last canary; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Whether everything was counted.
    pub coverage: Coverage,
}

/// Whether everything was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Coverage {
    /// It was.
    Whole,
    /// There is more than one call can read: the counts are at least so many.
    Part,
}

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusProblem {
    /// The kind of problem.
    pub kind: StatusProblemKind,
    /// The destination, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do about it, in a sentence.
    pub advice: String,
    /// The command that shows more of it, or repairs it.
    pub command: String,
}

/// The kinds of problems, the most urgent first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum StatusProblemKind {
    /// The outbox was not looked over for minutes: nothing that waits is delivered.
    SweepLate,
    /// The last canary did not arrive, or none was sent.
    CanaryLate,
    /// A destination accepts nothing.
    DestinationDown,
    /// Deliveries are due, and nobody attempts them.
    Overdue,
    /// Alerts of HIGH or CRITICAL severity reached nobody.
    Unrouted,
    /// Deliveries ended without success.
    Failed,
    /// Messages could not be processed.
    DeadLetters,
    /// A destination accepts only some deliveries, or only slowly.
    DestinationSlow,
}

/// One destination.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationStatus {
    /// The destination.
    pub destination_id: DestinationId,
    /// Its name.
    pub display_name: String,
    /// Its provider.
    pub provider: String,
    /// Whether it gets alerts.
    pub enabled: Enabled,
    /// How it is.
    pub condition: Condition,
    /// The first failure since the last accepted delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// The last failure, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
    /// Deliveries that wait.
    pub waiting: u64,
    /// When the oldest of them began, of the 25 that are due first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_since: Option<Timestamp>,
    /// When the next of them is attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// For how many seconds the first of them has been due without being attempted, and
    /// without a reason to wait.
    pub overdue_seconds: u64,
    /// Deliveries that ended without success, that no fallback delivered, and that nobody
    /// has sent again.
    pub failed: u64,
}

/// How a destination is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Condition {
    /// Its circuit breaker is open: it accepts nothing.
    Down,
    /// It accepts some deliveries, and fails at others.
    Failing,
    /// It throttles: what waits is delivered at its pace.
    Throttled,
    /// Nothing is wrong with it.
    Healthy,
    /// It gets no alerts.
    Disabled,
}

/// Alerts that reached nobody, because nothing matched them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unrouted {
    /// All of them.
    pub alerts: u64,
    /// Those of HIGH and CRITICAL severity.
    pub urgent: u64,
    /// The newest of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_urgent: Option<AlertId>,
}

/// The last canary.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// When it was recorded.
    pub at: Timestamp,
    /// Its alert, for `getAlert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_id: Option<AlertId>,
    /// The state of its delivery; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}
