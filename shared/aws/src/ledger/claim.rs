//! Claiming deliveries: one conditional write each, 25 in one call.

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;
use tocsin_core::delivery::claim::{Claim, ClaimRequest};

use super::attributes::{Item, Key, n, s};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;

/// The delivery has begun exactly the attempts that the sender knows of, and nobody
/// holds it. A settled delivery has no lease, so the comparison fails.
const FREE: &str = "\"attempt\" = ? AND \"leaseUntil\" < ?";

impl Table {
    pub(super) async fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        let statements = requests.iter().map(|one| claim(one, now)).collect();
        self.write("claiming deliveries", statements)
            .await
            .into_iter()
            .zip(requests)
            .map(|(written, request)| {
                Ok(match written? {
                    Written::Applied => Claim::Started(request.lease_at(now)),
                    // An earlier write succeeded, and only its answer was lost.
                    Written::ConditionFailed(Some(item)) if is_held(request, now, &item) => {
                        Claim::Started(request.lease_at(now))
                    }
                    Written::ConditionFailed(_) => Claim::Refused,
                })
            })
            .collect()
    }
}

fn claim(request: &ClaimRequest, now: Timestamp) -> Statement {
    let begun = request.attempt.saturating_sub(1);
    let claim = Statement::update(Key::delivery(&request.alert_id, request.destination_id))
        .set("state", s(State::Sending.as_str()))
        .set("attempt", n(request.attempt.into()))
        .set("leaseUntil", lease(request, now))
        .set("updatedAt", claimed_at(now))
        .set("displayName", s(&request.display_name))
        .set("provider", s(request.provider.as_str()))
        .remove("nextAttemptAt")
        .only_if(FREE, [n(begun.into()), n(now.unix_millis())]);
    match request.due_after_lease(now) {
        None => claim,
        Some(due) => claim.set("due", s(due.to_string())),
    }
}

fn lease(request: &ClaimRequest, now: Timestamp) -> AttributeValue {
    n(request.lease_at(now).until.unix_millis())
}

/// With its nanoseconds it tells the claims of one millisecond apart.
fn claimed_at(now: Timestamp) -> AttributeValue {
    s(now.to_string())
}

/// Whether the item holds this very claim.
fn is_held(request: &ClaimRequest, now: Timestamp, item: &Item) -> bool {
    let has = |name: &str, value: AttributeValue| item.get(name) == Some(&value);
    has("state", s(State::Sending.as_str()))
        && has("attempt", n(request.attempt.into()))
        && has("leaseUntil", lease(request, now))
        && has("updatedAt", claimed_at(now))
}
