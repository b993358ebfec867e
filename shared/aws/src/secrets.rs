//! Secrets Manager: destinations' credentials, cached for five minutes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::types::Tag;
use tocsin_core::provider::Secrets;
use tokio::sync::Mutex;

use crate::clients::Offline;
use crate::{AwsError, Clients};

/// A rotated secret is noticed after this long at the latest (and at once when
/// the provider refuses the old one).
const TIME_TO_LIVE: Duration = Duration::from_mins(5);

/// The tag of a secret that says where it may be sent: scheme, host and port.
pub const ORIGIN_TAG: &str = "tocsin:origin";

/// What is known of a secret besides its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Where it may be sent, when its [`ORIGIN_TAG`] says so.
    pub origin: Option<String>,
}

/// Why a secret could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none of this name, or it is scheduled for deletion.
    #[error("the secret {name} does not exist; set the destination's secret again")]
    Missing {
        /// The secret's name.
        name: String,
    },
    /// The function's role must not read it.
    #[error("the sender's role may not read the secret {name}: {source}")]
    Denied {
        /// The secret's name.
        name: String,
        /// What Secrets Manager said.
        source: AwsError,
    },
    /// It is binary; Tocsin's are JSON texts.
    #[error("the secret {name} holds no text; set the destination's secret again")]
    NotText {
        /// The secret's name.
        name: String,
    },
    /// Secrets Manager could not be asked.
    #[error(transparent)]
    Unavailable(AwsError),
}

/// How long a failure counts for those who wait for the same secret: were each to
/// ask for itself, one after the other, they would run out of time together.
const FAILURE_TO_LIVE: Duration = Duration::from_secs(1);

/// What was read, and when.
type Held = Option<(Instant, Result<Secrets, SecretError>)>;

type Slot = Arc<Mutex<Held>>;

/// Reads secrets, each at most once at a time, however many deliveries wait for it.
#[derive(Clone, Debug)]
pub struct SecretStore {
    client: Client,
    offline: Option<Arc<Offline>>,
    slots: Arc<Mutex<HashMap<String, Slot>>>,
}

impl SecretStore {
    /// An empty cache before Secrets Manager.
    #[must_use]
    pub fn new(clients: &Clients) -> Self {
        Self {
            client: clients.secrets.clone(),
            offline: clients.offline.clone(),
            slots: Arc::default(),
        }
    }

    /// The secret, from the cache when it is fresh.
    ///
    /// # Errors
    ///
    /// When it is missing, forbidden, or Secrets Manager does not answer.
    pub async fn get(&self, name: &str) -> Result<Secrets, SecretError> {
        let slot = self.slot(name).await;
        let mut held = slot.lock().await;
        match &*held {
            Some((read, Ok(secrets))) if read.elapsed() < TIME_TO_LIVE => Ok(secrets.clone()),
            Some((read, Err(error))) if read.elapsed() < FAILURE_TO_LIVE => Err(error.clone()),
            _ => self.read_into(name, &mut held).await,
        }
    }

    /// The secret as it is now, when the provider refused `refused`. `None` when
    /// it is still the same.
    ///
    /// # Errors
    ///
    /// As [`SecretStore::get`].
    pub async fn newer_than(
        &self,
        name: &str,
        refused: &Secrets,
    ) -> Result<Option<Secrets>, SecretError> {
        let slot = self.slot(name).await;
        let mut held = slot.lock().await;
        let current = match &*held {
            // Another delivery has already asked again.
            Some((_, Ok(secrets))) if !secrets.same_as(refused) => secrets.clone(),
            _ => self.read_into(name, &mut held).await?,
        };
        Ok((!current.same_as(refused)).then_some(current))
    }

    async fn slot(&self, name: &str) -> Slot {
        let mut slots = self.slots.lock().await;
        slots.entry(name.to_owned()).or_default().clone()
    }

    async fn read_into(&self, name: &str, held: &mut Held) -> Result<Secrets, SecretError> {
        if let Some(offline) = &self.offline {
            return offline.secret(name).ok_or_else(|| SecretError::Missing {
                name: name.to_owned(),
            });
        }
        let read = self.read(name).await;
        *held = Some((Instant::now(), read.clone()));
        read
    }

    async fn read(&self, name: &str) -> Result<Secrets, SecretError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(name)
            .send()
            .await
            .map_err(|error| classify(name, &error))?;
        let text = answer.secret_string.ok_or_else(|| SecretError::NotText {
            name: name.to_owned(),
        })?;
        Ok(Secrets::new(text))
    }

    /// Writes a secret that there is not yet. `origin` is where it may be sent,
    /// unless it says so itself, as a webhook's address does.
    ///
    /// # Errors
    ///
    /// When there is one of this name, or Secrets Manager refuses or does not
    /// answer.
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
            .map_err(|error| AwsError::new("writing the secret", &error))
    }
}

impl SecretStore {
    /// Gives a secret that there is another value.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses or does not answer.
    pub async fn renew(&self, name: &str, json: String) -> Result<(), AwsError> {
        self.client
            .put_secret_value()
            .secret_id(name)
            .secret_string(json)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::new("renewing the secret", &error))
    }

    /// Removes a secret that nothing uses, at once.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses or does not answer.
    pub async fn delete(&self, name: &str) -> Result<(), AwsError> {
        self.client
            .delete_secret()
            .secret_id(name)
            .force_delete_without_recovery(true)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::new("removing the secret", &error))
    }
}

/// How long a retired secret can be brought back: Secrets Manager's shortest.
pub const RECOVERY_WINDOW: Duration = Duration::from_hours(7 * 24);

/// What became of a secret that was to be retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It goes when [`RECOVERY_WINDOW`] is over.
    Scheduled,
    /// There was none of this name.
    Missing,
}

impl SecretStore {
    /// Removes a secret that was in use; it can be brought back for a week.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses or does not answer.
    pub async fn retire(&self, name: &str) -> Result<Retired, AwsError> {
        let days = RECOVERY_WINDOW.as_secs() / (24 * 60 * 60);
        let deleted = self
            .client
            .delete_secret()
            .secret_id(name)
            .recovery_window_in_days(days.cast_signed())
            .send()
            .await
            .map_err(|error| AwsError::new("removing the secret", &error));
        match deleted {
            Ok(_) => Ok(Retired::Scheduled),
            Err(error) if error.code.as_deref() == Some("ResourceNotFoundException") => {
                Ok(Retired::Missing)
            }
            Err(error) => Err(error),
        }
    }

    /// What is known of a secret besides its value; `None` when there is none of
    /// this name, or it is scheduled for deletion.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses or does not answer.
    pub async fn describe(&self, name: &str) -> Result<Option<Described>, AwsError> {
        let described = self
            .client
            .describe_secret()
            .secret_id(name)
            .send()
            .await
            .map_err(|error| AwsError::new("looking for the secret", &error));
        match described {
            Ok(secret) if secret.deleted_date().is_some() => Ok(None),
            Ok(secret) => {
                let mut tags = secret.tags().iter();
                let tag = tags.find(|tag| tag.key() == Some(ORIGIN_TAG));
                Ok(Some(Described {
                    origin: tag.and_then(Tag::value).map(str::to_owned),
                }))
            }
            Err(error) if error.code.as_deref() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn classify<R: std::fmt::Debug>(
    name: &str,
    error: &SdkError<GetSecretValueError, R>,
) -> SecretError {
    let name = name.to_owned();
    let source = AwsError::new("reading the secret", error);
    match source.code.as_deref() {
        Some("ResourceNotFoundException" | "InvalidRequestException") => {
            SecretError::Missing { name }
        }
        Some("AccessDeniedException" | "AccessDenied") => SecretError::Denied { name, source },
        _ => SecretError::Unavailable(source),
    }
}
