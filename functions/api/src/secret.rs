//! What happens to a destination's secret, and whether it may.
//!
//! Each secret that is written has a name of its own, so that a destination's
//! settings and its secret take effect in one write: no sender ever combines new
//! settings with an old secret that it still remembers by its name. And no secret
//! leads to another host than the one it was given for: what is kept or shared is
//! bound to it (see [`SecretBinding`]).

use serde_json::{Map, Value};
use tocsin_aws::{ORIGIN_TAG, StoredDestination};
use tocsin_core::destination::{DestinationId, ProviderName};
use tocsin_core::provider::Secrets;
use uuid::Uuid;

use crate::Api;
use crate::digest::SecretDigest;
use crate::messages::{ApiError, NewSecret, SecretChange, size};
use crate::registry::{ErasedProvider, SecretBinding};
use crate::validate::{ChangeRequest, JSON_LIMIT};

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

/// A secret that is to be written.
#[derive(Debug)]
pub(crate) struct NewValue {
    /// Its name, which no secret has had before.
    pub(crate) name: String,
    /// Its value; `Secrets` does not print it.
    pub(crate) value: Secrets,
    /// The digest that goes with it.
    pub(crate) digest: String,
    /// Where it may be sent.
    pub(crate) origin: Option<String>,
    /// Whether it takes another one's place.
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

/// Where the secrets of one destination are.
pub(crate) struct OwnSecrets {
    folder: String,
}

impl OwnSecrets {
    /// Those of this destination.
    pub(crate) fn of(stack: &str, provider: &ProviderName, id: DestinationId) -> Self {
        Self {
            folder: format!("{stack}/{provider}/{id}"),
        }
    }

    /// Whether the secret of this name is one of them.
    pub(crate) fn hold(&self, name: &str) -> bool {
        name.strip_prefix(&self.folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// A name for one more.
    fn fresh(&self) -> String {
        format!("{}/{}", self.folder, Uuid::new_v4().simple())
    }
}

impl Api {
    /// The name of the secret, and what has to happen to it.
    pub(crate) async fn secret(
        &self,
        wanted: &ChangeRequest<'_>,
        provider: &ProviderName,
    ) -> Result<(Option<String>, SecretStep), ApiError> {
        let settings = &wanted.draft.settings;
        let kind = self.providers.get(provider.as_str())?;
        let held = wanted
            .present
            .and_then(|stored| stored.destination.secret_name.as_deref());
        if !matches!(wanted.secret, Some(NewSecret::Fields(_))) {
            let named = wanted.secret.is_some() || held.is_some();
            let placeholder = if named {
                kind.placeholder(settings)?
            } else {
                None
            };
            kind.check(settings, placeholder.as_ref())?;
        }
        match (&wanted.secret, held) {
            (Some(NewSecret::Fields(fields)), held) => {
                let mut value = self.new_value(fields, wanted, provider)?;
                kind.check(settings, Some(&value.value))?;
                value.origin = kind.binding(settings)?.origin;
                match held {
                    Some(held) if self.is_the_same(&value, held, wanted).await? => {
                        Ok((Some(held.to_owned()), SecretStep::Keep(Some(value.digest))))
                    }
                    _ => Ok((Some(value.name.clone()), SecretStep::Write(value))),
                }
            }
            // By its name or by silence, it is the same secret.
            (Some(NewSecret::Named(name)), Some(held)) if name == held => {
                self.described(name).await?;
                kept(kind, wanted, held)
            }
            (None, Some(held)) => kept(kind, wanted, held),
            (Some(NewSecret::Named(name)), held) => {
                self.check_reference(wanted, provider, name).await?;
                let change = match held {
                    None => SecretChange::Set,
                    Some(_) => SecretChange::Replaced,
                };
                Ok((Some(name.clone()), SecretStep::Refer(change)))
            }
            (None, None) => Ok((None, SecretStep::None)),
        }
    }

    fn new_value(
        &self,
        fields: &Map<String, Value>,
        wanted: &ChangeRequest<'_>,
        provider: &ProviderName,
    ) -> Result<NewValue, ApiError> {
        check_size(fields)?;
        let known = wanted.present.and_then(|one| one.secret_digest.as_deref());
        let held = wanted
            .present
            .and_then(|stored| stored.destination.secret_name.as_ref());
        Ok(NewValue {
            name: OwnSecrets::of(&self.stack, provider, wanted.id).fresh(),
            value: Secrets::new(Value::Object(fields.clone()).to_string()),
            digest: SecretDigest::like(known).of(fields),
            origin: None,
            change: match held {
                None => SecretChange::Set,
                Some(_) => SecretChange::Replaced,
            },
        })
    }

    /// Whether the secret that is held is the given one, is there still, and is
    /// used as before.
    async fn is_the_same(
        &self,
        value: &NewValue,
        held: &str,
        wanted: &ChangeRequest<'_>,
    ) -> Result<bool, ApiError> {
        let Some(present) = wanted.present else {
            return Ok(false);
        };
        let kind = self.providers.get(present.destination.provider.as_str())?;
        let own = OwnSecrets::of(&self.stack, &present.destination.provider, wanted.id);
        let same = own.hold(held)
            && present.secret_digest.as_deref() == Some(value.digest.as_str())
            && kind.binding(&present.destination.settings) == kind.binding(&wanted.draft.settings);
        Ok(same && self.secrets.describe(held).await?.is_some())
    }

    /// A reference may only lead to what the sender may read, to nobody else's, and
    /// to what may be sent where this destination sends it.
    async fn check_reference(
        &self,
        wanted: &ChangeRequest<'_>,
        provider: &ProviderName,
        name: &str,
    ) -> Result<(), ApiError> {
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
        let others = || {
            let all = wanted.all.iter();
            all.filter(|one| one.destination_id != wanted.id)
        };
        if others().any(|one| OwnSecrets::of(&self.stack, provider, one.destination_id).hold(name))
        {
            return Err(ApiError::invalid(
                "secret",
                "names the secret of another destination: give this one a secret of its own, or both a shared one",
            ));
        }
        let marked = self.described(name).await?;
        let binding = self
            .providers
            .get(provider.as_str())?
            .binding(&wanted.draft.settings)?;
        let mut users = others()
            .filter(|one| one.secret_name.as_deref() == Some(name))
            .peekable();
        if users.peek().is_none() {
            return check_mark(name, marked.as_deref(), &binding);
        }
        let kind = self.providers.get(provider.as_str())?;
        let agree = users.all(|one| kind.binding(&one.settings).as_ref() == Ok(&binding));
        if agree {
            return Ok(());
        }
        Err(ApiError::invalid(
            "secret",
            "destinations that use this secret send it to another host, or as another kind of credential: give this one a secret of its own",
        ))
    }

    /// Where the secret of this name, which must exist, is marked to be sent.
    async fn described(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.secrets.describe(name).await? {
            Some(described) => Ok(described.origin),
            None => Err(ApiError::invalid(
                "secret",
                "names a secret that does not exist, or is scheduled for deletion",
            )),
        }
    }
}

/// A secret stays only while it is good for the same.
fn kept(
    kind: &dyn ErasedProvider,
    wanted: &ChangeRequest<'_>,
    held: &str,
) -> Result<(Option<String>, SecretStep), ApiError> {
    let digest = wanted.present.and_then(|stored: &StoredDestination| {
        let before = kind.binding(&stored.destination.settings);
        (before == kind.binding(&wanted.draft.settings)).then(|| stored.secret_digest.clone())
    });
    match digest {
        Some(digest) => Ok((Some(held.to_owned()), SecretStep::Keep(digest))),
        None => Err(ApiError::invalid(
            "secret",
            "the new settings lead to another host, or need another kind of credential: give the secret again, so that the present one goes nowhere it was not meant for",
        )),
    }
}

/// A secret that nobody uses yet must say itself where it may be sent.
fn check_mark(name: &str, marked: Option<&str>, binding: &SecretBinding) -> Result<(), ApiError> {
    let Some(origin) = &binding.origin else {
        return Ok(());
    };
    if marked == Some(origin) {
        return Ok(());
    }
    let what = match marked {
        None => "no destination uses this secret yet, and it does not say where it may be sent",
        Some(_) => "this secret is marked to be sent to another host",
    };
    Err(ApiError::invalid(
        "secret",
        format!(
            "{what}: to allow it, run `aws secretsmanager tag-resource --secret-id {name} --tags Key={ORIGIN_TAG},Value={origin}`, and repeat this"
        ),
    ))
}

fn check_size(fields: &Map<String, Value>) -> Result<(), ApiError> {
    if size(fields) > JSON_LIMIT {
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
    fn each_secret_has_a_name_of_its_own() {
        let own = OwnSecrets::of(
            "tocsin",
            &ProviderName::new("jira").unwrap(),
            DestinationId::parse(ID).unwrap(),
        );
        let (one, other) = (own.fresh(), own.fresh());
        assert_ne!(one, other);
        assert!(one.starts_with(&format!("tocsin/jira/{ID}/")));
        assert!(own.hold(&one) && own.hold(&other));
        assert!(own.hold(&format!("tocsin/jira/{ID}")));
        for foreign in ["tocsin/jira/shared", &format!("tocsin/jira/{ID}0"), "other"] {
            assert!(!own.hold(foreign), "{foreign}");
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
