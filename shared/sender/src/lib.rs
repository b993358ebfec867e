//! # tocsin-sender
//!
//! The delivery pipeline that all senders run. A sender's function is this pipeline
//! with a [`Transport`]: for most providers [`HttpTransport`] with the provider's own
//! requests and outcomes.
//!
//! ```text
//! batch ─ claim ─► attempt ─► outcome ─► decision ─► settle
//!          │ (25 in one call)                        │ (25 in one call)
//! ```
//!
//! A batch holds fresh deliveries, or what a drain takes from the outbox. The sender
//! carries nothing that the outbox does not have: whatever vanishes, each delivery has a
//! due time at which it is taken up again.

mod config;
mod http;
pub mod messaging;
mod pipeline;
mod ssrf;
mod transport;

use lambda_runtime::{LambdaEvent, service_fn};
use tocsin_aws::{Clients, Env, SecretStore, telemetry};
use tocsin_core::delivery::{DeliveryBatch, Purpose};
use tocsin_core::provider::Provider;
use url::Url;

pub use config::{BaseUrls, Config};
pub use http::{HttpClient, Limits, is_usable};
pub use pipeline::{LEASE, RECORDING_RESERVE, Sender, SenderError, longest_attempt};
pub use ssrf::{AddressPolicy, BlockedAddress};
pub use tocsin_aws::StartError;
pub use transport::{AttemptInput, Context, HttpTransport, Transport, misconfigured};

/// From which a sender creates its transport.
#[derive(Debug)]
pub struct Startup {
    /// AWS clients, and the configuration for further ones.
    pub clients: Clients,
    /// Base URLs that replace the providers' own.
    pub base_urls: BaseUrls,
    /// Queues and topics that no destination may lead to.
    pub own: messaging::OwnEndpoints,
}

/// Runs the sender of an HTTP provider. `make` gets the base URL that replaces the
/// provider's own, if one is configured.
///
/// # Errors
///
/// As for [`run`].
pub async fn run_http<P: Provider>(make: impl FnOnce(Option<Url>) -> P) -> Result<(), StartError> {
    run(|startup| Ok(HttpTransport::new(make(startup.base_urls.of(P::NAME))))).await
}

/// Runs the sender of an AWS messaging service.
///
/// # Errors
///
/// As for [`run`].
pub async fn run_aws<P: messaging::AwsProvider>() -> Result<(), StartError> {
    run(|startup| {
        let config = startup.clients.config.clone();
        Ok(messaging::AwsTransport::<P>::new(
            config,
            startup.own.clone(),
        ))
    })
    .await
}

/// Runs a sender's function until its sandbox ends.
///
/// # Errors
///
/// When the function cannot start, or the Lambda runtime fails.
pub async fn run<D: Transport>(
    make: impl FnOnce(&Startup) -> Result<D, StartError>,
) -> Result<(), StartError> {
    let env = Env::of_process();
    telemetry::init(&env);
    let clients = Clients::load(&env).await?;
    let base_urls = BaseUrls::read(&env)?;
    let config = Config::read(&env)?;
    let startup = Startup {
        clients,
        base_urls,
        own: messaging::OwnEndpoints::read(&env)?,
    };
    let context = Context {
        // Fails when the system has no usable root certificates.
        http: HttpClient::new(config.addresses)
            .map_err(|error| StartError::setup("creating the HTTP client", error))?,
        secrets: SecretStore::new(&startup.clients),
    };
    let transport = make(&startup)?;
    let sender = Sender::new(transport, context, &startup.clients, config)
        .map_err(|error| StartError::setup("reading the provider's name", error))?;
    sender.ledger.warm_up().await;
    let sender = &sender;
    lambda_runtime::run(service_fn(
        move |event: LambdaEvent<DeliveryBatch>| async move {
            let deadline = event.context.deadline();
            let batch = event.payload;
            match batch.purpose {
                Purpose::Delivery => sender.handle(batch, deadline).await.map(|()| None),
                Purpose::Probe => Ok(Some(sender.probe(&batch, deadline).await)),
            }
        },
    ))
    .await
    .map_err(|error| StartError::setup("running the Lambda runtime", error))
}
