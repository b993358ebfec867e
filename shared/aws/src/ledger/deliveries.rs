//! Recording deliveries: with their alert, or when one that version 0.1.0 recorded
//! is adopted into the outbox.

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::delivery::record::Adoption;
use tocsin_core::delivery::{DeliveryId, NewDelivery, State};
use tocsin_core::outbox::{DueKey, LEASE_GRACE};

use super::attributes::{Item, Key, NO_LEASE, n, s};
use super::error::LedgerError;
use super::read::current_record;
use super::statement::{Statement, Written};
use super::table::Table;

/// The result of recording a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// The ledger did not have the delivery. It is `QUEUED` now.
    New,
    /// The ledger has the delivery already, in whatever state. It stays as it is.
    Exists,
}

/// A delivery that a sender of version 0.1.0 holds, in no outbox.
const NOT_ADOPTED: &str = "\"state\" = ? AND \"outbox\" IS MISSING";

/// A delivery that waits, in the state in which a sender of version 0.1.0 left it. During
/// an update of the stack it may have a due time already.
const LEFT_WAITING: &str = "\"state\" = ? AND \"leaseUntil\" IS MISSING";

impl Table {
    pub(super) async fn add_deliveries(
        &self,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Vec<Result<Added, LedgerError>> {
        let statements = deliveries.iter().map(|one| self.insert_queued(one, now));
        self.write("recording deliveries", statements.collect())
            .await
            .into_iter()
            .map(|written| {
                Ok(match written? {
                    Written::Applied => Added::New,
                    Written::ConditionFailed(_) => Added::Exists,
                })
            })
            .collect()
    }

    pub(super) fn insert_queued(&self, delivery: &NewDelivery, now: Timestamp) -> Statement {
        let mut attributes = self.unsettled(delivery, delivery.begins_at(now), now);
        attributes.extend([("state", s(State::Queued.as_str())), ("attempt", n(0))]);
        Statement::insert(delivery_key(delivery), attributes)
    }

    /// Two or three rounds: most deliveries to adopt are `RETRYING`. An item that is
    /// settled, or adopted already, stays as it is.
    pub(super) async fn adopt(
        &self,
        adoptions: &[Adoption],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        const ACTION: &str = "adopting deliveries";
        let waiting = adoptions.iter().map(adopt_retrying).collect();
        let mut answers = Vec::new();
        let mut second = Vec::new();
        for (at, written) in self.write(ACTION, waiting).await.into_iter().enumerate() {
            let next = match &written {
                Ok(Written::ConditionFailed(item)) => {
                    self.adopt_otherwise(&adoptions[at], item.as_ref(), now)
                }
                Ok(Written::Applied) | Err(_) => Ok(None),
            };
            answers.push(written.map(drop));
            match next {
                Ok(Some(statement)) => second.push((at, statement)),
                Ok(None) => {}
                Err(error) => answers[at] = Err(error),
            }
        }
        let (positions, statements): (Vec<_>, Vec<_>) = second.into_iter().unzip();
        for (at, written) in positions
            .into_iter()
            .zip(self.write(ACTION, statements).await)
        {
            // A refused write: somebody else has adopted or settled it in between.
            answers[at] = written.map(drop);
        }
        answers
    }

    /// What adopts a delivery that is not a `RETRYING` one of version 0.1.0;
    /// `None` when there is nothing to do.
    fn adopt_otherwise(
        &self,
        adoption: &Adoption,
        item: Option<&Item>,
        now: Timestamp,
    ) -> Result<Option<Statement>, LedgerError> {
        let Some(item) = item else {
            return Ok(Some(self.insert_adopted(adoption, now)));
        };
        let current = current_record(item)?;
        if current.state != State::Sending || item.contains_key("outbox") {
            return Ok(None);
        }
        // Its sender may still settle it.
        let after_lease = current.lease_until.map(|until| until.plus(LEASE_GRACE));
        let due = after_lease.max(Some(adoption.delivery.due)).unwrap_or(now);
        let adopted = adopt(adoption, due).only_if(NOT_ADOPTED, [s(State::Sending.as_str())]);
        Ok(Some(adopted))
    }

    fn insert_adopted(&self, adoption: &Adoption, now: Timestamp) -> Statement {
        let Adoption {
            delivery,
            attempts,
            began_at,
        } = adoption;
        let state = match attempts {
            0 => State::Queued,
            _ => State::Retrying,
        };
        let mut attributes = self.unsettled(delivery, *began_at, now);
        attributes.extend([
            ("state", s(state.as_str())),
            ("attempt", n((*attempts).into())),
        ]);
        Statement::insert(delivery_key(delivery), attributes)
    }

    /// The attributes of an unsettled delivery that nobody holds, besides its key, its
    /// state and its attempts.
    fn unsettled(
        &self,
        delivery: &NewDelivery,
        began_at: Timestamp,
        now: Timestamp,
    ) -> Vec<(&'static str, AttributeValue)> {
        let id = DeliveryId::of(&delivery.alert_id, delivery.destination_id);
        let mut attributes = vec![
            ("deliveryId", s(id.as_str())),
            ("displayName", s(&delivery.display_name)),
            ("provider", s(delivery.provider.as_str())),
            ("detectionId", s(&delivery.detection_id)),
            ("severity", s(delivery.severity.as_str())),
            ("beganAt", s(began_at.to_string())),
            ("updatedAt", s(now.to_string())),
            ("expiresAt", n(self.expiry(now))),
            ("leaseUntil", n(NO_LEASE)),
            ("outbox", s(delivery.destination_id.to_string())),
            ("due", s(delivery.due_key().to_string())),
            ("nextAttemptAt", s(delivery.due.to_string())),
        ];
        if let Some(failed) = delivery.fallback_for {
            attributes.push(("standsInFor", s(failed.to_string())));
        }
        attributes
    }
}

fn delivery_key(delivery: &NewDelivery) -> Key {
    Key::delivery(&delivery.alert_id, delivery.destination_id)
}

fn adopt_retrying(adoption: &Adoption) -> Statement {
    adopt(adoption, adoption.delivery.due)
        .set("leaseUntil", n(NO_LEASE))
        .set("nextAttemptAt", s(adoption.delivery.due.to_string()))
        .only_if(LEFT_WAITING, [s(State::Retrying.as_str())])
}

/// Puts a delivery that has no due time into the outbox.
fn adopt(adoption: &Adoption, at: Timestamp) -> Statement {
    let delivery = &adoption.delivery;
    let due = DueKey {
        at,
        ..delivery.due_key()
    };
    Statement::update(delivery_key(delivery))
        .set("outbox", s(delivery.destination_id.to_string()))
        .set("due", s(due.to_string()))
        .set("detectionId", s(&delivery.detection_id))
        .set("severity", s(delivery.severity.as_str()))
}
