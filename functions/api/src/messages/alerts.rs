//! Looking alerts up, explaining, testing and sending again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_aws::DeliveryRecord;
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, AlertId, AlertType, Severity};
use tocsin_core::delivery::{Attempt, State};
use tocsin_core::destination::DestinationId;
use tocsin_core::routing::{Disposition, Routing};

/// Where an alert would go, and why; delivers nothing.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExplainRoute {
    /// The alert in any form that the queue takes: the object, or the body of a
    /// message as a string.
    pub alert: Value,
}

/// The alert as it would be recorded, and where it would go.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The alert as it would be recorded.
    pub alert: Alert,
    /// Where it would go, and why.
    pub routing: Routing,
}

/// Everything about one alert.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GetAlert {
    /// Which.
    pub alert_id: String,
}

/// An alert, its routing with all reasons, and every delivery with its attempts.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertReport {
    /// The alert as it was recorded.
    pub alert: Alert,
    /// Where it went, and why.
    pub routing: Routing,
    /// When it came.
    pub received_at: Timestamp,
    /// Deliveries that have begun.
    pub deliveries: Vec<DeliveryRecord>,
}

/// Lists alerts, newest first.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListAlerts {
    /// Received at or after this; a day before `until` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Received before this; now, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only of this effective severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Only those that this became of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// At most so many: 1 to 500, 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u16>,
    /// Where the page before this one ended; the other fields must stay the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of alerts.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertPage {
    /// Newest first; may be empty although there is a further page.
    pub alerts: Vec<AlertSummary>,
    /// Gives the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// An alert in a list.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertSummary {
    /// Which alert.
    pub alert_id: AlertId,
    /// When it came.
    pub received_at: Timestamp,
    /// The detection that spoke.
    pub detection_id: String,
    /// What it is about.
    pub title: String,
    /// What kind of detection spoke.
    #[serde(rename = "type")]
    pub alert_type: AlertType,
    /// The effective severity.
    pub severity: Severity,
    /// What became of it.
    pub disposition: Disposition,
}

/// Lists deliveries, those of the newest alerts first.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListDeliveries {
    /// Of alerts received at or after this (failed ones: ended at or after this);
    /// a day before `until` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// And before this; now, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only in this state. `FAILED` and `EXHAUSTED` have an index of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Only to this destination: its id or display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// At most about so many: 1 to 500, 100 when left out. An alert's deliveries
    /// are never split over two pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u16>,
    /// Where the page before this one ended; the other fields must stay the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of deliveries.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryPage {
    /// May be empty although there is a further page: one call looks for ten
    /// seconds at most.
    pub deliveries: Vec<DeliverySummary>,
    /// Gives the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A delivery in a list: what it is of, and its record.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliverySummary {
    /// Of which alert.
    pub alert_id: AlertId,
    /// What that is about.
    pub title: String,
    /// Its effective severity.
    pub severity: Severity,
    /// When it came.
    pub received_at: Timestamp,
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryRecord,
}

/// Sends a test alert to destinations, the way that real alerts take, and waits
/// for what they answer.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SendTestAlert {
    /// Ids or display names.
    pub destinations: Vec<String>,
    /// The alert to send, in any form that the queue takes; a short one of its
    /// own when left out. It gets a new id, the mark `[Test]`, and goes nowhere
    /// but to `destinations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Value>,
    /// The severity to send it with; that of `alert` or INFO when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// How long to wait for the answers: at most 20 seconds, 10 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 20))]
    pub wait_seconds: Option<u8>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The test alert, for `getAlert`.
    pub alert_id: AlertId,
    /// One for each destination, in the order of the request.
    pub results: Vec<TestResult>,
}

/// What one destination answered.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// Which destination.
    pub destination_id: DestinationId,
    /// Its name.
    pub display_name: String,
    /// Its provider.
    pub provider: String,
    /// Where the delivery stands; absent when it had not begun when time was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The latest settled attempt with the provider's own answer; absent when
    /// there was none when time was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// What a person should know of this result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Delivers an alert once more, whole, as a new one whose title says so. Its
/// earlier deliveries stay as they are.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResendAlert {
    /// Which.
    pub alert_id: String,
    /// Ids or display names; all that the alert was routed to when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<String>>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// What was sent again.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resent {
    /// The new alert, for `getAlert`.
    pub alert_id: AlertId,
    /// The alert that it repeats.
    pub of: AlertId,
    /// Names of the destinations it goes to.
    pub destinations: Vec<String>,
    /// Names of former targets that are disabled or deleted, and get nothing.
    pub left_out: Vec<String>,
}
