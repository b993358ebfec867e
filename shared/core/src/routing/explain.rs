//! Routing in sentences: the CLI, the logs and the demo show the same ones.

use std::fmt;

use super::model::{Disposition, Reason, Step, Warning, WhyNot};

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GeneratedList => "the list from destinations()",
            Self::StaticList => "the detection's static list",
            Self::GeneratedSeverity => "generated severity",
            Self::StaticSeverity => "static severity",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed { step, name } => write!(f, "{step} names {name:?}"),
            Self::Severity { step, severity } => write!(f, "{step} {severity} matches"),
            Self::SystemError => f.write_str("it accepts SYSTEM_ERROR alerts"),
            Self::Default => f.write_str("nothing matched, and it is the default destination"),
            Self::Fallback => {
                f.write_str("the delivery to another destination failed, and it is its fallback")
            }
            Self::Resent { by } => write!(f, "re-sent by {by}"),
        }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("it is disabled"),
            Self::NotListed { step } => write!(f, "{step} does not name it"),
            Self::Skipped => f.write_str("the detection asked for no delivery"),
            Self::OnlyByList => f.write_str("it has no severities: only lists reach it"),
            Self::Severity { severity } => write!(f, "it does not take {severity}"),
            Self::AlertType { alert_type } => write!(f, "it does not take {alert_type} alerts"),
            Self::LogTypes => f.write_str("it takes other log types"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName { step, name } => {
                write!(f, "{step} names {name:?}, which is not a destination")
            }
            Self::NoneKnown { step } => {
                write!(
                    f,
                    "{step} names only unknown destinations; the next rule decided"
                )
            }
            Self::DisabledListed { name } => {
                write!(f, "{name:?} is named by the list, but disabled")
            }
            Self::UnknownSeverity { value } => write!(
                f,
                "routing.severity is {value:?}, which is not a severity; the static one was used"
            ),
            Self::NothingMatched => f.write_str("no destination matches this alert"),
            Self::DefaultUnusable { name } => write!(
                f,
                "the default destination {name:?} does not exist or is disabled"
            ),
            Self::TargetsAdded { count } => write!(
                f,
                "the alert came again, with targets that it did not have: {count}"
            ),
            Self::Unknown => f.write_str("something that only a newer version can name"),
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Routed => "ROUTED",
            Self::Skipped => "SKIPPED",
            Self::Unrouted => "UNROUTED",
        })
    }
}
