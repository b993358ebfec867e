//! Recording that a delivery waits for its destination.

use tocsin_core::Timestamp;
use tocsin_core::delivery::State;
use tocsin_core::delivery::settlement::Deferral;

use super::attributes::{n, s};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;

/// Only a delivery that waits already: a sender that holds or has settled it knows
/// more.
const WAITING: &str = "\"state\" = 'RETRYING' AND \"attempt\" < ?";

impl Table {
    /// A refused write is not an error: the delivery has got further than its
    /// deferral.
    pub(super) async fn defer(
        &self,
        deferrals: &[Deferral],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        let statements = deferrals
            .iter()
            .map(|deferral| self.deferral(deferral, now))
            .collect();
        self.write("recording deferred deliveries", statements)
            .await
            .into_iter()
            .map(|written| match written? {
                Written::Applied | Written::ConditionFailed(_) => Ok(()),
            })
            .collect()
    }

    fn deferral(&self, deferral: &Deferral, now: Timestamp) -> Statement {
        let Deferral {
            request,
            began_at,
            due,
        } = deferral;
        if request.expects_no_record() {
            let mut attributes = self.new_delivery(request, *began_at, now);
            attributes.extend([
                ("state", s(State::Retrying.as_str())),
                // No attempt was made yet.
                ("attempt", n(0)),
                ("nextAttemptAt", s(due.to_string())),
            ]);
            return Statement::insert(&self.name, attributes);
        }
        Statement::update(
            &self.name,
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
