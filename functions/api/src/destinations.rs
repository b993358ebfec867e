//! Adding destinations.

use serde_json::Value;
use tocsin_aws::StoreError;
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, ProviderName};
use tocsin_core::provider::Secrets;
use tocsin_core::routing::SKIP;

use crate::Api;
use crate::messages::{AddDestination, ApiError, DestinationDraft, DestinationReport, NewSecret};

/// Characters of a display name.
const NAME_LIMIT: usize = 100;

/// Log types of one destination.
const LOG_TYPES_LIMIT: usize = 100;

/// Bytes of a destination's settings as JSON, and of its secret: Secrets
/// Manager's own limit for a secret is 64 KiB.
const JSON_LIMIT: usize = 32 * 1024;

impl Api {
    pub(crate) async fn add_destination(
        &self,
        request: AddDestination,
    ) -> Result<DestinationReport, ApiError> {
        let AddDestination {
            destination: draft,
            secret,
            actor,
        } = request;
        check_draft(&draft)?;
        let secret = match secret {
            None => None,
            Some(NewSecret::Fields(fields)) => Some(Value::Object(fields).to_string()),
            Some(NewSecret::Named(_)) => {
                return Err(ApiError::unavailable(&"named secrets are on their way"));
            }
        };
        if secret.as_ref().is_some_and(|json| json.len() > JSON_LIMIT) {
            return Err(ApiError::invalid(
                "secret",
                "the secret is larger than 32 KiB",
            ));
        }
        let secrets = secret.clone().map(Secrets::new);
        self.providers
            .check(&draft.provider, &draft.settings, secrets.as_ref())?;
        let provider = ProviderName::new(&draft.provider)
            .map_err(|error| ApiError::invalid("type", error.to_string()))?;
        let id = DestinationId::generate();
        let secret_name = match secret {
            None => None,
            Some(json) => {
                let name = format!("{}/{provider}/{id}", self.stack);
                self.secrets.put(&name, json).await?;
                Some(name)
            }
        };
        let destination = complete(draft, provider, id, secret_name, actor);
        if let Err(error) = self.store.add(&destination).await {
            // Only then is it sure that the destination did not come about.
            if matches!(error, StoreError::NameTaken { .. }) {
                self.forget_secret(destination.secret_name.as_deref()).await;
            }
            return Err(error.into());
        }
        tracing::info!(
            destination.id = %destination.destination_id,
            destination.name = destination.display_name,
            provider = destination.provider.as_str(),
            actor = destination.created_by,
            "a destination was added"
        );
        Ok(DestinationReport {
            destination,
            fallback_name: None,
        })
    }

    pub(crate) async fn list_destinations(&self) -> Result<Vec<DestinationReport>, ApiError> {
        let all = self.store.load().await?;
        Ok(all
            .iter()
            .map(|one| DestinationReport {
                destination: one.clone(),
                fallback_name: None,
            })
            .collect())
    }

    /// The secret of a destination that did not come about.
    async fn forget_secret(&self, name: Option<&str>) {
        if let Some(name) = name
            && let Err(error) = self.secrets.delete(name).await
        {
            tracing::warn!(secret.name = name, %error, "a secret without a destination stays behind");
        }
    }
}

fn complete(
    draft: DestinationDraft,
    provider: ProviderName,
    destination_id: DestinationId,
    secret_name: Option<String>,
    actor: Option<String>,
) -> Destination {
    let now = Timestamp::now();
    let actor = actor.unwrap_or_else(|| "unknown".to_owned());
    Destination {
        destination_id,
        display_name: draft.display_name,
        provider,
        enabled: draft.enabled,
        severities: draft.severities,
        alert_types: draft.alert_types,
        log_types: draft.log_types,
        settings: draft.settings,
        secret_name,
        fallback: None,
        retry: None,
        created_at: now,
        created_by: actor.clone(),
        updated_at: now,
        updated_by: actor,
        revision: 1,
    }
}

fn check_draft(draft: &DestinationDraft) -> Result<(), ApiError> {
    let name = &draft.display_name;
    let invalid = |problem: &str| Err(ApiError::invalid("displayName", problem));
    if name.trim().is_empty() || name.trim() != name {
        return invalid("the display name must not be empty, nor begin or end with a space");
    }
    if name.chars().count() > NAME_LIMIT
        || tocsin_core::text::neutralise(name) != *name
        || name.contains(['\n', '\t'])
    {
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
    if Value::Object(draft.settings.clone()).to_string().len() > JSON_LIMIT {
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
            "SKIP",
            &long,
            "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11",
        ] {
            let draft = serde_json::json!({"displayName": name, "type": "slack"});
            let error = check_draft(&serde_json::from_value(draft).unwrap()).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("displayName"), "{name:?}");
        }
        for name in ["dev-general", "Équipe sécurité 🔑", "skip"] {
            let draft = serde_json::json!({"displayName": name, "type": "slack"});
            assert!(
                check_draft(&serde_json::from_value(draft).unwrap()).is_ok(),
                "{name:?}"
            );
        }
    }
}
