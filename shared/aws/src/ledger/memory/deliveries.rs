//! The deliveries of the ledger in memory.

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::claim::{Claim, ClaimRequest};
use tocsin_core::delivery::record::Adoption;
use tocsin_core::delivery::settlement::{
    Deferral, NewState, SettleResult, Settlement, forgotten_attempt,
};
use tocsin_core::delivery::{DeliveryId, NewDelivery, PriorAttempt, State};
use tocsin_core::destination::DestinationId;
use tocsin_core::history::DeliveryRecord;
use tocsin_core::outbox::{DueEntry, DueKey, Priority};

use super::super::attributes::Item;
use super::super::deliveries::Added;
use super::super::error::LedgerError;
use super::super::fallbacks::{Begun, FallbackRef};
use super::super::outbox::{OutboxCursor, OutboxPage};
use super::super::read::DeliveryRecords;
use super::Memory;

/// A delivery.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) record: DeliveryRecord,
    detection_id: String,
    /// `None` when it is settled.
    due: Option<DueKey>,
}

impl Stored {
    fn new(delivery: &NewDelivery, attempts: u32, began_at: Timestamp, now: Timestamp) -> Self {
        Self {
            record: DeliveryRecord {
                destination_id: delivery.destination_id,
                display_name: delivery.display_name.clone(),
                provider: delivery.provider.to_string(),
                delivery_id: DeliveryId::of(&delivery.alert_id, delivery.destination_id),
                state: if attempts == 0 {
                    State::Queued
                } else {
                    State::Retrying
                },
                attempt: attempts,
                attempts: Vec::new(),
                maybe_delivered: PriorAttempt::NotDelivered,
                began_at,
                updated_at: now,
                lease_until: None,
                next_attempt_at: Some(delivery.due),
                fallback_for: delivery.fallback_for,
                resent_as: None,
            },
            detection_id: delivery.detection_id.clone(),
            due: Some(delivery.due_key()),
        }
    }

    fn is_free(&self, attempts: u32, now: Timestamp) -> bool {
        let held = self.record.lease_until.is_some_and(|until| until >= now);
        self.due.is_some() && self.record.attempt == attempts && !held
    }

    /// Whether it is the delivery of a fallback that has not begun.
    fn stands_by(&self) -> bool {
        self.record.state == State::Queued
            && self.record.attempt == 0
            && self.record.fallback_for.is_some()
    }

    fn move_to(&mut self, due: DueKey, now: Timestamp) {
        self.due = Some(due);
        self.record.next_attempt_at = Some(due.at);
        self.record.updated_at = now;
    }

    fn entry(&self, alert_id: &AlertId) -> Option<DueEntry> {
        Some(DueEntry {
            alert_id: alert_id.clone(),
            destination_id: self.record.destination_id,
            detection_id: self.detection_id.clone(),
            due: self.due?,
        })
    }
}

impl Memory {
    pub(in super::super) fn add_deliveries(
        &self,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Vec<Result<Added, LedgerError>> {
        let mut contents = self.contents();
        let one = |delivery: &NewDelivery| {
            let key = (delivery.alert_id.clone(), delivery.destination_id);
            if contents.deliveries.contains_key(&key) {
                return Ok(Added::Exists);
            }
            let stored = Stored::new(delivery, 0, delivery.begins_at(now), now);
            contents.deliveries.insert(key, stored);
            Ok(Added::New)
        };
        deliveries.iter().map(one).collect()
    }

    pub(in super::super) fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        let mut contents = self.contents();
        let one = |request: &ClaimRequest| {
            let key = (request.alert_id.clone(), request.destination_id);
            let before = request.attempt.saturating_sub(1);
            let Some(stored) = contents.deliveries.get_mut(&key) else {
                return Ok(Claim::Refused);
            };
            if !stored.is_free(before, now) {
                return Ok(Claim::Refused);
            }
            let lease = request.lease_at(now);
            stored.record.state = State::Sending;
            stored.record.attempt = request.attempt;
            stored.record.lease_until = Some(lease.until);
            stored.record.next_attempt_at = None;
            stored.record.updated_at = now;
            stored.record.display_name.clone_from(&request.display_name);
            stored.due = request.due_after_lease(now).or(stored.due);
            Ok(Claim::Started(lease))
        };
        requests.iter().map(one).collect()
    }

    pub(in super::super) fn settle(
        &self,
        settlements: &[Settlement],
    ) -> Vec<Result<SettleResult, LedgerError>> {
        let mut contents = self.contents();
        let one = |settlement: &Settlement| {
            let key = (settlement.alert_id.clone(), settlement.destination_id);
            let Some(Stored { record, due, .. }) = contents.deliveries.get_mut(&key) else {
                return Ok(SettleResult::LeaseLost);
            };
            if record.attempts.last() == Some(&settlement.attempt) {
                return Ok(SettleResult::Settled);
            }
            if record.lease_until != Some(settlement.lease.until) {
                return Ok(SettleResult::LeaseLost);
            }
            let now = Timestamp::now();
            record.state = settlement.new_state.state();
            record.lease_until = None;
            record.updated_at = now;
            let forgotten = forgotten_attempt(settlement.attempt.number);
            record.attempts.retain(|one| Some(one.number) != forgotten);
            record.attempts.push(settlement.attempt.clone());
            if settlement.prior_attempt == PriorAttempt::MaybeDelivered {
                record.maybe_delivered = PriorAttempt::MaybeDelivered;
            }
            (*due, record.next_attempt_at) = match settlement.new_state {
                NewState::Retrying { due: at } => {
                    let priority = settlement.priority;
                    (Some(DueKey { priority, at }), Some(at))
                }
                NewState::Delivered | NewState::Failed | NewState::Exhausted => (None, None),
            };
            Ok(SettleResult::Settled)
        };
        settlements.iter().map(one).collect()
    }

    pub(in super::super) fn defer(
        &self,
        deferrals: &[Deferral],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        let mut contents = self.contents();
        let one = |deferral: &Deferral| {
            let key = (deferral.alert_id.clone(), deferral.destination_id);
            let stored = contents.deliveries.get_mut(&key);
            if let Some(stored) = stored.filter(|one| one.is_free(deferral.attempts, now)) {
                stored.move_to(deferral.due, now);
            }
            Ok(())
        };
        deferrals.iter().map(one).collect()
    }

    pub(in super::super) fn cancel_fallbacks(
        &self,
        fallbacks: &[FallbackRef],
    ) -> Vec<Result<(), LedgerError>> {
        let mut contents = self.contents();
        for one in fallbacks {
            let key = (one.alert_id.clone(), one.destination_id);
            let stored = contents.deliveries.get(&key);
            let is_for = |stored: &Stored| stored.record.fallback_for == Some(one.fallback_for);
            if stored.is_some_and(|stored| stored.stands_by() && is_for(stored)) {
                contents.deliveries.remove(&key);
            }
        }
        vec![Ok(()); fallbacks.len()]
    }

    pub(in super::super) fn begin_fallbacks(
        &self,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Vec<Result<Begun, LedgerError>> {
        let mut contents = self.contents();
        let one = |delivery: &NewDelivery| {
            let due = NewDelivery {
                due: now,
                ..delivery.clone()
            };
            let key = (due.alert_id.clone(), due.destination_id);
            let stored = contents.deliveries.get(&key);
            if stored.is_some_and(|stored| !stored.stands_by()) {
                return Ok(Begun::Before);
            }
            contents
                .deliveries
                .insert(key, Stored::new(&due, 0, now, now));
            Ok(Begun::Now)
        };
        deliveries.iter().map(one).collect()
    }

    /// Nothing here comes from version 0.1.0: what exists is in the outbox.
    pub(in super::super) fn adopt(
        &self,
        adoptions: &[Adoption],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        let mut contents = self.contents();
        for Adoption {
            delivery,
            attempts,
            began_at,
        } in adoptions
        {
            let key = (delivery.alert_id.clone(), delivery.destination_id);
            contents
                .deliveries
                .entry(key)
                .or_insert_with(|| Stored::new(delivery, *attempts, *began_at, now));
        }
        vec![Ok(()); adoptions.len()]
    }

    pub(in super::super) fn due(
        &self,
        destination: DestinationId,
        priority: Priority,
        until: Timestamp,
        limit: usize,
    ) -> OutboxPage {
        let mut page = self.outbox_page();
        let due = &mut page.entries;
        due.retain(|one| {
            one.destination_id == destination && one.due.priority == priority && one.due.at <= until
        });
        due.sort_by_key(|one| one.due);
        if due.len() > limit {
            due.truncate(limit);
            page.next = Some(OutboxCursor(Item::new()));
        }
        page
    }

    pub(in super::super) fn outbox_page(&self) -> OutboxPage {
        let contents = self.contents();
        let deliveries = contents.deliveries.iter();
        OutboxPage {
            entries: deliveries
                .filter_map(|((alert, _), stored)| stored.entry(alert))
                .collect(),
            next: None,
        }
    }

    pub(in super::super) fn records(
        &self,
        deliveries: &[(AlertId, DestinationId)],
    ) -> DeliveryRecords {
        let contents = self.contents();
        deliveries
            .iter()
            .filter_map(|key| {
                let stored = contents.deliveries.get(key)?;
                Some((key.clone(), Ok(stored.record.clone())))
            })
            .collect()
    }

    pub(in super::super) fn bring_forward(
        &self,
        destination: DestinationId,
        now: Timestamp,
    ) -> usize {
        let mut contents = self.contents();
        let mut moved = 0;
        for stored in contents.deliveries.values_mut() {
            let waits = stored.record.destination_id == destination
                && stored.record.lease_until.is_none()
                && !stored.stands_by();
            if let Some(due) = stored.due.filter(|due| waits && due.at > now) {
                stored.move_to(DueKey { at: now, ..due }, now);
                moved += 1;
            }
        }
        moved
    }
}
