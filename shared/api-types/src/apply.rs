//! Applying a file of destinations.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_core::destination::DestinationId;

use super::{ApiError, DestinationDraft, NewSecret};

/// Changes the destinations to those that a file describes. They are matched by
/// display name. Nothing is changed if one of them is invalid.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApplyDestinations {
    /// The destinations that the file describes.
    pub destinations: Vec<Declared>,
    /// Whether destinations that are not listed are deleted.
    #[serde(default, rename = "prune")]
    pub unlisted: Prune,
    /// Whether the plan is only reported.
    #[serde(default, rename = "dryRun")]
    pub mode: ApplyMode,
    /// The plan that a dry run reported, one entry for each of its changes: nothing
    /// is changed if the plan would now be a different one. Without it, the current
    /// plan is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Vec<Expected>>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// A change that a dry run reported.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expected {
    /// The destination's name.
    pub display_name: String,
    /// The destination's id, unless the change adds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The revision before the change, unless the change adds the destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The kind of change.
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
    /// Its description.
    pub destination: DestinationDraft,
    /// Its credential; by default the current one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewSecret>,
}

/// What happens to destinations that a file does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "bool", into = "bool")]
pub enum Prune {
    /// They are kept.
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

/// Whether a plan is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "bool", into = "bool")]
pub enum ApplyMode {
    /// It is applied.
    #[default]
    Apply,
    /// It is only reported.
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
    /// Whether the changes were only planned.
    #[serde(rename = "dryRun")]
    pub mode: ApplyMode,
    /// One entry for each destination of the file, in its order, then the unlisted
    /// ones.
    pub changes: Vec<Change>,
}

/// The change of one destination.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The destination's name.
    pub display_name: String,
    /// The destination's id; absent before it is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The revision before the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The kind of change.
    #[serde(flatten)]
    pub kind: ChangeKind,
    /// The hosts that get the secret that the request gives or names, each with its
    /// port unless that is the default one. Of a named secret that is itself the address
    /// only Secrets Manager knows the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_hosts: Vec<String>,
    /// Whether the change was made.
    pub result: ChangeResult,
}

/// What changes about one destination.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "change",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ChangeKind {
    /// It is added.
    Add {
        /// What happens to its secret.
        secret: SecretChange,
    },
    /// It is updated.
    Update {
        /// The fields that change.
        fields: Vec<FieldChange>,
        /// What happens to its secret.
        secret: SecretChange,
    },
    /// Nothing changes.
    Unchanged,
    /// It is deleted, because the file does not list it.
    Delete,
}

impl ChangeKind {
    /// The name of this kind of change.
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

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangeName {
    /// The destination is added.
    Add,
    /// The destination is updated.
    Update,
    /// Nothing changes.
    Unchanged,
    /// The destination is deleted.
    Delete,
}

impl fmt::Display for ChangeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Unchanged => "keep unchanged",
            Self::Delete => "delete",
        })
    }
}

/// A field that changes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The path of the field: `settings.projectKey`.
    pub field: String,
    /// The current value.
    pub before: Value,
    /// The new value.
    pub after: Value,
}

/// What happens to a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretChange {
    /// There is no secret.
    None,
    /// It is written for the first time.
    Set,
    /// It gets the value that the request gives, or the named secret takes its place. A
    /// plan does not tell whether the value is the stored one: applying it finds that
    /// out, and then keeps the secret.
    Replaced,
    /// It does not change.
    Kept,
}

/// Whether a change was made.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "state", content = "error", rename_all = "camelCase")]
pub enum ChangeResult {
    /// It was only planned.
    Planned,
    /// There was nothing to change.
    Nothing,
    /// It was made.
    Done,
    /// It failed; other changes were still made.
    Failed(ApiError),
}
