//! From a draft to a destination: everything that can be said against it before
//! anything is written.

use serde_json::{Map, Value};
use tocsin_aws::Stored;
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, Destinations, ProviderName};
use tocsin_core::provider::Secrets;
use tocsin_core::routing::SKIP;
use tocsin_core::text::neutralise;

use crate::Api;
use crate::digest::SecretDigest;
use crate::messages::{ApiError, DestinationDraft, NewSecret, SecretChange, size};

/// Characters of a display name, and of who asks.
const NAME_LIMIT: usize = 100;

/// Log types of one destination.
const LOG_TYPES_LIMIT: usize = 100;

/// Bytes of a destination's settings as JSON, and of its secret: Secrets
/// Manager's own limit for a secret is 64 KiB.
const JSON_LIMIT: usize = 32 * 1024;

/// A destination that may be written, and what has to happen to its secret.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The destination as it is to be.
    pub(crate) destination: Destination,
    /// Its secret.
    pub(crate) secret: SecretStep,
}

/// What has to happen to a secret.
#[derive(Debug)]
pub(crate) enum SecretStep {
    /// There is none.
    None,
    /// It stays, with its digest.
    Keep(Option<String>),
    /// It is in Secrets Manager already.
    Refer(SecretChange),
    /// It is written.
    Write(NewValue),
}

/// A secret's new value.
#[derive(Debug)]
pub(crate) struct NewValue {
    /// The secret's name.
    pub(crate) name: String,
    /// Its value; `Secrets` does not print it.
    pub(crate) value: Secrets,
    /// The digest that goes with it.
    pub(crate) digest: String,
    /// Whether there is one already.
    pub(crate) change: SecretChange,
}

impl SecretStep {
    /// What it is, for people.
    pub(crate) fn change(&self) -> SecretChange {
        match self {
            Self::None => SecretChange::None,
            Self::Keep(_) => SecretChange::Kept,
            Self::Refer(change) => *change,
            Self::Write(value) => value.change,
        }
    }
}

/// What a destination is prepared with.
pub(crate) struct Wanted<'a> {
    pub(crate) draft: DestinationDraft,
    pub(crate) secret: Option<NewSecret>,
    /// The destination as it is, unless it is new.
    pub(crate) present: Option<&'a Stored>,
    /// Its id: that of `present`, or the one it is to have.
    pub(crate) id: DestinationId,
    /// All there are, and will be.
    pub(crate) all: &'a Destinations,
    pub(crate) actor: &'a str,
}

impl Api {
    /// Checks a draft and completes it.
    pub(crate) async fn prepare(&self, wanted: Wanted<'_>) -> Result<Prepared, ApiError> {
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
        let own = own_name(&self.stack, &provider, wanted.id);
        let (secret_name, secret) = self.secret(&wanted, &own).await?;
        let fallback = fallback(&wanted)?;
        let now = Timestamp::now();
        let Wanted {
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
        Ok(Prepared {
            destination,
            secret,
        })
    }

    /// The name of the secret, and what has to happen to it.
    async fn secret(
        &self,
        wanted: &Wanted<'_>,
        own: &str,
    ) -> Result<(Option<String>, SecretStep), ApiError> {
        let settings = &wanted.draft.settings;
        let kind = self.providers.get(&wanted.draft.provider)?;
        let held = wanted
            .present
            .and_then(|stored| stored.destination.secret_name.clone());
        match (&wanted.secret, held) {
            (Some(NewSecret::Fields(fields)), held) => {
                let value = new_value(fields, own, wanted.present, held.as_deref())?;
                kind.check(settings, Some(&value.value))?;
                let name = Some(value.name.clone());
                // The very same again is no change.
                let known = wanted.present.and_then(|one| one.secret_digest.as_deref());
                let same = held.as_deref() == Some(own) && known == Some(value.digest.as_str());
                if same {
                    return Ok((name, SecretStep::Keep(Some(value.digest))));
                }
                Ok((name, SecretStep::Write(value)))
            }
            (Some(NewSecret::Named(name)), held) => {
                let placeholder = kind.placeholder(settings)?;
                kind.check(settings, placeholder.as_ref())?;
                self.check_reference(&wanted.draft.provider, name, own)
                    .await?;
                let step = match held {
                    None => SecretStep::Refer(SecretChange::Set),
                    Some(held) if held == *name => SecretStep::Keep(None),
                    Some(_) => SecretStep::Refer(SecretChange::Replaced),
                };
                Ok((Some(name.clone()), step))
            }
            (None, Some(held)) => {
                let placeholder = kind.placeholder(settings)?;
                kind.check(settings, placeholder.as_ref())?;
                let digest = wanted.present.and_then(|stored| {
                    let before = kind.bond(&stored.destination.settings);
                    (before == kind.bond(settings)).then(|| stored.secret_digest.clone())
                });
                match digest {
                    Some(digest) => Ok((Some(held), SecretStep::Keep(digest))),
                    None => Err(ApiError::invalid(
                        "secret",
                        "the new settings lead to another host, or need another kind of credential: give the secret again, so that the present one goes nowhere it was not meant for",
                    )),
                }
            }
            (None, None) => {
                kind.check(settings, None)?;
                Ok((None, SecretStep::None))
            }
        }
    }

    /// A reference may only lead to what the sender may read, and to nobody else's.
    async fn check_reference(&self, provider: &str, name: &str, own: &str) -> Result<(), ApiError> {
        let folder = format!("{}/{provider}/", self.stack);
        let last = name.strip_prefix(&folder).unwrap_or_default();
        let fit = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
        if last.is_empty() || name.len() > 512 || !last.bytes().all(fit) {
            return Err(ApiError::invalid(
                "secret",
                format!(
                    "must be an object with the provider's secret fields, or the name of a secret below {folder}, which is all that its sender may read"
                ),
            ));
        }
        let foreign = last
            .split('/')
            .any(|part| DestinationId::parse(part).is_some());
        if foreign && name != own {
            return Err(ApiError::invalid(
                "secret",
                "names the secret of another destination: give this one a secret of its own, or both a shared one",
            ));
        }
        if self.secrets.exists(name).await? {
            return Ok(());
        }
        Err(ApiError::invalid(
            "secret",
            "names a secret that does not exist, or is scheduled for deletion",
        ))
    }
}

/// Where a destination's own secret is.
pub(crate) fn own_name(stack: &str, provider: &ProviderName, id: DestinationId) -> String {
    format!("{stack}/{provider}/{id}")
}

fn new_value(
    fields: &Map<String, Value>,
    own: &str,
    present: Option<&Stored>,
    held: Option<&str>,
) -> Result<NewValue, ApiError> {
    if size(fields) > JSON_LIMIT {
        return Err(ApiError::invalid(
            "secret",
            "the secret is larger than 32 KiB",
        ));
    }
    let known = present.and_then(|stored| stored.secret_digest.as_deref());
    Ok(NewValue {
        name: own.to_owned(),
        value: Secrets::new(Value::Object(fields.clone()).to_string()),
        digest: SecretDigest::like(known).of(fields),
        change: match held {
            None => SecretChange::Set,
            Some(_) => SecretChange::Replaced,
        },
    })
}

fn fallback(wanted: &Wanted<'_>) -> Result<Option<DestinationId>, ApiError> {
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
    text.chars().count() <= NAME_LIMIT && neutralise(text) == *text && !text.contains(['\n', '\t'])
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
        let large = Map::from_iter([("url".to_owned(), "x".repeat(40_000).into())]);
        let error = new_value(&large, "own", None, None).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("secret"));
    }
}
