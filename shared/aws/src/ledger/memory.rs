//! A ledger that lasts as long as its process: for functions that run by
//! themselves, without a stack.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;
use tocsin_core::history::{History, StoredAlert};

use super::LedgerError;
use super::alerts::{AlertRecord, PutAlert};
use super::claim::{Claim, ClaimRequest, lease};
use super::health::{CasResult, VersionedHealth};
use super::settle::{SettleResult, Settlement};

#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    alerts: HashMap<AlertId, StoredAlert>,
    settled: HashMap<(AlertId, DestinationId), State>,
    health: HashMap<DestinationId, VersionedHealth>,
}

impl Memory {
    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing in here panics halfway, so what a panic elsewhere left is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self, records: &[AlertRecord<'_>]) -> Vec<Result<PutAlert, LedgerError>> {
        let mut held = self.held();
        let one = |record: &AlertRecord<'_>| match held.alerts.get(&record.alert.alert_id) {
            Some(known) if known.alert.fingerprint() == record.alert.fingerprint() => {
                PutAlert::Duplicate(Box::new(known.clone()))
            }
            Some(_) => PutAlert::IdConflict,
            None => {
                let stored = StoredAlert {
                    alert: record.alert.clone(),
                    routing: record.routing.clone(),
                    received_at: record.received_at,
                };
                held.alerts.insert(record.alert.alert_id.clone(), stored);
                PutAlert::Created
            }
        };
        records.iter().map(one).map(Ok).collect()
    }

    pub(super) fn alerts(
        &self,
        ids: &[AlertId],
    ) -> HashMap<AlertId, Result<StoredAlert, LedgerError>> {
        let held = self.held();
        ids.iter()
            .filter_map(|id| Some((id.clone(), Ok(held.alerts.get(id)?.clone()))))
            .collect()
    }

    pub(super) fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        let held = self.held();
        requests
            .iter()
            .map(|request| {
                let key = (request.alert_id.clone(), request.destination_id);
                Ok(match held.settled.get(&key) {
                    Some(State::Retrying) | None => Claim::Started(lease(request, now)),
                    Some(ended) => Claim::AlreadySettled(*ended),
                })
            })
            .collect()
    }

    pub(super) fn settle(
        &self,
        settlements: &[Settlement],
    ) -> Vec<Result<SettleResult, LedgerError>> {
        let mut held = self.held();
        settlements
            .iter()
            .map(|one| {
                let key = (one.alert_id.clone(), one.destination_id);
                held.settled.insert(key, one.verdict.state());
                Ok(SettleResult::Settled)
            })
            .collect()
    }

    pub(super) fn history(&self, id: &AlertId) -> Option<History> {
        let alert = self.held().alerts.get(id)?.clone();
        Some(History {
            alert,
            deliveries: Vec::new(),
        })
    }

    pub(super) fn health(&self, ids: &[DestinationId]) -> HashMap<DestinationId, VersionedHealth> {
        let held = self.held();
        ids.iter()
            .filter_map(|id| Some((*id, held.health.get(id)?.clone())))
            .collect()
    }

    pub(super) fn compare_and_swap_health(
        &self,
        id: DestinationId,
        seen: &VersionedHealth,
        health: Health,
    ) -> CasResult {
        let mut held = self.held();
        let current = held.health.get(&id).cloned().unwrap_or_default();
        if current.version != seen.version {
            return CasResult::Conflict(current);
        }
        let next = VersionedHealth {
            health,
            version: seen.version + 1,
        };
        held.health.insert(id, next.clone());
        CasResult::Swapped(next)
    }
}
