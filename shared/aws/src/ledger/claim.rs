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

/// A sender of version 0.1.0 recorded the last attempt, during an update of the stack: it
/// removed the lease and left the due time.
const FREE_SINCE_0_1_0: &str = "\"attempt\" = ? AND \"state\" = ? AND \"leaseUntil\" IS MISSING \
     AND \"outbox\" IS NOT MISSING";

impl Table {
    /// One round, except for deliveries that a sender of version 0.1.0 left.
    pub(super) async fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        const ACTION: &str = "claiming deliveries";
        let statements = requests.iter().map(|one| claim(one, now)).collect();
        let mut written = self.write(ACTION, statements).await;
        let left: Vec<usize> = (0..written.len())
            .filter(|at| is_left_by_0_1_0(&written[*at]))
            .collect();
        let again = left.iter().map(|at| claim_left(&requests[*at], now));
        let again = self.write(ACTION, again.collect()).await;
        for (at, second) in left.into_iter().zip(again) {
            written[at] = second;
        }
        written
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

fn is_left_by_0_1_0(written: &Result<Written, LedgerError>) -> bool {
    let Ok(Written::ConditionFailed(Some(item))) = written else {
        return false;
    };
    item.get("state") == Some(&s(State::Retrying.as_str())) && !item.contains_key("leaseUntil")
}

fn claim(request: &ClaimRequest, now: Timestamp) -> Statement {
    let free = [n(attempts_begun(request)), n(now.unix_millis())];
    write_claim(request, now).only_if(FREE, free)
}

fn claim_left(request: &ClaimRequest, now: Timestamp) -> Statement {
    let free = [n(attempts_begun(request)), s(State::Retrying.as_str())];
    write_claim(request, now).only_if(FREE_SINCE_0_1_0, free)
}

fn attempts_begun(request: &ClaimRequest) -> i64 {
    request.attempt.saturating_sub(1).into()
}

fn write_claim(request: &ClaimRequest, now: Timestamp) -> Statement {
    let claim = Statement::update(Key::delivery(&request.alert_id, request.destination_id))
        .set("state", s(State::Sending.as_str()))
        .set("attempt", n(request.attempt.into()))
        .set("leaseUntil", lease(request, now))
        .set("updatedAt", claimed_at(now))
        .set("displayName", s(&request.display_name))
        .set("provider", s(request.provider.as_str()))
        .remove("nextAttemptAt");
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
