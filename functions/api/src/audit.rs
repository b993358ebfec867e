//! The audit: [`tocsin_aws::audit`] over a stretch of the ledger.

use std::time::Duration;

use futures::future::try_join_all;
use tocsin_aws::audit::{Trouble, TroubleKind, check};
use tocsin_aws::{LedgerError, Queue, TimelineEntry};
use tocsin_core::Timestamp;

use crate::Api;
use crate::alerts::AT_ONCE;
use crate::messages::{
    AlertCounts, ApiError, Audit, AuditReport, DeliveryCounts, Finding, QueueDepths, Verdict,
};
use crate::pagination::{Budget, Span, cursor};

/// How long one call goes through the ledger.
const LOOKING: Duration = Duration::from_secs(20);

/// Findings of one answer.
const MOST_FINDINGS: usize = 100;

/// What was found so far.
#[derive(Default)]
struct Findings {
    shown: Vec<Finding>,
    left_out: u64,
}

impl Api {
    pub(crate) async fn audit(&self, request: Audit) -> Result<AuditReport, ApiError> {
        let span = Span::read(request.since, request.until, request.cursor.as_deref())?;
        let budget = Budget::of(LOOKING);
        let mut alerts = AlertCounts::default();
        let mut deliveries = DeliveryCounts::default();
        let mut findings = Findings::default();
        let mut next = Some(span.from);
        while let Some(from) = next.take_if(|_| !budget.is_spent()) {
            let page = self.ledger.timeline(span.since, &from, AT_ONCE).await?;
            next = page.next;
            let ids = page.entries.iter().map(|entry| &entry.alert_id);
            let histories = self.histories(ids).await;
            let now = Timestamp::now();
            for (entry, history) in page.entries.iter().zip(histories) {
                let troubles = match history {
                    Ok(Some(history)) => {
                        let checked = check(&history, now);
                        deliveries += checked.deliveries;
                        checked.troubles
                    }
                    // It expired between the two looks.
                    Ok(None) => continue,
                    Err(error @ LedgerError::Unreadable { .. }) => vec![unreadable(&error)],
                    Err(error) => return Err(error.into()),
                };
                alerts.add(entry.disposition);
                findings.add(entry, troubles);
            }
        }
        Ok(AuditReport {
            since: span.since,
            until: span.until,
            verdict: findings.verdict(),
            alerts,
            deliveries,
            findings: findings.shown,
            findings_left_out: findings.left_out,
            queues: self.queue_depths().await?,
            cursor: next.as_ref().map(cursor).transpose()?,
        })
    }

    async fn queue_depths(&self) -> Result<QueueDepths, ApiError> {
        let queues = &self.queues;
        let all: [&Queue; 5] = [
            &queues.alerts,
            &queues.retries,
            &queues.dead_alerts,
            &queues.dead_retries,
            &queues.failed_hand_overs,
        ];
        let depths = try_join_all(all.map(Queue::depth)).await?;
        let [
            alerts,
            retries,
            dead_alerts,
            dead_retries,
            failed_hand_overs,
        ] = depths[..]
        else {
            return Err(ApiError::unavailable(&"a queue was not counted"));
        };
        Ok(QueueDepths {
            alerts: alerts.total(),
            retries: retries.total(),
            dead_alerts: dead_alerts.total(),
            dead_retries: dead_retries.total(),
            failed_hand_overs: failed_hand_overs.total(),
        })
    }
}

fn unreadable(error: &LedgerError) -> Trouble {
    Trouble {
        destination: None,
        kind: TroubleKind::Unreadable,
        what: error.to_string(),
        advice: "this version of Tocsin did not write it: look at the item in the table",
    }
}

impl Findings {
    fn add(&mut self, entry: &TimelineEntry, troubles: Vec<Trouble>) {
        for trouble in troubles {
            if self.shown.len() == MOST_FINDINGS {
                self.left_out += 1;
                continue;
            }
            let (destination_id, display_name) = trouble.destination.unzip();
            self.shown.push(Finding {
                alert_id: entry.alert_id.clone(),
                destination_id,
                display_name,
                kind: trouble.kind,
                what: trouble.what,
                advice: trouble.advice.to_owned(),
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
