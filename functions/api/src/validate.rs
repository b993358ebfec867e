//! From a draft to a destination: everything that can be said against it before
//! anything is written.

use tocsin_aws::StoredDestination;
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, Destinations, ProviderName};
use tocsin_core::routing::SKIP;
use tocsin_core::text::sanitize;

use crate::Api;
use crate::messages::{ApiError, DestinationDraft, NewSecret, size};
use crate::secret::SecretStep;

/// Characters of a display name, and of who asks.
const NAME_LIMIT: usize = 100;

/// Log types of one destination.
const LOG_TYPES_LIMIT: usize = 100;

/// Bytes of a destination's settings as JSON, and of its secret: Secrets
/// Manager's own limit for a secret is 64 KiB.
pub(crate) const JSON_LIMIT: usize = 32 * 1024;

/// A destination that may be written, and what has to happen to its secret.
#[derive(Debug)]
pub(crate) struct ValidatedChange {
    /// The destination as it is to be.
    pub(crate) destination: Destination,
    /// Its secret.
    pub(crate) secret: SecretStep,
}

/// What a destination is prepared with.
pub(crate) struct ChangeRequest<'a> {
    pub(crate) draft: DestinationDraft,
    pub(crate) secret: Option<NewSecret>,
    /// The destination as it is, unless it is new.
    pub(crate) present: Option<&'a StoredDestination>,
    /// Its id: that of `present`, or the one it is to have.
    pub(crate) id: DestinationId,
    /// All there are, and will be.
    pub(crate) all: &'a Destinations,
    pub(crate) actor: &'a str,
}

impl Api {
    /// Checks a draft and completes it.
    pub(crate) async fn prepare(
        &self,
        wanted: ChangeRequest<'_>,
    ) -> Result<ValidatedChange, ApiError> {
        check_draft(&wanted.draft)?;
        let provider = ProviderName::new(&wanted.draft.provider)
            .map_err(|error| ApiError::invalid("type", error.to_string()))?;
        self.providers.get(provider.as_str())?;
        if let Some(present) = wanted.present
            && present.destination.provider != provider
        {
            return Err(ApiError::invalid(
                "type",
                format!(
                    "the type of a destination cannot change from {}: delete it, and add another",
                    present.destination.provider
                ),
            ));
        }
        let (secret_name, secret) = self.secret(&wanted, &provider).await?;
        let fallback = fallback(&wanted)?;
        let now = Timestamp::now();
        let ChangeRequest {
            draft,
            present,
            id,
            actor,
            ..
        } = wanted;
        let before = present.map(|stored| &stored.destination);
        let destination = Destination {
            destination_id: id,
            display_name: draft.display_name,
            provider,
            enabled: draft.enabled,
            severities: draft.severities,
            alert_types: draft.alert_types,
            log_types: draft.log_types,
            settings: draft.settings,
            secret_name,
            fallback,
            retry: draft.retry,
            created_at: before.map_or(now, |one| one.created_at),
            created_by: before.map_or(actor, |one| &one.created_by).to_owned(),
            updated_at: now,
            updated_by: actor.to_owned(),
            revision: before.map_or(0, |one| one.revision) + 1,
        };
        Ok(ValidatedChange {
            destination,
            secret,
        })
    }
}

fn fallback(wanted: &ChangeRequest<'_>) -> Result<Option<DestinationId>, ApiError> {
    let Some(name) = &wanted.draft.fallback else {
        return Ok(None);
    };
    let Some(found) = wanted.all.called(name).next() else {
        return Err(ApiError::invalid(
            "fallback",
            "there is no destination of this id or display name",
        ));
    };
    if found.destination_id == wanted.id {
        return Err(ApiError::invalid(
            "fallback",
            "a destination cannot be its own fallback",
        ));
    }
    Ok(Some(found.destination_id))
}

/// Who asks, for the record.
pub(crate) fn checked_actor(actor: Option<String>) -> Result<String, ApiError> {
    let actor = actor.unwrap_or_else(|| "unknown".to_owned());
    let fit = !actor.trim().is_empty() && is_one_line(&actor);
    if fit {
        Ok(actor)
    } else {
        Err(ApiError::invalid(
            "actor",
            "must have 1 to 100 characters, none of them invisible",
        ))
    }
}

fn is_one_line(text: &str) -> bool {
    text.chars().count() <= NAME_LIMIT && sanitize(text) == *text && !text.contains(['\n', '\t'])
}

fn check_draft(draft: &DestinationDraft) -> Result<(), ApiError> {
    let name = &draft.display_name;
    let invalid = |problem: &str| Err(ApiError::invalid("displayName", problem));
    if name.trim().is_empty() || name.trim() != name {
        return invalid("the display name must not be empty, nor begin or end with a space");
    }
    if !is_one_line(name) {
        return invalid(
            "the display name must have at most 100 characters, none of them invisible",
        );
    }
    if name == SKIP || DestinationId::parse(name).is_some() {
        return invalid(
            "the display name must not be SKIP, nor look like an id: both mean something else in lists",
        );
    }
    if draft.log_types.len() > LOG_TYPES_LIMIT {
        return Err(ApiError::invalid(
            "logTypes",
            "there are more than 100 log types",
        ));
    }
    if draft
        .log_types
        .iter()
        .any(|one| one.is_empty() || !is_one_line(one))
    {
        return Err(ApiError::invalid(
            "logTypes",
            "each log type must have 1 to 100 characters, none of them invisible",
        ));
    }
    if size(&draft.settings) > JSON_LIMIT {
        return Err(ApiError::invalid(
            "settings",
            "the settings are larger than 32 KiB",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lists_could_not_mean_are_refused() {
        let long = "x".repeat(101);
        for name in [
            "",
            " ",
            " a",
            "a\n",
            "a\u{202e}b",
            "a\tb",
            "a\u{0}b",
            "SKIP",
            &long,
            "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11",
        ] {
            let draft = serde_json::json!({"displayName": name, "type": "slack"});
            let error = check_draft(&serde_json::from_value(draft).unwrap()).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("displayName"), "{name:?}");
            let actor = checked_actor(Some(name.to_owned()));
            let shown = ["SKIP", " a"].contains(&name) || name.len() == 36;
            assert_eq!(actor.is_ok(), shown, "{name:?}");
        }
        for name in ["dev-general", "Équipe sécurité 🔑", "skip"] {
            let draft = serde_json::json!({"displayName": name, "type": "slack"});
            assert!(
                check_draft(&serde_json::from_value(draft).unwrap()).is_ok(),
                "{name:?}"
            );
        }
    }

    #[test]
    fn what_is_too_large_is_refused_with_its_field() {
        for (draft, field) in [
            (
                serde_json::json!({"settings": {"x": "y".repeat(40_000)}}),
                "settings",
            ),
            (
                serde_json::json!({"logTypes": (0..101).map(|n| n.to_string()).collect::<Vec<_>>()}),
                "logTypes",
            ),
            (serde_json::json!({"logTypes": ["a\u{202e}"]}), "logTypes"),
            (serde_json::json!({"logTypes": [""]}), "logTypes"),
        ] {
            let mut draft = draft;
            draft["displayName"] = "d".into();
            draft["type"] = "slack".into();
            let error = check_draft(&serde_json::from_value(draft).unwrap()).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field));
        }
    }
}
