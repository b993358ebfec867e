//! Reading destinations, and changing them one at a time.

use tocsin_api_types::{
    AddDestination, ApiError, DeleteDestination, DeletedDestination, DestinationReport,
    SetDestinationEnabled, UpdateDestination,
};
use tocsin_aws::{RevisionConflict, StoreError, StoredDestination};
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, Destinations, Enabled};

use crate::Api;
use crate::change::ChangeRequest;
use crate::error::{IntoApiError, OrApiError};
use crate::validate::checked_actor;

/// Attempts to enable or disable a destination that others change at the same time.
const SWITCH_ATTEMPTS: usize = 5;

/// Destinations whose health one call reads: `BatchGetItem` takes 100 keys.
const HEALTH_BATCH: usize = 100;

/// All destinations at one moment: as stored, and to look up.
pub(crate) struct Snapshot {
    pub(crate) stored: Vec<StoredDestination>,
    pub(crate) all: Destinations,
}

impl Snapshot {
    /// The destination of this id or display name.
    pub(crate) fn find(&self, name: &str) -> Result<&StoredDestination, ApiError> {
        let found = self.all.called(name).next();
        found
            .and_then(|one| self.get(one.destination_id))
            .ok_or_else(|| no_destination("destination"))
    }

    pub(crate) fn get(&self, id: DestinationId) -> Option<&StoredDestination> {
        let mut all = self.stored.iter();
        all.find(|one| one.destination.destination_id == id)
    }

    /// The destinations after these are written and those are deleted.
    pub(crate) fn after<'a>(
        &self,
        written: impl IntoIterator<Item = &'a Destination>,
        deleted: &[StoredDestination],
    ) -> Destinations {
        let written: Vec<&Destination> = written.into_iter().collect();
        let is_replaced = |one: &Destination| {
            let mut ids = written.iter().map(|other| other.destination_id);
            ids.any(|id| id == one.destination_id)
        };
        let is_deleted = |one: &Destination| {
            let mut ids = deleted.iter().map(|other| other.destination.destination_id);
            ids.any(|id| id == one.destination_id)
        };
        let unchanged = self.all.iter();
        let unchanged = unchanged.filter(|one| !is_replaced(one) && !is_deleted(one));
        unchanged.chain(written.iter().copied()).cloned().collect()
    }
}

/// The error does not repeat the name, which may be a secret in the wrong place.
pub(crate) fn no_destination(field: &str) -> ApiError {
    ApiError::not_found(
        field,
        "there is no destination with this id or display name",
    )
}

/// A destination with the name of its fallback.
pub(crate) fn report(all: &Destinations, one: &Destination) -> DestinationReport {
    let fallback = one
        .fallback
        .and_then(|fallback| all.get(fallback.destination_id));
    DestinationReport {
        destination: one.clone(),
        fallback_name: fallback.map(|fallback| fallback.display_name.clone()),
        health: None,
    }
}

impl Api {
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, ApiError> {
        let stored = self.store.stored().await.or_api_error()?;
        let all = stored.iter().map(|one| one.destination.clone()).collect();
        Ok(Snapshot { stored, all })
    }

    pub(crate) async fn list_destinations(&self) -> Result<Vec<DestinationReport>, ApiError> {
        let all = self.store.load().await.or_api_error()?;
        let reports = all.iter().map(|one| report(&all, one)).collect();
        self.with_health(reports).await
    }

    pub(crate) async fn get_destination(&self, name: &str) -> Result<DestinationReport, ApiError> {
        let all = self.store.load().await.or_api_error()?;
        let found = all.called(name).next();
        let found = found.ok_or_else(|| no_destination("destination"))?;
        let mut reports = self.with_health(vec![report(&all, found)]).await?;
        reports.pop().ok_or_else(|| no_destination("destination"))
    }

    async fn with_health(
        &self,
        mut reports: Vec<DestinationReport>,
    ) -> Result<Vec<DestinationReport>, ApiError> {
        for batch in reports.chunks_mut(HEALTH_BATCH) {
            let ids: Vec<_> = batch
                .iter()
                .map(|one| one.destination.destination_id)
                .collect();
            let mut health = self.ledger.health(&ids).await.or_api_error()?;
            for report in batch {
                let known = health.remove(&report.destination.destination_id);
                report.health = known.map(|known| known.health);
            }
        }
        Ok(reports)
    }

    pub(crate) async fn add_destination(
        &self,
        request: AddDestination,
    ) -> Result<DestinationReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        let snapshot = self.snapshot().await?;
        let change = ChangeRequest {
            draft: request.destination,
            secret: request.secret,
            current: None,
            id: DestinationId::generate(),
            all: &snapshot.all,
            actor: &actor,
        };
        let change = self.validate(change).await?;
        check_name_is_free(&snapshot.all, &change.destination)?;
        let added = self.write_new(change).await?;
        self.retire_superseded(&snapshot.stored).await;
        Ok(report(&snapshot.all, &added))
    }

    pub(crate) async fn update_destination(
        &self,
        request: UpdateDestination,
    ) -> Result<DestinationReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        let snapshot = self.snapshot().await?;
        let current = snapshot.find(&request.destination)?;
        check_revision(&current.destination, Some(request.revision))?;
        let change = ChangeRequest {
            draft: request.draft,
            secret: request.secret,
            current: Some(current),
            id: current.destination.destination_id,
            all: &snapshot.all,
            actor: &actor,
        };
        let change = self.validate(change).await?;
        check_name_is_free(&snapshot.all, &change.destination)?;
        let after = snapshot.after([&change.destination], &[]);
        check_fallback_cycle(&after, &change.destination, "fallback")?;
        let change = self.keep_equal_secret(change).await?;
        let updated = self.write_update(current, change).await?;
        self.bring_forward([&updated]).await;
        self.retire_superseded(&snapshot.stored).await;
        Ok(report(&snapshot.all, &updated))
    }

    pub(crate) async fn delete_destination(
        &self,
        request: DeleteDestination,
    ) -> Result<DeletedDestination, ApiError> {
        let actor = checked_actor(request.actor)?;
        let snapshot = self.snapshot().await?;
        let current = snapshot.find(&request.destination)?;
        check_revision(&current.destination, request.revision)?;
        let id = current.destination.destination_id;
        let dependents: Vec<_> = snapshot
            .all
            .iter()
            .filter(|one| {
                let fallback = one.fallback.map(|fallback| fallback.destination_id);
                fallback == Some(id)
            })
            .map(|one| format!("{:?}", one.display_name))
            .collect();
        if !dependents.is_empty() {
            return Err(ApiError::conflict(
                "destination",
                format!(
                    "it is the fallback of {}: give them another fallback first",
                    dependents.join(", ")
                ),
            ));
        }
        let deleted = self.write_deletion(current, &actor).await?;
        self.retire_superseded(&snapshot.stored).await;
        Ok(deleted)
    }

    /// Enables or disables a destination. Without a revision in the request, a
    /// concurrent change of something else does not stop it.
    pub(crate) async fn set_enabled(
        &self,
        request: SetDestinationEnabled,
    ) -> Result<DestinationReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        for attempt in 1.. {
            let snapshot = self.snapshot().await?;
            let current = snapshot.find(&request.destination)?;
            check_revision(&current.destination, request.revision)?;
            let switched = StoredDestination {
                destination: Destination {
                    enabled: request.enabled,
                    updated_at: Timestamp::now(),
                    updated_by: actor.clone(),
                    revision: current.destination.revision + 1,
                    // The table refuses a fallback that does not exist, and somebody
                    // may have deleted it by hand.
                    fallback: current
                        .destination
                        .fallback
                        .filter(|fallback| snapshot.all.get(fallback.destination_id).is_some()),
                    ..current.destination.clone()
                },
                ..current.clone()
            };
            match self.store.replace(&current.destination, &switched).await {
                Err(StoreError::RevisionConflict(_))
                    if request.revision.is_none() && attempt < SWITCH_ATTEMPTS => {}
                Err(error) => return Err(error.into_api_error()),
                Ok(()) => {
                    let event = match request.enabled {
                        Enabled::Yes => "a destination was enabled",
                        Enabled::No => "a destination was disabled",
                    };
                    log_change(&switched.destination, event);
                    self.bring_forward([&switched.destination]).await;
                    return Ok(report(&snapshot.all, &switched.destination));
                }
            }
        }
        Err(no_destination("destination"))
    }
}

/// Saves a useless write of the secret; the table's condition decides.
fn check_name_is_free(all: &Destinations, one: &Destination) -> Result<(), ApiError> {
    let is_taken = all.iter().any(|other| {
        other.display_name == one.display_name && other.destination_id != one.destination_id
    });
    if is_taken {
        let name = one.display_name.clone();
        return Err(StoreError::NameTaken { name }.into_api_error());
    }
    Ok(())
}

fn check_revision(current: &Destination, read: Option<u64>) -> Result<(), ApiError> {
    match read {
        Some(read) if read != current.revision => Err(StoreError::RevisionConflict(Box::new(
            RevisionConflict::of(current),
        ))
        .into_api_error()),
        _ => Ok(()),
    }
}

/// Refuses a fallback that leads round in a cycle, given all destinations after
/// the change.
pub(crate) fn check_fallback_cycle(
    after: &Destinations,
    changed: &Destination,
    field: &str,
) -> Result<(), ApiError> {
    after
        .check_fallback_chain(changed.destination_id)
        .map_err(|cycle| ApiError::invalid(field, cycle.to_string()))
}

/// Logs who changed a destination.
pub(crate) fn log_change(one: &Destination, event: &str) {
    tracing::info!(
        destination.id = %one.destination_id,
        destination.name = one.display_name,
        provider = one.provider.as_str(),
        revision = one.revision,
        actor = one.updated_by,
        "{event}"
    );
}
