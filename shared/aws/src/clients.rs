//! One configuration, from which all clients of a function are made: they share
//! the connection pool and the TLS set-up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use serde::Deserialize;
use serde_json::Value;
use tocsin_core::destination::Destination;
use tocsin_core::provider::Secrets;

use crate::{Env, EnvError};

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
    /// What stands in for tables, queues and secrets when a function runs by
    /// itself.
    pub(crate) offline: Option<Arc<Offline>>,
}

/// Destinations and secrets from a file, for `cargo lambda watch`: the ledger is
/// kept in memory and queues only write to the log. No template sets the
/// variable that asks for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offline {
    pub(crate) destinations: Vec<Destination>,
    secrets: HashMap<String, Value>,
}

/// The variable that names the file.
const OFFLINE: &str = "TOCSIN_OFFLINE";

impl Offline {
    fn read(env: &Env) -> Result<Option<Self>, EnvError> {
        let Some(path) = env.optional(OFFLINE) else {
            return Ok(None);
        };
        let wrong = |problem: String| EnvError::Wrong {
            name: OFFLINE.to_owned(),
            problem: format!("{path}: {problem}"),
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let offline = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        tracing::warn!(
            path,
            "offline: tables, queues and secrets are stood in for by this file"
        );
        Ok(Some(offline))
    }

    pub(crate) fn secret(&self, name: &str) -> Option<Secrets> {
        self.secrets
            .get(name)
            .map(|json| Secrets::new(json.to_string()))
    }
}

impl Clients {
    /// Makes the clients. Connects to nothing: connections open with the first call.
    ///
    /// # Errors
    ///
    /// When `TOCSIN_OFFLINE` is set and names no usable file.
    pub async fn load(env: &Env) -> Result<Self, EnvError> {
        let offline = Offline::read(env)?.map(Arc::new);
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
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            config,
            offline,
        })
    }
}
