//! The router's configuration, which the template sets as environment variables.

use std::time::Duration;

use tocsin_aws::{Env, EnvError, Ledger};

/// The router's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of the destinations' table.
    pub destinations_table: String,
    /// The name of the ledger's table.
    pub ledger_table: String,
    /// How long the ledger keeps an alert.
    pub retention: Duration,
    /// The queue for records that are not alerts.
    pub alerts_dlq_url: String,
    /// The queue for messages of the retry queue that can never be processed.
    pub retry_dlq_url: String,
    /// The queue of wake-ups.
    pub retry_queue_url: String,
    /// The ARN of that queue. A record from another queue is an alert: no
    /// message can forge that.
    pub retry_queue_arn: String,
    /// A sender's function name is this prefix and the provider's name. Empty when the
    /// functions run without a stack.
    pub sender_prefix: String,
    /// The id or display name of the destination for high-severity alerts that no
    /// destination's filters match.
    pub default_destination: Option<String>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing or invalid.
    pub fn read(env: &Env) -> Result<Self, EnvError> {
        Ok(Self {
            destinations_table: env.required("TOCSIN_DESTINATIONS_TABLE")?,
            ledger_table: env.required("TOCSIN_LEDGER_TABLE")?,
            retention: Ledger::retention(env)?,
            alerts_dlq_url: env.required("TOCSIN_ALERTS_DLQ_URL")?,
            retry_dlq_url: env.required("TOCSIN_RETRY_DLQ_URL")?,
            retry_queue_url: env.required("TOCSIN_RETRY_QUEUE_URL")?,
            retry_queue_arn: env.required("TOCSIN_RETRY_QUEUE_ARN")?,
            sender_prefix: env
                .optional("TOCSIN_SENDER_PREFIX")
                .unwrap_or_default()
                .to_owned(),
            default_destination: env
                .optional("TOCSIN_DEFAULT_DESTINATION")
                .map(str::to_owned),
        })
    }
}
