//! A ledger in memory, for functions that run without a stack. It holds what it is
//! given until the process ends.

mod deliveries;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;
use tocsin_core::history::{History, StoredAlert};
use tocsin_core::routing::{Disposition, Routing};

use super::alerts::{AlertRecord, PutAlert};
use super::drain::TakeDrain;
use super::error::LedgerError;
use super::health::{CasResult, VersionedHealth};
use super::pulse::{Pulse, PulseRecord};
use deliveries::Stored;

#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    alerts: HashMap<AlertId, StoredAlert>,
    deliveries: BTreeMap<(AlertId, DestinationId), Stored>,
    health: HashMap<DestinationId, VersionedHealth>,
    drains: HashMap<DestinationId, Timestamp>,
    pulses: HashMap<Pulse, PulseRecord>,
}

impl Memory {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        // No change here can panic halfway, so a poisoned lock guards whole contents.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self, records: &[AlertRecord<'_>]) -> Vec<Result<PutAlert, LedgerError>> {
        let mut contents = self.contents();
        let one = |record: &AlertRecord<'_>| match contents.alerts.get(&record.alert.alert_id) {
            Some(known) if known.alert.is_same_finding(record.alert) => {
                PutAlert::Duplicate(Box::new(known.clone()))
            }
            Some(_) => PutAlert::IdConflict,
            None => {
                let stored = StoredAlert {
                    alert: record.alert.clone(),
                    routing: record.routing.bounded(),
                    received_at: record.received_at,
                    resent_as: None,
                };
                contents
                    .alerts
                    .insert(record.alert.alert_id.clone(), stored);
                PutAlert::Created
            }
        };
        records.iter().map(one).map(Ok).collect()
    }

    pub(super) fn alerts(
        &self,
        ids: &[AlertId],
    ) -> HashMap<AlertId, Result<StoredAlert, LedgerError>> {
        let contents = self.contents();
        ids.iter()
            .filter_map(|id| Some((id.clone(), Ok(contents.alerts.get(id)?.clone()))))
            .collect()
    }

    pub(super) fn update_routing(&self, id: &AlertId, routing: &Routing) {
        if let Some(alert) = self.contents().alerts.get_mut(id) {
            alert.routing = routing.bounded();
        }
    }

    pub(super) fn history(&self, id: &AlertId) -> Option<History> {
        let contents = self.contents();
        let alert = contents.alerts.get(id)?.clone();
        let of_alert = contents.deliveries.iter().filter(|((one, _), _)| one == id);
        let mut deliveries: Vec<_> = of_alert.map(|(_, stored)| stored.record.clone()).collect();
        deliveries.sort_by(|a, b| a.display_name.cmp(&b.display_name));
        Some(History { alert, deliveries })
    }

    pub(super) fn link_resent(
        &self,
        original: &AlertId,
        destinations: &[DestinationId],
        resent: &AlertId,
    ) {
        let mut contents = self.contents();
        for id in destinations {
            let delivery = contents.deliveries.get_mut(&(original.clone(), *id));
            let ended = |state| matches!(state, State::Failed | State::Exhausted);
            if let Some(stored) = delivery.filter(|stored| ended(stored.record.state)) {
                stored.record.resent_as = Some(resent.clone());
            }
        }
        if let Some(alert) = contents.alerts.get_mut(original)
            && alert.routing.disposition == Disposition::Unrouted
        {
            alert.resent_as = Some(resent.clone());
        }
    }

    pub(super) fn record_pulse(&self, pulse: Pulse, alert: Option<&AlertId>, now: Timestamp) {
        let record = PulseRecord {
            at: now,
            alert_id: alert.cloned(),
        };
        self.contents().pulses.insert(pulse, record);
    }

    pub(super) fn pulses(&self) -> HashMap<Pulse, PulseRecord> {
        self.contents().pulses.clone()
    }

    pub(super) fn health(&self, ids: &[DestinationId]) -> HashMap<DestinationId, VersionedHealth> {
        let contents = self.contents();
        ids.iter()
            .filter_map(|id| Some((*id, contents.health.get(id)?.clone())))
            .collect()
    }

    pub(super) fn compare_and_swap_health(
        &self,
        id: DestinationId,
        seen: &VersionedHealth,
        health: Health,
    ) -> CasResult {
        let mut contents = self.contents();
        let current = contents.health.get(&id).cloned().unwrap_or_default();
        if current.version != seen.version {
            return CasResult::Conflict(current);
        }
        let next = VersionedHealth {
            health,
            version: seen.version + 1,
        };
        contents.health.insert(id, next.clone());
        CasResult::Swapped(next)
    }

    pub(super) fn take_drain(
        &self,
        id: DestinationId,
        until: Timestamp,
        now: Timestamp,
    ) -> TakeDrain {
        let mut contents = self.contents();
        if contents.drains.get(&id).is_some_and(|taken| *taken >= now) {
            return TakeDrain::InUse;
        }
        contents.drains.insert(id, until);
        TakeDrain::Taken
    }

    pub(super) fn release_drain(&self, id: DestinationId, until: Timestamp) {
        let mut contents = self.contents();
        if contents.drains.get(&id) == Some(&until) {
            contents.drains.remove(&id);
        }
    }
}
