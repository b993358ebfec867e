//! The audit: whether every alert and every delivery is accounted for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::audit::{AlertCounts, DeliveryCounts, ProblemKind};
use tocsin_core::destination::DestinationId;

/// Checks that every recorded alert is skipped, unrouted or routed; that a routed
/// one has exactly one delivery for each target; and that every delivery is
/// delivered, is due at a date, or ended with a reason.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Audit {
    /// Alerts received at or after this; by default a day before `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Alerts received before this; by default now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The `cursor` of the part before; the other fields must stay the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The result of the check, for the alerts of this part.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// Alerts received at or after this,
    pub since: Timestamp,
    /// and before this.
    pub until: Timestamp,
    /// Whether everything is accounted for.
    pub verdict: Verdict,
    /// The alerts of this part.
    pub alerts: AlertCounts,
    /// The deliveries of these alerts.
    pub deliveries: DeliveryCounts,
    /// The destinations for which deliveries of this part wait, or ended without success.
    #[serde(default)]
    pub destinations: Vec<AuditedDestination>,
    /// The rules that alerts of this part break: the first hundred.
    pub findings: Vec<Finding>,
    /// The number of further findings.
    pub findings_left_out: u64,
    /// The messages that wait in the queues at this moment.
    pub queues: QueueDepths,
    /// Gives the next part; absent at the end. The whole is conserved if every
    /// part is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What has not arrived at a destination.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditedDestination {
    /// The destination.
    pub destination_id: DestinationId,
    /// Its name when the delivery was last attempted.
    pub display_name: String,
    /// Deliveries that are not settled.
    pub waiting: u64,
    /// Deliveries that ended without success, that no fallback delivered, and that nobody
    /// has sent again.
    pub undelivered: u64,
}

/// Whether everything is accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Every alert and every delivery is accounted for.
    Conserved,
    /// At least one is not; see the findings.
    Broken,
}

/// A rule that an alert breaks.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The alert.
    pub alert_id: AlertId,
    /// The destination, if the finding is about one delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The destination's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The kind of problem.
    pub kind: ProblemKind,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

/// The approximate number of messages in each queue, by SQS's own counts;
/// messages in flight are included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueDepths {
    /// Alerts that are not routed yet.
    pub alerts: u64,
    /// Wake-ups, sweeps and reports for the router. What waits is in the outbox, not in
    /// a queue.
    pub retries: u64,
    /// Messages that are not alerts, or could not be routed.
    pub dead_alerts: u64,
    /// Messages of the retry queue that the router could not process.
    pub dead_retries: u64,
    /// Failed dispatches of version 0.1.0.
    #[serde(rename = "failedHandOvers")]
    pub failed_dispatches: u64,
}
