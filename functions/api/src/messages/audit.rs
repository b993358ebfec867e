//! Conservation: what came in went somewhere, or waits somewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use tocsin_aws::audit::{AlertCounts, DeliveryCounts, TroubleKind};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::destination::DestinationId;

/// Checks that every recorded alert is skipped, unrouted or routed; that a routed
/// one has exactly one delivery for each target; and that every delivery is
/// delivered, waits with a date, or ended with a reason.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Audit {
    /// Alerts received at or after this; a day before `until` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// And before this; now, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Where the part before this one ended; the other fields must stay the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What the check came to, for the alerts of this part.
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
    /// Their deliveries.
    pub deliveries: DeliveryCounts,
    /// What is not as it must be; the first hundred.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub findings_left_out: u64,
    /// What waits in the queues at this moment.
    pub queues: QueueDepths,
    /// Gives the next part; absent at the end. The verdict on the whole is that
    /// of all parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Whether everything is accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// It is.
    Conserved,
    /// See the findings.
    Broken,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which alert.
    pub alert_id: AlertId,
    /// Which destination, where it is about one delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What it is.
    pub kind: TroubleKind,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

/// About how many messages wait, by SQS's own counts; those in flight included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueDepths {
    /// Alerts that are not routed yet.
    pub alerts: u64,
    /// Deliveries that wait for their next attempt.
    pub retries: u64,
    /// Messages that are no alert, or could not be routed.
    pub dead_alerts: u64,
    /// Retries that could not be handed over again.
    pub dead_retries: u64,
    /// Hand-overs that no sender could take.
    pub failed_hand_overs: u64,
}
