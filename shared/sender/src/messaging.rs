//! What the providers that are AWS services share: clients for any region and
//! role, checks of settings, messages of a fitting size, and the reading of SDK errors.

mod answers;
mod fitting;
mod provider;
mod settings;

use std::collections::HashMap;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::sync::Mutex;

pub use answers::outcome;
pub use fitting::{Attributes, SizeLimit, Truncated, attributes, check_limit, fit};
pub use provider::{AwsProvider, AwsTransport, Outgoing, check_settings, outgoing, sdk_attributes};
pub use settings::{check_group, check_role, fifo_group, form_fields, is_account, is_region};

use crate::http::REQUEST_LIMIT;

/// In whose name, and where, an AWS destination is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The destination's region; `None` for the function's own.
    pub region: Option<String>,
    /// A role to assume; `None` for the function's own.
    pub role_arn: Option<String>,
    /// What that role's trust policy asks for.
    pub external_id: Option<String>,
}

impl Identity {
    /// The configuration for a client of this identity. Calls nothing: a role is
    /// assumed with the first call, and again before its credentials run out.
    pub async fn configure(&self, own: &SdkConfig) -> SdkConfig {
        let mut builder = own
            .clone()
            .into_builder()
            // One layer retries, and it is the retry queue.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(REQUEST_LIMIT)
                    .build(),
            );
        if let Some(region) = &self.region {
            builder = builder.region(Region::new(region.clone()));
        }
        if let Some(role) = &self.role_arn {
            let mut provider = AssumeRoleProvider::builder(role)
                .session_name("tocsin")
                .configure(own);
            if let Some(external_id) = &self.external_id {
                provider = provider.external_id(external_id);
            }
            builder = builder
                .credentials_provider(SharedCredentialsProvider::new(provider.build().await));
        }
        builder.build()
    }
}

/// The clients of one service, one for each identity. They stay: they hold
/// connections and assumed roles.
#[derive(Debug)]
pub struct ClientCache<C> {
    own: SdkConfig,
    make: fn(&SdkConfig) -> C,
    clients: Mutex<HashMap<Identity, C>>,
}

impl<C: Clone> ClientCache<C> {
    /// No clients yet; `own` is the function's own configuration.
    #[must_use]
    pub fn new(own: SdkConfig, make: fn(&SdkConfig) -> C) -> Self {
        Self {
            own,
            make,
            clients: Mutex::default(),
        }
    }

    /// The client of this identity.
    pub async fn get(&self, identity: Identity) -> C {
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(&identity) {
            return client.clone();
        }
        let client = (self.make)(&identity.configure(&self.own).await);
        clients.insert(identity, client.clone());
        client
    }
}

/// SNS and SQS carry the characters of XML 1.0 only. JSON escapes control
/// characters, and what is left (U+FFFE and U+FFFF, from a context) becomes U+FFFD.
fn xml_safe(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        json.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
    } else {
        json
    }
}
