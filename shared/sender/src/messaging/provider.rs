//! Delivering to an AWS service, whichever it is: the sender's role, or one that it
//! assumes, is the credential, and what is refused as a whole is sent once more in
//! its least form.

use std::future::Future;

use aws_config::SdkConfig;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tocsin_core::outcome::{FailureKind, Outcome};
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{Detail, FieldError, read_settings};

use super::{Attributes, ClientCache, Identity};
use crate::transport::{AttemptInput, Context, Transport, misconfigured, retry_minimal};

/// One message to such a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The topic's ARN or the queue's URL.
    pub to: String,
    /// The e-mail subject, where there is one.
    pub subject: Option<String>,
    /// The message itself.
    pub body: String,
    /// To filter and order by.
    pub attributes: Attributes,
    /// For FIFO topics and queues, and fair queues.
    pub group_id: Option<String>,
    /// For FIFO topics and queues.
    pub deduplication_id: Option<String>,
    /// What had to be left out.
    pub remark: Option<String>,
}

/// An AWS service that takes alerts.
pub trait AwsProvider: Send + Sync + 'static {
    /// The provider's name.
    const NAME: &'static str;
    /// The SDK's client.
    type Client: Clone + Send + Sync + 'static;
    /// A destination's settings.
    type Settings: DeserializeOwned + Send + Sync;
    /// What settings that are sound say.
    type Target: Send + Sync;

    /// What to ask a person for to configure a destination; see
    /// [`tocsin_core::provider::Provider::form`].
    fn form() -> Form;

    /// A client of this configuration.
    fn client(config: &SdkConfig) -> Self::Client;

    /// Checks settings and reads what they say.
    ///
    /// # Errors
    ///
    /// Names the setting that is wrong.
    fn check(settings: &Self::Settings) -> Result<Self::Target, FieldError>;

    /// In whose name, and where, the destination is called.
    fn identity(settings: &Self::Settings, target: &Self::Target) -> Identity;

    /// What is sent.
    fn build(
        input: AttemptInput<'_>,
        settings: &Self::Settings,
        target: &Self::Target,
        detail: Detail,
    ) -> Outgoing;

    /// Sends it.
    fn send(client: &Self::Client, message: Outgoing) -> impl Future<Output = Outcome> + Send;
}

/// Delivers to a [`AwsProvider`].
#[derive(Debug)]
pub struct AwsTransport<S: AwsProvider> {
    clients: ClientCache<S::Client>,
}

impl<S: AwsProvider> AwsTransport<S> {
    /// With the function's own configuration.
    #[must_use]
    pub fn new(own: SdkConfig) -> Self {
        Self {
            clients: ClientCache::new(own, S::client),
        }
    }

    /// Attempts one delivery; HTTP and secrets play no part in it.
    pub async fn attempt(&self, input: AttemptInput<'_>) -> Outcome {
        let (settings, target) = match read::<S>(input.settings) {
            Ok(sound) => sound,
            Err(error) => return misconfigured(&error),
        };
        let client = self.clients.get(S::identity(&settings, &target)).await;
        let whole = S::build(input, &settings, &target, Detail::Full);
        match S::send(&client, whole).await {
            Outcome::Permanent { failure } if failure.kind == FailureKind::Refused => {
                let least = S::build(input, &settings, &target, Detail::Minimal);
                retry_minimal(failure, S::send(&client, least).await)
            }
            outcome => outcome,
        }
    }
}

impl<S: AwsProvider> Transport for AwsTransport<S> {
    const NAME: &'static str = S::NAME;

    async fn deliver(&self, _context: &Context, input: AttemptInput<'_>) -> Outcome {
        self.attempt(input).await
    }
}

/// Checks a destination's settings.
///
/// # Errors
///
/// Names the setting that is wrong.
pub fn check_settings<S: AwsProvider>(settings: &Map<String, Value>) -> Result<(), FieldError> {
    read::<S>(settings).map(drop)
}

/// What would be sent.
///
/// # Errors
///
/// Names the setting that is wrong.
pub fn outgoing<S: AwsProvider>(
    input: AttemptInput<'_>,
    detail: Detail,
) -> Result<Outgoing, FieldError> {
    let (settings, target) = read::<S>(input.settings)?;
    Ok(S::build(input, &settings, &target, detail))
}

fn read<S: AwsProvider>(
    settings: &Map<String, Value>,
) -> Result<(S::Settings, S::Target), FieldError> {
    let settings: S::Settings = read_settings(settings)?;
    let target = S::check(&settings)?;
    Ok((settings, target))
}

/// A message's attributes in the SDK's own type.
///
/// # Errors
///
/// What `make` says of the first that it cannot make.
pub fn sdk_attributes<V, E>(
    attributes: &Attributes,
    make: impl Fn(&str) -> Result<V, E>,
) -> Result<std::collections::HashMap<String, V>, E> {
    attributes
        .iter()
        .map(|(name, value)| Ok(((*name).to_owned(), make(value)?)))
        .collect()
}
