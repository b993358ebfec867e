//! Carrying out a change of one destination. A secret is written before the
//! destination names it, and retired after the destination has let go of it: at
//! no time does one point at a secret that is not there or not its own.

use std::time::Duration;

use tocsin_aws::{RECOVERY_WINDOW, Retired, StoreError, StoredDestination, SupersededSecret};
use tocsin_core::Timestamp;
use tocsin_core::destination::Destination;

use crate::Api;
use crate::destinations::log;
use crate::messages::{ApiError, DeletedDestination, RemovedSecret};
use crate::secret::{NewValue, OwnSecrets, SecretStep};
use crate::validate::ValidatedChange;

/// How long a delivery may be on its way with the name of a secret that has been
/// replaced since: Lambda keeps an asynchronous invoke for 6 hours at most, and
/// the router's memory comes on top.
const ON_THE_WAY: Duration = Duration::from_hours(7);

impl Api {
    /// The secret first: a destination never points at one that is not there.
    pub(crate) async fn carry_out_addition(
        &self,
        prepared: ValidatedChange,
    ) -> Result<Destination, ApiError> {
        let ValidatedChange {
            destination,
            secret,
        } = prepared;
        let stored = StoredDestination {
            secret_digest: self.write_secret(&secret).await?,
            ..StoredDestination::from(destination)
        };
        if let Err(error) = self.store.add(&stored).await {
            self.forget_secret(&secret, &error).await;
            return Err(error.into());
        }
        log(&stored.destination, "a destination was added");
        Ok(stored.destination)
    }

    /// Settings and the name of the secret change in one write, under the lock of
    /// the revision: who loses has changed nothing.
    pub(crate) async fn carry_out_update(
        &self,
        before: &StoredDestination,
        prepared: ValidatedChange,
    ) -> Result<Destination, ApiError> {
        let ValidatedChange {
            destination,
            secret,
        } = prepared;
        let stored = StoredDestination {
            secret_digest: self.write_secret(&secret).await?,
            superseded: self.superseded(before, &destination),
            destination,
        };
        if let Err(error) = self.store.replace(&before.destination, &stored).await {
            self.forget_secret(&secret, &error).await;
            return Err(error.into());
        }
        log(&stored.destination, "a destination was changed");
        self.renew_earlier(before, &stored.destination, &secret)
            .await;
        Ok(stored.destination)
    }

    /// Deliveries on their way have the earlier secret's name: when that secret is
    /// refused, they find the new value under it. Only where both go to the same
    /// host, of course.
    async fn renew_earlier(
        &self,
        before: &StoredDestination,
        after: &Destination,
        secret: &SecretStep,
    ) {
        let before = &before.destination;
        let own = OwnSecrets::of(&self.stack, &before.provider, before.destination_id);
        let (SecretStep::Write(new), Some(earlier)) = (secret, &before.secret_name) else {
            return;
        };
        let Ok(kind) = self.providers.get(before.provider.as_str()) else {
            return;
        };
        let alike = kind.binding(&before.settings) == kind.binding(&after.settings);
        if !alike || !own.hold(earlier) {
            return;
        }
        let json = new.value.expose().to_owned();
        if let Err(error) = self.secrets.renew(earlier, json).await {
            // Should the old value be refused, what is on its way fails.
            tracing::warn!(secret.name = earlier, %error, "an earlier secret keeps its old value");
        }
    }

    /// Writes what is to be written; gives the digest of what will be in force.
    async fn write_secret(&self, secret: &SecretStep) -> Result<Option<String>, ApiError> {
        match secret {
            SecretStep::None | SecretStep::Refer(_) => Ok(None),
            SecretStep::Keep(digest) => Ok(digest.clone()),
            SecretStep::Write(NewValue {
                name,
                value,
                digest,
                origin,
                ..
            }) => {
                let json = value.expose().to_owned();
                self.secrets.create(name, json, origin.as_deref()).await?;
                Ok(Some(digest.clone()))
            }
        }
    }

    /// The earlier secrets of a destination once it is as `after` says.
    fn superseded(&self, before: &StoredDestination, after: &Destination) -> Vec<SupersededSecret> {
        let own = OwnSecrets::of(&self.stack, &after.provider, after.destination_id);
        let replaced = before.destination.secret_name.clone();
        let replaced = replaced.filter(|name| after.secret_name.as_ref() != Some(name));
        let mut all = before.superseded.clone();
        // What is in use again is no earlier one any more.
        all.retain(|one| after.secret_name.as_ref() != Some(&one.name));
        all.extend(
            replaced
                .filter(|name| own.hold(name))
                .map(|name| SupersededSecret {
                    name,
                    at: Timestamp::now(),
                }),
        );
        all
    }

    /// The secret of a change that did not come about.
    async fn forget_secret(&self, secret: &SecretStep, error: &StoreError) {
        let SecretStep::Write(new) = secret else {
            return;
        };
        if let StoreError::Aws(error) = error {
            // It may have come about all the same: a secret too many costs less
            // than one that is missing.
            tracing::warn!(secret.name = new.name, %error, "a secret may be without a destination");
            return;
        }
        if let Err(error) = self.secrets.delete(&new.name).await {
            tracing::warn!(secret.name = new.name, %error, "a secret without a destination stays behind");
        }
    }

    pub(crate) async fn carry_out_deletion(
        &self,
        present: &StoredDestination,
        actor: &str,
    ) -> Result<DeletedDestination, ApiError> {
        let destination = present.destination.clone();
        self.store.remove(&destination).await?;
        tracing::info!(
            destination.id = %destination.destination_id,
            destination.name = destination.display_name,
            provider = destination.provider.as_str(),
            actor,
            "a destination was deleted"
        );
        for earlier in &present.superseded {
            self.retire_earlier(earlier).await;
        }
        let secret = self.retire_secret(&destination).await;
        Ok(DeletedDestination {
            destination,
            secret,
        })
    }

    async fn retire_secret(&self, deleted: &Destination) -> RemovedSecret {
        let Some(name) = deleted.secret_name.clone() else {
            return RemovedSecret::None;
        };
        let own = OwnSecrets::of(&self.stack, &deleted.provider, deleted.destination_id);
        if !own.hold(&name) {
            return RemovedSecret::Shared { name };
        }
        match self.secrets.retire(&name).await {
            Ok(Retired::Scheduled) => RemovedSecret::Removed {
                name,
                recoverable_until: Timestamp::now().plus(RECOVERY_WINDOW),
            },
            Ok(Retired::Missing) => RemovedSecret::None,
            Err(error) => {
                tracing::warn!(secret.name = name, %error, "a secret without a destination stays behind");
                RemovedSecret::Left {
                    name,
                    reason: error.to_string(),
                }
            }
        }
    }

    /// Retires the earlier secrets that no delivery on its way needs any more.
    /// What fails here is done after the next change.
    pub(crate) async fn retire_superseded(&self, all: &[StoredDestination]) {
        let now = Timestamp::now();
        for one in all {
            let (due, mut left) = due(&one.superseded, now);
            if due.is_empty() {
                continue;
            }
            for earlier in due {
                if !self.retire_earlier(&earlier).await {
                    left.push(earlier);
                }
            }
            match self.store.note_superseded(&one.destination, &left).await {
                // Who changed it meanwhile has kept the list.
                Ok(()) | Err(StoreError::RevisionConflict(_)) => {}
                Err(error) => {
                    tracing::warn!(destination.id = %one.destination.destination_id, %error, "retired secrets are still listed");
                }
            }
        }
    }

    /// Whether it is gone.
    async fn retire_earlier(&self, earlier: &SupersededSecret) -> bool {
        match self.secrets.retire(&earlier.name).await {
            Ok(Retired::Scheduled | Retired::Missing) => true,
            Err(error) => {
                tracing::warn!(secret.name = earlier.name, %error, "an earlier secret stays behind");
                false
            }
        }
    }
}

/// Those that nothing on its way needs any more, and the others.
fn due(
    superseded: &[SupersededSecret],
    now: Timestamp,
) -> (Vec<SupersededSecret>, Vec<SupersededSecret>) {
    let all = superseded.iter().cloned();
    all.partition(|one| now.since(one.at) >= ON_THE_WAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_secret_stays_as_long_as_deliveries_may_need_it() {
        let earlier = |name: &str, at: &str| SupersededSecret {
            name: name.to_owned(),
            at: at.parse().unwrap(),
        };
        let all = [
            earlier("old", "2026-01-01T00:00:00Z"),
            earlier("new", "2026-01-01T06:00:00Z"),
        ];
        let (gone, left) = due(&all, "2026-01-01T07:00:00Z".parse().unwrap());
        assert_eq!((gone, left), (all[..1].to_vec(), all[1..].to_vec()));
    }
}
