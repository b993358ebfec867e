//! What the template tells the router.

use std::time::Duration;

use tocsin_aws::{Env, EnvError};

/// The router's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The destinations' table.
    pub destinations_table: String,
    /// The ledger's table.
    pub ledger_table: String,
    /// How long the ledger keeps an alert.
    pub retention: Duration,
    /// Where records go that are no alerts.
    pub alerts_dlq_url: String,
    /// Where retries go that can never be made.
    pub retry_dlq_url: String,
    /// Where retries wait.
    pub retry_queue_url: String,
    /// Tells retries from alerts: the queue a record comes from, which no
    /// message can forge.
    pub retry_queue_arn: String,
    /// The senders are called this and the provider's name; nothing but the name
    /// where functions run by themselves.
    pub sender_prefix: String,
    /// The id or name of the destination for grave alerts that nothing matched.
    pub default_destination: Option<String>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or wrong.
    pub fn read(env: &Env) -> Result<Self, EnvError> {
        let days: u64 = env.parsed("TOCSIN_RETENTION_DAYS")?.unwrap_or(90);
        Ok(Self {
            destinations_table: env.required("TOCSIN_DESTINATIONS_TABLE")?,
            ledger_table: env.required("TOCSIN_LEDGER_TABLE")?,
            retention: Duration::from_secs(days * 24 * 60 * 60),
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
