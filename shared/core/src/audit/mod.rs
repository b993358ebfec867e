//! Conservation: whether an alert in the ledger is accounted for.
//!
//! Every record on the alerts queue is rejected with a reason, or becomes an
//! alert that is skipped, unrouted or routed. A routed alert has exactly one
//! delivery for each target. Every delivery is delivered, waits for an attempt
//! with a date, or ended with a reason. [`check`] holds one alert against these
//! rules.

use std::ops::AddAssign;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::delivery::{Attempt, AttemptResult, State};
use crate::destination::DestinationId;
use crate::history::{DeliveryRecord, History};
use crate::routing::Disposition;

/// The router records deliveries right after their alert. SQS repeats a failed batch
/// four times within twelve minutes: an alert that has no deliveries by then is in the
/// dead-letter queue.
const BEGINS_WITHIN: Duration = Duration::from_mins(15);

/// The sweep finds what is due within a minute; after an outage of some minutes it takes
/// longer.
const OVERDUE_AFTER: Duration = Duration::from_mins(20);

/// The outbox takes a delivery up again within this time after its sender crashed.
const LEASE_GRACE: Duration = Duration::from_mins(5);

const REPORT_BUG: &str = "this is a bug in Tocsin; please report it with the answer of getAlert";

/// How many alerts were routed, skipped or unrouted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertCounts {
    /// Alerts in the ledger: the sum of the other counts.
    pub received: u64,
    /// Alerts whose detection asked for no delivery.
    pub skipped: u64,
    /// Alerts that matched no destination.
    pub unrouted: u64,
    /// Alerts with targets.
    pub routed: u64,
}

/// How many deliveries are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryCounts {
    /// Targets of all alerts: the sum of the other counts except `standIns`.
    pub targets: u64,
    /// Targets without a delivery so far.
    pub not_begun: u64,
    /// Deliveries that a sender holds.
    pub sending: u64,
    /// Deliveries that wait for an attempt, with a date.
    pub waiting: u64,
    /// Deliveries that the provider accepted.
    pub delivered: u64,
    /// Deliveries that the provider permanently refused.
    pub failed: u64,
    /// Deliveries whose retries ended without success.
    pub exhausted: u64,
    /// Deliveries to fallbacks of targets that failed.
    #[serde(rename = "standIns")]
    pub to_fallbacks: u64,
}

/// The kinds of problems that an audit finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProblemKind {
    /// A target has no delivery.
    NotBegun,
    /// A due attempt was not made.
    Overdue,
    /// A delivery waits without a date.
    NoDate,
    /// A sender crashed during an attempt, and no other sender took over.
    Abandoned,
    /// A delivery ended, and none of its attempts says why.
    NoReason,
    /// A delivery exists that neither a target nor a fallback accounts for.
    NotATarget,
    /// The routing contradicts itself.
    Contradiction,
    /// The ledger's items cannot be read.
    Unreadable,
}

impl ProblemKind {
    /// Whether the destination explains the problem if it does not accept deliveries at
    /// their pace: what waits for it is due all that time.
    #[must_use]
    pub const fn is_about_time(self) -> bool {
        matches!(self, Self::Overdue | Self::Abandoned)
    }
}

/// A rule that one alert breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The destination and its name, if the problem is about one delivery.
    pub destination: Option<(DestinationId, String)>,
    /// The kind of problem.
    pub kind: ProblemKind,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// The result of checking one alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertAudit {
    /// The alert's deliveries by state.
    pub deliveries: DeliveryCounts,
    /// The rules it breaks.
    pub problems: Vec<Problem>,
}

impl AlertCounts {
    /// Counts one alert.
    pub fn add(&mut self, disposition: Disposition) {
        self.received += 1;
        *match disposition {
            Disposition::Skipped => &mut self.skipped,
            Disposition::Unrouted => &mut self.unrouted,
            Disposition::Routed => &mut self.routed,
        } += 1;
    }
}

impl AddAssign for AlertCounts {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.skipped += other.skipped;
        self.unrouted += other.unrouted;
        self.routed += other.routed;
    }
}

impl AddAssign for DeliveryCounts {
    fn add_assign(&mut self, other: Self) {
        self.targets += other.targets;
        self.not_begun += other.not_begun;
        self.sending += other.sending;
        self.waiting += other.waiting;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.exhausted += other.exhausted;
        self.to_fallbacks += other.to_fallbacks;
    }
}

/// Checks one alert against the rules, as of `now`.
#[must_use]
pub fn check(history: &History, now: Timestamp) -> AlertAudit {
    let mut audit = AlertAudit::default();
    let routing = &history.alert.routing;
    let routed = routing.disposition == Disposition::Routed;
    if routed == routing.targets.is_empty() {
        audit.problems.push(Problem {
            destination: None,
            kind: ProblemKind::Contradiction,
            what: format!(
                "the alert is {} and has {} targets",
                routing.disposition,
                routing.targets.len()
            ),
            advice: REPORT_BUG,
        });
    }
    for target in &routing.targets {
        audit.deliveries.targets += 1;
        let id = target.destination_id;
        // A target that is also the fallback of another target gets the alert once.
        let to_target = |one: &&DeliveryRecord| one.destination_id == id;
        if let Some(delivery) = history.deliveries.iter().find(to_target) {
            audit.count(delivery.state);
            audit.check_delivery(delivery, now);
        } else {
            audit.deliveries.not_begun += 1;
            if now.since(history.alert.received_at) > BEGINS_WITHIN {
                audit.problems.push(Problem {
                    destination: Some((id, target.display_name.clone())),
                    kind: ProblemKind::NotBegun,
                    what: "the delivery has not begun".to_owned(),
                    advice: "look into the dead letters of the alerts queue (listDeadLetters, alerts) and redrive it",
                });
            }
        }
    }
    for delivery in &history.deliveries {
        let is_target = |one: DestinationId| {
            let mut targets = routing.targets.iter();
            targets.any(|target| target.destination_id == one)
        };
        match delivery.fallback_for {
            Some(_) if is_target(delivery.destination_id) => {}
            Some(_) => {
                audit.deliveries.to_fallbacks += 1;
                audit.check_delivery(delivery, now);
            }
            None if !is_target(delivery.destination_id) => audit.report(
                delivery,
                ProblemKind::NotATarget,
                "there is a delivery, but the alert was not routed there".to_owned(),
                REPORT_BUG,
            ),
            None => {}
        }
    }
    audit
}

impl AlertAudit {
    fn count(&mut self, state: State) {
        let counts = &mut self.deliveries;
        *match state {
            State::Sending => &mut counts.sending,
            State::Queued | State::Retrying => &mut counts.waiting,
            State::Delivered => &mut counts.delivered,
            State::Failed => &mut counts.failed,
            State::Exhausted => &mut counts.exhausted,
        } += 1;
    }

    fn check_delivery(&mut self, delivery: &DeliveryRecord, now: Timestamp) {
        match delivery.state {
            State::Delivered => {}
            State::Queued | State::Retrying => match delivery.next_attempt_at {
                None => self.report(
                    delivery,
                    ProblemKind::NoDate,
                    "the delivery waits for another attempt, without a date".to_owned(),
                    "send the alert again to this destination (resendAlert)",
                ),
                Some(due) if now.since(due) > OVERDUE_AFTER => self.report(
                    delivery,
                    ProblemKind::Overdue,
                    format!("the next attempt was due at {due}"),
                    "check the alarms of the sweep and of overdue deliveries, and the log of the router",
                ),
                Some(_) => {}
            },
            State::Sending => {
                let expired = delivery.lease_until.unwrap_or(delivery.updated_at);
                if now.since(expired) > LEASE_GRACE {
                    self.report(
                        delivery,
                        ProblemKind::Abandoned,
                        format!(
                            "the sender that held the delivery until {expired} crashed, and no other sender took over"
                        ),
                        "check the alarms of the sweep and of overdue deliveries, and the log of the router",
                    );
                }
            }
            State::Failed | State::Exhausted => {
                let says_why =
                    |attempt: &Attempt| matches!(attempt.result, AttemptResult::Failed(_));
                if !delivery.attempts.iter().any(says_why) {
                    self.report(
                        delivery,
                        ProblemKind::NoReason,
                        format!(
                            "the delivery is {}, and no attempt says why",
                            delivery.state
                        ),
                        "look for its delivery id in the sender's log",
                    );
                }
            }
        }
    }

    fn report(
        &mut self,
        delivery: &DeliveryRecord,
        kind: ProblemKind,
        what: String,
        advice: &'static str,
    ) {
        let destination = Some((delivery.destination_id, delivery.display_name.clone()));
        self.problems.push(Problem {
            destination,
            kind,
            what,
            advice,
        });
    }
}

#[cfg(test)]
mod tests;
