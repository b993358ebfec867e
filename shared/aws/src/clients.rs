//! One configuration, from which all clients of a function are made: they share
//! the connection pool and the TLS set-up.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// The clients that more than one function uses.
#[derive(Clone, Debug)]
pub struct Clients {
    /// For further clients.
    pub config: SdkConfig,
    /// Tables.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Secrets.
    pub secrets: aws_sdk_secretsmanager::Client,
}

impl Clients {
    /// Makes the clients. Connects to nothing: connections open with the first call.
    pub async fn load() -> Self {
        // Inside one region a healthy call takes milliseconds. One that hangs
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
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            config,
        }
    }
}
