//! Writing a change of one destination. A secret is written before the destination
//! names it, and retired after no destination names it any more: a destination
//! never names a secret that does not exist or is not its own.
//!
//! Whether a given value is the stored one is found out here, after every check, and
//! not when a change is planned: so the answer to a wrong guess costs the secret, and
//! no dry run and no refused request is an answer.

use std::time::Duration;

use tocsin_api_types::{ApiError, DeletedDestination, RemovedSecret};
use tocsin_aws::{RECOVERY_WINDOW, Retired, StoreError, StoredDestination, SupersededSecret};
use tocsin_core::Timestamp;
use tocsin_core::destination::Destination;

use crate::Api;
use crate::destinations::log_change;
use crate::digest::SecretDigest;
use crate::error::{IntoApiError, OrApiError};
use crate::secret::{NewValue, OwnedSecrets, SecretStep, StoredSecret};
use crate::validate::ValidatedChange;

/// How long a dispatched delivery can still name a secret that was replaced since:
/// Lambda keeps an asynchronous invocation as long as `MaximumEventAgeInSeconds` of
/// the template says (30 minutes), and the router's copy of the destinations can be
/// [`tocsin_aws::DESTINATIONS_CACHE_TTL`] old before that, or older while it cannot
/// read them.
const LONGEST_DISPATCH: Duration = Duration::from_hours(1);

impl Api {
    /// Writes the secret of a new destination, then the destination.
    pub(crate) async fn write_new(&self, change: ValidatedChange) -> Result<Destination, ApiError> {
        let ValidatedChange {
            destination,
            secret,
        } = change;
        let stored = StoredDestination {
            secret_digest: self.write_secret(&secret).await?,
            ..StoredDestination::from(destination)
        };
        if let Err(error) = self.store.add(&stored).await {
            self.discard_secret(&secret, &error).await;
            return Err(error.into_api_error());
        }
        log_change(&stored.destination, "a destination was added");
        Ok(stored.destination)
    }

    /// The same change, with the stored secret in place of a new one if the given value
    /// is the stored one.
    pub(crate) async fn keep_equal_secret(
        &self,
        change: ValidatedChange,
    ) -> Result<ValidatedChange, ApiError> {
        let SecretStep::Write(NewValue {
            value,
            stored: Some(stored),
            ..
        }) = &change.secret
        else {
            return Ok(change);
        };
        let StoredSecret { name, digest } = stored;
        if !digest.is_of(value) {
            return Ok(change);
        }
        // A secret that somebody deleted is written again.
        if self.secrets.describe(name).await.or_api_error()?.is_none() {
            return Ok(change);
        }
        Ok(ValidatedChange {
            secret: SecretStep::Keep(Some(digest.clone())),
            destination: Destination {
                secret_name: Some(name.clone()),
                ..change.destination
            },
        })
    }

    /// Confirms that a destination needs no change. It fails as a change would if
    /// somebody else changed the destination, so that failing does not tell either
    /// whether a secret was right.
    pub(crate) async fn confirm(&self, current: &StoredDestination) -> Result<(), ApiError> {
        self.store
            .confirm(&current.destination)
            .await
            .or_api_error()
    }

    /// Writes a new secret, then the destination: settings and the name of the secret
    /// change in one write, on condition of the revision.
    pub(crate) async fn write_update(
        &self,
        before: &StoredDestination,
        change: ValidatedChange,
    ) -> Result<Destination, ApiError> {
        let ValidatedChange {
            destination,
            secret,
        } = change;
        let stored = StoredDestination {
            secret_digest: self.write_secret(&secret).await?,
            superseded: self.superseded(before, &destination),
            destination,
        };
        if let Err(error) = self.store.replace(&before.destination, &stored).await {
            self.discard_secret(&secret, &error).await;
            return Err(error.into_api_error());
        }
        log_change(&stored.destination, "a destination was changed");
        self.renew_earlier(before, &stored.destination, &secret)
            .await;
        Ok(stored.destination)
    }

    /// Writes the new value into the earlier secret as well, if both are sent to the
    /// same host: dispatched deliveries still name the earlier secret, and read it
    /// again when the provider refuses its old value.
    async fn renew_earlier(
        &self,
        before: &StoredDestination,
        after: &Destination,
        secret: &SecretStep,
    ) {
        let before = &before.destination;
        let owned = OwnedSecrets::of(&self.stack, &before.provider, before.destination_id);
        let (SecretStep::Write(new), Some(earlier)) = (secret, &before.secret_name) else {
            return;
        };
        let Ok(provider) = self.providers.get(before.provider.as_str()) else {
            return;
        };
        let same_binding = provider.binding(&before.settings) == provider.binding(&after.settings);
        if !same_binding || !owned.contains(earlier) {
            return;
        }
        let json = new.value.expose().to_owned();
        if let Err(error) = self.secrets.renew(earlier, json).await
            // Nobody can read a secret that is scheduled for deletion.
            && !matches!(self.secrets.describe(earlier).await, Ok(None))
        {
            tracing::warn!(secret.name = earlier, %error, "the earlier secret could not be updated; deliveries that were dispatched with it wait until they are retried");
        }
    }

    /// Writes a new secret; gives the digest of the secret that the destination will
    /// have.
    async fn write_secret(&self, secret: &SecretStep) -> Result<Option<String>, ApiError> {
        match secret {
            SecretStep::None | SecretStep::Refer { .. } => Ok(None),
            SecretStep::Keep(digest) => Ok(digest.clone().map(SecretDigest::into_text)),
            SecretStep::Write(NewValue {
                name,
                value,
                origin,
                ..
            }) => {
                let digest =
                    SecretDigest::of(value).map_err(|error| ApiError::unavailable(&error))?;
                let json = value.expose().to_owned();
                self.secrets
                    .create(name, json, origin.as_deref())
                    .await
                    .or_api_error()?;
                Ok(Some(digest.into_text()))
            }
        }
    }

    /// The earlier secrets of a destination after a change.
    fn superseded(&self, before: &StoredDestination, after: &Destination) -> Vec<SupersededSecret> {
        let owned = OwnedSecrets::of(&self.stack, &after.provider, after.destination_id);
        let replaced = before.destination.secret_name.clone();
        let replaced = replaced.filter(|name| after.secret_name.as_ref() != Some(name));
        let mut all = before.superseded.clone();
        // A secret that is used again is not an earlier one any more.
        all.retain(|one| after.secret_name.as_ref() != Some(&one.name));
        all.extend(
            replaced
                .filter(|name| owned.contains(name))
                .map(|name| SupersededSecret {
                    name,
                    at: Timestamp::now(),
                }),
        );
        all
    }

    /// Deletes the secret of a change that failed.
    async fn discard_secret(&self, secret: &SecretStep, error: &StoreError) {
        let SecretStep::Write(new) = secret else {
            return;
        };
        if let StoreError::Aws(error) = error {
            // The change may have succeeded all the same. An unused secret costs less
            // than a missing one.
            tracing::warn!(secret.name = new.name, %error, "the change may have failed; its secret is kept and may be unused");
            return;
        }
        if let Err(error) = self.secrets.delete(&new.name).await {
            tracing::warn!(secret.name = new.name, %error, "an unused secret could not be deleted");
        }
    }

    pub(crate) async fn write_deletion(
        &self,
        current: &StoredDestination,
        actor: &str,
    ) -> Result<DeletedDestination, ApiError> {
        let destination = current.destination.clone();
        self.store.remove(&destination).await.or_api_error()?;
        tracing::info!(
            destination.id = %destination.destination_id,
            destination.name = destination.display_name,
            provider = destination.provider.as_str(),
            actor,
            "a destination was deleted"
        );
        for earlier in &current.superseded {
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
        let owned = OwnedSecrets::of(&self.stack, &deleted.provider, deleted.destination_id);
        if !owned.contains(&name) {
            return RemovedSecret::Shared { name };
        }
        match self.secrets.retire(&name).await {
            Ok(Retired::Scheduled) => RemovedSecret::Removed {
                name,
                recoverable_until: Timestamp::now().plus(RECOVERY_WINDOW),
            },
            Ok(Retired::Already | Retired::Missing) => RemovedSecret::None,
            Err(error) => {
                tracing::warn!(secret.name = name, %error, "an unused secret could not be deleted");
                RemovedSecret::Left {
                    name,
                    reason: error.to_string(),
                }
            }
        }
    }

    /// Retires the earlier secrets that no dispatched delivery can need any more. A
    /// secret that cannot be retired is tried again after the next change.
    pub(crate) async fn retire_superseded(&self, all: &[StoredDestination]) {
        let now = Timestamp::now();
        for one in all {
            let (due, mut remaining) = due(&one.superseded, now);
            if due.is_empty() {
                continue;
            }
            for earlier in due {
                if !self.retire_earlier(&earlier).await {
                    remaining.push(earlier);
                }
            }
            match self
                .store
                .note_superseded(&one.destination, &remaining)
                .await
            {
                // A concurrent change has kept the list.
                Ok(()) | Err(StoreError::RevisionConflict(_)) => {}
                Err(error) => {
                    tracing::warn!(destination.id = %one.destination.destination_id, %error, "retired secrets could not be removed from the destination's list");
                }
            }
        }
    }

    /// Gives whether the secret is retired.
    async fn retire_earlier(&self, earlier: &SupersededSecret) -> bool {
        match self.secrets.retire(&earlier.name).await {
            Ok(Retired::Scheduled | Retired::Already | Retired::Missing) => true,
            Err(error) => {
                tracing::warn!(secret.name = earlier.name, %error, "an earlier secret could not be retired");
                false
            }
        }
    }
}

/// The secrets that no dispatched delivery can need any more, and the others.
fn due(
    superseded: &[SupersededSecret],
    now: Timestamp,
) -> (Vec<SupersededSecret>, Vec<SupersededSecret>) {
    let all = superseded.iter().cloned();
    all.partition(|one| now.since(one.at) >= LONGEST_DISPATCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_aws::DESTINATIONS_CACHE_TTL;

    #[test]
    fn an_earlier_secret_is_kept_as_long_as_deliveries_can_need_it() {
        let earlier = |name: &str, at: &str| SupersededSecret {
            name: name.to_owned(),
            at: at.parse().unwrap(),
        };
        let all = [
            earlier("old", "2026-01-01T00:00:00Z"),
            earlier("new", "2026-01-01T00:30:00Z"),
        ];
        let (retired, kept) = due(&all, "2026-01-01T01:00:00Z".parse().unwrap());
        assert_eq!((retired, kept), (all[..1].to_vec(), all[1..].to_vec()));
    }

    /// What the template says of each sender's invocations.
    #[test]
    fn the_longest_dispatch_is_longer_than_lambda_keeps_an_event() {
        let template = include_str!("../../../template.yaml");
        let ages: Vec<u64> = template
            .lines()
            .filter_map(|line| line.split_once("MaximumEventAgeInSeconds:"))
            .map(|(_, rest)| rest.trim_matches([' ', '}']).parse().unwrap())
            .collect();
        assert!(!ages.is_empty());
        for age in ages {
            let longest = Duration::from_secs(age) + DESTINATIONS_CACHE_TTL;
            assert!(LONGEST_DISPATCH >= longest, "{age} s");
        }
    }
}
