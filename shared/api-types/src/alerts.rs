//! Alerts and deliveries: listing, explaining, testing, sending again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, AlertId, AlertType, Severity};
use tocsin_core::delivery::{Attempt, State};
use tocsin_core::destination::DestinationId;
use tocsin_core::history::DeliveryRecord;
use tocsin_core::routing::{Disposition, Routing};

/// Shows where an alert would go, and why; delivers nothing.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExplainRoute {
    /// The alert in any form that the alerts queue accepts: the object, or the body
    /// of a message as a string.
    pub alert: Value,
}

/// The alert as it would be recorded, and where it would go.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The alert as it would be recorded.
    pub alert: Alert,
    /// The targets, and why each destination is or is not one.
    pub routing: Routing,
}

/// Shows everything about one alert.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GetAlert {
    /// The alert's id.
    pub alert_id: String,
}

/// An alert, its routing with all reasons, and every delivery with its attempts.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertReport {
    /// The alert as it was recorded.
    pub alert: Alert,
    /// The targets, and why each destination is or is not one.
    pub routing: Routing,
    /// When the router received it.
    pub received_at: Timestamp,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryRecord>,
    /// The alert as which a person sent it again, if nothing had matched it. A delivery
    /// that was sent again has such a link of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent_as: Option<AlertId>,
}

/// Lists alerts, newest first.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListAlerts {
    /// Received at or after this; by default a day before `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Received before this; by default now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only alerts of this effective severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Only alerts with this disposition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// Only alerts whose id, title or detection contains this text, in any letter case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only alerts of this detection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<String>,
    /// Only alerts with a delivery to this destination: its id or display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Only alerts with this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only alerts with this log type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_type: Option<String>,
    /// Only alerts that have this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub having: Option<Having>,
    /// The largest number of entries: 1 to 500, by default 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u16>,
    /// The `cursor` of the page before; the other fields must stay the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What an alert can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Having {
    /// Warnings of the routing.
    Warnings,
    /// Notes of what normalized it.
    Notes,
}

/// A page of alerts.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertPage {
    /// Newest first. A page can be empty although there is a next one.
    pub alerts: Vec<AlertSummary>,
    /// Gives the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// An alert in a list.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertSummary {
    /// The alert.
    pub alert_id: AlertId,
    /// When the router received it.
    pub received_at: Timestamp,
    /// The detection that found it.
    pub detection_id: String,
    /// The alert's title.
    pub title: String,
    /// The kind of detection.
    #[serde(rename = "type")]
    pub alert_type: AlertType,
    /// The effective severity.
    pub severity: Severity,
    /// Whether it was routed, skipped or unrouted.
    pub disposition: Disposition,
    /// The worst state of its deliveries. Those that a fallback delivered, or that were
    /// sent again, do not count. Absent if there are no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_state: Option<State>,
    /// The alert as which it was sent again last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent_as: Option<AlertId>,
}

/// Lists deliveries, those of the newest alerts first.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListDeliveries {
    /// Deliveries of alerts received at or after this (with `state` `FAILED` or
    /// `EXHAUSTED`: that ended at or after this); by default a day before `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// And before this; by default now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only deliveries in this state. `FAILED` and `EXHAUSTED` are indexed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Which of these; by default all that are in the state, and of those that failed the
    /// ones that are still open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<DeliveryScope>,
    /// Only deliveries to this destination: its id or display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The approximate number of entries: 1 to 500, by default 100. The deliveries of
    /// one alert are never split over two pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u16>,
    /// The `cursor` of the page before; the other fields must stay the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Which deliveries to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryScope {
    /// Those that are not settled, by the time of their next attempt. Whatever the time
    /// range.
    Waiting,
    /// Without those that ended without success and were delivered by a fallback, or sent
    /// again.
    Open,
    /// With those, too.
    All,
}

/// A page of deliveries.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryPage {
    /// A page can be empty although there is a next one: one call searches for ten
    /// seconds at most.
    pub deliveries: Vec<DeliverySummary>,
    /// Gives the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A delivery in a list: its alert and its record.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliverySummary {
    /// The alert.
    pub alert_id: AlertId,
    /// The alert's title.
    pub title: String,
    /// The alert's effective severity.
    pub severity: Severity,
    /// When the router received it.
    pub received_at: Timestamp,
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryRecord,
}

/// Sends a test alert to destinations, once and at once, whatever their health, and
/// waits for their answers. Nothing is recorded or retried. Where one accepts it, what
/// waits for it is attempted now.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SendTestAlert {
    /// Ids or display names; disabled destinations can be tested, too.
    pub destinations: Vec<String>,
    /// The alert to send, in any form that the alerts queue accepts; by default a
    /// short built-in one. It gets a new id and the mark `[Test]`, and is delivered
    /// only to `destinations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Value>,
    /// The severity to send it with; by default that of `alert`, or INFO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// How long to wait for the answers: at most 40 seconds, by default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 40))]
    pub wait_seconds: Option<u8>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// The result of a test.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The id of the test alert, as the destinations see it.
    pub alert_id: AlertId,
    /// One result for each destination, in the order of the request.
    pub results: Vec<TestResult>,
}

/// The result of a test for one destination.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// The destination.
    pub destination_id: DestinationId,
    /// The destination's name.
    pub display_name: String,
    /// The destination's provider.
    pub provider: String,
    /// `DELIVERED` or `FAILED`; absent if the sender did not answer in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The attempt with the provider's answer; absent if the sender did not answer in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// What a person should know about this result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Delivers a whole alert again, as a new one whose title says so. Its earlier
/// deliveries do not change.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResendAlert {
    /// The alert's id.
    pub alert_id: String,
    /// Ids or display names; by default all targets of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<String>>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// Attempts what waits for destinations now, and closes their circuit breakers.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RetryDeliveries {
    /// Ids or display names: 1 to 100.
    pub destinations: Vec<String>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// What was brought forward for one destination.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retried {
    /// The destination.
    pub destination_id: DestinationId,
    /// Its name.
    pub display_name: String,
    /// The deliveries that are due now. Those that a sender holds at this moment, and those
    /// of fallbacks that have not begun, stay as they are.
    pub deliveries: u64,
}

/// An alert that was sent again.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resent {
    /// The new alert, for `getAlert`.
    pub alert_id: AlertId,
    /// The original alert.
    pub of: AlertId,
    /// Names of the destinations that get it.
    pub destinations: Vec<String>,
    /// Names of former targets that get nothing because they are disabled or deleted.
    pub left_out: Vec<String>,
}
