//! A destination: one configured place to deliver to.

mod fallback;
mod id;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Timestamp;
use crate::alert::{AlertType, Severity};
use crate::retry::RetryLimits;

pub use fallback::{Fallback, MAX_AFTER_MINUTES};
pub use id::{DestinationId, NotAProviderName, ProviderName};

/// Whether a destination receives alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "bool", into = "bool")]
pub enum Enabled {
    /// It receives the alerts that are routed to it.
    #[default]
    Yes,
    /// It receives nothing, not even an alert whose list names it.
    No,
}

impl From<bool> for Enabled {
    fn from(enabled: bool) -> Self {
        if enabled { Self::Yes } else { Self::No }
    }
}

impl From<Enabled> for bool {
    fn from(enabled: Enabled) -> Self {
        enabled == Enabled::Yes
    }
}

/// One configured place to deliver to. It holds no secret, only the name of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// Its identity, the same for ever.
    pub destination_id: DestinationId,
    /// The name that people and detections use; unique, case-sensitive.
    pub display_name: String,
    /// The provider that delivers to it.
    #[serde(rename = "type")]
    pub provider: ProviderName,
    /// Whether it receives alerts.
    #[serde(default)]
    pub enabled: Enabled,
    /// Severities that it accepts; none means that only lists reach it.
    #[serde(default)]
    pub severities: BTreeSet<Severity>,
    /// Alert types that it accepts; none means all (but `SYSTEM_ERROR` must be listed).
    #[serde(default)]
    pub alert_types: BTreeSet<AlertType>,
    /// Log types that it accepts; none means all.
    #[serde(default)]
    pub log_types: BTreeSet<String>,
    /// The provider's own settings, typed by the provider.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The Secrets Manager secret; providers that work by IAM role have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_name: Option<String>,
    /// The destination that gets the alerts whose deliveries here end badly or wait too
    /// long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// Its own retry limits; `None` for those of the stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryLimits>,
    /// When it was added.
    pub created_at: Timestamp,
    /// The ARN of the caller who added it.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The ARN of the caller who changed it last.
    pub updated_by: String,
    /// Grows by one with each change, so that two editors cannot overwrite each other.
    pub revision: u64,
}

/// A chain of fallbacks that never ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("leads round in a cycle ({}): a chain of fallbacks must end", .names.join(" → "))]
pub struct FallbackCycle {
    /// The names along the chain; the last one comes twice.
    pub names: Vec<String>,
}

/// All destinations, in the order in which people look for them: by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Destinations(Vec<Destination>);

impl Destinations {
    /// The destinations with this id or display name. Names are unique, so this
    /// is at most one, unless a table was written by hand.
    pub fn called<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Destination> {
        let id = DestinationId::parse(name);
        let by_id = self.0.iter().position(|one| Some(one.destination_id) == id);
        self.0.iter().enumerate().filter_map(move |(at, one)| {
            let called = match by_id {
                Some(found) => found == at,
                None => one.display_name == name,
            };
            called.then_some(one)
        })
    }

    /// The destination of this identity.
    #[must_use]
    pub fn get(&self, id: DestinationId) -> Option<&Destination> {
        self.0.iter().find(|one| one.destination_id == id)
    }

    /// Checks that the chain of fallbacks that begins with this destination ends.
    ///
    /// # Errors
    ///
    /// The names along the chain, up to the one that comes a second time.
    pub fn check_fallback_chain(&self, id: DestinationId) -> Result<(), FallbackCycle> {
        let mut chain: Vec<&Destination> = Vec::new();
        let mut next = self.get(id);
        while let Some(one) = next {
            let comes_again = chain
                .iter()
                .any(|other| other.destination_id == one.destination_id);
            chain.push(one);
            if comes_again {
                let names = chain.iter().map(|one| one.display_name.clone());
                return Err(FallbackCycle {
                    names: names.collect(),
                });
            }
            next = one
                .fallback
                .and_then(|fallback| self.get(fallback.destination_id));
        }
        Ok(())
    }

    /// All of them, by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Destination> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Destinations {
    type Item = &'a Destination;
    type IntoIter = std::slice::Iter<'a, Destination>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Destination> for Destinations {
    fn from_iter<I: IntoIterator<Item = Destination>>(all: I) -> Self {
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by(|a, b| {
            (&a.display_name, a.destination_id).cmp(&(&b.display_name, b.destination_id))
        });
        Self(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Destinations, each with the name of its fallback.
    fn chained(links: &[(&str, Option<&str>)]) -> Destinations {
        let id = |name: &str| format!("7a0b0b5c-1f0e-4b8e-9f05-{:0>12x}", name.as_bytes()[0]);
        let one = |(name, fallback): &(&str, Option<&str>)| {
            serde_json::from_value(serde_json::json!({
                "destinationId": id(name), "displayName": name, "type": "slack",
                "fallback": fallback.map(id),
                "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
                "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
            }))
        };
        links.iter().map(|link| one(link).unwrap()).collect()
    }

    fn cycle(links: &[(&str, Option<&str>)], name: &str) -> Option<Vec<String>> {
        let all = chained(links);
        let id = all.called(name).next().unwrap().destination_id;
        all.check_fallback_chain(id).err().map(|cycle| cycle.names)
    }

    #[test]
    fn a_chain_of_fallbacks_must_end() {
        let chain = [("a", Some("b")), ("b", Some("c")), ("c", None)];
        assert_eq!(cycle(&chain, "a"), None);
        // The fallback of `b` was deleted.
        assert_eq!(cycle(&[("a", Some("b")), ("b", Some("z"))], "a"), None);
        let circle = [("a", Some("b")), ("b", Some("c")), ("c", Some("b"))];
        let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(cycle(&circle, "a"), names(&["a", "b", "c", "b"]));
        assert_eq!(cycle(&circle, "c"), names(&["c", "b", "c"]));
        assert_eq!(cycle(&[("a", Some("a"))], "a"), names(&["a", "a"]));
    }
}
