//! Destinations as a file describes them, and what applying it changes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_core::destination::DestinationId;

use super::{ApiError, DestinationDraft, NewSecret};

/// Brings the destinations into the state that a file describes. They are matched
/// by display name. Nothing is changed when one of them is invalid.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApplyDestinations {
    /// All destinations there are to be.
    pub destinations: Vec<Declared>,
    /// Whether destinations that are not among them are deleted.
    #[serde(default, rename = "prune")]
    pub unlisted: Prune,
    /// Whether the plan is only shown.
    #[serde(default, rename = "dryRun")]
    pub mode: ApplyMode,
    /// The plan that was shown, one entry for each of its changes: where another
    /// one would be carried out now, nothing is. Without it any is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Vec<Expected>>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// A change that was shown: what of, and from what.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expected {
    /// The destination's name.
    pub display_name: String,
    /// Its id, unless it is to be added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The revision that the change begins with, unless it is to be added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// What is to be done.
    pub change: ChangeName,
}

impl From<&Change> for Expected {
    fn from(shown: &Change) -> Self {
        Self {
            display_name: shown.display_name.clone(),
            destination_id: shown.destination_id,
            revision: shown.revision,
            change: shown.kind.name(),
        }
    }
}

/// One destination of a file.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Declared {
    /// What it is to be.
    pub destination: DestinationDraft,
    /// Its credential; one that is there is kept when this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewSecret>,
}

/// What happens to destinations that a file does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "bool", into = "bool")]
pub enum Prune {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted.
    Delete,
}

impl From<bool> for Prune {
    fn from(yes: bool) -> Self {
        if yes { Self::Delete } else { Self::Keep }
    }
}

impl From<Prune> for bool {
    fn from(given: Prune) -> Self {
        given == Prune::Delete
    }
}

/// Whether a plan is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "bool", into = "bool")]
pub enum ApplyMode {
    /// It is.
    #[default]
    Apply,
    /// It is only shown.
    DryRun,
}

impl From<bool> for ApplyMode {
    fn from(yes: bool) -> Self {
        if yes { Self::DryRun } else { Self::Apply }
    }
}

impl From<ApplyMode> for bool {
    fn from(given: ApplyMode) -> Self {
        given == ApplyMode::DryRun
    }
}

/// What was, or would be, changed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplyReport {
    /// Whether it was only planned.
    #[serde(rename = "dryRun")]
    pub mode: ApplyMode,
    /// One entry for each destination of the file, in its order, then those that
    /// it does not list.
    pub changes: Vec<Change>,
}

/// What happens to one destination.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its name.
    pub display_name: String,
    /// Its id; one that would be added has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The revision that the plan begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// What is to be done.
    #[serde(flatten)]
    pub kind: ChangeKind,
    /// What came of it.
    pub result: ChangeResult,
}

/// What is to be done with one destination.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "change",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ChangeKind {
    /// It is new.
    Add {
        /// Its secret.
        secret: SecretChange,
    },
    /// It differs.
    Update {
        /// In these fields.
        fields: Vec<FieldChange>,
        /// Its secret.
        secret: SecretChange,
    },
    /// It is as it is to be.
    Unchanged,
    /// The file does not list it, and such are to go.
    Delete,
}

impl ChangeKind {
    /// Which one it is.
    #[must_use]
    pub const fn name(&self) -> ChangeName {
        match self {
            Self::Add { .. } => ChangeName::Add,
            Self::Update { .. } => ChangeName::Update,
            Self::Unchanged => ChangeName::Unchanged,
            Self::Delete => ChangeName::Delete,
        }
    }
}

/// What is to be done with one destination, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangeName {
    /// It is new.
    Add,
    /// It differs.
    Update,
    /// It is as it is to be.
    Unchanged,
    /// It goes.
    Delete,
}

impl fmt::Display for ChangeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Unchanged => "leave as it is",
            Self::Delete => "delete",
        })
    }
}

/// A field that changes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// Its path: `settings.projectKey`.
    pub field: String,
    /// What it is.
    pub before: Value,
    /// What it is to be.
    pub after: Value,
}

/// What happens to a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretChange {
    /// There is none.
    None,
    /// It is written for the first time.
    Set,
    /// It gets another value.
    Replaced,
    /// It stays.
    Kept,
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "state", content = "error", rename_all = "camelCase")]
pub enum ChangeResult {
    /// It was only planned.
    Planned,
    /// There was nothing to do.
    Nothing,
    /// It is done.
    Done,
    /// It failed; the others went on.
    Failed(ApiError),
}
