//! What an AWS messaging service has to provide, and the delivery through it.

use std::future::Future;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Map, Value};
use tocsin_core::alert::Payload;
use tocsin_core::message::Message;
use tocsin_core::outcome::{FailureKind, Outcome, Receipt};
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{Detail, FieldError, read_settings};

use super::message::{FittedBody, OutgoingMessage, SizeLimit, attributes, fit};
use super::own::OwnEndpoints;
use super::settings::{AwsSettings, Endpoint, EndpointKind, Options, check, fifo_group};
use super::{ClientCache, Identity, outcome};
use crate::transport::{AttemptInput, Context, Transport, misconfigured, send_in_form};

/// A failed call of an AWS service.
pub type SendError<E> = SdkError<E, HttpResponse>;

/// An AWS messaging service. The sender's role, or one that it assumes, is the
/// credential.
pub trait AwsProvider: Send + Sync + 'static {
    /// The provider's name, such as `sns`.
    const NAME: &'static str;
    /// The receiver of the messages in texts for people: `the topic`.
    const ENDPOINT_NAME: &'static str;
    /// The most bytes of message and attributes together that an endpoint accepts
    /// if its owner has not changed the limit.
    const DEFAULT_SIZE_LIMIT: usize;
    /// The SDK's client.
    type Client: Clone + Send + Sync + 'static;
    /// The SDK's error of [`AwsProvider::send`].
    type Error: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static;
    /// A destination's settings.
    type Settings: AwsSettings;

    /// The form for a destination; see [`tocsin_core::provider::Provider::form`].
    fn form() -> Form;

    /// A client with this configuration.
    fn client(config: &SdkConfig) -> Self::Client;

    /// The body of a message with `payload`, for an endpoint that accepts `limit`
    /// bytes. [`Detail::Minimal`] must make it shorter.
    fn body(payload: &Payload<'_>, message: &Message<'_>, detail: Detail, limit: usize) -> String;

    /// The subject of the full message, where the service has one.
    fn subject(message: &Message<'_>) -> Option<String> {
        let _ = message;
        None
    }

    /// Sends a message. Returns the id that the service gave it.
    fn send(
        client: &Self::Client,
        message: OutgoingMessage,
    ) -> impl Future<Output = Result<Option<String>, SendError<Self::Error>>> + Send;

    /// The meaning of the service's own error codes. `None` for the codes that all
    /// AWS services share.
    fn failure_kind(code: &str) -> Option<FailureKind>;
}

/// Delivers through an [`AwsProvider`].
#[derive(Debug)]
pub struct AwsTransport<P: AwsProvider> {
    clients: ClientCache<P::Client>,
    own: OwnEndpoints,
}

impl<P: AwsProvider> AwsTransport<P> {
    /// A transport that starts from the function's own AWS configuration, and delivers
    /// nothing to the stack's `own` endpoints.
    #[must_use]
    pub fn new(function_config: SdkConfig, own: OwnEndpoints) -> Self {
        Self {
            clients: ClientCache::new(function_config, P::client),
            own,
        }
    }

    /// Attempts one delivery. Needs neither the HTTP client nor the secret store.
    pub async fn attempt(&self, input: AttemptInput<'_>) -> Outcome {
        let parsed = parse::<P>(input.settings)
            .and_then(|parsed| self.own.check(&parsed.1).map(|()| parsed));
        let (settings, endpoint) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return misconfigured(&error),
        };
        let options = settings.options();
        let identity = Identity {
            region: endpoint.region.clone(),
            role_arn: options.assume_role_arn.map(str::to_owned),
            external_id: options.external_id.map(str::to_owned),
        };
        let client = self.clients.get(identity).await;
        send_in_form(input.detail, |detail| {
            let message = build::<P>(input, options, &endpoint, detail);
            send::<P>(&client, message)
        })
        .await
    }
}

impl<P: AwsProvider> Transport for AwsTransport<P> {
    const NAME: &'static str = P::NAME;

    async fn deliver(&self, _context: &Context, input: AttemptInput<'_>) -> Outcome {
        self.attempt(input).await
    }
}

async fn send<P: AwsProvider>(client: &P::Client, message: OutgoingMessage) -> Outcome {
    let remark = message.remark.clone();
    match P::send(client, message).await {
        Ok(id) => Outcome::Delivered(Receipt {
            id,
            remark,
            ..Receipt::default()
        }),
        Err(error) => outcome::of_error(&error, P::failure_kind),
    }
}

/// Checks a destination's settings; they must not lead to the stack's `own` endpoints.
///
/// # Errors
///
/// Names the setting that is wrong.
pub fn check_settings<P: AwsProvider>(
    settings: &Map<String, Value>,
    own: &OwnEndpoints,
) -> Result<(), FieldError> {
    let (_, endpoint) = parse::<P>(settings)?;
    own.check(&endpoint)
}

/// The message that a delivery would send.
///
/// # Errors
///
/// Names the setting that is wrong.
pub fn build_message<P: AwsProvider>(
    input: AttemptInput<'_>,
    detail: Detail,
) -> Result<OutgoingMessage, FieldError> {
    let (settings, endpoint) = parse::<P>(input.settings)?;
    Ok(build::<P>(input, settings.options(), &endpoint, detail))
}

/// The message of a delivery.
fn build<P: AwsProvider>(
    input: AttemptInput<'_>,
    options: Options<'_>,
    endpoint: &Endpoint,
    detail: Detail,
) -> OutgoingMessage {
    let message = Message::new(input.alert, input.severity);
    let size_limit = SizeLimit {
        endpoint_name: P::ENDPOINT_NAME,
        bytes: options.max_message_bytes.unwrap_or(P::DEFAULT_SIZE_LIMIT),
    };
    let FittedBody { text, remark } = fit(input, detail, size_limit, |payload, detail| {
        P::body(payload, &message, detail, size_limit.bytes)
    });
    let configured_group = options.message_group_id;
    let (group_id, deduplication_id) = match endpoint.kind {
        EndpointKind::Standard => (configured_group.map(str::to_owned), None),
        EndpointKind::Fifo => (
            Some(fifo_group(configured_group, &input.alert.detection_id)),
            Some(input.delivery.to_string()),
        ),
    };
    OutgoingMessage {
        to: endpoint.address.clone(),
        // The minimal message has no subject, in case the service refused it.
        subject: match detail {
            Detail::Full => P::subject(&message),
            Detail::Minimal => None,
        },
        body: text,
        attributes: attributes(input),
        group_id,
        deduplication_id,
        remark,
    }
}

fn parse<P: AwsProvider>(
    settings: &Map<String, Value>,
) -> Result<(P::Settings, Endpoint), FieldError> {
    let settings: P::Settings = read_settings(settings)?;
    let endpoint = check(&settings)?;
    Ok((settings, endpoint))
}
