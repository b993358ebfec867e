//! An alert: one finding of one detection.
//!
//! [`parse`](parse::parse) is the only way in from the outside. It accepts three
//! forms of queue message (Tocsin's own, Panther Community Edition's, and an SNS
//! envelope around either), refuses what is no alert with an error that names
//! the field, and mends what can be mended: an alert is worth more than the
//! purity of its description. What it mended is kept in [`Alert::notes`].

mod community;
mod envelope;
mod fields;
pub mod limits;
pub mod parse;
mod payload;
mod surrogates;
pub mod system_alert;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use parse::{AlertError, parse};
pub use payload::Payload;

use crate::Timestamp;

/// How bad it is. Ordered: `Info < Low < Medium < High < Critical`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Little risk.
    Low,
    /// To be looked at in working hours.
    Medium,
    /// To be looked at today.
    High,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The name in every message and table: `HIGH`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// What kind of detection spoke. The names are those of Panther's public API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlertType {
    /// A rule matched a log event.
    Rule,
    /// A rule failed to run.
    RuleError,
    /// A scheduled query's rule matched.
    ScheduledRule,
    /// A scheduled query's rule failed to run.
    ScheduledRuleError,
    /// A resource broke a policy.
    Policy,
    /// The monitoring itself is in trouble.
    SystemError,
    /// Several signals together matched.
    CorrelationRule,
    /// A correlation rule failed to run.
    CorrelationRuleError,
}

impl AlertType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Rule,
        Self::RuleError,
        Self::ScheduledRule,
        Self::ScheduledRuleError,
        Self::Policy,
        Self::SystemError,
        Self::CorrelationRule,
        Self::CorrelationRuleError,
    ];

    /// The name in every message and table: `SCHEDULED_RULE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "RULE",
            Self::RuleError => "RULE_ERROR",
            Self::ScheduledRule => "SCHEDULED_RULE",
            Self::ScheduledRuleError => "SCHEDULED_RULE_ERROR",
            Self::Policy => "POLICY",
            Self::SystemError => "SYSTEM_ERROR",
            Self::CorrelationRule => "CORRELATION_RULE",
            Self::CorrelationRuleError => "CORRELATION_RULE_ERROR",
        }
    }
}

/// A text that is none of the names it was looked up among.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of {allowed}")]
pub struct UnknownName {
    /// The names there are, for the reader of the error.
    pub allowed: String,
}

macro_rules! named {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            /// Any case, as detection code writes it.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .into_iter()
                    .find(|one| one.as_str().eq_ignore_ascii_case(text))
                    .ok_or_else(|| UnknownName {
                        allowed: Self::ALL.map(Self::as_str).join(", "),
                    })
            }
        }
    };
}

named!(Severity);
named!(AlertType);

/// The identity of an alert, and the key of everything the ledger knows of it.
///
/// At most [`limits::ALERT_ID`] bytes, printable, never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct AlertId(String);

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
    /// The given id, or `None` when it is unfit to be a key.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fit = !text.is_empty()
            && text.len() <= limits::ALERT_ID
            && !text.chars().any(char::is_control);
        fit.then(|| Self(text.to_owned()))
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a key in somebody else's system: itself where it has at most
    /// `limit` bytes, all of them `allowed`, otherwise its SHA-256 (64 hexadecimal
    /// digits). The same alert has the same key at every attempt.
    #[must_use]
    pub fn key(&self, limit: usize, allowed: impl Fn(char) -> bool) -> Cow<'_, str> {
        if self.0.len() <= limit && self.0.chars().all(allowed) {
            Cow::Borrowed(&self.0)
        } else {
            Cow::Owned(hex::encode(Sha256::digest(&self.0)))
        }
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What the detection itself said about where its alert should go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RoutingHints {
    /// The generated list: what `destinations()` returned for this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<String>>,
    /// The static list from the detection's metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_override: Option<Vec<String>>,
    /// What `severity()` returned: a severity, `DEFAULT`, or (by mistake) anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
}

/// Something that was mended or set aside when the alert came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "note", rename_all = "camelCase")]
pub enum Note {
    /// The field was longer than its limit.
    Cut {
        /// Which field.
        field: String,
        /// Its length as it came: bytes for texts, a count for lists.
        was: usize,
        /// What of that was kept.
        kept: usize,
    },
    /// Characters of the field could not be shown and were replaced.
    Neutralised {
        /// Which field.
        field: String,
    },
    /// The field was unusable and was left out.
    SetAside {
        /// Which field.
        field: String,
        /// What was wrong with it.
        reason: String,
    },
    /// Half a surrogate pair stood in a text; it is U+FFFD now.
    LoneSurrogates,
    /// The alert's id had already been used for another alert; this one got its own.
    Rekeyed {
        /// The id as it came.
        given: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { field, was, kept } => write!(f, "`{field}` was cut from {was} to {kept}"),
            Self::Neutralised { field } => {
                write!(
                    f,
                    "`{field}` held characters that cannot be shown; they are U+FFFD now"
                )
            }
            Self::SetAside { field, reason } => write!(f, "`{field}` was left out: {reason}"),
            Self::LoneSurrogates => {
                f.write_str("half a surrogate pair stood in a text; it is U+FFFD now")
            }
            Self::Rekeyed { given } => {
                write!(
                    f,
                    "the id {given:?} belongs to another alert; this one got its own"
                )
            }
        }
    }
}

/// One finding of one detection, bounded and fit to be shown.
///
/// Its JSON form is Tocsin's own alert form, so that what the ledger keeps can
/// be read, and put on the queue again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The detection that spoke.
    #[serde(rename = "id")]
    pub detection_id: String,
    /// The identity of this alert.
    pub alert_id: AlertId,
    /// When the detection made it.
    pub created_at: Timestamp,
    /// The static severity; routing decides the effective one.
    pub severity: Severity,
    /// What kind of detection spoke.
    #[serde(rename = "type")]
    pub alert_type: AlertType,
    /// One line; never empty.
    pub title: String,
    /// The detection's display name.
    pub name: Option<String>,
    /// Where to look at the alert: an `http` or `https` URL.
    pub link: Option<String>,
    /// What the detection looks for.
    pub description: Option<String>,
    /// What to do about it.
    pub runbook: Option<String>,
    /// Further reading.
    pub reference: Option<String>,
    /// The detection's version.
    pub version: Option<String>,
    /// The detection's tags.
    pub tags: Vec<String>,
    /// Kinds of logs the events came from.
    pub log_types: Vec<String>,
    /// Whatever the detection wants the responder to know.
    pub alert_context: Map<String, Value>,
    /// The detection's own wishes for routing.
    #[serde(default)]
    pub routing: RoutingHints,
    /// What was mended on the way in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl Alert {
    /// A short digest of what the alert says, whatever its id and routing: two
    /// messages with one digest are one alert that arrived twice.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let said = serde_json::json!([
            self.detection_id,
            self.created_at,
            self.severity,
            self.alert_type,
            self.title,
            self.name,
            self.link,
            self.description,
            self.runbook,
            self.reference,
            self.version,
            self.tags,
            self.log_types,
            self.alert_context,
        ]);
        let digest = Sha256::digest(said.to_string().as_bytes());
        // 128 bits: no two alerts of a lifetime meet by chance.
        hex::encode(&digest[..16])
    }

    /// The alert under an id of its own, for when its given one is already
    /// taken by a different alert. The same alert always gets the same id.
    #[must_use]
    pub fn with_derived_id(mut self) -> Self {
        let given = self.alert_id.0;
        let stem = crate::text::prefix(&given, limits::ALERT_ID - 33, crate::text::Unit::Bytes);
        self.alert_id = AlertId(format!("{stem}~"));
        let digest = self.fingerprint();
        self.alert_id.0.push_str(&digest);
        self.notes.push(Note::Rekeyed { given });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_written_in_capitals() {
        assert_eq!("critical".parse(), Ok(Severity::Critical));
        assert_eq!("Scheduled_Rule".parse(), Ok(AlertType::ScheduledRule));
        let error = "URGENT".parse::<Severity>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "is none of INFO, LOW, MEDIUM, HIGH, CRITICAL"
        );
        for kind in AlertType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn an_alert_id_is_fit_to_be_a_key() {
        assert!(AlertId::new("").is_none());
        assert!(AlertId::new("a\nb").is_none());
        assert!(AlertId::new(&"x".repeat(limits::ALERT_ID + 1)).is_none());
        assert!(AlertId::new("b90c19e66e160e194a5b3b94ec27fb7c").is_some());
    }

    #[test]
    fn a_key_is_the_id_or_its_hash() {
        let id = AlertId::new("a^b").unwrap();
        assert_eq!(id.key(3, |_| true), "a^b");
        for hashed in [id.key(2, |_| true), id.key(3, char::is_alphanumeric)] {
            assert_eq!(hashed.len(), 64);
            assert!(hashed.starts_with("361740d1"), "{hashed}");
        }
    }
}
