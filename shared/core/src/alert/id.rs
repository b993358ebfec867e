//! The identity of an alert.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits;

/// The identity of an alert, and the ledger's partition key.
///
/// At most [`limits::ALERT_ID`] bytes, printable, never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct AlertId(pub(super) String);

/// By the same rules as [`AlertId::new`], wherever it comes from.
impl<'de> Deserialize<'de> for AlertId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| {
            serde::de::Error::custom(
                "an alert's id must be a short text without control characters",
            )
        })
    }
}

impl AlertId {
    /// The given id, or `None` when it cannot be a key.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fit = !text.is_empty()
            && text.len() <= limits::ALERT_ID
            && !text.chars().any(char::is_control);
        fit.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_id_is_fit_to_be_a_key() {
        assert!(AlertId::new("").is_none());
        assert!(AlertId::new("a\nb").is_none());
        assert!(AlertId::new(&"x".repeat(limits::ALERT_ID + 1)).is_none());
        assert!(AlertId::new("b90c19e66e160e194a5b3b94ec27fb7c").is_some());
    }
}
