//! What a change does with a destination's secret, and whether it is allowed to.
//!
//! Each secret that is written has a new name, so that a destination's settings and
//! its secret take effect in one write: no sender combines new settings with an old
//! secret that it has cached by name. A secret that is kept or shared is sent only to
//! the host that it was given for (see [`SecretBinding`]).

use serde_json::{Map, Value};
use tocsin_api_types::{ApiError, NewSecret, SecretChange, json_size};
use tocsin_aws::{ORIGIN_TAG, StoredDestination};
use tocsin_core::destination::{DestinationId, ProviderName};
use tocsin_core::provider::Secrets;
use uuid::Uuid;

use crate::Api;
use crate::change::{ChangeRequest, JSON_LIMIT};
use crate::digest::{SecretDigest, canonical};
use crate::error::OrApiError;
use crate::registry::{ErasedProvider, SecretBinding};

/// What to do with a secret.
#[derive(Debug)]
pub(crate) enum SecretStep {
    /// There is no secret.
    None,
    /// Keep the current secret, with its digest.
    Keep(Option<SecretDigest>),
    /// Use a secret that exists in Secrets Manager.
    Refer {
        /// Whether it replaces another secret.
        change: SecretChange,
        /// The hosts that get it, as far as the settings name them.
        hosts: Vec<String>,
    },
    /// Write a new secret.
    Write(NewValue),
}

/// A secret to write.
#[derive(Debug)]
pub(crate) struct NewValue {
    /// Its name, which is new.
    pub(crate) name: String,
    /// Its value; `Secrets` does not print it.
    pub(crate) value: Secrets,
    /// The origin to which it may be sent.
    pub(crate) origin: Option<String>,
    /// The hosts that get it.
    pub(crate) hosts: Vec<String>,
    /// Whether it replaces another secret.
    pub(crate) change: SecretChange,
    /// The stored secret that may have this value already.
    pub(crate) stored: Option<StoredSecret>,
}

/// A secret of a destination, with which a given value can be compared.
#[derive(Debug)]
pub(crate) struct StoredSecret {
    /// Its name.
    pub(crate) name: String,
    /// Its digest.
    pub(crate) digest: SecretDigest,
}

impl SecretStep {
    /// The change, as the API reports it.
    pub(crate) fn change(&self) -> SecretChange {
        match self {
            Self::None => SecretChange::None,
            Self::Keep(_) => SecretChange::Kept,
            Self::Refer { change, .. } => *change,
            Self::Write(value) => value.change,
        }
    }

    /// The hosts that get the secret because of the change.
    pub(crate) fn hosts(&self) -> &[String] {
        match self {
            Self::None | Self::Keep(_) => &[],
            Self::Refer { hosts, .. } => hosts,
            Self::Write(value) => &value.hosts,
        }
    }
}

/// The secrets that were created for one destination.
pub(crate) struct OwnedSecrets {
    folder: String,
}

impl OwnedSecrets {
    /// The secrets of this destination.
    pub(crate) fn of(stack: &str, provider: &ProviderName, id: DestinationId) -> Self {
        Self {
            folder: format!("{stack}/{provider}/{id}"),
        }
    }

    /// Whether the secret of this name is one of them.
    pub(crate) fn contains(&self, name: &str) -> bool {
        name.strip_prefix(&self.folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// A name for a new one.
    fn new_name(&self) -> String {
        format!("{}/{}", self.folder, Uuid::new_v4().simple())
    }
}

impl Api {
    /// The name of the secret after the change, and what to do with it.
    pub(crate) async fn secret(
        &self,
        change: &ChangeRequest<'_>,
        provider: &ProviderName,
    ) -> Result<(Option<String>, SecretStep), ApiError> {
        let settings = &change.draft.settings;
        let registered = self.providers.get(provider.as_str())?;
        let current_name = change
            .current
            .and_then(|stored| stored.destination.secret_name.as_deref());
        if !matches!(change.secret, Some(NewSecret::Fields(_))) {
            let named = change.secret.is_some() || current_name.is_some();
            let placeholder = if named {
                registered.placeholder(settings)?
            } else {
                None
            };
            registered.check(settings, placeholder.as_ref())?;
        }
        match (&change.secret, current_name) {
            (Some(NewSecret::Fields(fields)), _) => {
                let value = self.new_value(fields, change, provider)?;
                Ok((Some(value.name.clone()), SecretStep::Write(value)))
            }
            // Named or left out, it is the same secret.
            (Some(NewSecret::Named(name)), Some(current_name)) if name == current_name => {
                self.origin_mark(name).await?;
                keep(registered, change, current_name)
            }
            (None, Some(current_name)) => keep(registered, change, current_name),
            (Some(NewSecret::Named(name)), current_name) => {
                self.check_reference(change, provider, name).await?;
                let step = SecretStep::Refer {
                    change: match current_name {
                        None => SecretChange::Set,
                        Some(_) => SecretChange::Replaced,
                    },
                    hosts: registered.hosts(settings, None)?,
                };
                Ok((Some(name.clone()), step))
            }
            (None, None) => Ok((None, SecretStep::None)),
        }
    }

    fn new_value(
        &self,
        fields: &Map<String, Value>,
        change: &ChangeRequest<'_>,
        provider: &ProviderName,
    ) -> Result<NewValue, ApiError> {
        check_size(fields)?;
        let settings = &change.draft.settings;
        let registered = self.providers.get(provider.as_str())?;
        let value = canonical(fields);
        registered.check(settings, Some(&value))?;
        let current_name = change
            .current
            .and_then(|stored| stored.destination.secret_name.as_ref());
        Ok(NewValue {
            name: OwnedSecrets::of(&self.stack, provider, change.id).new_name(),
            origin: registered.binding(settings)?.origin,
            hosts: registered.hosts(settings, Some(&value))?,
            value,
            change: match current_name {
                None => SecretChange::Set,
                Some(_) => SecretChange::Replaced,
            },
            stored: self.comparable(change, registered),
        })
    }

    /// The current secret, if a given value can be compared with it: it is the
    /// destination's own, its digest is known, and it is still sent to the same host.
    fn comparable(
        &self,
        change: &ChangeRequest<'_>,
        registered: &dyn ErasedProvider,
    ) -> Option<StoredSecret> {
        let stored = change.current?;
        let current = &stored.destination;
        let name = current.secret_name.as_ref()?;
        let owned = OwnedSecrets::of(&self.stack, &current.provider, change.id);
        let same_binding =
            registered.binding(&current.settings) == registered.binding(&change.draft.settings);
        (owned.contains(name) && same_binding).then_some(StoredSecret {
            name: name.clone(),
            digest: SecretDigest::stored(stored.secret_digest.as_deref()?)?,
        })
    }

    /// Checks that the sender may read the named secret, that it does not belong to
    /// another destination, and that it may be sent where this destination sends it.
    async fn check_reference(
        &self,
        change: &ChangeRequest<'_>,
        provider: &ProviderName,
        name: &str,
    ) -> Result<(), ApiError> {
        let folder = format!("{}/{provider}/", self.stack);
        let last = name.strip_prefix(&folder).unwrap_or_default();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
        if last.is_empty() || name.len() > 512 || !last.bytes().all(allowed) {
            return Err(ApiError::invalid(
                "secret",
                format!(
                    "must be an object with the provider's secret fields, or the name of a secret below {folder}, the only secrets that its sender may read"
                ),
            ));
        }
        let others = || {
            let all = change.all.iter();
            all.filter(|one| one.destination_id != change.id)
        };
        if others()
            .any(|one| OwnedSecrets::of(&self.stack, provider, one.destination_id).contains(name))
        {
            return Err(ApiError::invalid(
                "secret",
                "names the secret of another destination: give this one a secret of its own, or both a shared one",
            ));
        }
        let marked = self.origin_mark(name).await?;
        let binding = self
            .providers
            .get(provider.as_str())?
            .binding(&change.draft.settings)?;
        let mut users = others()
            .filter(|one| one.secret_name.as_deref() == Some(name))
            .peekable();
        if users.peek().is_none() {
            return check_mark(name, marked.as_deref(), &binding);
        }
        let registered = self.providers.get(provider.as_str())?;
        let agree = users.all(|one| registered.binding(&one.settings).as_ref() == Ok(&binding));
        if agree {
            return Ok(());
        }
        Err(ApiError::invalid(
            "secret",
            "destinations that use this secret send it to another host, or as another kind of credential: give this one a secret of its own",
        ))
    }

    /// The origin in the tag of the secret of this name, which must exist.
    async fn origin_mark(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.secrets.describe(name).await.or_api_error()? {
            Some(described) => Ok(described.origin),
            None => Err(ApiError::invalid(
                "secret",
                "names a secret that does not exist, or is scheduled for deletion",
            )),
        }
    }
}

/// Keeps the current secret if the new settings have the same binding.
fn keep(
    registered: &dyn ErasedProvider,
    change: &ChangeRequest<'_>,
    current_name: &str,
) -> Result<(Option<String>, SecretStep), ApiError> {
    let digest = change.current.and_then(|stored: &StoredDestination| {
        let before = registered.binding(&stored.destination.settings);
        let same_binding = before == registered.binding(&change.draft.settings);
        let digest = stored.secret_digest.as_deref();
        same_binding.then(|| digest.and_then(SecretDigest::stored))
    });
    match digest {
        Some(digest) => Ok((Some(current_name.to_owned()), SecretStep::Keep(digest))),
        None => Err(ApiError::invalid(
            "secret",
            "the new settings send the secret to a different host, or need another kind of credential: give the secret again",
        )),
    }
}

/// A secret that no destination uses yet must have a tag with the origin to which it
/// may be sent.
fn check_mark(name: &str, marked: Option<&str>, binding: &SecretBinding) -> Result<(), ApiError> {
    let Some(origin) = &binding.origin else {
        return Ok(());
    };
    if marked == Some(origin) {
        return Ok(());
    }
    let what = match marked {
        None => {
            "no destination uses this secret yet, and it has no tag with the host to which it may be sent"
        }
        Some(_) => "the tag of this secret names another host",
    };
    Err(ApiError::invalid(
        "secret",
        format!(
            "{what}: to allow it, run `aws secretsmanager tag-resource --secret-id {name} --tags Key={ORIGIN_TAG},Value={origin}`, and repeat the request"
        ),
    ))
}

fn check_size(fields: &Map<String, Value>) -> Result<(), ApiError> {
    if json_size(fields) > JSON_LIMIT {
        return Err(ApiError::invalid(
            "secret",
            "the secret is larger than 32 KiB",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

    #[test]
    fn a_large_secret_is_refused() {
        let large = Map::from_iter([("url".to_owned(), "x".repeat(40_000).into())]);
        let error = check_size(&large).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("secret"));
    }

    #[test]
    fn each_secret_has_a_new_name() {
        let owned = OwnedSecrets::of(
            "tocsin",
            &ProviderName::new("jira").unwrap(),
            DestinationId::parse(ID).unwrap(),
        );
        let (one, other) = (owned.new_name(), owned.new_name());
        assert_ne!(one, other);
        assert!(one.starts_with(&format!("tocsin/jira/{ID}/")));
        assert!(owned.contains(&one) && owned.contains(&other));
        assert!(owned.contains(&format!("tocsin/jira/{ID}")));
        for foreign in ["tocsin/jira/shared", &format!("tocsin/jira/{ID}0"), "other"] {
            assert!(!owned.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn an_unused_secret_must_be_marked_with_the_host_that_gets_it() {
        let binding = SecretBinding {
            origin: Some("https://jira.example.com".to_owned()),
            fields: Vec::new(),
        };
        check_mark("x", Some("https://jira.example.com"), &binding).unwrap();
        for marked in [None, Some("https://elsewhere.example.com"), Some("")] {
            let error = check_mark("tocsin/jira/x", marked, &binding).unwrap_err();
            assert!(
                error.message.contains(
                    "tag-resource --secret-id tocsin/jira/x --tags Key=tocsin:origin,Value=https://jira.example.com"
                ),
                "{error}"
            );
        }
        // A webhook's address is in the secret: it can lead nowhere else.
        check_mark("x", None, &SecretBinding::default()).unwrap();
    }
}
