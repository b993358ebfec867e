//! Settling attempts.

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::delivery::settlement::{NewState, SettleResult, Settlement, forgotten_attempt};
use tocsin_core::delivery::{Attempt, PriorAttempt};
use tocsin_core::outbox::DueKey;

use super::attributes::{ATTEMPT_PREFIX, Item, Key, NO_LEASE, n, s};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;

/// Only under the lease with which the attempt was made: a sender that lost its
/// lease must not overwrite what the next holder recorded.
const LEASE_HELD: &str = "\"state\" = 'SENDING' AND \"leaseUntil\" = ?";

impl Table {
    pub(super) async fn settle(
        &self,
        settlements: &[Settlement],
    ) -> Vec<Result<SettleResult, LedgerError>> {
        let now = Timestamp::now();
        let statements = settlements.iter().map(|one| settlement(one, now)).collect();
        self.write("settling deliveries", statements)
            .await
            .into_iter()
            .zip(settlements)
            .map(|(written, settlement)| match written? {
                Written::Applied => Ok(SettleResult::Settled),
                // An earlier write succeeded, and only its answer was lost.
                Written::ConditionFailed(Some(item)) if is_recorded(&settlement.attempt, &item) => {
                    Ok(SettleResult::Settled)
                }
                Written::ConditionFailed(_) => Ok(SettleResult::LeaseLost),
            })
            .collect()
    }
}

fn settlement(settlement: &Settlement, now: Timestamp) -> Statement {
    let Settlement {
        alert_id,
        destination_id,
        lease,
        attempt,
        new_state,
        priority,
        prior_attempt,
    } = settlement;
    let state = s(new_state.state().as_str());
    let now = s(now.sortable());
    // One attribute for each attempt: adding one needs no read before the write.
    let mut settled = Statement::update(Key::delivery(alert_id, *destination_id))
        .set("state", state.clone())
        .set("updatedAt", now.clone())
        .set(attribute(attempt.number), s(json(attempt)))
        .only_if(LEASE_HELD, [n(lease.until.unix_millis())]);
    if let Some(forgotten) = forgotten_attempt(attempt.number) {
        settled = settled.remove(attribute(forgotten));
    }
    if *prior_attempt == PriorAttempt::MaybeDelivered {
        settled = settled.set("mayHaveArrived", s("true"));
    }
    match new_state {
        NewState::Retrying { due } => {
            let key = DueKey {
                priority: *priority,
                at: *due,
            };
            return settled
                .set("leaseUntil", n(NO_LEASE))
                // A delivery that waits is in the outbox, whichever version recorded it.
                .set("outbox", s(destination_id.to_string()))
                .set("due", s(key.to_string()))
                .set("nextAttemptAt", s(due.to_string()));
        }
        NewState::Failed | NewState::Exhausted => {
            settled = settled.set("attention", state).set("attentionSince", now);
        }
        NewState::Delivered => {}
    }
    settled.remove("leaseUntil").remove("outbox").remove("due")
}

/// The name of an attempt's attribute.
fn attribute(number: u32) -> String {
    format!("{ATTEMPT_PREFIX}{number}")
}

fn json(attempt: &Attempt) -> String {
    // A struct of strings and numbers always serializes.
    serde_json::to_string(attempt).unwrap_or_default()
}

/// Whether the item holds this very attempt.
fn is_recorded(attempt: &Attempt, item: &Item) -> bool {
    let recorded = item.get(&attribute(attempt.number));
    matches!(recorded.map(AttributeValue::as_s), Some(Ok(text)) if *text == json(attempt))
}
