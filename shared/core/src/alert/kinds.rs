//! Severities and alert types, as detections write them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The severity of an alert. Ordered: `Info < Low < Medium < High < Critical`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// For information; no risk.
    Info,
    /// A small risk.
    Low,
    /// A risk to look at in working hours.
    Medium,
    /// A risk to look at today.
    High,
    /// A risk to look at now.
    Critical,
}

impl Severity {
    /// All severities, lowest first.
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

/// The kind of detection that made an alert. The names are those of Panther's public API.
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
    /// The monitoring itself failed.
    SystemError,
    /// A correlation rule matched several signals.
    CorrelationRule,
    /// A correlation rule failed to run.
    CorrelationRuleError,
}

impl AlertType {
    /// All alert types.
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

/// A text that is not one of the allowed names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not one of {allowed}")]
pub struct UnknownName {
    /// The allowed names, with commas between them.
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
            "is not one of INFO, LOW, MEDIUM, HIGH, CRITICAL"
        );
        for kind in AlertType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
