//! The names of a destination and of its provider.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The identity of a destination: a UUID, given when it is added.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct DestinationId(#[schemars(with = "String")] Uuid);

impl DestinationId {
    /// A new random identity.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::new_v4())
    }

    /// The identity that `text` spells, if it spells one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a kind of destination, such as `slack`: lower-case letters and
/// digits, at most 32. It also names the sender function and the secrets' path.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderName(String);

/// A text that cannot name a provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a provider's name is 1 to 32 lower-case letters and digits, such as \"slack\"")]
pub struct NotAProviderName;

impl ProviderName {
    /// Checks that `text` can name a provider.
    ///
    /// # Errors
    ///
    /// When it is empty, too long, or holds anything but `a`–`z` and `0`–`9`.
    pub fn new(text: &str) -> Result<Self, NotAProviderName> {
        let fit = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if fit {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAProviderName)
        }
    }

    /// The name that stands in a record whose provider is not known yet.
    #[must_use]
    pub fn unknown() -> Self {
        Self("unknown".to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for ProviderName {
    type Error = NotAProviderName;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<ProviderName> for String {
    fn from(name: ProviderName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_names_fit_paths_and_function_names() {
        assert!(ProviderName::new("slack").is_ok());
        for text in ["", "Slack", "sl/ack", "slack ", "é", &"x".repeat(33)] {
            assert!(ProviderName::new(text).is_err(), "{text:?}");
        }
    }
}
