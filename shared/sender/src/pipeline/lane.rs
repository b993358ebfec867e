//! One destination's deliveries on their way through a sender.
//!
//! ```text
//! orders ─ admitted? ─┬─ yes ─► claim ─► attempt ─► health ─► decide ─► queue ─► settle
//!                     └─ no ──► a place in line ─► retry queue ─► recorded as waiting
//! ```

use std::time::Duration;

use futures::future::join_all;
use tocsin_aws::telemetry::Metric;
use tocsin_aws::{Claim, Deferral};
use tocsin_core::Timestamp;
use tocsin_core::delivery::{Earlier, Retry};
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{Admission, Arrival, Health, Sign, TOGETHER};
use tocsin_core::outcome::{Failure, FailureKind};

use super::budget::Budget;
use super::order::{Granted, Order, Task};
use super::{Report, Sender};
use crate::deliver::Deliver;

/// Before a delivery whose claim the ledger did not answer is looked at again:
/// an outage of seconds is over by then, and one of minutes costs little.
const LEDGER_REST: Duration = Duration::from_secs(30);

impl<D: Deliver> Sender<D> {
    pub(super) async fn run_lane(
        &self,
        id: DestinationId,
        orders: Vec<Order<'_>>,
        budget: Budget,
    ) -> Report {
        let mut report = Report::default();
        let (settled, mut waiting): (Vec<_>, Vec<_>) = orders
            .into_iter()
            .partition(|order| order.task() != Task::Send);
        for some in settled.chunks(TOGETHER) {
            self.round(some, budget, &mut report).await;
        }
        let mut barred = Vec::new();
        // The first round is always made: were even that handed back for want of
        // time, a time limit set too short would send it round for ever.
        let mut made = false;
        while !waiting.is_empty() {
            if made && !budget.has_room() {
                self.hand_back(&waiting, budget, &mut report).await;
                break;
            }
            let some = self.admit(id, &mut waiting, &mut barred).await;
            if some.is_empty() {
                continue;
            }
            made = true;
            self.round(&some, budget, &mut report).await;
        }
        self.bar(id, barred, budget, &mut report).await;
        report
    }

    /// Takes the orders that may be attempted together off `waiting`, and those
    /// that must wait longer over to `barred`.
    async fn admit<'a>(
        &self,
        id: DestinationId,
        waiting: &mut Vec<Order<'a>>,
        barred: &mut Vec<Order<'a>>,
    ) -> Vec<Order<'a>> {
        let now = Timestamp::now();
        let health = self.health.of(id);
        let admission = |order: &Order<'_>| health.admission(order.delivery.arrival, now);
        let (mut may, must_wait): (Vec<_>, Vec<_>) = waiting
            .drain(..)
            .partition(|order| admission(order) != Admission::Closed);
        barred.extend(must_wait);
        let Some(first) = may.first() else {
            return Vec::new();
        };
        let together = match admission(first) {
            Admission::Open(together) => together,
            // Of all senders one gets to probe; the others look again.
            Admission::Probe => usize::from(self.take_probe(id).await),
            Admission::Closed => 0,
        };
        waiting.extend(may.split_off(together.min(may.len())));
        may
    }

    async fn take_probe(&self, id: DestinationId) -> bool {
        let probe = |health: &Health| {
            let now = Timestamp::now();
            // Returned or fresh: whoever is there when the pause is over.
            match health.admission(Arrival::Returned, now) {
                Admission::Probe => Some((health.probing(now), ())),
                Admission::Open(_) | Admission::Closed => None,
            }
        };
        self.health.change(id, probe).await.is_some()
    }

    /// Claims and carries out orders together, and settles what they came to.
    async fn round(&self, orders: &[Order<'_>], budget: Budget, report: &mut Report) {
        let granted = self.claim(orders, budget, report).await;
        let tried = granted
            .into_iter()
            .map(|granted| self.carry_out(granted, budget));
        let tried = join_all(tried).await;
        let signs: Vec<_> = tried
            .iter()
            .filter(|one| one.task == Task::Send)
            .filter_map(|one| Sign::of(&one.outcome))
            .collect();
        let places = self.observe(orders, &signs).await;
        let finished = self.decide(tried, places);
        self.settle(finished, budget, report).await;
    }

    async fn claim<'b>(
        &self,
        orders: &'b [Order<'_>],
        budget: Budget,
        report: &mut Report,
    ) -> Vec<Granted<'b>> {
        let now = Timestamp::now();
        let requests: Vec<_> = orders
            .iter()
            .map(|order| order.claim(&self.provider))
            .collect();
        let claims = self.ledger.claim(&requests, now).await;
        let mut granted = Vec::new();
        let mut later: Vec<Retry> = Vec::new();
        for (order, claim) in orders.iter().zip(claims) {
            match claim {
                Ok(Claim::Started(lease)) => granted.push(Granted {
                    order,
                    lease,
                    earlier: order.delivery.earlier,
                }),
                Ok(Claim::TakenOver(lease)) => granted.push(Granted {
                    order,
                    lease,
                    earlier: Earlier::MayHaveArrived,
                }),
                Ok(Claim::InProgress { until }) => later.push(order.retry_after_other(until)),
                Ok(Claim::AlreadySettled(state)) => order.log_dropped(state.as_str()),
                Ok(Claim::Superseded) => order.log_dropped("superseded"),
                // A ledger that stays closed to this role must not send the delivery
                // round for ever: in the end a person finds the hand-over.
                Err(error) if self.policy(order).end(order.began_at(now)) <= now => {
                    report.ledger.push(error);
                }
                Err(error) => {
                    order.log_unclaimed(&error);
                    later.push(Retry {
                        began_at: Some(order.began_at(now)),
                        ..order.retry(now.plus(LEDGER_REST))
                    });
                }
            }
        }
        self.queue_retries(&later, budget, report).await;
        granted
    }

    /// Tells the destination's health of these signs. Where that pauses it, each
    /// of the troubled deliveries gets a place in line.
    async fn observe(&self, orders: &[Order<'_>], signs: &[Sign]) -> Vec<Timestamp> {
        let (Some(order), false) = (orders.first(), signs.is_empty()) else {
            return Vec::new();
        };
        let observe = |health: &Health| Some(health.observe(signs, Timestamp::now()));
        let id = order.delivery.destination_id;
        let before = self.health.of(id).pause;
        let places = self.health.change(id, observe).await.unwrap_or_default();
        if before.is_none() && !places.is_empty() {
            order.log_paused(&self.health.of(id));
        }
        places
    }

    /// What the destination does not take now goes to the retry queue, or comes
    /// to its end when its time is over.
    async fn bar(
        &self,
        id: DestinationId,
        barred: Vec<Order<'_>>,
        budget: Budget,
        report: &mut Report,
    ) {
        let now = Timestamp::now();
        let (over, waiting): (Vec<_>, Vec<_>) = barred
            .into_iter()
            .partition(|order| self.policy(order).end(order.began_at(now)) <= now);
        if !over.is_empty() {
            let failure = given_up(&self.health.of(id));
            let over: Vec<_> = over
                .iter()
                .map(|order| order.given_up(failure.clone()))
                .collect();
            for some in over.chunks(TOGETHER) {
                self.round(some, budget, report).await;
            }
        }
        if !waiting.is_empty() {
            self.put_off(id, &waiting, budget, report).await;
        }
    }

    /// Queues first, then records: a crash in between leaves a retry whose claim
    /// makes the record.
    async fn put_off(
        &self,
        id: DestinationId,
        waiting: &[Order<'_>],
        budget: Budget,
        report: &mut Report,
    ) {
        let now = Timestamp::now();
        let queue = |health: &Health| Some(health.queue(waiting.len(), Timestamp::now()));
        let places = self.health.change(id, queue).await.unwrap_or_default();
        let deferrals: Vec<_> = waiting
            .iter()
            .zip(places)
            .map(|(order, place)| {
                let began_at = order.began_at(now);
                Deferral {
                    request: order.claim(&self.provider),
                    began_at,
                    due: self.policy(order).wait(began_at, place),
                }
            })
            .collect();
        let retries: Vec<_> = waiting
            .iter()
            .zip(&deferrals)
            .map(|(order, deferral)| Retry {
                began_at: Some(deferral.began_at),
                ..order.retry(deferral.due)
            })
            .collect();
        self.queue_retries(&retries, budget, report).await;
        for (order, deferred) in waiting
            .iter()
            .zip(self.ledger.defer(&deferrals, Timestamp::now()).await)
        {
            if let Err(error) = deferred {
                order.log_unrecorded_wait(&error);
            }
        }
        report.count(Metric::DeliveriesDeferred, waiting.len());
        tracing::info!(
            destination.id = %id,
            count = waiting.len(),
            "the destination is paused or has a line: deliveries wait without using up an attempt"
        );
    }

    /// What there is no time for.
    async fn hand_back(&self, orders: &[Order<'_>], budget: Budget, report: &mut Report) {
        let now = Timestamp::now();
        let retries: Vec<_> = orders.iter().map(|order| order.retry(now)).collect();
        self.queue_retries(&retries, budget, report).await;
    }
}

/// Why a delivery ended without another attempt.
fn given_up(health: &Health) -> Failure {
    let since = health
        .failing_since
        .map(|at| format!(" since {at}"))
        .unwrap_or_default();
    match &health.last_failure {
        Some(failure) => Failure {
            detail: Failure::new(
                failure.kind,
                format!(
                    "not attempted again: the destination was paused until the retry window ended; it fails{since}: {}",
                    failure.detail
                ),
            )
            .detail,
            ..failure.clone()
        },
        None => Failure::new(
            FailureKind::Unavailable,
            "not attempted: the destination was paused until the retry window ended",
        ),
    }
}
