//! From a draft to a destination: every check before anything is written.

use tocsin_api_types::{ApiError, DestinationDraft, json_size};
use tocsin_core::Timestamp;
use tocsin_core::destination::{
    Destination, DestinationId, Fallback, MAX_AFTER_MINUTES, ProviderName,
};
use tocsin_core::routing::SKIP;
use tocsin_core::text::sanitize;

use crate::Api;
use crate::change::{ChangeRequest, JSON_LIMIT};
use crate::secret::SecretStep;

/// The longest display name or actor, in characters.
const NAME_LIMIT: usize = 100;

/// The most log types of one destination.
const LOG_TYPES_LIMIT: usize = 100;

/// A destination that can be written, and what to do with its secret.
#[derive(Debug)]
pub(crate) struct ValidatedChange {
    /// The new state of the destination.
    pub(crate) destination: Destination,
    /// What to do with the secret.
    pub(crate) secret: SecretStep,
}

impl Api {
    /// Checks a draft and completes it.
    pub(crate) async fn validate(
        &self,
        change: ChangeRequest<'_>,
    ) -> Result<ValidatedChange, ApiError> {
        check_draft(&change.draft)?;
        let provider = ProviderName::new(&change.draft.provider)
            .map_err(|error| ApiError::invalid("type", error.to_string()))?;
        self.providers.get(provider.as_str())?;
        if let Some(current) = change.current
            && current.destination.provider != provider
        {
            return Err(ApiError::invalid(
                "type",
                format!(
                    "the type of a destination cannot change from {}: delete the destination and add a new one",
                    current.destination.provider
                ),
            ));
        }
        let (secret_name, secret) = self.secret(&change, &provider).await?;
        let fallback = fallback(&change)?;
        let now = Timestamp::now();
        let ChangeRequest {
            draft,
            current,
            id,
            actor,
            ..
        } = change;
        let before = current.map(|stored| &stored.destination);
        let destination = Destination {
            secret_name,
            fallback,
            created_at: before.map_or(now, |one| one.created_at),
            created_by: before.map_or(actor, |one| &one.created_by).to_owned(),
            updated_at: now,
            updated_by: actor.to_owned(),
            revision: before.map_or(0, |one| one.revision) + 1,
            ..draft.into_destination(id, provider)
        };
        Ok(ValidatedChange {
            destination,
            secret,
        })
    }
}

fn fallback(change: &ChangeRequest<'_>) -> Result<Option<Fallback>, ApiError> {
    let Some(draft) = &change.draft.fallback else {
        return Ok(None);
    };
    let Some(found) = change.all.called(&draft.destination).next() else {
        return Err(ApiError::invalid(
            "fallback",
            "there is no destination with this id or display name",
        ));
    };
    if found.destination_id == change.id {
        return Err(ApiError::invalid(
            "fallback",
            "a destination cannot be its own fallback",
        ));
    }
    let in_range = |minutes: &u16| (1..=MAX_AFTER_MINUTES).contains(minutes);
    if !draft.after_minutes.iter().all(in_range) {
        return Err(ApiError::invalid(
            "fallback.afterMinutes",
            format!("must be 1 to {MAX_AFTER_MINUTES}, a day"),
        ));
    }
    Ok(Some(Fallback {
        destination_id: found.destination_id,
        after_minutes: draft.after_minutes,
    }))
}

/// The actor of a request, or an error if it cannot be recorded.
pub(crate) fn checked_actor(actor: Option<String>) -> Result<String, ApiError> {
    let actor = actor.unwrap_or_else(|| "unknown".to_owned());
    if !actor.trim().is_empty() && is_one_line(&actor) {
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
            "the display name must not be SKIP or an id: both have another meaning in lists of destinations",
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
    if json_size(&draft.settings) > JSON_LIMIT {
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
    fn names_with_another_meaning_in_lists_are_refused() {
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
            "SKIP\u{200b}",
            "so\u{ad}c",
            "soc\u{e0041}",
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
        for name in ["dev-general", "Équipe sécurité 🔑", "👩\u{200d}🚒", "skip"] {
            let draft = serde_json::json!({"displayName": name, "type": "slack"});
            assert!(
                check_draft(&serde_json::from_value(draft).unwrap()).is_ok(),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_fallback_is_another_destination_and_takes_over_within_a_day() {
        let destination = |id: DestinationId, name: &str| -> Destination {
            serde_json::from_value(serde_json::json!({
                "destinationId": id, "displayName": name, "type": "slack",
                "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
                "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
            }))
            .unwrap()
        };
        let (own, other) = (DestinationId::generate(), DestinationId::generate());
        let all = [destination(own, "own"), destination(other, "other")];
        let all = all.into_iter().collect();
        let read = |form: serde_json::Value| {
            let draft =
                serde_json::json!({"displayName": "own", "type": "slack", "fallback": form});
            fallback(&ChangeRequest {
                draft: serde_json::from_value(draft).unwrap(),
                secret: None,
                current: None,
                id: own,
                all: &all,
                actor: "a",
            })
        };
        let expected = |after_minutes| {
            Ok(Some(Fallback {
                destination_id: other,
                after_minutes,
            }))
        };
        assert_eq!(read(serde_json::Value::Null), Ok(None));
        assert_eq!(read("other".into()), expected(None));
        let timed = |name: &str, minutes: u16| {
            read(serde_json::json!({"destination": name, "afterMinutes": minutes}))
        };
        assert_eq!(timed(&other.to_string(), 1), expected(Some(1)));
        assert_eq!(
            timed("other", MAX_AFTER_MINUTES),
            expected(Some(MAX_AFTER_MINUTES))
        );
        for (refused, field) in [
            (read("own".into()), "fallback"),
            (read("nobody".into()), "fallback"),
            (timed("other", 0), "fallback.afterMinutes"),
            (
                timed("other", MAX_AFTER_MINUTES + 1),
                "fallback.afterMinutes",
            ),
        ] {
            assert_eq!(refused.unwrap_err().field.as_deref(), Some(field));
        }
    }

    #[test]
    fn large_fields_are_refused_by_name() {
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
