//! What has to be done with one destination, told field by field.

use serde_json::{Map, Value};
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, ProviderName};

use crate::destinations::Snapshot;
use crate::messages::{
    Change, ChangeKind, ChangeResult, DestinationDraft, FieldChange, SecretChange,
};
use crate::validate::ValidatedChange;

/// A change with what it takes to make it; nothing where there is nothing to do.
#[derive(Debug)]
pub(super) struct Planned {
    change: Change,
    prepared: Option<ValidatedChange>,
}

impl Planned {
    pub(super) fn change(&self) -> &Change {
        &self.change
    }

    pub(super) fn take(self) -> (Change, Option<ValidatedChange>) {
        (self.change, self.prepared)
    }

    /// The id of the destination, when it is a new one.
    pub(super) fn adds(&self) -> Option<DestinationId> {
        let prepared = self.prepared.as_ref()?;
        let adds = matches!(self.change.kind, ChangeKind::Add { .. });
        adds.then_some(prepared.destination.destination_id)
    }

    pub(super) fn fallback(&self) -> Option<DestinationId> {
        self.prepared.as_ref()?.destination.fallback
    }
}

pub(super) fn of(prepared: ValidatedChange, held: &Snapshot) -> Planned {
    let wanted = &prepared.destination;
    let before = held.get(wanted.destination_id).map(|one| &one.destination);
    let secret = prepared.secret.change();
    let kind = match before {
        None => ChangeKind::Add { secret },
        Some(before) => {
            let fields = differences(before, wanted);
            match (fields.is_empty(), secret) {
                (true, SecretChange::None | SecretChange::Kept) => ChangeKind::Unchanged,
                _ => ChangeKind::Update { fields, secret },
            }
        }
    };
    let change = Change {
        display_name: wanted.display_name.clone(),
        destination_id: before.map(|one| one.destination_id),
        revision: before.map(|one| one.revision),
        result: match kind {
            ChangeKind::Unchanged => ChangeResult::Nothing,
            _ => ChangeResult::Planned,
        },
        kind,
    };
    let nothing = change.kind == ChangeKind::Unchanged;
    Planned {
        change,
        prepared: (!nothing).then_some(prepared),
    }
}

/// What differs between two descriptions of one destination.
fn differences(before: &Destination, wanted: &Destination) -> Vec<FieldChange> {
    let before = described(before);
    let wanted = described(wanted);
    let mut changes = Vec::new();
    compare("", &before, &wanted, &mut changes);
    changes
}

/// What a person describes of it, without who changed it when.
fn described(one: &Destination) -> Map<String, Value> {
    let draft = DestinationDraft::from(one.clone());
    // A struct of plain values: it always becomes an object.
    match serde_json::to_value(draft) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Objects member by member, everything else as a whole.
fn compare(
    path: &str,
    before: &Map<String, Value>,
    wanted: &Map<String, Value>,
    changes: &mut Vec<FieldChange>,
) {
    let added = wanted.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added) {
        let field = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        match (before.get(name), wanted.get(name)) {
            (Some(Value::Object(before)), Some(Value::Object(wanted))) => {
                compare(&field, before, wanted, changes);
            }
            (before, wanted) if before != wanted => changes.push(FieldChange {
                field,
                before: before.cloned().unwrap_or_default(),
                after: wanted.cloned().unwrap_or_default(),
            }),
            _ => {}
        }
    }
}

/// A destination that is only announced: its name can be looked up, and no more.
pub(super) fn announced(
    draft: &DestinationDraft,
    destination_id: DestinationId,
) -> Option<Destination> {
    let now = Timestamp::now();
    Some(Destination {
        destination_id,
        display_name: draft.display_name.clone(),
        provider: ProviderName::new(&draft.provider).ok()?,
        enabled: draft.enabled,
        severities: draft.severities.clone(),
        alert_types: draft.alert_types.clone(),
        log_types: draft.log_types.clone(),
        settings: Map::new(),
        secret_name: None,
        fallback: None,
        retry: None,
        created_at: now,
        created_by: String::new(),
        updated_at: now,
        updated_by: String::new(),
        revision: 0,
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
