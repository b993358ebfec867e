//! Claiming deliveries: up to three rounds of conditional writes, each round one call
//! for all deliveries that still need it. Why a write is refused is decided in
//! [`tocsin_core::delivery::claim`].

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::delivery::claim::{Claim, ClaimRequest, Lease, Refusal, refusal};
use tocsin_core::delivery::{DeliveryId, State};

use super::attributes::{Item, n, s, time};
use super::error::LedgerError;
use super::read::current_record;
use super::statement::{Statement, Written};
use super::table::Table;
use crate::error::AwsError;

const ACTION: &str = "claiming deliveries";

/// The delivery waits for this attempt or for a later one than it had.
const NEXT_ATTEMPT: &str = "\"state\" = 'RETRYING' AND \"attempt\" < ?";
/// The lease of the current attempt has run out.
const LEASE_EXPIRED: &str = "\"state\" = 'SENDING' AND \"leaseUntil\" < ? AND \"attempt\" <= ?";
const TAKE: &str = "SET \"state\" = 'SENDING' SET \"attempt\" = ? SET \"leaseUntil\" = ? \
                    SET \"updatedAt\" = ? REMOVE \"nextAttemptAt\"";

impl Table {
    pub(super) async fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        let statements = requests
            .iter()
            .map(|request| {
                if request.expects_no_record() {
                    self.start_new(request, now)
                } else {
                    let values = vec![n(request.attempt.into())];
                    self.start_existing(request, NEXT_ATTEMPT, values, now)
                }
            })
            .collect();
        let written = self.write(ACTION, statements).await;
        let mut refused = Vec::new();
        let mut claims: Vec<_> = requests
            .iter()
            .zip(written)
            .enumerate()
            .map(|(at, (request, written))| match written {
                Ok(Written::Applied) => Some(Ok(Claim::Started(request.lease_at(now)))),
                Ok(Written::ConditionFailed(item)) => {
                    refused.push((at, item));
                    None
                }
                Err(error) => Some(Err(error)),
            })
            .collect();
        let mut never_attempted = Vec::new();
        for (at, refusal) in self.claim_refused(requests, refused, now).await {
            match refusal {
                Ok(Refusal::Final(claim)) => claims[at] = Some(Ok(claim)),
                Ok(Refusal::NeverAttempted) => never_attempted.push(at),
                Err(error) => claims[at] = Some(Err(error)),
            }
        }
        for (at, claim) in self
            .claim_never_attempted(requests, never_attempted, now)
            .await
        {
            claims[at] = Some(claim);
        }
        // Every request has its claim by now; a missing one is an error, not a panic.
        let lost = || Err(AwsError::unexpected(ACTION, "no answer").into());
        claims
            .into_iter()
            .map(|claim| claim.unwrap_or_else(lost))
            .collect()
    }

    /// The second round, for what the first one refused: an insert for a delivery
    /// whose deferral was never recorded, for all others the update that takes over
    /// an expired lease.
    async fn claim_refused(
        &self,
        requests: &[ClaimRequest],
        refused: Vec<(usize, Option<Item>)>,
        now: Timestamp,
    ) -> Vec<(usize, Result<Refusal, LedgerError>)> {
        let (statements, successes): (Vec<_>, Vec<_>) = refused
            .iter()
            .map(|(at, item)| {
                let request = &requests[*at];
                if item.is_none() && request.attempt <= 1 && !request.expects_no_record() {
                    let started: fn(Lease) -> Claim = Claim::Started;
                    return (self.start_new(request, now), started);
                }
                let values = vec![n(now.unix_millis()), n(request.attempt.into())];
                let taken_over: fn(Lease) -> Claim = Claim::TakenOver;
                let statement = self.start_existing(request, LEASE_EXPIRED, values, now);
                (statement, taken_over)
            })
            .unzip();
        let written = self.write(ACTION, statements).await;
        refused
            .iter()
            .zip(successes)
            .zip(written)
            .map(|(((at, item), success), written)| {
                let request = &requests[*at];
                let refusal = match written {
                    Ok(Written::Applied) => Ok(Refusal::Final(success(Lease {
                        began_at: began_at(item.as_ref(), request, now),
                        ..request.lease_at(now)
                    }))),
                    Ok(Written::ConditionFailed(item)) => why_refused(request, item.as_ref(), now),
                    Err(error) => Err(error),
                };
                (*at, refusal)
            })
            .collect()
    }

    /// The third round: deliveries that wait and were never attempted begin with
    /// attempt 1, whichever attempt was asked for.
    async fn claim_never_attempted(
        &self,
        requests: &[ClaimRequest],
        never_attempted: Vec<usize>,
        now: Timestamp,
    ) -> Vec<(usize, Result<Claim, LedgerError>)> {
        let statements = never_attempted
            .iter()
            .map(|at| self.start_existing(&requests[*at], NEXT_ATTEMPT, vec![n(1)], now))
            .collect();
        let written = self.write(ACTION, statements).await;
        never_attempted
            .into_iter()
            .zip(written)
            .map(|(at, written)| {
                let claim = match written {
                    Ok(Written::Applied) => Ok(Claim::Started(requests[at].lease_at(now))),
                    // Another sender has started it in between.
                    Ok(Written::ConditionFailed(_)) => Ok(Claim::Stale),
                    Err(error) => Err(error),
                };
                (at, claim)
            })
            .collect()
    }

    fn start_new(&self, request: &ClaimRequest, now: Timestamp) -> Statement {
        let lease = request.lease_at(now);
        let mut attributes = self.new_delivery(request, lease.began_at, now);
        attributes.extend([
            ("state", s(State::Sending.as_str())),
            ("attempt", n(request.attempt.into())),
            ("leaseUntil", n(lease.until.unix_millis())),
        ]);
        Statement::insert(&self.name, attributes)
    }

    fn start_existing(
        &self,
        request: &ClaimRequest,
        condition: &str,
        condition_values: Vec<AttributeValue>,
        now: Timestamp,
    ) -> Statement {
        let mut values = vec![
            n(request.attempt.into()),
            n(request.lease_at(now).until.unix_millis()),
            s(now.to_string()),
            s(request.alert_id.as_str()),
            s(request.destination_id.to_string()),
        ];
        values.extend(condition_values);
        Statement::update(&self.name, TAKE, condition, values)
    }

    /// The attributes that a delivery's item has from the start, besides its state.
    pub(super) fn new_delivery(
        &self,
        request: &ClaimRequest,
        began_at: Timestamp,
        now: Timestamp,
    ) -> Vec<(&'static str, AttributeValue)> {
        let delivery = DeliveryId::of(&request.alert_id, request.destination_id);
        let mut attributes = vec![
            ("alertId", s(request.alert_id.as_str())),
            ("item", s(request.destination_id.to_string())),
            ("deliveryId", s(delivery.as_str())),
            ("displayName", s(&request.display_name)),
            ("provider", s(request.provider.as_str())),
            ("beganAt", s(began_at.to_string())),
            ("updatedAt", s(now.to_string())),
            ("expiresAt", n(self.expiry(now))),
        ];
        if let Some(failed) = request.fallback_for {
            attributes.push(("standsInFor", s(failed.to_string())));
        }
        attributes
    }
}

/// When the delivery began: what its item says, which a repeated invocation does not
/// know.
fn began_at(item: Option<&Item>, request: &ClaimRequest, now: Timestamp) -> Timestamp {
    item.and_then(|item| time(item, "beganAt").ok())
        .or(request.began_at)
        .unwrap_or(now)
}

fn why_refused(
    request: &ClaimRequest,
    item: Option<&Item>,
    now: Timestamp,
) -> Result<Refusal, LedgerError> {
    let current = item.map(current_record).transpose()?;
    refusal(request.attempt, current, now)
        .map_err(|expired| AwsError::caused_by(ACTION, expired).into())
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::time::Duration;

    use serde_json::{Value, json};
    use tocsin_core::alert::AlertId;
    use tocsin_core::delivery::Origin;
    use tocsin_core::delivery::claim::RecordExpired;
    use tocsin_core::destination::{DestinationId, ProviderName};
    use tocsin_testing::aws::{Answer, Replay};

    use super::*;

    /// Claims attempt 2 of a delivery whose two conditional writes are refused with
    /// this item.
    async fn refused(item: Option<Value>) -> Result<Claim, LedgerError> {
        let mut error = json!({"Code": "ConditionalCheckFailed"});
        if let Some(item) = item {
            error["Item"] = item;
        }
        let answer = Answer::new(200, json!({"Responses": [{"Error": error}]}).to_string());
        let config = Replay::of([answer.clone(), answer]).config();
        let table = Table {
            client: aws_sdk_dynamodb::Client::new(&config),
            name: "ledger".to_owned(),
            retention: Duration::from_hours(24),
        };
        let request = ClaimRequest {
            alert_id: AlertId::new("a").unwrap(),
            destination_id: DestinationId::generate(),
            display_name: "d".to_owned(),
            provider: ProviderName::new("slack").unwrap(),
            attempt: 2,
            began_at: None,
            origin: Origin::Retry,
            fallback_for: None,
            lease: Duration::from_secs(65),
        };
        let mut claims = table.claim(&[request], Timestamp::now()).await;
        claims.pop().unwrap()
    }

    #[tokio::test]
    async fn a_refused_claim_reads_the_reason_from_the_item() {
        let item = json!({
            "state": {"S": "SENDING"}, "attempt": {"N": "2"}, "leaseUntil": {"N": "1767225600000"},
        });
        let until = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(
            refused(Some(item)).await.unwrap(),
            Claim::InProgress { until }
        );
        let item = json!({"state": {"S": "DELIVERED"}, "attempt": {"N": "1"}});
        assert_eq!(
            refused(Some(item)).await.unwrap(),
            Claim::AlreadySettled(State::Delivered)
        );
    }

    #[tokio::test]
    async fn a_claim_without_a_readable_item_is_an_error_with_its_cause() {
        let expired = refused(None).await.unwrap_err();
        let source = expired.source().unwrap();
        assert!(source.is::<RecordExpired>(), "{source:?}");
        let item = json!({"state": {"S": "GONE"}, "attempt": {"N": "1"}});
        let unreadable = refused(Some(item)).await.unwrap_err();
        assert!(unreadable.to_string().contains("state: "), "{unreadable}");
    }
}
