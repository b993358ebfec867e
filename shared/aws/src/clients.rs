//! The AWS clients of a function. All are made from one configuration, so that they
//! share its connection pool and TLS set-up.

use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

use crate::env::{Env, EnvError};
use crate::offline::Offline;

/// The clients that more than one function uses.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The configuration of these clients, for clients of other services.
    pub config: SdkConfig,
    /// For the destinations' table and the ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the alerts queue, the retry queue and the dead-letter queues.
    pub sqs: aws_sdk_sqs::Client,
    /// For the destinations' secrets.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// Replaces tables, queues and secrets when a function runs without a stack.
    pub(crate) offline: Option<Arc<Offline>>,
}

impl Clients {
    /// Creates the clients. They connect with their first call.
    ///
    /// # Errors
    ///
    /// When `TOCSIN_OFFLINE` names a file that cannot be read.
    pub async fn load(env: &Env) -> Result<Self, EnvError> {
        let offline = Offline::read(env)?.map(Arc::new);
        // Inside one region a healthy call takes milliseconds. A call that hangs
        // must leave time for the SDK's own retry within a function's time limit.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(5))
            .operation_timeout(Duration::from_secs(12))
            .build();
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .timeout_config(timeouts)
            .load()
            .await;
        Ok(Self {
            offline,
            ..Self::of(config)
        })
    }

    /// The clients of this configuration.
    #[must_use]
    pub fn of(config: SdkConfig) -> Self {
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            config,
            offline: None,
        }
    }
}
