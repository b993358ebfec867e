//! One destination's deliveries on their way through a sender.
//!
//! ```text
//! orders ─ admitted? ─┬─ yes ─► claim ─► attempt ─► decide ─► queue ─► settle
//!                     └─ no ──► a place in line ─► retry queue ─► recorded as waiting
//! ```

use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{Admission, Health, MAX_CONCURRENCY, Priority};

use super::budget::Budget;
use super::order::{Order, Task};
use super::{Report, Sender};
use crate::transport::Transport;

/// In what capacity orders are attempted.
enum Admitted<'a> {
    /// As any others.
    Together(Vec<Order<'a>>),
    /// To find out whether the pause can end.
    Probe(Order<'a>),
    /// None may be, for now.
    Nobody,
}

impl<D: Transport> Sender<D> {
    pub(super) async fn run_lane(
        &self,
        id: DestinationId,
        orders: Vec<Order<'_>>,
        budget: Budget,
    ) -> Report {
        let mut report = Report::default();
        let (arrived, rest): (Vec<_>, Vec<_>) = orders
            .into_iter()
            .partition(|order| order.delivery.unrecorded.is_some());
        let (mut waiting, ended): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|order| order.task() == Task::Send);
        self.record_arrived(&arrived, budget, &mut report).await;
        for some in ended.chunks(MAX_CONCURRENCY) {
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
            match self.admit(id, &mut waiting, &mut barred, budget).await {
                Admitted::Nobody => continue,
                Admitted::Together(orders) => {
                    self.round(&orders, budget, &mut report).await;
                }
                Admitted::Probe(order) => {
                    let found = self.round(&[order], budget, &mut report).await;
                    if !found {
                        self.give_probe_back(id).await;
                    }
                }
            }
            made = true;
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
        budget: Budget,
    ) -> Admitted<'a> {
        let now = Timestamp::now();
        let health = self.health.of(id);
        let admission = |order: &Order<'_>| health.admission(order.priority(), now);
        let (mut may, must_wait): (Vec<_>, Vec<_>) = waiting
            .drain(..)
            .partition(|order| admission(order) != Admission::Reject);
        barred.extend(must_wait);
        // Grave ones first; what has failed before may fail for reasons of its own, so
        // it probes last.
        may.sort_by_key(|order| (order.priority() != Priority::High, order.delivery.attempt));
        let Some(first) = may.first() else {
            return Admitted::Nobody;
        };
        let (admission, priority) = (admission(first), first.priority());
        match admission {
            Admission::Allow => {
                waiting.extend(may.split_off(MAX_CONCURRENCY.min(may.len())));
                Admitted::Together(may)
            }
            Admission::RateLimited => {
                let longest = priority.max_slot_wait().min(budget.wait());
                if let Some(together) = self.take_turns(id, longest, may.len()).await {
                    waiting.extend(may.split_off(together.min(may.len())));
                    return Admitted::Together(may);
                }
                barred.append(&mut may);
                Admitted::Nobody
            }
            // Of all senders one gets to probe; the others' orders wait.
            Admission::Probe => {
                if self.take_probe(id, priority).await {
                    let probe = may.remove(0);
                    waiting.append(&mut may);
                    return Admitted::Probe(probe);
                }
                barred.append(&mut may);
                Admitted::Nobody
            }
            Admission::Reject => {
                barred.append(&mut may);
                Admitted::Nobody
            }
        }
    }

    async fn take_probe(&self, id: DestinationId, priority: Priority) -> bool {
        let probe = |health: &Health| {
            let now = Timestamp::now();
            match health.admission(priority, now) {
                Admission::Probe => Some((health.begin_probe(now), ())),
                Admission::Allow | Admission::RateLimited | Admission::Reject => None,
            }
        };
        self.health.change(id, probe).await.is_some()
    }

    async fn give_probe_back(&self, id: DestinationId) {
        let give_back = |health: &Health| Some((health.cancel_probe(Timestamp::now()), ()));
        // Whether it comes about or not, the probe's own time is limited.
        let _ = self.health.change(id, give_back).await;
    }

    /// Waits for the next turns; `None` when they are too far off, or the
    /// destination is paused when they come.
    async fn take_turns(
        &self,
        id: DestinationId,
        longest: Duration,
        count: usize,
    ) -> Option<usize> {
        let take = |health: &Health| {
            let now = Timestamp::now();
            let (next, start, together) = health.reserve(count, now);
            let wait = start.since(now);
            (wait <= longest).then_some((next, (wait, together)))
        };
        let (wait, together) = self.health.change(id, take).await?;
        tokio::time::sleep(wait).await;
        self.health.refresh(&[id]).await;
        let admission = self
            .health
            .of(id)
            .admission(Priority::Retry, Timestamp::now());
        matches!(admission, Admission::Allow | Admission::RateLimited).then_some(together)
    }
}
