//! Claiming a delivery: the one conditional write that says "I am at it", or
//! why not.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::Origin;
use tocsin_core::delivery::{DeliveryId, State};
use tocsin_core::destination::{DestinationId, ProviderName};

use super::read::DeliveryRecord;
use super::statement::{Item, Statement, Written, n, s};
use super::{LedgerError, Table};
use crate::AwsError;

/// A wish to make one attempt.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Which alert.
    pub alert_id: AlertId,
    /// To which destination.
    pub destination_id: DestinationId,
    /// Its name, for whoever reads the ledger.
    pub display_name: String,
    /// Its provider, likewise.
    pub provider: ProviderName,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// When the delivery began; `None` when it begins with this.
    pub began_at: Option<Timestamp>,
    /// Whether the delivery has waited, so that there may be an item of it.
    pub origin: Origin,
    /// The destination whose fallback this one is, if it gets the alert as such.
    pub fallback_for: Option<DestinationId>,
    /// How long nobody else may try: longer than the longest attempt.
    pub lease: Duration,
}

/// What became of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Go ahead. Nobody is at it, and the attempt before this one has settled.
    Started(Lease),
    /// Go ahead, but whoever held it before vanished in the middle of an
    /// attempt: the message may have arrived.
    TakenOver(Lease),
    /// There is nothing left to do: it ended in this state.
    AlreadySettled(State),
    /// Somebody is at it until then.
    InProgress {
        /// When the lease runs out.
        until: Timestamp,
    },
    /// A later attempt is already queued or made.
    Stale,
}

/// What became of a claim that was refused at first.
enum Refusal {
    /// No more: this is what became of it.
    Final(Claim),
    /// It waits, and was never attempted: whoever is here may begin.
    Unattempted,
}

/// The right to make one attempt, until it runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// When it runs out.
    pub until: Timestamp,
    /// When the delivery began.
    pub began_at: Timestamp,
}

/// The state in which a later attempt may start.
const NEXT_ATTEMPT: &str = "\"state\" = 'RETRYING' AND \"attempt\" < ?";
/// The state in which a holder has vanished.
const VANISHED: &str = "\"state\" = 'SENDING' AND \"leaseUntil\" < ? AND \"attempt\" <= ?";
const TAKE: &str = "SET \"state\" = 'SENDING' SET \"attempt\" = ? SET \"leaseUntil\" = ? \
                    SET \"updatedAt\" = ? REMOVE \"nextAttemptAt\"";

impl Table {
    pub(super) async fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        let first = requests
            .iter()
            .map(|request| {
                if request.is_new() {
                    self.insertion_of(request, now)
                } else {
                    let values = vec![n(request.attempt.into())];
                    self.update_of(request, NEXT_ATTEMPT, values, now)
                }
            })
            .collect();
        let written = self.write("claiming deliveries", first).await;
        let mut refused = Vec::new();
        let mut claims: Vec<_> = requests
            .iter()
            .zip(written)
            .enumerate()
            .map(|(at, (request, written))| match written {
                Ok(Written::Done) => Some(Ok(Claim::Started(lease(request, now)))),
                Ok(Written::Refused(item)) => {
                    refused.push((at, item));
                    None
                }
                Err(error) => Some(Err(error)),
            })
            .collect();
        let mut unattempted = Vec::new();
        for (at, refusal) in self.second_try(requests, refused, now).await {
            match refusal {
                Ok(Refusal::Final(claim)) => claims[at] = Some(Ok(claim)),
                Ok(Refusal::Unattempted) => unattempted.push(at),
                Err(error) => claims[at] = Some(Err(error)),
            }
        }
        for (at, claim) in self.first_attempts(requests, unattempted, now).await {
            claims[at] = Some(claim);
        }
        // Every place is filled by now; an empty one would be an error, not a panic.
        let lost = || Err(AwsError::unexpected("claiming deliveries", "no answer").into());
        claims
            .into_iter()
            .map(|claim| claim.unwrap_or_else(lost))
            .collect()
    }

    /// What was refused, once more: as the insert that a delivery needs whose
    /// first wait was never recorded, else as the update that takes over a
    /// vanished holder's claim.
    async fn second_try(
        &self,
        requests: &[ClaimRequest],
        refused: Vec<(usize, Option<Item>)>,
        now: Timestamp,
    ) -> Vec<(usize, Result<Refusal, LedgerError>)> {
        let (statements, granting): (Vec<_>, Vec<_>) = refused
            .iter()
            .map(|(at, item)| {
                let request = &requests[*at];
                if item.is_none() && request.attempt <= 1 && !request.is_new() {
                    let started: fn(Lease) -> Claim = Claim::Started;
                    return (self.insertion_of(request, now), started);
                }
                let values = vec![n(now.unix_millis()), n(request.attempt.into())];
                let taken_over: fn(Lease) -> Claim = Claim::TakenOver;
                (self.update_of(request, VANISHED, values, now), taken_over)
            })
            .unzip();
        let written = self.write("claiming deliveries", statements).await;
        refused
            .iter()
            .zip(granting)
            .zip(written)
            .map(|(((at, item), granted), written)| {
                let request = &requests[*at];
                let refusal = match written {
                    Ok(Written::Done) => Ok(Refusal::Final(granted(Lease {
                        began_at: began_at(item.as_ref(), request, now),
                        ..lease(request, now)
                    }))),
                    Ok(Written::Refused(item)) => why_not(request, item, now),
                    Err(error) => Err(error),
                };
                (*at, refusal)
            })
            .collect()
    }

    /// Deliveries that wait and were never attempted: whoever is here may begin,
    /// whether their retry is on its way or was lost.
    async fn first_attempts(
        &self,
        requests: &[ClaimRequest],
        unattempted: Vec<usize>,
        now: Timestamp,
    ) -> Vec<(usize, Result<Claim, LedgerError>)> {
        let statements = unattempted
            .iter()
            .map(|at| self.update_of(&requests[*at], NEXT_ATTEMPT, vec![n(1)], now))
            .collect();
        let written = self.write("claiming deliveries", statements).await;
        unattempted
            .into_iter()
            .zip(written)
            .map(|(at, written)| {
                let claim = match written {
                    Ok(Written::Done) => Ok(Claim::Started(lease(&requests[at], now))),
                    // Somebody else has begun in between.
                    Ok(Written::Refused(_)) => Ok(Claim::Stale),
                    Err(error) => Err(error),
                };
                (at, claim)
            })
            .collect()
    }

    fn insertion_of(&self, request: &ClaimRequest, now: Timestamp) -> Statement {
        let lease = lease(request, now);
        let mut attributes = self.new_delivery(request, lease.began_at, now);
        attributes.extend([
            ("state", s(State::Sending.as_str())),
            ("attempt", n(request.attempt.into())),
            ("leaseUntil", n(lease.until.unix_millis())),
        ]);
        Statement::insert(&self.table, attributes)
    }

    /// What a delivery's item holds from its first day.
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
        if let Some(other) = request.fallback_for {
            attributes.push(("standsInFor", s(other.to_string())));
        }
        attributes
    }

    fn update_of(
        &self,
        request: &ClaimRequest,
        condition: &str,
        condition_values: Vec<AttributeValue>,
        now: Timestamp,
    ) -> Statement {
        let mut values = vec![
            n(request.attempt.into()),
            n(lease(request, now).until.unix_millis()),
            s(now.to_string()),
            s(request.alert_id.as_str()),
            s(request.destination_id.to_string()),
        ];
        values.extend(condition_values);
        Statement::update(&self.table, TAKE, condition, values)
    }
}

impl ClaimRequest {
    /// Whether there cannot be an item of the delivery yet, unless somebody else
    /// is at it.
    pub(super) fn is_new(&self) -> bool {
        self.attempt <= 1 && self.origin == Origin::Fresh
    }
}

pub(super) fn lease(request: &ClaimRequest, now: Timestamp) -> Lease {
    Lease {
        // Whole milliseconds, as the table keeps them, so that settling finds it again.
        until: Timestamp::from_unix_millis(now.plus(request.lease).unix_millis()).unwrap_or(now),
        began_at: request.began_at.unwrap_or(now),
    }
}

/// When the delivery began: what its item says, which a repeated invocation does not
/// know.
fn began_at(item: Option<&Item>, request: &ClaimRequest, now: Timestamp) -> Timestamp {
    let recorded = item.and_then(|item| DeliveryRecord::read(item).ok());
    recorded.map_or(request.began_at.unwrap_or(now), |record| record.began_at)
}

/// Reads from the item why it could not be claimed.
fn why_not(
    request: &ClaimRequest,
    item: Option<Item>,
    now: Timestamp,
) -> Result<Refusal, LedgerError> {
    let Some(item) = item else {
        if request.attempt <= 1 {
            // It came about between the two writes: whoever made it is at it.
            return Ok(Refusal::Final(Claim::InProgress { until: now }));
        }
        return Err(AwsError::unexpected(
            "claiming deliveries",
            "the delivery is not in the ledger any more; it expired",
        )
        .into());
    };
    let record = DeliveryRecord::read(&item)?;
    let claim = match record.state {
        State::Delivered | State::Failed | State::Exhausted => Claim::AlreadySettled(record.state),
        State::Retrying if record.attempt == 0 => return Ok(Refusal::Unattempted),
        State::Retrying if record.attempt >= request.attempt => Claim::Stale,
        // It was settled between the two writes: this attempt is the next one.
        State::Retrying => Claim::InProgress { until: now },
        State::Sending if record.attempt > request.attempt => Claim::Stale,
        State::Sending => Claim::InProgress {
            until: record.lease_until.unwrap_or(now),
        },
    };
    Ok(Refusal::Final(claim))
}
