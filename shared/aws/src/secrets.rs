//! The destinations' credentials in Secrets Manager: reading them through a cache of
//! five minutes, and writing them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::types::Tag;
use tocsin_core::provider::Secrets;
use tokio::sync::Mutex;

use crate::clients::Clients;
use crate::error::AwsError;
use crate::offline::Offline;

/// How old a cached secret may be. A rotated secret is in force after this long at the
/// latest, and at once when the provider refuses the old one.
const SECRET_TTL: Duration = Duration::from_mins(5);

/// The tag of a secret that limits where it may be sent: scheme, host and port.
pub const ORIGIN_TAG: &str = "tocsin:origin";

/// The metadata of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMetadata {
    /// Where the secret may be sent: the value of its [`ORIGIN_TAG`], if it has one.
    pub origin: Option<String>,
}

/// How long a retired secret can be restored: Secrets Manager's shortest window.
pub const RECOVERY_WINDOW: Duration = Duration::from_hours(7 * 24);

/// The result of retiring a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// Secrets Manager deletes it when [`RECOVERY_WINDOW`] is over.
    Scheduled,
    /// It was scheduled for deletion already, by an earlier change or by a person.
    Already,
    /// No secret has this name.
    Missing,
}

/// Why a secret could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretError {
    /// No secret has this name, or it is scheduled for deletion.
    #[error("the secret {name} does not exist; set the destination's secret again")]
    Missing {
        /// The secret's name.
        name: String,
    },
    /// The sender's role is not allowed to read the secret.
    #[error("the sender's role may not read the secret {name}: {source}")]
    Denied {
        /// The secret's name.
        name: String,
        /// Secrets Manager's refusal.
        source: AwsError,
    },
    /// The secret is binary; Tocsin's secrets are JSON texts.
    #[error("the secret {name} holds no text; set the destination's secret again")]
    NotText {
        /// The secret's name.
        name: String,
    },
    /// Secrets Manager did not answer, or failed.
    #[error(transparent)]
    Unavailable(AwsError),
}

/// How long a failed read answers for later ones. Deliveries that wait for the same
/// secret would otherwise ask one after the other, and run out of time together.
const FAILURE_TTL: Duration = Duration::from_secs(1);

/// The latest read of a secret, and when it was made.
type CachedRead = Option<(Instant, Result<Secrets, SecretError>)>;

type CacheEntry = Arc<Mutex<CachedRead>>;

/// Reads and writes secrets. Reads of one secret share one call, however many
/// deliveries wait for it.
#[derive(Clone, Debug)]
pub struct SecretStore {
    client: Client,
    offline: Option<Arc<Offline>>,
    entries: Arc<Mutex<HashMap<String, CacheEntry>>>,
}

impl SecretStore {
    /// An empty cache in front of Secrets Manager.
    #[must_use]
    pub fn new(clients: &Clients) -> Self {
        Self {
            client: clients.secrets.clone(),
            offline: clients.offline.clone(),
            entries: Arc::default(),
        }
    }

    /// The secret, from the cache when the cached value is fresh.
    ///
    /// # Errors
    ///
    /// When the secret is missing, is binary, must not be read, or Secrets Manager does
    /// not answer.
    pub async fn get(&self, name: &str) -> Result<Secrets, SecretError> {
        let entry = self.entry(name).await;
        let mut cached = entry.lock().await;
        match &*cached {
            Some((read, Ok(secrets))) if read.elapsed() < SECRET_TTL => Ok(secrets.clone()),
            Some((read, Err(error))) if read.elapsed() < FAILURE_TTL => Err(error.clone()),
            _ => self.read_into(name, &mut cached).await,
        }
    }

    /// The secret's present value, after the provider refused the value `refused`.
    /// `None` when the value is still the same.
    ///
    /// # Errors
    ///
    /// As [`SecretStore::get`].
    pub async fn newer_than(
        &self,
        name: &str,
        refused: &Secrets,
    ) -> Result<Option<Secrets>, SecretError> {
        let entry = self.entry(name).await;
        let mut cached = entry.lock().await;
        let current = match &*cached {
            // Another delivery has read the new value already.
            Some((_, Ok(secrets))) if !secrets.same_as(refused) => secrets.clone(),
            _ => self.read_into(name, &mut cached).await?,
        };
        Ok((!current.same_as(refused)).then_some(current))
    }

    async fn entry(&self, name: &str) -> CacheEntry {
        let mut entries = self.entries.lock().await;
        entries.entry(name.to_owned()).or_default().clone()
    }

    async fn read_into(&self, name: &str, cached: &mut CachedRead) -> Result<Secrets, SecretError> {
        if let Some(offline) = &self.offline {
            return offline.secret(name).ok_or_else(|| SecretError::Missing {
                name: name.to_owned(),
            });
        }
        let read = self.read(name).await;
        *cached = Some((Instant::now(), read.clone()));
        read
    }

    async fn read(&self, name: &str) -> Result<Secrets, SecretError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(name)
            .send()
            .await
            .map_err(|error| classify(name, error))?;
        let text = answer.secret_string.ok_or_else(|| SecretError::NotText {
            name: name.to_owned(),
        })?;
        Ok(Secrets::new(text))
    }

    /// Creates a secret. `origin` limits where it may be sent; `None` when the secret
    /// itself says where, as a webhook's address does.
    ///
    /// # Errors
    ///
    /// When a secret of this name exists, or Secrets Manager refuses the call or does
    /// not answer.
    pub async fn create(
        &self,
        name: &str,
        json: String,
        origin: Option<&str>,
    ) -> Result<(), AwsError> {
        let tag = origin.map(|origin| Tag::builder().key(ORIGIN_TAG).value(origin).build());
        self.client
            .create_secret()
            .name(name)
            .description(
                "Credential of a Tocsin destination; written by `tocsin`, read by its sender",
            )
            .secret_string(json)
            .set_tags(tag.map(|tag| vec![tag]))
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::new("creating the secret", error))
    }

    /// Replaces the value of an existing secret.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses the call or does not answer.
    pub async fn renew(&self, name: &str, json: String) -> Result<(), AwsError> {
        self.client
            .put_secret_value()
            .secret_id(name)
            .secret_string(json)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::new("replacing the secret's value", error))
    }

    /// Deletes a secret that no destination uses, at once and beyond recovery.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses the call or does not answer.
    pub async fn delete(&self, name: &str) -> Result<(), AwsError> {
        self.client
            .delete_secret()
            .secret_id(name)
            .force_delete_without_recovery(true)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::new("deleting the secret", error))
    }

    /// Schedules a secret for deletion; it can be restored during [`RECOVERY_WINDOW`].
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses the call or does not answer.
    pub async fn retire(&self, name: &str) -> Result<Retired, AwsError> {
        let days = RECOVERY_WINDOW.as_secs() / (24 * 60 * 60);
        let deleted = self
            .client
            .delete_secret()
            .secret_id(name)
            .recovery_window_in_days(days.cast_signed())
            .send()
            .await
            .map_err(|error| AwsError::new("deleting the secret", error));
        match deleted {
            Ok(_) => Ok(Retired::Scheduled),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(Retired::Missing),
            // The code has other meanings as well.
            Err(error) if error.code() == Some("InvalidRequestException") => {
                match self.describe(name).await? {
                    None => Ok(Retired::Already),
                    Some(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// The metadata of a secret; `None` when no secret has this name, or it is
    /// scheduled for deletion.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses the call or does not answer.
    pub async fn describe(&self, name: &str) -> Result<Option<SecretMetadata>, AwsError> {
        let described = self
            .client
            .describe_secret()
            .secret_id(name)
            .send()
            .await
            .map_err(|error| AwsError::new("describing the secret", error));
        match described {
            Ok(secret) if secret.deleted_date().is_some() => Ok(None),
            Ok(secret) => {
                let mut tags = secret.tags().iter();
                let tag = tags.find(|tag| tag.key() == Some(ORIGIN_TAG));
                Ok(Some(SecretMetadata {
                    origin: tag.and_then(Tag::value).map(str::to_owned),
                }))
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn classify<R: std::fmt::Debug + Send + Sync + 'static>(
    name: &str,
    error: SdkError<GetSecretValueError, R>,
) -> SecretError {
    let name = name.to_owned();
    let source = AwsError::new("reading the secret", error);
    match source.code() {
        Some("ResourceNotFoundException" | "InvalidRequestException") => {
            SecretError::Missing { name }
        }
        Some("AccessDeniedException" | "AccessDenied") => SecretError::Denied { name, source },
        _ => SecretError::Unavailable(source),
    }
}
