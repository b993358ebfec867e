//! Settling an attempt: its result, and what the delivery came to.

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{Attempt, State};
use tocsin_core::destination::DestinationId;

use super::claim::Lease;
use super::statement::{Item, Statement, Written, n, s};
use super::{ATTEMPT_PREFIX, LedgerError, Table};

/// The end of one attempt.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which alert.
    pub alert_id: AlertId,
    /// To which destination.
    pub destination_id: DestinationId,
    /// The lease under which it was made.
    pub lease: Lease,
    /// The attempt.
    pub attempt: Attempt,
    /// What the delivery came to by it.
    pub verdict: Verdict,
}

/// What a delivery came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrived.
    Delivered,
    /// Another attempt is queued.
    Retrying {
        /// When it is due.
        due: Timestamp,
    },
    /// It was refused for good.
    Failed,
    /// It was retried until the end.
    Exhausted,
}

impl Verdict {
    /// The delivery's state after it.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Delivered => State::Delivered,
            Self::Retrying { .. } => State::Retrying,
            Self::Failed => State::Failed,
            Self::Exhausted => State::Exhausted,
        }
    }
}

/// Only under the lease the attempt was made with: who lost it must not
/// overwrite what the next holder did.
const STILL_MINE: &str = "\"state\" = 'SENDING' AND \"leaseUntil\" = ?";

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
                Written::Done => Ok(SettleResult::Settled),
                // The answer to an earlier try was lost on its way.
                Written::Refused(Some(item)) if settlement.stands_in(&item) => {
                    Ok(SettleResult::Settled)
                }
                Written::Refused(_) => Ok(SettleResult::LeaseLost),
            })
            .collect()
    }

    fn settlement(&self, settlement: &Settlement) -> Statement {
        let Settlement {
            alert_id,
            destination_id,
            lease,
            attempt,
            verdict,
        } = settlement;
        let at = s(Timestamp::now().sortable());
        let json = settlement.json();
        // One attribute for each attempt: nothing has to be read to add one.
        let mut changes = format!(
            "SET \"state\" = ? SET \"updatedAt\" = ? SET \"{ATTEMPT_PREFIX}{}\" = ?",
            attempt.number
        );
        let mut values = vec![s(verdict.state().as_str()), at.clone(), s(json)];
        match verdict {
            Verdict::Retrying { due } => {
                changes.push_str(" SET \"nextAttemptAt\" = ?");
                values.push(s(due.to_string()));
            }
            Verdict::Failed | Verdict::Exhausted => {
                changes.push_str(" SET \"attention\" = ? SET \"attentionSince\" = ?");
                values.extend([s(verdict.state().as_str()), at]);
            }
            Verdict::Delivered => {}
        }
        changes.push_str(" REMOVE \"leaseUntil\"");
        values.extend([
            s(alert_id.as_str()),
            s(destination_id.to_string()),
            n(lease.until.unix_millis()),
        ]);
        // The condition reads leaseUntil, which DynamoDB evaluates before removing it.
        Statement::update(&self.table, &changes, STILL_MINE, values)
    }
}

impl Settlement {
    fn json(&self) -> String {
        // A struct of strings and numbers: there is nothing to fail on.
        serde_json::to_string(&self.attempt).unwrap_or_default()
    }

    /// Whether an item has this very attempt recorded.
    fn stands_in(&self, item: &Item) -> bool {
        item.get(&format!("{ATTEMPT_PREFIX}{}", self.attempt.number))
            .and_then(|recorded| recorded.as_s().ok())
            == Some(&self.json())
    }
}

/// Whether somebody else had taken over before an attempt was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleResult {
    /// Nobody had: it is recorded.
    Settled,
    /// Somebody had: it is not.
    LeaseLost,
}
