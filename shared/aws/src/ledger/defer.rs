//! Changing the due times of deliveries without an attempt.

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::delivery::settlement::Deferral;
use tocsin_core::destination::DestinationId;
use tocsin_core::outbox::{DueEntry, DueKey};

use super::attributes::{Key, n, s};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;

/// Only a delivery that nobody has taken further in the meantime.
const AS_KNOWN: &str = "\"attempt\" = ? AND \"leaseUntil\" < ?";

/// A delivery that waits, was not moved since it was read, and is not the delivery of a
/// fallback.
const WAITS: &str = "\"due\" = ? AND \"leaseUntil\" = 0 AND \"standsInFor\" IS MISSING";

/// The delivery of a fallback that has begun: before that it waits for something else.
const WAITS_AGAIN: &str = "\"due\" = ? AND \"leaseUntil\" = 0 AND \"attempt\" > 0";

/// A delivery that was not moved since it was read.
const NOT_MOVED: &str = "\"due\" = ?";

/// A delivery that was not changed since it was read.
const SETTLED: &str = "\"due\" = ? AND \"state\" = ?";

impl Table {
    pub(super) async fn defer(
        &self,
        deferrals: &[Deferral],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        let deferred = deferrals.iter().map(|one| {
            move_to(&one.alert_id, one.destination_id, one.due, now)
                .only_if(AS_KNOWN, [n(one.attempts.into()), n(now.unix_millis())])
        });
        let written = self.write("deferring deliveries", deferred.collect()).await;
        written.into_iter().map(|one| one.map(drop)).collect()
    }

    pub(super) async fn postpone(
        &self,
        entries: &[DueEntry],
        until: Timestamp,
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        let postponed = entries.iter().map(|one| {
            let due = DueKey {
                at: until,
                ..one.due
            };
            move_to(&one.alert_id, one.destination_id, due, now)
                .only_if(NOT_MOVED, [s(one.due.to_string())])
        });
        let written = self.write("postponing deliveries", postponed.collect());
        written.await.into_iter().map(|one| one.map(drop)).collect()
    }

    pub(super) async fn leave_outbox(
        &self,
        entries: &[(DueEntry, State)],
    ) -> Vec<Result<(), LedgerError>> {
        let removed = entries.iter().map(|(one, state)| {
            Statement::update(Key::delivery(&one.alert_id, one.destination_id))
                .remove("outbox")
                .remove("due")
                .only_if(SETTLED, [s(one.due.to_string()), s(state.as_str())])
        });
        let written = self.write(
            "removing settled deliveries from the outbox",
            removed.collect(),
        );
        written.await.into_iter().map(|one| one.map(drop)).collect()
    }

    /// Deliveries that are moved at the same time by somebody else stay where those
    /// were moved to.
    pub(super) async fn bring_forward(
        &self,
        destination: DestinationId,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let mut moved = 0;
        let mut start = None;
        loop {
            let page = self.outbox_of(destination, start).await?;
            let mut later = page.entries;
            later.retain(|one| one.due.at > now);
            let rest = self.move_all(later, now, WAITS, &mut moved).await?;
            self.move_all(rest, now, WAITS_AGAIN, &mut moved).await?;
            if page.next.is_none() {
                return Ok(moved);
            }
            start = page.next;
        }
    }

    /// Makes these deliveries due now, on this condition, and counts them. The answer is
    /// the deliveries of fallbacks for which it did not hold.
    async fn move_all(
        &self,
        entries: Vec<DueEntry>,
        now: Timestamp,
        condition: &'static str,
        moved: &mut usize,
    ) -> Result<Vec<DueEntry>, LedgerError> {
        const ACTION: &str = "bringing deliveries forward";
        let statements = entries.iter().map(|one| {
            let due = DueKey { at: now, ..one.due };
            move_to(&one.alert_id, one.destination_id, due, now)
                .only_if(condition, [s(one.due.to_string())])
        });
        let written = self.write(ACTION, statements.collect()).await;
        let mut rest = Vec::new();
        for (entry, written) in entries.into_iter().zip(written) {
            match written? {
                Written::Applied => *moved += 1,
                Written::ConditionFailed(Some(item)) if item.contains_key("standsInFor") => {
                    rest.push(entry);
                }
                Written::ConditionFailed(_) => {}
            }
        }
        Ok(rest)
    }
}

pub(super) fn move_to(
    alert: &AlertId,
    destination: DestinationId,
    due: DueKey,
    now: Timestamp,
) -> Statement {
    Statement::update(Key::delivery(alert, destination))
        .set("outbox", s(destination.to_string()))
        .set("due", s(due.to_string()))
        .set("nextAttemptAt", s(due.at.to_string()))
        .set("updatedAt", s(now.to_string()))
}
