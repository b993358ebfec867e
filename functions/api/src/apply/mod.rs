//! Applying a file of destinations: everything is checked, then planned, then
//! written, deletions last.

mod expected;
mod plan;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tocsin_api_types::{
    ApiError, ApplyDestinations, ApplyMode, ApplyReport, Change, ChangeKind, ChangeResult,
    Declared, DestinationDraft, Expected, Prune,
};
use tocsin_aws::StoredDestination;
use tocsin_core::destination::{Destination, DestinationId, Destinations, ProviderName};

use crate::Api;
use crate::change::ChangeRequest;
use crate::destinations::{Snapshot, check_fallback_cycle};
use crate::pagination::Budget;
use crate::validate::{ValidatedChange, checked_actor};

use plan::PlannedChange;

/// The most destinations in one file.
const MOST_DESTINATIONS: usize = 500;

/// Changes that are made at the same time.
const CONCURRENT_CHANGES: usize = 8;

/// How long one call makes changes. The report names the changes that were left
/// out; applying the file again makes them.
const TIME_LIMIT: Duration = Duration::from_secs(40);

/// The most problems that one error reports.
const MOST_PROBLEMS: usize = 20;

impl Api {
    pub(crate) async fn apply_destinations(
        &self,
        request: ApplyDestinations,
    ) -> Result<ApplyReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        check_list(&request.destinations)?;
        let snapshot = self.snapshot().await?;
        let changes = self
            .validate_all(request.destinations, &snapshot, &actor)
            .await?;
        let unlisted = match request.unlisted {
            Prune::Keep => Vec::new(),
            Prune::Delete => unlisted(&changes, &snapshot),
        };
        let after = check_fallbacks(&changes, &unlisted, &snapshot)?;
        let planned: Vec<PlannedChange> = changes
            .into_iter()
            .map(|change| plan::plan(change, &snapshot, &after))
            .collect();
        if let Some(expected) = &request.expected {
            let deletions = unlisted
                .iter()
                .map(|one| deletion(one, ChangeResult::Planned));
            let now = planned
                .iter()
                .map(PlannedChange::change)
                .map(Expected::from);
            let now: Vec<_> = now
                .chain(deletions.map(|one| Expected::from(&one)))
                .collect();
            expected::check(expected, &now)?;
        }
        let mode = request.mode;
        let changes = match mode {
            ApplyMode::DryRun => dry_run(planned, &unlisted),
            ApplyMode::Apply => {
                let changes = self.write_plan(planned, unlisted, &snapshot, &actor).await;
                self.bring_forward(updated(&changes, &after)).await;
                self.retire_superseded(&snapshot.stored).await;
                changes
            }
        };
        Ok(ApplyReport { mode, changes })
    }

    /// Validates all drafts, or reports every problem.
    async fn validate_all(
        &self,
        declared: Vec<Declared>,
        snapshot: &Snapshot,
        actor: &str,
    ) -> Result<Vec<ValidatedChange>, ApiError> {
        let ids: Vec<DestinationId> = declared
            .iter()
            .map(|one| {
                let current = current(snapshot, &one.destination);
                current.map_or_else(DestinationId::generate, |one| one.destination_id)
            })
            .collect();
        let names: Vec<String> = declared
            .iter()
            .map(|one| one.destination.display_name.clone())
            .collect();
        // A fallback may be a destination that the file adds.
        let all = with_added(snapshot, &declared, &ids);
        let validations = declared.into_iter().zip(ids).map(|(one, id)| {
            self.validate(ChangeRequest {
                draft: one.destination,
                secret: one.secret,
                current: snapshot.get(id),
                id,
                all: &all,
                actor,
            })
        });
        let results: Vec<_> = stream::iter(validations)
            .buffered(CONCURRENT_CHANGES)
            .collect()
            .await;
        let mut changes = Vec::new();
        let mut problems = Vec::new();
        for ((at, result), name) in results.into_iter().enumerate().zip(names) {
            match result {
                Ok(change) => changes.push(change),
                Err(error) => {
                    let error = error.within(&format!("destinations[{at}]"));
                    problems.push(error.about(&name));
                }
            }
        }
        match summary(&problems) {
            None => Ok(changes),
            Some(error) => Err(error),
        }
    }

    /// Writes in rounds: an added fallback before the destinations that name it.
    async fn write_plan(
        &self,
        planned: Vec<PlannedChange>,
        unlisted: Vec<StoredDestination>,
        snapshot: &Snapshot,
        actor: &str,
    ) -> Vec<Change> {
        let budget = Budget::of(TIME_LIMIT);
        let budget = &budget;
        let mut done: Vec<(usize, Change)> = Vec::new();
        let mut waiting: Vec<(usize, PlannedChange)> = planned.into_iter().enumerate().collect();
        while !waiting.is_empty() {
            let to_be_added: HashSet<DestinationId> =
                waiting.iter().filter_map(|(_, one)| one.adds()).collect();
            let (later, now): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|(_, one)| one.fallback().is_some_and(|id| to_be_added.contains(&id)));
            // There are no cycles of fallbacks, so every round writes something.
            let writes = now
                .into_iter()
                .map(|(at, one)| async move { (at, self.write(one, snapshot, budget).await) });
            done.extend(
                stream::iter(writes)
                    .buffer_unordered(CONCURRENT_CHANGES)
                    .collect::<Vec<_>>()
                    .await,
            );
            waiting = later;
        }
        done.sort_by_key(|(at, _)| *at);
        let mut changes: Vec<Change> = done.into_iter().map(|(_, change)| change).collect();
        let failed = changes.iter().find_map(|one| match &one.result {
            ChangeResult::Failed(_) => Some(one.display_name.clone()),
            _ => None,
        });
        let failed = failed.as_deref();
        let deletions = unlisted.into_iter().map(|one| async move {
            let result = match (failed, in_time(budget)) {
                (Some(failed), _) => Err(not_deleted(failed)),
                (None, Err(error)) => Err(error),
                (None, Ok(())) => self.write_deletion(&one, actor).await.map(drop),
            };
            deletion(&one, result.map_or_else(failure, |()| ChangeResult::Done))
        });
        changes.extend(
            stream::iter(deletions)
                .buffered(CONCURRENT_CHANGES)
                .collect::<Vec<_>>()
                .await,
        );
        changes
    }

    /// Writes one change. If it fails, other changes are still made.
    async fn write(&self, planned: PlannedChange, snapshot: &Snapshot, budget: &Budget) -> Change {
        let (mut change, validated) = planned.into_parts();
        let Some(validated) = validated else {
            change.result = ChangeResult::Nothing;
            return change;
        };
        let id = validated.destination.destination_id;
        let result = match (in_time(budget), snapshot.get(id)) {
            (Err(error), _) => Err(error),
            (Ok(()), None) => {
                let added = self.write_new(validated).await;
                added.map(|_| change.kind.clone())
            }
            (Ok(()), Some(before)) => self.write_changed(&change.kind, before, validated).await,
        };
        match result {
            // What a failed change would have done with the secret is not reported.
            Err(error) => change.result = failure(error),
            Ok(kind) => {
                change.destination_id = Some(id);
                change.result = match kind {
                    ChangeKind::Unchanged => ChangeResult::Nothing,
                    _ => ChangeResult::Done,
                };
                change.kind = kind;
            }
        }
        change
    }

    /// Writes an update, without a secret that the destination has already; gives what
    /// was changed.
    async fn write_changed(
        &self,
        planned: &ChangeKind,
        before: &StoredDestination,
        change: ValidatedChange,
    ) -> Result<ChangeKind, ApiError> {
        let change = self.keep_equal_secret(change).await?;
        let kind = plan::with_secret(planned, change.secret.change());
        match kind {
            ChangeKind::Unchanged => self.confirm(before).await?,
            _ => drop(self.write_update(before, change).await?),
        }
        Ok(kind)
    }
}

/// The destinations whose update was made.
fn updated<'a>(
    changes: &'a [Change],
    after: &'a Destinations,
) -> impl Iterator<Item = &'a Destination> {
    let updated = changes.iter().filter(|one| {
        matches!(one.kind, ChangeKind::Update { .. }) && one.result == ChangeResult::Done
    });
    updated.filter_map(|one| after.get(one.destination_id?))
}

fn failure(error: ApiError) -> ChangeResult {
    tracing::warn!(code = ?error.code, error = error.message, "a destination could not be applied");
    ChangeResult::Failed(error)
}

fn in_time(budget: &Budget) -> Result<(), ApiError> {
    if budget.is_spent() {
        return Err(ApiError::unavailable(
            &"the time limit of one call was reached before this change: apply the file again",
        ));
    }
    Ok(())
}

fn current<'a>(snapshot: &'a Snapshot, draft: &DestinationDraft) -> Option<&'a Destination> {
    let mut all = snapshot.all.iter();
    all.find(|one| one.display_name == draft.display_name)
}

/// The destinations that the file does not list.
fn unlisted(changes: &[ValidatedChange], snapshot: &Snapshot) -> Vec<StoredDestination> {
    let listed: HashSet<DestinationId> = changes
        .iter()
        .map(|one| one.destination.destination_id)
        .collect();
    let all = snapshot.all.iter();
    all.filter(|one| !listed.contains(&one.destination_id))
        .filter_map(|one| snapshot.get(one.destination_id).cloned())
        .collect()
}

/// The current destinations and those that the file adds, to find fallbacks by name.
fn with_added(snapshot: &Snapshot, declared: &[Declared], ids: &[DestinationId]) -> Destinations {
    let new = declared.iter().zip(ids);
    let new = new.filter(|(_, id)| snapshot.get(**id).is_none());
    let added = new.filter_map(|(one, id)| {
        let draft = one.destination.clone();
        // Validation reports a name that is not a provider's.
        let provider = ProviderName::new(&draft.provider).ok()?;
        Some(draft.into_destination(*id, provider))
    });
    snapshot.all.iter().cloned().chain(added).collect()
}

fn check_list(declared: &[Declared]) -> Result<(), ApiError> {
    if declared.len() > MOST_DESTINATIONS {
        let problem = format!("has more than {MOST_DESTINATIONS} entries");
        return Err(ApiError::invalid("destinations", problem));
    }
    let mut names = BTreeSet::new();
    for (at, one) in declared.iter().enumerate() {
        if !names.insert(&one.destination.display_name) {
            return Err(ApiError::invalid(
                &format!("destinations[{at}].displayName"),
                "is listed twice; display names must be unique",
            ));
        }
    }
    Ok(())
}

/// Every problem in one error, with the field of the first one.
fn summary(problems: &[ApiError]) -> Option<ApiError> {
    let first = problems.first()?.clone();
    if problems.len() == 1 {
        return Some(first);
    }
    let each = problems.iter().take(MOST_PROBLEMS).map(|error| {
        let field = error.field.as_deref().unwrap_or_default();
        format!("{field}: {}", error.message)
    });
    let each: Vec<_> = each.collect();
    let message = format!(
        "nothing was changed, because of {} problems: {}",
        problems.len(),
        each.join("; ")
    );
    Some(ApiError { message, ..first })
}

/// The failed change may be the replacement for what was to be deleted.
fn not_deleted(failed: &str) -> ApiError {
    ApiError::unavailable(&format!(
        "nothing is deleted, because the change of {failed:?} failed"
    ))
}

/// Checks that every fallback will exist and that no chain of fallbacks is a
/// cycle; gives all destinations after the plan.
fn check_fallbacks(
    changes: &[ValidatedChange],
    unlisted: &[StoredDestination],
    snapshot: &Snapshot,
) -> Result<Destinations, ApiError> {
    let after = snapshot.after(changes.iter().map(|one| &one.destination), unlisted);
    for (at, one) in changes.iter().enumerate() {
        let field = format!("destinations[{at}].fallback");
        let Some(fallback) = one.destination.fallback else {
            continue;
        };
        if after.get(fallback.destination_id).is_none() {
            return Err(ApiError::invalid(
                &field,
                "is a destination that the file does not list, and that would be deleted",
            ));
        }
        check_fallback_cycle(&after, &one.destination, &field)?;
    }
    Ok(after)
}

fn dry_run(planned: Vec<PlannedChange>, unlisted: &[StoredDestination]) -> Vec<Change> {
    let planned = planned.into_iter().map(|one| one.into_parts().0);
    let deleted = unlisted
        .iter()
        .map(|one| deletion(one, ChangeResult::Planned));
    planned.chain(deleted).collect()
}

fn deletion(one: &StoredDestination, result: ChangeResult) -> Change {
    let one = &one.destination;
    Change {
        display_name: one.display_name.clone(),
        destination_id: Some(one.destination_id),
        revision: Some(one.revision),
        kind: ChangeKind::Delete,
        secret_hosts: Vec::new(),
        result,
    }
}

#[cfg(test)]
mod tests;
