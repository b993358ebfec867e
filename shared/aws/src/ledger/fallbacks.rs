//! The deliveries of fallbacks. Each stands by, due later, until the destination that it
//! is the fallback of has the alert, fails, or has waited for too long.

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::NewDelivery;
use tocsin_core::destination::DestinationId;
use tocsin_core::outbox::DueKey;

use super::attributes::{Key, s};
use super::defer::move_to;
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;

/// It has not begun, whichever destination it is the fallback of: several targets of an
/// alert may share one fallback.
const STANDS_BY: &str =
    "\"state\" = 'QUEUED' AND \"attempt\" = 0 AND \"standsInFor\" IS NOT MISSING";

/// It has not begun, and is the fallback of this destination.
const STANDS_BY_FOR: &str = "\"state\" = 'QUEUED' AND \"attempt\" = 0 AND \"standsInFor\" = ?";

/// The delivery of a fallback that is to be cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackRef {
    /// The alert.
    pub alert_id: AlertId,
    /// The fallback.
    pub destination_id: DestinationId,
    /// The destination that it is the fallback of.
    pub fallback_for: DestinationId,
}

/// The result of beginning the delivery of a fallback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is due now.
    Now,
    /// It stays as it is: it has begun before, or is not the delivery of a fallback.
    Before,
}

impl Table {
    pub(super) async fn cancel_fallbacks(
        &self,
        fallbacks: &[FallbackRef],
    ) -> Vec<Result<(), LedgerError>> {
        let deleted = fallbacks.iter().map(|one| {
            Statement::delete(Key::delivery(&one.alert_id, one.destination_id))
                .only_if(STANDS_BY_FOR, [s(one.fallback_for.to_string())])
        });
        let written = self.write("cancelling fallbacks", deleted.collect()).await;
        written.into_iter().map(|one| one.map(drop)).collect()
    }

    pub(super) async fn begin_fallbacks(
        &self,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Vec<Result<Begun, LedgerError>> {
        const ACTION: &str = "beginning fallbacks";
        let begun = deliveries.iter().map(|one| begin(one, now)).collect();
        let mut answers = self.write(ACTION, begun).await;
        // Those were cancelled, or the fallback was configured later.
        let absent: Vec<usize> = (0..answers.len())
            .filter(|at| matches!(answers[*at], Ok(Written::ConditionFailed(None))))
            .collect();
        let inserted = absent.iter().map(|at| {
            let due = NewDelivery {
                due: now,
                ..deliveries[*at].clone()
            };
            self.insert_queued(&due, now)
        });
        let inserted = self.write(ACTION, inserted.collect()).await;
        for (at, written) in absent.into_iter().zip(inserted) {
            answers[at] = written;
        }
        let result = |written| match written {
            Written::Applied => Begun::Now,
            Written::ConditionFailed(_) => Begun::Before,
        };
        answers.into_iter().map(|one| one.map(result)).collect()
    }
}

fn begin(delivery: &NewDelivery, now: Timestamp) -> Statement {
    let due = DueKey {
        at: now,
        ..delivery.due_key()
    };
    let begun = move_to(&delivery.alert_id, delivery.destination_id, due, now)
        .set("beganAt", s(now.to_string()))
        .set("severity", s(delivery.severity.as_str()))
        .only_if(STANDS_BY, []);
    match delivery.fallback_for {
        Some(failed) => begun.set("standsInFor", s(failed.to_string())),
        None => begun.remove("standsInFor"),
    }
}
