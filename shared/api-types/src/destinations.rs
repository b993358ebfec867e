//! Managing destinations. Wherever a request names a destination, it gives its id
//! or its display name.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertType, Severity};
use tocsin_core::destination::{Destination, DestinationId, Enabled, ProviderName};
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

/// A destination with its current health.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationReport {
    /// The destination.
    #[serde(flatten)]
    pub destination: Destination,
    /// The display name of its fallback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_name: Option<String>,
    /// Its health; absent if no delivery to it ever failed, and in the answers to
    /// changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// Adds a destination.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AddDestination {
    /// Its description.
    pub destination: DestinationDraft,
    /// Its credential. It can only be written, never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewSecret>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// Replaces a destination's description, unless it was changed since it was read.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateDestination {
    /// Its id or current display name.
    pub destination: String,
    /// The revision that was read and edited.
    pub revision: u64,
    /// The whole new description: fields that are left out become empty. The type
    /// cannot change.
    pub draft: DestinationDraft,
    /// Its new credential; by default the current one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<NewSecret>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// Deletes a destination; its secret can be recovered for seven days.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteDestination {
    /// Its id or display name.
    pub destination: String,
    /// The revision that was read; by default any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// A deleted destination.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedDestination {
    /// The destination as it was.
    pub destination: Destination,
    /// What happened to its secret.
    pub secret: RemovedSecret,
}

/// What happened to the secret of a deleted destination.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum RemovedSecret {
    /// It had no secret.
    None,
    /// The secret was removed, and can be recovered for a while.
    Removed {
        /// The secret's name.
        name: String,
        /// Until then, `RestoreSecret` of Secrets Manager recovers it.
        recoverable_until: Timestamp,
    },
    /// The secret was not created for this destination, so it was kept.
    Shared {
        /// The secret's name.
        name: String,
    },
    /// The secret could not be removed; remove it by hand.
    Left {
        /// The secret's name.
        name: String,
        /// Why it could not be removed.
        reason: String,
    },
}

/// Enables or disables a destination.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetDestinationEnabled {
    /// Its id or display name.
    pub destination: String,
    /// Whether it receives alerts.
    pub enabled: Enabled,
    /// The revision that was read; by default any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Who makes the request, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// A destination as a person describes it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DestinationDraft {
    /// The name by which people and detections refer to it; unique.
    pub display_name: String,
    /// Its provider; `listProviders` lists them.
    #[serde(rename = "type")]
    pub provider: String,
    /// Whether it receives alerts; by default it does.
    #[serde(default)]
    pub enabled: Enabled,
    /// Severities it receives. If empty, it receives only alerts that name it.
    #[serde(default)]
    pub severities: BTreeSet<Severity>,
    /// Alert types it receives. If empty, all but `SYSTEM_ERROR`.
    #[serde(default)]
    pub alert_types: BTreeSet<AlertType>,
    /// Log types it receives. If empty, all.
    #[serde(default)]
    pub log_types: BTreeSet<String>,
    /// The provider's settings, by the provider's form.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The id or display name of the destination that receives alerts which this one
    /// permanently fails to accept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// How long and how often its deliveries are retried; by default as the stack's
    /// parameters say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryLimits>,
}

impl DestinationDraft {
    /// The destination that this draft describes, as a new one: without a secret,
    /// a fallback and an author, and at revision 0.
    #[must_use]
    pub fn into_destination(self, id: DestinationId, provider: ProviderName) -> Destination {
        let now = Timestamp::now();
        Destination {
            destination_id: id,
            display_name: self.display_name,
            provider,
            enabled: self.enabled,
            severities: self.severities,
            alert_types: self.alert_types,
            log_types: self.log_types,
            settings: self.settings,
            secret_name: None,
            fallback: None,
            retry: self.retry,
            created_at: now,
            created_by: String::new(),
            updated_at: now,
            updated_by: String::new(),
            revision: 0,
        }
    }
}

/// The draft that leaves the destination unchanged.
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
    /// The fields of the credential.
    Fields(Map<String, Value>),
    /// The name of an existing secret.
    Named(String),
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fields(_) => "Fields([secret])",
            // A credential given in place of a name is an easy mistake.
            Self::Named(_) => "Named([secret])",
        })
    }
}

impl From<Map<String, Value>> for NewSecret {
    fn from(fields: Map<String, Value>) -> Self {
        Self::Fields(fields)
    }
}
