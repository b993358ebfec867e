//! The audit: [`tocsin_core::audit`] over a time range of the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::try_join_all;
use tocsin_api_types::{
    ApiError, Audit, AuditReport, AuditedDestination, Finding, QueueDepths, Verdict,
};
use tocsin_aws::{LedgerError, Queue, TimelineEntry};
use tocsin_core::Timestamp;
use tocsin_core::audit::{AlertCounts, DeliveryCounts, Problem, ProblemKind, check};
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::history::History;

use crate::Api;
use crate::alerts::CONCURRENT_READS;
use crate::error::{IntoApiError, OrApiError};
use crate::pagination::{Budget, Range, encode};

/// How long one call reads the ledger.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The most findings of one answer.
const MOST_FINDINGS: usize = 100;

/// The findings so far.
#[derive(Default)]
struct Findings {
    shown: Vec<Finding>,
    left_out: u64,
}

/// What has not arrived, by destination.
#[derive(Default)]
struct NotArrived(BTreeMap<DestinationId, AuditedDestination>);

impl NotArrived {
    fn add(&mut self, history: &History) {
        for delivery in &history.deliveries {
            let (waiting, undelivered) = match delivery.state {
                State::Delivered => continue,
                State::Failed | State::Exhausted if !history.is_open(delivery) => continue,
                State::Failed | State::Exhausted => (0, 1),
                State::Queued | State::Sending | State::Retrying => (1, 0),
            };
            let id = delivery.destination_id;
            let row = self.0.entry(id).or_insert_with(|| AuditedDestination {
                destination_id: id,
                display_name: delivery.display_name.clone(),
                waiting: 0,
                undelivered: 0,
            });
            row.waiting += waiting;
            row.undelivered += undelivered;
        }
    }
}

impl Api {
    pub(crate) async fn audit(&self, request: Audit) -> Result<AuditReport, ApiError> {
        let range = Range::read(request.since, request.until, request.cursor.as_deref())?;
        let budget = Budget::of(TIME_LIMIT);
        let mut alerts = AlertCounts::default();
        let mut deliveries = DeliveryCounts::default();
        let mut findings = Findings::default();
        let mut not_arrived = NotArrived::default();
        let mut next = Some(range.from);
        while let Some(from) = next.take_if(|_| !budget.is_spent()) {
            let page = self
                .ledger
                .timeline(range.since, &from, CONCURRENT_READS)
                .await
                .or_api_error()?;
            next = page.next;
            let ids = page.entries.iter().map(|entry| &entry.alert_id);
            let histories = self.histories(ids).await;
            let now = Timestamp::now();
            let mut found = Vec::new();
            for (entry, history) in page.entries.iter().zip(histories) {
                let problems = match history {
                    Ok(Some(history)) => {
                        let audit = check(&history, now);
                        deliveries += audit.deliveries;
                        not_arrived.add(&history);
                        audit.problems
                    }
                    // It expired between the two reads.
                    Ok(None) => continue,
                    Err(error @ LedgerError::Unreadable { .. }) => vec![unreadable(&error)],
                    Err(error) => return Err(error.into_api_error()),
                };
                alerts.add(entry.disposition);
                found.push((entry, problems));
            }
            self.leave_out_explained(&mut found).await?;
            for (entry, problems) in found {
                findings.add(entry, problems);
            }
        }
        Ok(AuditReport {
            since: range.since,
            until: range.until,
            verdict: findings.verdict(),
            alerts,
            deliveries,
            destinations: not_arrived.0.into_values().collect(),
            findings: findings.shown,
            findings_left_out: findings.left_out,
            queues: self.queue_depths().await?,
            cursor: next.as_ref().map(encode).transpose()?,
        })
    }

    /// Removes the problems of deliveries that are late because their destination does
    /// not accept them faster.
    async fn leave_out_explained(
        &self,
        found: &mut [(&TimelineEntry, Vec<Problem>)],
    ) -> Result<(), ApiError> {
        let late = |problem: &Problem| {
            let (id, _) = problem.destination.as_ref()?;
            problem.kind.is_about_time().then_some(*id)
        };
        let ids: BTreeSet<_> = found
            .iter()
            .flat_map(|(_, problems)| problems)
            .filter_map(late)
            .collect();
        let healths = self.ledger.health(&Vec::from_iter(ids)).await;
        let healths = healths.or_api_error()?;
        let now = Timestamp::now();
        let explained = |problem: &Problem| {
            let health = late(problem).and_then(|id| healths.get(&id));
            health.is_some_and(|health| health.health.delays_deliveries(now))
        };
        for (_, problems) in found {
            problems.retain(|problem| !explained(problem));
        }
        Ok(())
    }

    pub(crate) async fn queue_depths(&self) -> Result<QueueDepths, ApiError> {
        let queues = &self.queues;
        let all: [&Queue; 5] = [
            &queues.alerts,
            &queues.retries,
            &queues.dead_alerts,
            &queues.dead_retries,
            &queues.failed_dispatches,
        ];
        let depths = try_join_all(all.map(Queue::depth)).await.or_api_error()?;
        let [
            alerts,
            retries,
            dead_alerts,
            dead_retries,
            failed_dispatches,
        ] = depths[..]
        else {
            return Err(ApiError::unavailable(&"a queue was not counted"));
        };
        Ok(QueueDepths {
            alerts: alerts.total(),
            retries: retries.total(),
            dead_alerts: dead_alerts.total(),
            dead_retries: dead_retries.total(),
            failed_dispatches: failed_dispatches.total(),
        })
    }
}

fn unreadable(error: &LedgerError) -> Problem {
    Problem {
        destination: None,
        kind: ProblemKind::Unreadable,
        what: error.to_string(),
        advice: "this version of Tocsin did not write the item: look at it in the table",
    }
}

impl Findings {
    fn add(&mut self, entry: &TimelineEntry, problems: Vec<Problem>) {
        for problem in problems {
            if self.shown.len() == MOST_FINDINGS {
                self.left_out += 1;
                continue;
            }
            let (destination_id, display_name) = problem.destination.unzip();
            self.shown.push(Finding {
                alert_id: entry.alert_id.clone(),
                destination_id,
                display_name,
                kind: problem.kind,
                what: problem.what,
                advice: problem.advice.to_owned(),
            });
        }
    }

    fn verdict(&self) -> Verdict {
        if self.shown.is_empty() {
            Verdict::Conserved
        } else {
            Verdict::Broken
        }
    }
}
