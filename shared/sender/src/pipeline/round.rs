//! Orders that are attempted together: claimed in one call, carried out at once,
//! and settled, the untroubled ones first.

use std::time::Duration;

use futures::future::join_all;
use tocsin_core::Timestamp;
use tocsin_core::delivery::claim::Claim;
use tocsin_core::delivery::{PriorAttempt, Retry};
use tocsin_core::health::{Health, Sign};
use tocsin_core::outcome::{Failure, FailureKind};

use super::budget::Budget;
use super::order::{Granted, Order, Task, Tried};
use super::{Report, Sender};
use crate::transport::Transport;

/// Before a delivery whose claim the ledger did not answer is looked at again:
/// an outage of seconds is over by then, and one of minutes costs little.
pub(super) const LEDGER_REST: Duration = Duration::from_secs(30);

impl<D: Transport> Sender<D> {
    /// Carries orders out; whether anything was learnt of the destination.
    pub(super) async fn round(
        &self,
        orders: &[Order<'_>],
        budget: Budget,
        report: &mut Report,
    ) -> bool {
        let granted = self.claim(orders, budget, report).await;
        let tried = granted
            .into_iter()
            .map(|granted| self.carry_out(granted, budget));
        let tried = join_all(tried).await;
        let signs: Vec<_> = tried.iter().filter_map(Tried::sign).collect();
        let (troubled, clear): (Vec<_>, Vec<_>) = tried
            .into_iter()
            .partition(|one| one.sign().as_ref().is_some_and(Sign::is_trouble));
        // What has arrived is recorded before anything else can go wrong.
        let clear = self.decide(clear, Vec::new());
        self.settle(clear, budget, report).await;
        let places = self.observe(orders, &signs, budget).await;
        let troubled = self.decide(troubled, places);
        self.settle(troubled, budget, report).await;
        !signs.is_empty()
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
                    task: order.task(),
                    lease,
                    prior_attempt: order.delivery.prior_attempt,
                }),
                Ok(Claim::TakenOver(lease)) => granted.push(Granted {
                    order,
                    task: self.after_a_vanished_one(order, now),
                    lease,
                    prior_attempt: PriorAttempt::MaybeDelivered,
                }),
                Ok(Claim::InProgress { until }) => later.push(order.retry_after_other(until, now)),
                Ok(Claim::AlreadySettled(state)) => order.log_dropped(state.as_str()),
                Ok(Claim::Stale) => order.log_dropped("superseded"),
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

    /// Each sender that vanishes in the middle of an attempt uses one up; after the
    /// last one nobody tries again. Only here can that be seen: whoever vanishes
    /// decides nothing.
    fn after_a_vanished_one(&self, order: &Order<'_>, now: Timestamp) -> Task {
        let policy = self.policy(order);
        let used_up =
            order.delivery.attempt > policy.most_attempts || policy.end(order.began_at(now)) <= now;
        if used_up && order.task() == Task::Send {
            Task::GiveUp(Failure::new(
                FailureKind::Crashed,
                "the sender vanished in the middle of every attempt; its log may say why",
            ))
        } else {
            order.task()
        }
    }

    /// Tells the destination's health of these signs. Where that pauses it, each
    /// of the troubled deliveries gets a place in line.
    async fn observe(
        &self,
        orders: &[Order<'_>],
        signs: &[Sign],
        budget: Budget,
    ) -> Vec<Timestamp> {
        let (Some(order), false) = (orders.first(), signs.is_empty()) else {
            return Vec::new();
        };
        let observe =
            |health: &Health| Some(health.observe(signs, Timestamp::now(), fastrand::f64));
        let id = order.delivery.destination_id;
        let before = self.health.of(id).pause;
        let change = self.health.change(id, observe);
        // It is advice: what follows must not run out of time for it.
        let places = tokio::time::timeout(budget.advice(), change).await;
        let places = places.ok().flatten().unwrap_or_default();
        if before.is_none() && !places.is_empty() {
            order.log_paused(&self.health.of(id));
        }
        places
    }
}
