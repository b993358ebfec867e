//! Claiming a delivery: the one conditional write that says "I am at it", or
//! why not.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
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
    /// When the first attempt began; `None` when this is the first.
    pub first_attempt_at: Option<Timestamp>,
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
    Superseded,
}

/// The right to make one attempt, until it runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// When it runs out.
    pub until: Timestamp,
    /// When the delivery's first attempt began.
    pub first_attempt_at: Timestamp,
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
            .map(|request| match request.attempt {
                0 | 1 => self.insertion_of(request, now),
                _ => self.update_of(request, NEXT_ATTEMPT, vec![n(request.attempt.into())], now),
            })
            .collect();
        let written = self.write("claiming deliveries", first).await;
        let mut claims: Vec<_> = requests
            .iter()
            .zip(written)
            .map(|(request, written)| match written {
                Ok(Written::Done) => Some(Ok(Claim::Started(lease(request, now)))),
                Ok(Written::Refused(_)) => None,
                Err(error) => Some(Err(error)),
            })
            .collect();
        let refused: Vec<usize> = (0..claims.len())
            .filter(|at| claims[*at].is_none())
            .collect();
        let taken = self.take_over(requests, &refused, now).await;
        for (at, claim) in refused.into_iter().zip(taken) {
            claims[at] = Some(claim);
        }
        // Every place is filled by now; an empty one would be an error, not a panic.
        let lost = || Err(AwsError::unexpected("claiming deliveries", "no answer").into());
        claims
            .into_iter()
            .map(|claim| claim.unwrap_or_else(lost))
            .collect()
    }

    async fn take_over(
        &self,
        requests: &[ClaimRequest],
        refused: &[usize],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        let statements = refused
            .iter()
            .map(|at| {
                let request = &requests[*at];
                let values = vec![n(now.unix_millis()), n(request.attempt.into())];
                self.update_of(request, VANISHED, values, now)
            })
            .collect();
        let written = self.write("claiming deliveries", statements).await;
        refused
            .iter()
            .zip(written)
            .map(|(at, written)| match written? {
                Written::Done => Ok(Claim::TakenOver(lease(&requests[*at], now))),
                Written::Refused(item) => why_not(&requests[*at], item, now),
            })
            .collect()
    }

    fn insertion_of(&self, request: &ClaimRequest, now: Timestamp) -> Statement {
        let delivery = DeliveryId::of(&request.alert_id, request.destination_id);
        Statement::insert(
            &self.table,
            vec![
                ("alertId", s(request.alert_id.as_str())),
                ("item", s(request.destination_id.to_string())),
                ("deliveryId", s(delivery.as_str())),
                ("displayName", s(&request.display_name)),
                ("provider", s(request.provider.as_str())),
                ("state", s(State::Sending.as_str())),
                ("attempt", n(request.attempt.into())),
                ("leaseUntil", n(lease(request, now).until.unix_millis())),
                (
                    "firstAttemptAt",
                    s(lease(request, now).first_attempt_at.to_string()),
                ),
                ("updatedAt", s(now.to_string())),
                ("expiresAt", n(self.expiry(now))),
            ],
        )
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

pub(super) fn lease(request: &ClaimRequest, now: Timestamp) -> Lease {
    Lease {
        // Whole milliseconds, as the table keeps them, so that settling finds it again.
        until: Timestamp::from_unix_millis(now.plus(request.lease).unix_millis()).unwrap_or(now),
        first_attempt_at: request.first_attempt_at.unwrap_or(now),
    }
}

/// Reads from the item why it could not be claimed.
fn why_not(
    request: &ClaimRequest,
    item: Option<Item>,
    now: Timestamp,
) -> Result<Claim, LedgerError> {
    let Some(item) = item else {
        return Err(AwsError::unexpected(
            "claiming deliveries",
            "the delivery is not in the ledger any more; it expired",
        )
        .into());
    };
    let record = DeliveryRecord::read(&item)?;
    Ok(match record.state {
        State::Delivered | State::Failed | State::Exhausted => Claim::AlreadySettled(record.state),
        State::Retrying if record.attempt >= request.attempt => Claim::Superseded,
        // It was settled between the two writes: this attempt is the next one.
        State::Retrying => Claim::InProgress { until: now },
        State::Sending if record.attempt > request.attempt => Claim::Superseded,
        State::Sending => Claim::InProgress {
            until: record.lease_until.unwrap_or(now),
        },
    })
}
