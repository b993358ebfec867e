//! Recording that a delivery waits: for a paused destination, or for its turn.

use tocsin_core::Timestamp;
use tocsin_core::delivery::State;

use super::claim::ClaimRequest;
use super::statement::{Statement, Written, n, s};
use super::{LedgerError, Table};

/// A delivery that is not attempted now. Its retry is queued already.
#[derive(Clone, Debug)]
pub struct Deferral {
    /// The claim that is not made.
    pub request: ClaimRequest,
    /// When the delivery began to wait, or had begun before.
    pub began_at: Timestamp,
    /// When it will be looked at again.
    pub due: Timestamp,
}

/// Only what waits already: whoever is at it, or has ended it, knows more.
const WAITING: &str = "\"state\" = 'RETRYING' AND \"attempt\" < ?";

impl Table {
    /// A refusal is no failure: the delivery has got further than its deferral.
    pub(super) async fn defer(
        &self,
        deferrals: &[Deferral],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        let statements = deferrals
            .iter()
            .map(|deferral| self.deferral(deferral, now))
            .collect();
        self.write("recording that deliveries wait", statements)
            .await
            .into_iter()
            .map(|written| match written? {
                Written::Done | Written::Refused(_) => Ok(()),
            })
            .collect()
    }

    fn deferral(&self, deferral: &Deferral, now: Timestamp) -> Statement {
        let Deferral {
            request,
            began_at,
            due,
        } = deferral;
        if request.is_new() {
            let mut attributes = self.new_delivery(request, *began_at, now);
            attributes.extend([
                ("state", s(State::Retrying.as_str())),
                // None has been made.
                ("attempt", n(0)),
                ("nextAttemptAt", s(due.to_string())),
            ]);
            return Statement::insert(&self.table, attributes);
        }
        Statement::update(
            &self.table,
            "SET \"nextAttemptAt\" = ? SET \"updatedAt\" = ?",
            WAITING,
            vec![
                s(due.to_string()),
                s(now.to_string()),
                s(request.alert_id.as_str()),
                s(request.destination_id.to_string()),
                n(request.attempt.into()),
            ],
        )
    }
}
