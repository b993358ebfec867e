//! Managing destinations. Wherever a request names a destination, it gives its id
//! or its display name.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertType, Severity};
use tocsin_core::destination::{
    Destination, DestinationId, Enabled, Fallback, MAX_AFTER_MINUTES, ProviderName,
};
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
    /// The destination that receives the alerts whose deliveries here fail, or wait too
    /// long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackDraft>,
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
            fallback: one.fallback.map(FallbackDraft::from),
            retry: one.retry,
        }
    }
}

/// The fallback of a destination, as a person describes it: the id or display name of
/// the other destination, or an object that also says when it gets the alert.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "FallbackForm", into = "FallbackForm")]
pub struct FallbackDraft {
    /// The id or display name of the other destination.
    pub destination: String,
    /// After how many minutes of waiting the other destination gets the alert: 1 to
    /// [`MAX_AFTER_MINUTES`]. `None`: 5 minutes for HIGH and CRITICAL alerts, an hour for
    /// all others.
    pub after_minutes: Option<u16>,
}

/// Both forms of a fallback.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected the id or display name of a destination, or an object with `destination` and `afterMinutes`"
)]
enum FallbackForm {
    /// The id or display name of the other destination.
    Name(String),
    /// The other destination, and when it gets the alert.
    Timed(TimedFallback),
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TimedFallback {
    /// The id or display name of the other destination.
    destination: String,
    /// After how many minutes of waiting it gets the alert; by default 5 for HIGH and
    /// CRITICAL alerts, 60 for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_AFTER_MINUTES))]
    after_minutes: Option<u16>,
}

impl From<FallbackForm> for FallbackDraft {
    fn from(form: FallbackForm) -> Self {
        match form {
            FallbackForm::Name(destination) => Self {
                destination,
                after_minutes: None,
            },
            FallbackForm::Timed(timed) => Self {
                destination: timed.destination,
                after_minutes: timed.after_minutes,
            },
        }
    }
}

/// Without a time of its own it has the form that every version reads.
impl From<FallbackDraft> for FallbackForm {
    fn from(draft: FallbackDraft) -> Self {
        match draft.after_minutes {
            None => Self::Name(draft.destination),
            after_minutes @ Some(_) => Self::Timed(TimedFallback {
                destination: draft.destination,
                after_minutes,
            }),
        }
    }
}

impl From<Fallback> for FallbackDraft {
    fn from(one: Fallback) -> Self {
        Self {
            destination: one.destination_id.to_string(),
            after_minutes: one.after_minutes,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_of_a_fallback_are_read_and_the_old_one_is_written_where_it_suffices() {
        for (form, minutes) in [
            (json!("soc"), None),
            (json!({"destination": "soc", "afterMinutes": 30}), Some(30)),
        ] {
            let draft: FallbackDraft = serde_json::from_value(form.clone()).unwrap();
            assert_eq!(draft.destination, "soc");
            assert_eq!(draft.after_minutes, minutes);
            assert_eq!(serde_json::to_value(draft).unwrap(), form);
        }
        for form in [
            json!({"afterMinutes": 30}),
            json!({"destination": "soc", "after": 30}),
            json!({"destination": "soc", "afterMinutes": -1}),
            json!(5),
        ] {
            let error = serde_json::from_value::<FallbackDraft>(form).unwrap_err();
            assert!(error.to_string().contains("`afterMinutes`"), "{error}");
        }
    }
}
