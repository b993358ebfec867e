//! Looking at destinations and changing them, one at a time.

use std::time::Duration;

use tocsin_aws::{RevisionConflict, StoreError, StoredDestination};
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, Destinations, Enabled};

use crate::Api;
use crate::messages::{
    AddDestination, ApiError, DeleteDestination, DeletedDestination, DestinationReport,
    SetDestinationEnabled, UpdateDestination,
};
use crate::validate::{ChangeRequest, checked_actor};

/// Tries to switch a destination that others are changing at the same time.
const SWITCHES: usize = 5;

/// Destinations whose health one call asks for: `BatchGetItem` takes 100 keys.
const HEALTH_AT_ONCE: usize = 100;

/// Everything that is stored, and the same to look through.
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

    pub(crate) fn report(&self, one: &Destination) -> DestinationReport {
        report(&self.all, one)
    }
}

/// What lists do not name, since it may be a secret in a wrong place.
pub(crate) fn no_destination(field: &str) -> ApiError {
    ApiError::not_found(
        field,
        "there is no destination of this id or display name; listDestinations lists them all",
    )
}

/// A destination, and what there is to know besides.
pub(crate) fn report(all: &Destinations, one: &Destination) -> DestinationReport {
    let fallback = one.fallback.and_then(|id| all.get(id));
    DestinationReport {
        destination: one.clone(),
        fallback_name: fallback.map(|fallback| fallback.display_name.clone()),
        health: None,
    }
}

impl Api {
    pub(crate) async fn held(&self) -> Result<Snapshot, ApiError> {
        let stored = self.store.stored().await?;
        let all = stored.iter().map(|one| one.destination.clone()).collect();
        Ok(Snapshot { stored, all })
    }

    pub(crate) async fn list_destinations(&self) -> Result<Vec<DestinationReport>, ApiError> {
        let all = self.store.load().await?;
        let reports = all.iter().map(|one| report(&all, one)).collect();
        self.with_health(reports).await
    }

    pub(crate) async fn get_destination(&self, name: &str) -> Result<DestinationReport, ApiError> {
        let all = self.store.load().await?;
        let found = all.called(name).next();
        let found = found.ok_or_else(|| no_destination("destination"))?;
        let mut reports = self.with_health(vec![report(&all, found)]).await?;
        reports.pop().ok_or_else(|| no_destination("destination"))
    }

    async fn with_health(
        &self,
        mut reports: Vec<DestinationReport>,
    ) -> Result<Vec<DestinationReport>, ApiError> {
        for some in reports.chunks_mut(HEALTH_AT_ONCE) {
            let ids: Vec<_> = some
                .iter()
                .map(|one| one.destination.destination_id)
                .collect();
            let mut health = self.ledger.health(&ids).await?;
            for one in some {
                let kept = health.remove(&one.destination.destination_id);
                one.health = kept.map(|kept| kept.health);
            }
        }
        Ok(reports)
    }

    pub(crate) async fn add_destination(
        &self,
        request: AddDestination,
    ) -> Result<DestinationReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        let held = self.held().await?;
        let wanted = ChangeRequest {
            draft: request.destination,
            secret: request.secret,
            present: None,
            id: DestinationId::generate(),
            all: &held.all,
            actor: &actor,
        };
        let prepared = self.prepare(wanted).await?;
        name_is_free(&held.all, &prepared.destination)?;
        let added = self.carry_out_addition(prepared).await?;
        self.retire_superseded(&held.stored).await;
        Ok(held.report(&added))
    }

    pub(crate) async fn update_destination(
        &self,
        request: UpdateDestination,
    ) -> Result<DestinationReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        let held = self.held().await?;
        let present = held.find(&request.destination)?;
        check_revision(&present.destination, Some(request.revision))?;
        let wanted = ChangeRequest {
            draft: request.draft,
            secret: request.secret,
            present: Some(present),
            id: present.destination.destination_id,
            all: &held.all,
            actor: &actor,
        };
        let prepared = self.prepare(wanted).await?;
        name_is_free(&held.all, &prepared.destination)?;
        check_fallback_cycle(&held.all, &prepared.destination)?;
        let updated = self.carry_out_update(present, prepared).await?;
        self.retire_superseded(&held.stored).await;
        Ok(held.report(&updated))
    }

    pub(crate) async fn delete_destination(
        &self,
        request: DeleteDestination,
    ) -> Result<DeletedDestination, ApiError> {
        let actor = checked_actor(request.actor)?;
        let held = self.held().await?;
        let present = held.find(&request.destination)?;
        check_revision(&present.destination, request.revision)?;
        let id = Some(present.destination.destination_id);
        let leaning: Vec<_> = held
            .all
            .iter()
            .filter(|one| one.fallback == id)
            .map(|one| format!("{:?}", one.display_name))
            .collect();
        if !leaning.is_empty() {
            return Err(ApiError::conflict(
                "destination",
                format!(
                    "it is the fallback of {}: give them another one first",
                    leaning.join(", ")
                ),
            ));
        }
        let deleted = self.carry_out_deletion(present, &actor).await?;
        self.retire_superseded(&held.stored).await;
        Ok(deleted)
    }

    /// Switches it on or off, whatever else is being changed of it meanwhile,
    /// unless a revision was given.
    pub(crate) async fn set_enabled(
        &self,
        request: SetDestinationEnabled,
    ) -> Result<DestinationReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        for attempt in 1.. {
            let held = self.held().await?;
            let present = held.find(&request.destination)?;
            check_revision(&present.destination, request.revision)?;
            let switched = StoredDestination {
                destination: Destination {
                    enabled: request.enabled,
                    updated_at: Timestamp::now(),
                    updated_by: actor.clone(),
                    revision: present.destination.revision + 1,
                    // A fallback that was deleted by hand must not stand in the way.
                    fallback: present
                        .destination
                        .fallback
                        .filter(|id| held.all.get(*id).is_some()),
                    ..present.destination.clone()
                },
                ..present.clone()
            };
            match self.store.replace(&present.destination, &switched).await {
                Err(StoreError::RevisionConflict(_))
                    if request.revision.is_none() && attempt < SWITCHES => {}
                Err(error) => return Err(error.into()),
                Ok(()) => {
                    let what = match request.enabled {
                        Enabled::Yes => "a destination was enabled",
                        Enabled::No => "a destination was disabled",
                    };
                    log(&switched.destination, what);
                    return Ok(held.report(&switched.destination));
                }
            }
        }
        Err(no_destination("destination"))
    }
}

/// Saves writing a secret for nothing; the table's own condition decides.
pub(crate) fn name_is_free(all: &Destinations, one: &Destination) -> Result<(), ApiError> {
    let taken = all.iter().any(|other| {
        other.display_name == one.display_name && other.destination_id != one.destination_id
    });
    if taken {
        return Err(StoreError::NameTaken {
            name: one.display_name.clone(),
        }
        .into());
    }
    Ok(())
}

fn check_revision(present: &Destination, read: Option<u64>) -> Result<(), ApiError> {
    match read {
        Some(read) if read != present.revision => {
            Err(StoreError::RevisionConflict(Box::new(RevisionConflict::of(present))).into())
        }
        _ => Ok(()),
    }
}

/// A chain of fallbacks has to end: nothing goes round in a circle.
fn check_fallback_cycle(all: &Destinations, wanted: &Destination) -> Result<(), ApiError> {
    let mut next = wanted.fallback;
    // As many steps as there are destinations lead to the end, or round.
    for _ in 0..=all.iter().count() {
        let Some(id) = next else { return Ok(()) };
        if id == wanted.destination_id {
            break;
        }
        next = all.get(id).and_then(|one| one.fallback);
    }
    Err(ApiError::invalid(
        "fallback",
        "leads round in a circle: a chain of fallbacks has to end",
    ))
}

/// Who did it and when.
pub(crate) fn log(one: &Destination, what: &str) {
    tracing::info!(
        destination.id = %one.destination_id,
        destination.name = one.display_name,
        provider = one.provider.as_str(),
        revision = one.revision,
        actor = one.updated_by,
        "{what}"
    );
}

/// How long the router may go on with what it knew of a destination.
pub(crate) const ROUTER_MEMORY: Duration = Duration::from_secs(30);
