//! Managing destinations. Wherever a request names one, its id and its display
//! name are as good.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertType, Severity};
use tocsin_core::destination::{Destination, Enabled};
use tocsin_core::health::Health;
use tocsin_core::retry::RetryLimits;

/// Lists all destinations, by name.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListDestinations {}

/// Shows one destination.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GetDestination {
    /// Its id or display name.
    pub destination: String,
}

/// A destination, and what there is to know besides.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationReport {
    /// The destination.
    #[serde(flatten)]
    pub destination: Destination,
    /// The display name of its fallback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_name: Option<String>,
    /// How it fares, when it is looked at; absent when nothing was ever wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// Adds a destination.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AddDestination {
    /// What it is to be.
    pub destination: DestinationDraft,
    /// Its credential; write-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewSecret>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// Replaces a destination's description, provided that nobody else has changed
/// it since it was read.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateDestination {
    /// Its id or present display name.
    pub destination: String,
    /// The revision that was read and edited.
    pub revision: u64,
    /// What it is to be, whole: what is left out here is emptied. Its type stays.
    pub draft: DestinationDraft,
    /// Its new credential; the present one is kept when this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewSecret>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// Deletes a destination; its secret can be recovered for seven days.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteDestination {
    /// Its id or display name.
    pub destination: String,
    /// The revision that was read; any, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// What was deleted.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedDestination {
    /// The destination as it was.
    pub destination: Destination,
    /// What became of its secret.
    pub secret: RemovedSecret,
}

/// What became of a deleted destination's secret.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum RemovedSecret {
    /// It had none.
    None,
    /// It is removed, and can be recovered until then.
    Removed {
        /// Its name.
        name: String,
        /// Secrets Manager's `RestoreSecret` brings it back before this.
        recoverable_until: Timestamp,
    },
    /// It is not the destination's own, so it stays.
    Shared {
        /// Its name.
        name: String,
    },
    /// It could not be removed; remove it by hand.
    Left {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
}

/// Switches a destination on or off.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetDestinationEnabled {
    /// Its id or display name.
    pub destination: String,
    /// Whether it takes part.
    pub enabled: Enabled,
    /// The revision that was read; any, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// A destination as a person describes it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DestinationDraft {
    /// What people and detections call it.
    pub display_name: String,
    /// Its provider.
    #[serde(rename = "type")]
    pub provider: String,
    /// Whether it takes part.
    #[serde(default)]
    pub enabled: Enabled,
    /// Severities it takes; none means that only lists reach it.
    #[serde(default)]
    pub severities: BTreeSet<Severity>,
    /// Alert types it takes; none means all.
    #[serde(default)]
    pub alert_types: BTreeSet<AlertType>,
    /// Log types it takes; none means all.
    #[serde(default)]
    pub log_types: BTreeSet<String>,
    /// The provider's own settings.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The id or display name of the destination that gets what this one finally
    /// refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// How long and how often its deliveries are repeated, where that is not the
    /// stack's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryLimits>,
}

/// The draft that would leave a destination as it is: what an editor begins with.
impl From<Destination> for DestinationDraft {
    fn from(one: Destination) -> Self {
        Self {
            display_name: one.display_name,
            provider: one.provider.into(),
            enabled: one.enabled,
            severities: one.severities,
            alert_types: one.alert_types,
            log_types: one.log_types,
            settings: one.settings,
            fallback: one.fallback.map(|id| id.to_string()),
            retry: one.retry,
        }
    }
}

/// A credential: the fields that the provider needs, or the name of a secret in
/// Secrets Manager that holds them, below `<stack>/<provider>/`.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected an object with the provider's secret fields, or the name of a secret"
)]
pub enum NewSecret {
    /// The credential itself.
    Fields(Map<String, Value>),
    /// Where it is.
    Named(String),
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fields(_) => "Fields([secret])",
            // A credential in place of a name is an easy mistake.
            Self::Named(_) => "Named([secret])",
        })
    }
}

impl From<Map<String, Value>> for NewSecret {
    fn from(fields: Map<String, Value>) -> Self {
        Self::Fields(fields)
    }
}
