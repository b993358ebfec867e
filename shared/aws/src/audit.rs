//! Conservation: whether an alert in the ledger is accounted for.
//!
//! Every record that came in was rejected with a reason, or is an alert that is
//! skipped, unrouted or routed. A routed alert has exactly one delivery for each
//! target. Every delivery is delivered, waits with a date, or ended with a
//! reason. [`check`] holds one alert against these rules.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::delivery::{AttemptResult, State};
use tocsin_core::destination::DestinationId;
use tocsin_core::routing::Disposition;

use crate::{DeliveryRecord, History};

/// A delivery begins within seconds. Lambda repeats a failed hand-over twice within
/// three minutes, SQS a failed batch four times within twelve: what has not begun by
/// then lies in a dead-letter queue.
const BEGINS_WITHIN: Duration = Duration::from_mins(15);

/// SQS delays 15 minutes at most, so a retry may be that late after an outage,
/// and some time passes until it is taken.
const OVERDUE_AFTER: Duration = Duration::from_mins(20);

/// Lambda's next try takes over within this time after a sender vanished.
const LEASE_GRACE: Duration = Duration::from_mins(5);

/// What became of alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertCounts {
    /// Alerts in the ledger: the sum of the others.
    pub received: u64,
    /// Their detection asked for silence.
    pub skipped: u64,
    /// No destination matched.
    pub unrouted: u64,
    /// They have targets.
    pub routed: u64,
}

/// Where deliveries stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryCounts {
    /// Targets of all alerts: the sum of the others but `standIns`.
    pub targets: u64,
    /// They have no delivery yet.
    pub not_begun: u64,
    /// A sender is at it.
    pub sending: u64,
    /// They wait for an attempt with a date.
    pub waiting: u64,
    /// They arrived.
    pub delivered: u64,
    /// They were refused for good.
    pub failed: u64,
    /// They were retried until the end.
    pub exhausted: u64,
    /// Deliveries to fallbacks, in place of targets that failed for good.
    pub stand_ins: u64,
}

/// The kinds of trouble an audit finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TroubleKind {
    /// A target has no delivery.
    NotBegun,
    /// An attempt should have been made a while ago.
    Overdue,
    /// A delivery waits without a date.
    NoDate,
    /// A sender vanished in the middle of an attempt, and none took over.
    Abandoned,
    /// A delivery ended, and no attempt says why.
    NoReason,
    /// A delivery that no target and no fallback asked for.
    NotATarget,
    /// The routing contradicts itself.
    Contradiction,
    /// The ledger's own items cannot be read.
    Unreadable,
}

/// Something about one alert that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// About which destination, and its name, where it is about one delivery.
    pub destination: Option<(DestinationId, String)>,
    /// What it is.
    pub kind: TroubleKind,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// What became of one alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Its deliveries.
    pub deliveries: DeliveryCounts,
    /// What is not as it must be.
    pub troubles: Vec<Trouble>,
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

impl std::ops::AddAssign for DeliveryCounts {
    fn add_assign(&mut self, other: Self) {
        self.targets += other.targets;
        self.not_begun += other.not_begun;
        self.sending += other.sending;
        self.waiting += other.waiting;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.exhausted += other.exhausted;
        self.stand_ins += other.stand_ins;
    }
}

/// Holds one alert against the rules, as things stand at `now`.
#[must_use]
pub fn check(history: &History, now: Timestamp) -> Checked {
    let mut checked = Checked::default();
    let routing = &history.alert.routing;
    let routed = routing.disposition == Disposition::Routed;
    if routed == routing.targets.is_empty() {
        checked.troubles.push(Trouble {
            destination: None,
            kind: TroubleKind::Contradiction,
            what: format!(
                "the alert is {} and has {} targets",
                routing.disposition,
                routing.targets.len()
            ),
            advice: "this is a fault of Tocsin; please report it with the answer of getAlert",
        });
    }
    for target in &routing.targets {
        checked.deliveries.targets += 1;
        let id = target.destination_id;
        // As somebody's fallback it gets the alert as well, and once is enough.
        let own = |one: &&DeliveryRecord| one.destination_id == id;
        if let Some(delivery) = history.deliveries.iter().find(own) {
            checked.take(delivery, now);
        } else {
            checked.deliveries.not_begun += 1;
            if now.since(history.alert.received_at) > BEGINS_WITHIN {
                checked.troubles.push(Trouble {
                    destination: Some((id, target.display_name.clone())),
                    kind: TroubleKind::NotBegun,
                    what: "the delivery has not begun".to_owned(),
                    advice: "look into the queue of failed hand-overs (listDeadLetters, handOvers) and redrive it",
                });
            }
        }
    }
    for delivery in &history.deliveries {
        let target = |one: DestinationId| routing.targets.iter().any(|t| t.destination_id == one);
        match delivery.fallback_for {
            Some(_) if target(delivery.destination_id) => {}
            Some(_) => {
                checked.deliveries.stand_ins += 1;
                checked.find_trouble(delivery, now);
            }
            None if !target(delivery.destination_id) => checked.report(
                delivery,
                TroubleKind::NotATarget,
                "there is a delivery, but the alert was not routed there".to_owned(),
                "this is a fault of Tocsin; please report it with the answer of getAlert",
            ),
            None => {}
        }
    }
    checked
}

impl Checked {
    fn take(&mut self, delivery: &DeliveryRecord, now: Timestamp) {
        let counts = &mut self.deliveries;
        *match delivery.state {
            State::Sending => &mut counts.sending,
            State::Retrying => &mut counts.waiting,
            State::Delivered => &mut counts.delivered,
            State::Failed => &mut counts.failed,
            State::Exhausted => &mut counts.exhausted,
        } += 1;
        self.find_trouble(delivery, now);
    }

    fn find_trouble(&mut self, delivery: &DeliveryRecord, now: Timestamp) {
        match delivery.state {
            State::Delivered => {}
            State::Retrying => match delivery.next_attempt_at {
                None => self.report(
                    delivery,
                    TroubleKind::NoDate,
                    "it waits for another attempt, without a date".to_owned(),
                    "send the alert again to this destination (resendAlert)",
                ),
                Some(due) if now.since(due) > OVERDUE_AFTER => self.report(
                    delivery,
                    TroubleKind::Overdue,
                    format!("its next attempt was due at {due}"),
                    "look whether the retry queue is being worked off and into its dead letters (listDeadLetters, retries)",
                ),
                Some(_) => {}
            },
            State::Sending => {
                let lapsed = delivery.lease_until.unwrap_or(delivery.updated_at);
                if now.since(lapsed) > LEASE_GRACE {
                    self.report(
                        delivery,
                        TroubleKind::Abandoned,
                        format!("the sender that was at it until {lapsed} vanished, and none took over"),
                        "look into the queue of failed hand-overs (listDeadLetters, handOvers) and redrive it",
                    );
                }
            }
            State::Failed | State::Exhausted => {
                let says_why = |attempt: &tocsin_core::delivery::Attempt| {
                    matches!(attempt.result, AttemptResult::Failed(_))
                };
                if !delivery.attempts.iter().any(says_why) {
                    self.report(
                        delivery,
                        TroubleKind::NoReason,
                        format!("it is {}, and no attempt says why", delivery.state),
                        "look for its delivery id in the sender's log",
                    );
                }
            }
        }
    }

    fn report(
        &mut self,
        delivery: &DeliveryRecord,
        kind: TroubleKind,
        what: String,
        advice: &'static str,
    ) {
        let destination = Some((delivery.destination_id, delivery.display_name.clone()));
        self.troubles.push(Trouble {
            destination,
            kind,
            what,
            advice,
        });
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
