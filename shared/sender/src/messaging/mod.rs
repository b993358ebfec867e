//! Providers that are AWS messaging services: clients for any region and role,
//! checks of the settings they share, messages of a fitting size, and the reading
//! of SDK errors. A provider adds its SDK's types and calls.

mod message;
mod outcome;
mod own;
mod provider;
mod settings;

use std::collections::HashMap;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use tocsin_core::provider::TIME_LIMIT;
use tokio::sync::Mutex;

pub use message::{OutgoingMessage, sdk_attributes};
pub use own::OwnEndpoints;
pub use provider::{AwsProvider, AwsTransport, SendError, build_message, check_settings};
pub use settings::{
    AwsSettings, Endpoint, EndpointKind, Options, Resource, form_fields, is_account, is_partition,
    is_region, is_resource_name,
};

/// The region and credentials with which an AWS destination is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Identity {
    /// The destination's region; `None` for the function's own.
    region: Option<String>,
    /// The role to assume; `None` for the function's own.
    role_arn: Option<String>,
    /// The external id that the role's trust policy requires.
    external_id: Option<String>,
}

impl Identity {
    /// The configuration of a client with this identity. Makes no call: the SDK
    /// assumes the role with the first call, and again before its credentials expire.
    async fn configure(&self, function_config: &SdkConfig) -> SdkConfig {
        let mut builder = function_config
            .clone()
            .into_builder()
            // Only the retry queue retries.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(TIME_LIMIT)
                    .build(),
            );
        if let Some(region) = &self.region {
            builder = builder.region(Region::new(region.clone()));
        }
        if let Some(role) = &self.role_arn {
            let mut provider = AssumeRoleProvider::builder(role)
                .session_name("tocsin")
                .configure(function_config);
            if let Some(external_id) = &self.external_id {
                provider = provider.external_id(external_id);
            }
            builder = builder
                .credentials_provider(SharedCredentialsProvider::new(provider.build().await));
        }
        builder.build()
    }
}

/// One client for each identity. Clients are never dropped: they hold connections
/// and the credentials of assumed roles.
#[derive(Debug)]
struct ClientCache<C> {
    function_config: SdkConfig,
    make: fn(&SdkConfig) -> C,
    clients: Mutex<HashMap<Identity, C>>,
}

impl<C: Clone> ClientCache<C> {
    fn new(function_config: SdkConfig, make: fn(&SdkConfig) -> C) -> Self {
        Self {
            function_config,
            make,
            clients: Mutex::default(),
        }
    }

    async fn get(&self, identity: Identity) -> C {
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(&identity) {
            return client.clone();
        }
        let client = (self.make)(&identity.configure(&self.function_config).await);
        clients.insert(identity, client.clone());
        client
    }
}
