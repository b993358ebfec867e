//! Bringing the destinations into the state that a file describes: everything is
//! checked, then planned, then carried out, the unlisted last.

mod expected;
mod plan;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tocsin_aws::StoredDestination;
use tocsin_core::destination::{Destination, DestinationId, Destinations};

use crate::Api;
use crate::destinations::Snapshot;
use crate::messages::{
    ApiError, ApplyDestinations, ApplyMode, ApplyReport, Change, ChangeKind, ChangeResult,
    Declared, DestinationDraft, Expected, Prune,
};
use crate::pagination::Budget;
use crate::validate::{ChangeRequest, ValidatedChange, checked_actor};

use plan::Planned;

/// Destinations of one file.
const MOST: usize = 500;

/// Changes that are made at the same time.
const AT_ONCE: usize = 8;

/// How long one call makes changes: what is left then is told, and the next call
/// goes on with it.
const TIME: Duration = Duration::from_secs(40);

/// Problems that one answer tells of.
const MOST_PROBLEMS: usize = 20;

impl Api {
    pub(crate) async fn apply_destinations(
        &self,
        request: ApplyDestinations,
    ) -> Result<ApplyReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        check_list(&request.destinations)?;
        let held = self.held().await?;
        let prepared = self
            .prepare_all(request.destinations, &held, &actor)
            .await?;
        let listed: HashSet<DestinationId> = prepared
            .iter()
            .map(|one| one.destination.destination_id)
            .collect();
        let unlisted: Vec<StoredDestination> = match request.unlisted {
            Prune::Keep => Vec::new(),
            Prune::Delete => held
                .all
                .iter()
                .filter(|one| !listed.contains(&one.destination_id))
                .filter_map(|one| held.get(one.destination_id).cloned())
                .collect(),
        };
        check_fallbacks(&prepared, &unlisted)?;
        let planned: Vec<Planned> = prepared
            .into_iter()
            .map(|one| plan::of(one, &held))
            .collect();
        if let Some(expected) = &request.expected {
            let goes = unlisted
                .iter()
                .map(|one| deletion(one, ChangeResult::Planned));
            let now = planned.iter().map(Planned::change).map(Expected::from);
            let now: Vec<_> = now.chain(goes.map(|one| Expected::from(&one))).collect();
            expected::still_holds(expected, &now)?;
        }
        let mode = request.mode;
        let changes = match mode {
            ApplyMode::DryRun => shown(planned, &unlisted),
            ApplyMode::Apply => {
                let changes = self.carry_out_plan(planned, unlisted, &held, &actor).await;
                self.retire_superseded(&held.stored).await;
                changes
            }
        };
        Ok(ApplyReport { mode, changes })
    }

    /// All drafts completed, or what is wrong with them.
    async fn prepare_all(
        &self,
        declared: Vec<Declared>,
        held: &Snapshot,
        actor: &str,
    ) -> Result<Vec<ValidatedChange>, ApiError> {
        let ids: Vec<DestinationId> = declared
            .iter()
            .map(|one| {
                let present = present(held, &one.destination);
                present.map_or_else(DestinationId::generate, |one| one.destination_id)
            })
            .collect();
        let names: Vec<String> = declared
            .iter()
            .map(|one| one.destination.display_name.clone())
            .collect();
        // A fallback may be one that the file adds.
        let all = with_announced(held, &declared, &ids);
        let preparing = declared.into_iter().zip(ids).map(|(one, id)| {
            self.prepare(ChangeRequest {
                draft: one.destination,
                secret: one.secret,
                present: held.get(id),
                id,
                all: &all,
                actor,
            })
        });
        let results: Vec<_> = stream::iter(preparing).buffered(AT_ONCE).collect().await;
        let mut prepared = Vec::new();
        let mut problems = Vec::new();
        for ((at, result), name) in results.into_iter().enumerate().zip(names) {
            match result {
                Ok(one) => prepared.push(one),
                Err(error) => {
                    let error = error.within(&format!("destinations[{at}]"));
                    problems.push(error.about(&name));
                }
            }
        }
        match summary(&problems) {
            None => Ok(prepared),
            Some(error) => Err(error),
        }
    }

    /// In rounds: what is the fallback of others comes before them.
    async fn carry_out_plan(
        &self,
        planned: Vec<Planned>,
        unlisted: Vec<StoredDestination>,
        held: &Snapshot,
        actor: &str,
    ) -> Vec<Change> {
        let budget = Budget::of(TIME);
        let budget = &budget;
        let mut done: Vec<(usize, Change)> = Vec::new();
        let mut waiting: Vec<(usize, Planned)> = planned.into_iter().enumerate().collect();
        while !waiting.is_empty() {
            let announced: HashSet<DestinationId> =
                waiting.iter().filter_map(|(_, one)| one.adds()).collect();
            let (later, now): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|(_, one)| one.fallback().is_some_and(|id| announced.contains(&id)));
            // The check of fallbacks has ruled circles out, so each round gets on.
            let making = now
                .into_iter()
                .map(|(at, one)| async move { (at, self.make(one, held, budget).await) });
            done.extend(
                stream::iter(making)
                    .buffer_unordered(AT_ONCE)
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
        let deleting = unlisted.into_iter().map(|one| async move {
            let result = match (failed, in_time(budget)) {
                (Some(failed), _) => Err(not_deleted(failed)),
                (None, Err(error)) => Err(error),
                (None, Ok(())) => self.carry_out_deletion(&one, actor).await.map(drop),
            };
            deletion(&one, ChangeResult::of(result))
        });
        changes.extend(
            stream::iter(deleting)
                .buffered(AT_ONCE)
                .collect::<Vec<_>>()
                .await,
        );
        changes
    }

    /// One change. Its failure is its own: the others go on.
    async fn make(&self, planned: Planned, held: &Snapshot, budget: &Budget) -> Change {
        let (mut change, prepared) = planned.take();
        let Some(prepared) = prepared else {
            change.result = ChangeResult::Nothing;
            return change;
        };
        let id = prepared.destination.destination_id;
        let result = match (in_time(budget), held.get(id)) {
            (Err(error), _) => Err(error),
            (Ok(()), None) => self.carry_out_addition(prepared).await,
            (Ok(()), Some(before)) => self.carry_out_update(before, prepared).await,
        };
        if result.is_ok() {
            change.destination_id = Some(id);
        }
        change.result = ChangeResult::of(result.map(drop));
        change
    }
}

impl ChangeResult {
    fn of(result: Result<(), ApiError>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(error) => {
                tracing::warn!(code = ?error.code, error = error.message, "a destination could not be applied");
                Self::Failed(error)
            }
        }
    }
}

fn in_time(budget: &Budget) -> Result<(), ApiError> {
    if budget.is_spent() {
        return Err(ApiError::unavailable(
            &"time was up before it was its turn: apply the file again to go on",
        ));
    }
    Ok(())
}

fn present<'a>(held: &'a Snapshot, draft: &DestinationDraft) -> Option<&'a Destination> {
    let mut all = held.all.iter();
    all.find(|one| one.display_name == draft.display_name)
}

/// What there will be: enough of it to find fallbacks by name.
fn with_announced(held: &Snapshot, declared: &[Declared], ids: &[DestinationId]) -> Destinations {
    let announced = declared
        .iter()
        .zip(ids)
        .filter_map(|(one, id)| match held.get(*id) {
            Some(_) => None,
            None => plan::announced(&one.destination, *id),
        });
    held.all.iter().cloned().chain(announced).collect()
}

fn check_list(declared: &[Declared]) -> Result<(), ApiError> {
    if declared.len() > MOST {
        let problem = format!("has more than {MOST} entries");
        return Err(ApiError::invalid("destinations", problem));
    }
    let mut names = BTreeSet::new();
    for (at, one) in declared.iter().enumerate() {
        if !names.insert(&one.destination.display_name) {
            return Err(ApiError::invalid(
                &format!("destinations[{at}].displayName"),
                "stands there twice: display names are unique",
            ));
        }
    }
    Ok(())
}

/// Every problem in one error, which bears the first one's field.
fn summary(problems: &[ApiError]) -> Option<ApiError> {
    let first = problems.first()?.clone();
    if problems.len() == 1 {
        return Some(first);
    }
    let told = problems.iter().take(MOST_PROBLEMS).map(|error| {
        let field = error.field.as_deref().unwrap_or_default();
        format!("{field}: {}", error.message)
    });
    let told: Vec<_> = told.collect();
    let message = format!(
        "nothing was changed, because of {} problems: {}",
        problems.len(),
        told.join("; ")
    );
    Some(ApiError { message, ..first })
}

/// What was to take its place may be what failed.
fn not_deleted(failed: &str) -> ApiError {
    ApiError::unavailable(&format!(
        "nothing is deleted, because the change of {failed:?} failed before"
    ))
}

/// Nobody's fallback is deleted, and new ones do not wait for each other.
fn check_fallbacks(
    prepared: &[ValidatedChange],
    unlisted: &[StoredDestination],
) -> Result<(), ApiError> {
    for (at, one) in prepared.iter().enumerate() {
        let field = format!("destinations[{at}].fallback");
        let Some(fallback) = one.destination.fallback else {
            continue;
        };
        if unlisted
            .iter()
            .any(|gone| gone.destination.destination_id == fallback)
        {
            return Err(ApiError::invalid(
                &field,
                "is a destination that the file does not list, and that would be deleted",
            ));
        }
        let mut next = Some(fallback);
        for _ in 0..=prepared.len() {
            let following = prepared
                .iter()
                .find(|other| Some(other.destination.destination_id) == next);
            next = following.and_then(|other| other.destination.fallback);
        }
        if next.is_some() {
            return Err(ApiError::invalid(
                &field,
                "leads round in a circle: a chain of fallbacks has to end",
            ));
        }
    }
    Ok(())
}

fn shown(planned: Vec<Planned>, unlisted: &[StoredDestination]) -> Vec<Change> {
    let planned = planned.into_iter().map(|one| one.take().0);
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
        result,
    }
}
