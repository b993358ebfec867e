//! Looking at destinations and changing them, one at a time.

use std::time::Duration;

use tocsin_aws::{Changed, RECOVERY_WINDOW, Retired, StoreError, Stored};
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, Destinations, Enabled};

use crate::Api;
use crate::draft::{NewValue, Prepared, SecretStep, Wanted, checked_actor, own_name};
use crate::messages::{
    AddDestination, ApiError, DeleteDestination, DeletedDestination, DestinationReport,
    RemovedSecret, SetDestinationEnabled, UpdateDestination,
};

/// Tries to switch a destination that others are changing at the same time.
const SWITCHES: usize = 5;

/// Destinations whose health one call asks for: `BatchGetItem` takes 100 keys.
const HEALTH_AT_ONCE: usize = 100;

/// Everything that is stored, and the same to look through.
pub(crate) struct Held {
    pub(crate) stored: Vec<Stored>,
    pub(crate) all: Destinations,
}

impl Held {
    /// The destination of this id or display name.
    pub(crate) fn find(&self, name: &str) -> Result<&Stored, ApiError> {
        let found = self.all.called(name).next();
        found
            .and_then(|one| self.get(one.destination_id))
            .ok_or_else(|| no_destination("destination"))
    }

    pub(crate) fn get(&self, id: DestinationId) -> Option<&Stored> {
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
    pub(crate) async fn held(&self) -> Result<Held, ApiError> {
        let stored = self.store.stored().await?;
        let all = stored.iter().map(|one| one.destination.clone()).collect();
        Ok(Held { stored, all })
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
        let wanted = Wanted {
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
        Ok(held.report(&added))
    }

    pub(crate) async fn update_destination(
        &self,
        request: UpdateDestination,
    ) -> Result<DestinationReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        let held = self.held().await?;
        let present = held.find(&request.destination)?;
        at_revision(&present.destination, Some(request.revision))?;
        let wanted = Wanted {
            draft: request.draft,
            secret: request.secret,
            present: Some(present),
            id: present.destination.destination_id,
            all: &held.all,
            actor: &actor,
        };
        let prepared = self.prepare(wanted).await?;
        name_is_free(&held.all, &prepared.destination)?;
        let updated = self
            .carry_out_update(&present.destination, prepared)
            .await?;
        Ok(held.report(&updated))
    }

    pub(crate) async fn delete_destination(
        &self,
        request: DeleteDestination,
    ) -> Result<DeletedDestination, ApiError> {
        let actor = checked_actor(request.actor)?;
        let held = self.held().await?;
        let present = held.find(&request.destination)?.destination.clone();
        at_revision(&present, request.revision)?;
        let id = Some(present.destination_id);
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
        self.carry_out_deletion(present, &actor).await
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
            at_revision(&present.destination, request.revision)?;
            let switched = Stored {
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
                secret_digest: present.secret_digest.clone(),
            };
            match self.store.replace(&present.destination, &switched).await {
                Err(StoreError::Changed(_)) if request.revision.is_none() && attempt < SWITCHES => {
                }
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

    /// The secret first: a destination never points at one that is not there.
    pub(crate) async fn carry_out_addition(
        &self,
        prepared: Prepared,
    ) -> Result<Destination, ApiError> {
        let Prepared {
            destination,
            secret,
        } = prepared;
        let digest = match &secret {
            SecretStep::Write(new) => {
                self.secrets
                    .put(&new.name, new.value.expose().to_owned())
                    .await?;
                Some(new.digest.clone())
            }
            SecretStep::None | SecretStep::Keep(_) | SecretStep::Refer(_) => None,
        };
        let stored = Stored {
            destination,
            secret_digest: digest,
        };
        if let Err(error) = self.store.add(&stored).await {
            // Only then is it sure that the destination did not come about.
            let certain = matches!(error, StoreError::NameTaken { .. } | StoreError::NoFallback);
            if let (true, SecretStep::Write(new)) = (certain, &secret) {
                self.forget_secret(&new.name).await;
            }
            return Err(error.into());
        }
        log(&stored.destination, "a destination was added");
        Ok(stored.destination)
    }

    /// The destination first, under its lock: who loses has not touched the secret.
    pub(crate) async fn carry_out_update(
        &self,
        before: &Destination,
        prepared: Prepared,
    ) -> Result<Destination, ApiError> {
        let Prepared {
            destination,
            secret,
        } = prepared;
        let digest = match &secret {
            SecretStep::Keep(digest) => digest.clone(),
            // Until the secret is written, there is nothing to tell it by.
            SecretStep::None | SecretStep::Refer(_) | SecretStep::Write(_) => None,
        };
        let stored = Stored {
            destination,
            secret_digest: digest,
        };
        self.store.replace(before, &stored).await?;
        log(&stored.destination, "a destination was changed");
        if let SecretStep::Write(new) = &secret {
            self.renew_secret(&stored.destination, new).await?;
        }
        Ok(stored.destination)
    }

    async fn renew_secret(&self, one: &Destination, new: &NewValue) -> Result<(), ApiError> {
        let half_done = |error: &dyn std::fmt::Display| {
            ApiError::unavailable(&format!(
                "the settings are changed (revision {}), but the secret is not sure to be: send both again with this revision ({error})",
                one.revision
            ))
        };
        let written = self
            .secrets
            .put(&new.name, new.value.expose().to_owned())
            .await;
        written.map_err(|error| half_done(&error))?;
        log(one, "a destination's secret was replaced");
        match self.store.note_digest(one, &new.digest).await {
            Ok(()) => Ok(()),
            Err(StoreError::Aws(error)) => {
                // The secret is in force; at worst it is written once more.
                tracing::warn!(destination.id = %one.destination_id, %error, "the digest of a secret could not be noted");
                Ok(())
            }
            Err(error) => Err(half_done(&error)),
        }
    }

    pub(crate) async fn carry_out_deletion(
        &self,
        present: Destination,
        actor: &str,
    ) -> Result<DeletedDestination, ApiError> {
        self.store.remove(&present).await?;
        tracing::info!(
            destination.id = %present.destination_id,
            destination.name = present.display_name,
            provider = present.provider.as_str(),
            actor,
            "a destination was deleted"
        );
        let secret = self.retire_secret(&present).await;
        Ok(DeletedDestination {
            destination: present,
            secret,
        })
    }

    async fn retire_secret(&self, deleted: &Destination) -> RemovedSecret {
        let Some(name) = deleted.secret_name.clone() else {
            return RemovedSecret::None;
        };
        let own = own_name(&self.stack, &deleted.provider, deleted.destination_id);
        let retired = self.secrets.retire(&own).await;
        if let Err(error) = &retired {
            tracing::warn!(secret.name = own, %error, "a secret without a destination stays behind");
        }
        if name != own {
            return RemovedSecret::Shared { name };
        }
        match retired {
            Ok(Retired::Scheduled) => RemovedSecret::Removed {
                name,
                recoverable_until: Timestamp::now().plus(RECOVERY_WINDOW),
            },
            Ok(Retired::Missing) => RemovedSecret::None,
            Err(error) => RemovedSecret::Left {
                name,
                reason: error.to_string(),
            },
        }
    }

    /// The secret of a destination that did not come about.
    async fn forget_secret(&self, name: &str) {
        if let Err(error) = self.secrets.delete(name).await {
            tracing::warn!(secret.name = name, %error, "a secret without a destination stays behind");
        }
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

fn at_revision(present: &Destination, read: Option<u64>) -> Result<(), ApiError> {
    match read {
        Some(read) if read != present.revision => {
            Err(StoreError::Changed(Box::new(Changed::of(present))).into())
        }
        _ => Ok(()),
    }
}

/// Who did it and when.
fn log(one: &Destination, what: &str) {
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
