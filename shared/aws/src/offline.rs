//! Running a function without a stack.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use tocsin_core::destination::Destination;
use tocsin_core::provider::Secrets;

use crate::env::{Env, EnvError};

/// The variable that names the file. The template never sets it.
const OFFLINE: &str = "TOCSIN_OFFLINE";

/// Destinations and secrets from a file, for `cargo lambda watch`. The ledger is
/// then kept in memory, and queues write their messages to the log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offline {
    pub(crate) destinations: Vec<Destination>,
    secrets: HashMap<String, Value>,
}

impl Offline {
    /// Reads the file; `None` when the variable is not set.
    pub(crate) fn read(env: &Env) -> Result<Option<Self>, EnvError> {
        let Some(path) = env.optional(OFFLINE) else {
            return Ok(None);
        };
        let text =
            std::fs::read_to_string(path).map_err(|error| EnvError::invalid(OFFLINE, error))?;
        let offline =
            serde_json::from_str(&text).map_err(|error| EnvError::invalid(OFFLINE, error))?;
        tracing::warn!(
            path,
            "running offline: this file replaces tables, queues and secrets"
        );
        Ok(Some(offline))
    }

    pub(crate) fn secret(&self, name: &str) -> Option<Secrets> {
        self.secrets
            .get(name)
            .map(|json| Secrets::new(json.to_string()))
    }
}
