//! Making sure of what attempts came to: for each its retry first, then the ledger;
//! before all of them what needs no retry.
//!
//! AWS may be out of order just now, so both are tried again as long as the
//! invocation has time. A crash between the two leaves a retry too many, which
//! its claim turns away. What arrived and could still not be recorded travels on
//! through the retry queue, so that it is not sent again.

use std::time::Duration;

use tocsin_aws::{AwsError, LedgerError, Message};
use tocsin_core::Timestamp;
use tocsin_core::delivery::Retry;
use tocsin_core::delivery::settlement::{NewState, SettleResult};

use super::budget::Budget;
use super::order::{Finished, Order};
use super::{Report, Sender};
use crate::transport::Transport;
use tocsin_aws::telemetry::Metric;

impl<D: Transport> Sender<D> {
    pub(super) async fn settle(
        &self,
        finished: Vec<Finished<'_>>,
        budget: Budget,
        report: &mut Report,
    ) {
        for one in &finished {
            report.count(metric(one.verdict), 1);
        }
        let now = Timestamp::now();
        let (followed, alone): (Vec<_>, Vec<_>) = finished
            .into_iter()
            .partition(|one| one.following(now).next().is_some());
        // A retry queue that does not answer must not use up the time of those that
        // need nothing of it.
        let (mut settled, mut unsettled) = self.record(alone, budget).await;
        let queued = self.queue_what_follows(followed, budget, report).await;
        let (recorded, unrecorded) = self.record(queued, budget).await;
        settled.extend(recorded);
        unsettled.extend(unrecorded);
        self.hand_on(unsettled, budget, report).await;
        self.tell_of_bad_ends(&settled, budget, report).await;
    }

    /// Queues retries and fallbacks; gives those back whose were taken. The others
    /// are not settled: their leases run out, and whoever repeats the invocation
    /// takes them over.
    async fn queue_what_follows<'a>(
        &self,
        finished: Vec<Finished<'a>>,
        budget: Budget,
        report: &mut Report,
    ) -> Vec<Finished<'a>> {
        let now = Timestamp::now();
        let following: Vec<(usize, Message)> = finished
            .iter()
            .enumerate()
            .flat_map(|(at, one)| {
                one.following(now)
                    .map(move |retry| (at, Message::retry(&retry, now)))
            })
            .collect();
        let messages: Vec<_> = following
            .iter()
            .map(|(_, message)| message.clone())
            .collect();
        let mut lost = Vec::new();
        for ((at, _), queued) in following.iter().zip(self.queue(&messages, budget).await) {
            if let Err(error) = queued {
                lost.push(*at);
                report.queue.push(error);
            }
        }
        finished
            .into_iter()
            .enumerate()
            .filter(|(at, _)| !lost.contains(at))
            .map(|(_, one)| one)
            .collect()
    }

    /// Records attempts; gives back what was recorded and what could not be.
    async fn record<'a>(
        &self,
        finished: Vec<Finished<'a>>,
        budget: Budget,
    ) -> (Vec<Finished<'a>>, Vec<(Finished<'a>, LedgerError)>) {
        let mut settled = Vec::new();
        if finished.is_empty() {
            return (settled, Vec::new());
        }
        let mut pending: Vec<_> = finished.into_iter().map(|one| (one, None)).collect();
        for tried in 1.. {
            let settlements: Vec<_> = pending.iter().map(|(one, _)| one.settlement()).collect();
            let settle = self.ledger.settle(&settlements);
            let answers = tokio::time::timeout(budget.call(), settle)
                .await
                .unwrap_or_else(|_| {
                    vec![Err(too_late("settling deliveries").into()); settlements.len()]
                });
            let mut failed = Vec::new();
            for ((one, _), answer) in pending.into_iter().zip(answers) {
                match answer {
                    Ok(SettleResult::Settled) => settled.push(one),
                    Ok(SettleResult::LeaseLost) => one.order.log_fenced(),
                    Err(error) => failed.push((one, Some(error))),
                }
            }
            pending = failed;
            if pending.is_empty() || !budget.rest(tried).await {
                break;
            }
        }
        let unsettled = pending
            .into_iter()
            .filter_map(|(one, error)| Some((one, error?)))
            .collect();
        (settled, unsettled)
    }

    /// What arrived is told to the next sender, so that it need only be recorded.
    /// Everything else is safe to be attempted again: its retry is queued, or it
    /// had not arrived.
    async fn hand_on(
        &self,
        unsettled: Vec<(Finished<'_>, LedgerError)>,
        budget: Budget,
        report: &mut Report,
    ) {
        let now = Timestamp::now();
        let mut onward = Vec::new();
        for (one, error) in unsettled {
            one.order.log_unrecorded(&error);
            let over = self.policy(one.order).end(one.attempt.at) <= now;
            match one.hand_on(now) {
                // A ledger that stays closed must not send it round for ever.
                Some(retry) if !over => onward.push(retry),
                None if one.retry().is_some() => {}
                Some(_) | None => report.ledger.push(error),
            }
        }
        // Together: there may be time for one call only.
        self.queue_retries(&onward, budget, report).await;
    }

    /// Queues retries; gives the indices of those that were taken. The others fail
    /// the invocation, so that Lambda repeats it.
    pub(super) async fn queue_retries(
        &self,
        retries: &[Retry],
        budget: Budget,
        report: &mut Report,
    ) -> Vec<usize> {
        let now = Timestamp::now();
        let messages: Vec<_> = retries
            .iter()
            .map(|retry| Message::retry(retry, now))
            .collect();
        let mut taken = Vec::new();
        for (at, queued) in self.queue(&messages, budget).await.into_iter().enumerate() {
            match queued {
                Ok(()) => taken.push(at),
                Err(error) => report.queue.push(error),
            }
        }
        taken
    }

    /// Puts messages on the retry queue, again and again while there is time.
    pub(super) async fn queue(
        &self,
        messages: &[Message],
        budget: Budget,
    ) -> Vec<Result<(), AwsError>> {
        if messages.is_empty() {
            return Vec::new();
        }
        let mut answers = self.send(messages, budget).await;
        for tried in 1.. {
            let again: Vec<usize> = (0..answers.len())
                .filter(|at| answers[*at].is_err())
                .collect();
            if again.is_empty() || !budget.rest(tried).await {
                break;
            }
            let some: Vec<_> = again.iter().map(|at| messages[*at].clone()).collect();
            for (at, answer) in again.into_iter().zip(self.send(&some, budget).await) {
                answers[at] = answer;
            }
        }
        answers
    }

    async fn send(&self, messages: &[Message], budget: Budget) -> Vec<Result<(), AwsError>> {
        tokio::time::timeout(budget.last_words(), self.retry_queue.send(messages))
            .await
            .unwrap_or_else(|_| vec![Err(too_late("queueing retries")); messages.len()])
    }

    /// Records what arrived in an earlier invocation.
    pub(super) async fn record_arrived(
        &self,
        orders: &[Order<'_>],
        budget: Budget,
        report: &mut Report,
    ) {
        let arrived: Vec<_> = orders.iter().filter_map(Order::finished).collect();
        if !arrived.is_empty() {
            let (_, unsettled) = self.record(arrived, budget).await;
            self.hand_on(unsettled, budget, report).await;
        }
    }
}

fn too_late(action: &'static str) -> AwsError {
    AwsError::unexpected(action, "no answer before the invocation's time was over")
}

const fn metric(verdict: NewState) -> Metric {
    match verdict {
        NewState::Delivered => Metric::DeliveriesDelivered,
        NewState::Retrying { .. } => Metric::DeliveriesRetried,
        NewState::Failed => Metric::DeliveriesFailed,
        NewState::Exhausted => Metric::DeliveriesExhausted,
    }
}

/// After a lease has run out, before somebody else is sent to take it over.
pub(super) const AFTER_LEASE: Duration = Duration::from_secs(1);
