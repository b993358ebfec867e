//! A ledger in memory, for functions that run without a stack.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::delivery::claim::{Claim, ClaimRequest};
use tocsin_core::delivery::settlement::{SettleResult, Settlement};
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;
use tocsin_core::history::{History, StoredAlert};

use super::alerts::{AlertRecord, PutAlert};
use super::error::LedgerError;
use super::health::{CasResult, VersionedHealth};

#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    alerts: HashMap<AlertId, StoredAlert>,
    settled: HashMap<(AlertId, DestinationId), State>,
    health: HashMap<DestinationId, VersionedHealth>,
}

impl Memory {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        // No change here can panic halfway, so a poisoned lock guards whole contents.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self, records: &[AlertRecord<'_>]) -> Vec<Result<PutAlert, LedgerError>> {
        let mut contents = self.contents();
        let one = |record: &AlertRecord<'_>| match contents.alerts.get(&record.alert.alert_id) {
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

    pub(super) fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        let contents = self.contents();
        requests
            .iter()
            .map(|request| {
                let key = (request.alert_id.clone(), request.destination_id);
                Ok(match contents.settled.get(&key) {
                    Some(State::Retrying) | None => Claim::Started(request.lease_at(now)),
                    Some(settled) => Claim::AlreadySettled(*settled),
                })
            })
            .collect()
    }

    pub(super) fn settle(
        &self,
        settlements: &[Settlement],
    ) -> Vec<Result<SettleResult, LedgerError>> {
        let mut contents = self.contents();
        settlements
            .iter()
            .map(|one| {
                let key = (one.alert_id.clone(), one.destination_id);
                contents.settled.insert(key, one.new_state.state());
                Ok(SettleResult::Settled)
            })
            .collect()
    }

    pub(super) fn history(&self, id: &AlertId) -> Option<History> {
        let alert = self.contents().alerts.get(id)?.clone();
        Some(History {
            alert,
            deliveries: Vec::new(),
        })
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
}
