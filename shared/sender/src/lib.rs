//! # tocsin-sender
//!
//! The delivery pipeline that all senders run. A sender function is this crate and a
//! provider in [`HttpTransport`], or another [`Transport`]:
//!
//! ```text
//! batch ─ claim ─► attempt ─► outcome ─► decision ─► retry queue ─► settle
//!          │ (25 in one call)             │ only when transient    │ (25 in one call)
//! ```
//!
//! The retry is queued *before* the ledger records the attempt: a crash between the
//! two leaves a retry too many, whose claim is refused, rather than none.

mod config;
mod http;
pub mod messaging;
mod pipeline;
mod ssrf;
mod transport;

use lambda_runtime::{LambdaEvent, service_fn};
use tocsin_aws::{Clients, Env, EnvError, SecretStore, telemetry};
use tocsin_core::delivery::DeliveryBatch;
use tocsin_core::provider::Provider;
use url::Url;

pub use config::{BaseUrls, Config};
pub use http::{HttpClient, Limits};
pub use pipeline::{ATTEMPT_LIMIT, LEASE, RECORDING_RESERVE, Sender, SenderError};
pub use ssrf::{AddressPolicy, BlockedAddress};
pub use transport::{
    AttemptInput, Context, HttpTransport, Transport, misconfigured, retry_minimal,
};

/// Why a sender function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its environment is incomplete.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The HTTP client could not be made: no usable root certificates.
    #[error("the HTTP client could not be made: {0}")]
    HttpTransport(#[from] reqwest::Error),
    /// The provider's name is none.
    #[error(transparent)]
    Provider(#[from] tocsin_core::destination::NotAProviderName),
    /// The Lambda runtime ended.
    #[error("the Lambda runtime ended: {0}")]
    Runtime(lambda_runtime::Error),
}

/// What a sender may make its provider of.
#[derive(Debug)]
pub struct Startup {
    /// AWS clients and their configuration.
    pub clients: Clients,
    /// Addresses in place of the providers' own.
    pub base_urls: BaseUrls,
}

/// Runs the sender of an HTTP provider, made of the address that stands in for
/// the vendor's own, if there is one.
///
/// # Errors
///
/// When the function cannot start.
pub async fn run_http<P: Provider>(make: impl FnOnce(Option<Url>) -> P) -> Result<(), Error> {
    run(|startup| Ok(HttpTransport(make(startup.base_urls.of(P::NAME))))).await
}

/// Runs a sender function until the sandbox ends.
///
/// # Errors
///
/// When the function cannot start.
pub async fn run<D: Transport>(
    make: impl FnOnce(&Startup) -> Result<D, Error>,
) -> Result<(), Error> {
    let env = Env::of_process();
    telemetry::init(&env);
    let clients = Clients::load(&env).await?;
    let base_urls = BaseUrls::read(&env)?;
    let config = Config::read(&env)?;
    let startup = Startup { clients, base_urls };
    let context = Context {
        http: HttpClient::new(config.addresses)?,
        secrets: SecretStore::new(&startup.clients),
    };
    let deliver = make(&startup)?;
    let sender = Sender::new(deliver, context, &startup.clients, config)?;
    sender.ledger.warm_up().await;
    let sender = &sender;
    lambda_runtime::run(service_fn(
        move |event: LambdaEvent<DeliveryBatch>| async move {
            let deadline = event.context.deadline();
            sender.handle(event.payload, deadline).await
        },
    ))
    .await
    .map_err(Error::Runtime)
}
