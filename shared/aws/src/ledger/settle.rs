//! Settling attempts.

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::delivery::Attempt;
use tocsin_core::delivery::settlement::{NewState, SettleResult, Settlement};

use super::attributes::{ATTEMPT_PREFIX, Item, n, s};
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
        let statements = settlements
            .iter()
            .map(|settlement| self.settlement(settlement))
            .collect();
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

    fn settlement(&self, settlement: &Settlement) -> Statement {
        let Settlement {
            alert_id,
            destination_id,
            lease,
            attempt,
            new_state,
        } = settlement;
        let now = s(Timestamp::now().sortable());
        let state = s(new_state.state().as_str());
        // One attribute for each attempt: adding one needs no read before the write.
        let mut changes = format!(
            "SET \"state\" = ? SET \"updatedAt\" = ? SET \"{}\" = ?",
            attribute(attempt)
        );
        let mut values = vec![state.clone(), now.clone(), s(json(attempt))];
        match new_state {
            NewState::Retrying { due } => {
                changes.push_str(" SET \"nextAttemptAt\" = ?");
                values.push(s(due.to_string()));
            }
            NewState::Failed | NewState::Exhausted => {
                changes.push_str(" SET \"attention\" = ? SET \"attentionSince\" = ?");
                values.extend([state, now]);
            }
            NewState::Delivered => {}
        }
        changes.push_str(" REMOVE \"leaseUntil\"");
        values.extend([
            s(alert_id.as_str()),
            s(destination_id.to_string()),
            n(lease.until.unix_millis()),
        ]);
        // DynamoDB evaluates the condition on leaseUntil before it removes the attribute.
        Statement::update(&self.name, &changes, LEASE_HELD, values)
    }
}

/// The name of an attempt's attribute.
fn attribute(attempt: &Attempt) -> String {
    format!("{ATTEMPT_PREFIX}{}", attempt.number)
}

fn json(attempt: &Attempt) -> String {
    // A struct of strings and numbers always serializes.
    serde_json::to_string(attempt).unwrap_or_default()
}

/// Whether the item holds this very attempt.
fn is_recorded(attempt: &Attempt, item: &Item) -> bool {
    let recorded = item.get(&attribute(attempt)).map(AttributeValue::as_s);
    matches!(recorded, Some(Ok(text)) if *text == json(attempt))
}
