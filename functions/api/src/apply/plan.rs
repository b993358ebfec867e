//! The change of one destination, field by field.

use serde_json::{Map, Value};
use tocsin_api_types::{
    Change, ChangeKind, ChangeResult, DestinationDraft, FieldChange, SecretChange,
};
use tocsin_core::destination::{Destination, DestinationId, Destinations};

use crate::destinations::Snapshot;
use crate::validate::ValidatedChange;

/// A change, with what has to be written for it, if anything.
#[derive(Debug)]
pub(super) struct PlannedChange {
    change: Change,
    validated: Option<ValidatedChange>,
}

impl PlannedChange {
    pub(super) fn change(&self) -> &Change {
        &self.change
    }

    pub(super) fn into_parts(self) -> (Change, Option<ValidatedChange>) {
        (self.change, self.validated)
    }

    /// The id of the destination that the change adds, if it adds one.
    pub(super) fn adds(&self) -> Option<DestinationId> {
        let validated = self.validated.as_ref()?;
        let adds = matches!(self.change.kind, ChangeKind::Add { .. });
        adds.then_some(validated.destination.destination_id)
    }

    pub(super) fn fallback(&self) -> Option<DestinationId> {
        let fallback = self.validated.as_ref()?.destination.fallback?;
        Some(fallback.destination_id)
    }
}

/// Compares a destination with its current state. `after` holds all destinations
/// after the plan.
pub(super) fn plan(
    validated: ValidatedChange,
    snapshot: &Snapshot,
    after: &Destinations,
) -> PlannedChange {
    let wanted = &validated.destination;
    let current = snapshot
        .get(wanted.destination_id)
        .map(|one| &one.destination);
    let secret = validated.secret.change();
    let kind = match current {
        None => ChangeKind::Add { secret },
        Some(current) => {
            let before = description(current, &snapshot.all);
            update(differences(&before, &description(wanted, after)), secret)
        }
    };
    let change = Change {
        display_name: wanted.display_name.clone(),
        destination_id: current.map(|one| one.destination_id),
        revision: current.map(|one| one.revision),
        result: match kind {
            ChangeKind::Unchanged => ChangeResult::Nothing,
            _ => ChangeResult::Planned,
        },
        kind,
        secret_hosts: validated.secret.hosts().to_vec(),
    };
    let is_unchanged = change.kind == ChangeKind::Unchanged;
    PlannedChange {
        change,
        validated: (!is_unchanged).then_some(validated),
    }
}

/// The planned change, now that it is known what happens to the secret.
pub(super) fn with_secret(planned: &ChangeKind, secret: SecretChange) -> ChangeKind {
    match planned {
        ChangeKind::Update { fields, .. } => update(fields.clone(), secret),
        other => other.clone(),
    }
}

fn update(fields: Vec<FieldChange>, secret: SecretChange) -> ChangeKind {
    match (fields.is_empty(), secret) {
        (true, SecretChange::None | SecretChange::Kept) => ChangeKind::Unchanged,
        _ => ChangeKind::Update { fields, secret },
    }
}

/// What a person writes about a destination: the fallback by its name, and not who
/// changed the destination when.
fn description(one: &Destination, all: &Destinations) -> Map<String, Value> {
    let mut draft = DestinationDraft::from(one.clone());
    let fallback = one
        .fallback
        .and_then(|fallback| all.get(fallback.destination_id));
    if let (Some(draft), Some(fallback)) = (&mut draft.fallback, fallback) {
        draft.destination.clone_from(&fallback.display_name);
    }
    // A struct of plain values always becomes an object.
    match serde_json::to_value(draft) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", before, after, &mut changes);
    changes
}

/// Compares objects member by member, and all other values as a whole.
fn compare(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &mut Vec<FieldChange>,
) {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added) {
        let field = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        match (before.get(name), after.get(name)) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                compare(&field, before, after, changes);
            }
            (before, after) if before != after => changes.push(FieldChange {
                field,
                before: before.cloned().unwrap_or_default(),
                after: after.cloned().unwrap_or_default(),
            }),
            _ => {}
        }
    }
}
