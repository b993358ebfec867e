//! What routing answers: targets and destinations that were passed over, each with its
//! reason, and warnings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::{AlertType, Severity};
use crate::destination::{Destination, DestinationId, Destinations, Enabled, ProviderName};

/// Which rule of the precedence decided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// `routing.destinations`.
    GeneratedList,
    /// `routing.destinationOverride`.
    StaticList,
    /// `routing.severity`.
    GeneratedSeverity,
    /// `severity`.
    StaticSeverity,
}

/// Why a destination was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "camelCase")]
pub enum Reason {
    /// A list names it.
    Listed {
        /// Which list.
        step: Step,
        /// The name or id that the list used.
        name: String,
    },
    /// The effective severity, the type and the log types pass its filters.
    Severity {
        /// Whether the severity was generated or static.
        step: Step,
        /// The effective severity.
        severity: Severity,
    },
    /// The alert is a `SYSTEM_ERROR`, and it lists that type.
    SystemError,
    /// Nothing matched, the alert is grave, and it is the stack's default destination.
    Default,
    /// Another destination finally did not take the alert, and this is its fallback.
    Fallback,
}

/// Why a destination was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "because", rename_all = "camelCase")]
pub enum WhyNot {
    /// It is disabled.
    Disabled,
    /// A list decided, and does not name it.
    NotListed {
        /// Which list.
        step: Step,
    },
    /// The alert asked to be delivered nowhere.
    Skipped,
    /// It takes no severity at all: only lists reach it.
    OnlyByList,
    /// It takes other severities.
    Severity {
        /// The effective severity.
        severity: Severity,
    },
    /// It takes other alert types.
    AlertType {
        /// The alert's type.
        alert_type: AlertType,
    },
    /// It takes other log types.
    LogTypes,
}

/// A destination chosen for an alert, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Which destination.
    pub destination_id: DestinationId,
    /// Its name at that time.
    pub display_name: String,
    /// Its provider.
    pub provider: ProviderName,
    /// Why it was chosen.
    #[serde(flatten)]
    pub reason: Reason,
}

impl Target {
    pub(super) fn new(one: &Destination, reason: Reason) -> Self {
        Self {
            destination_id: one.destination_id,
            display_name: one.display_name.clone(),
            provider: one.provider.clone(),
            reason,
        }
    }

    /// A destination that gets what another finally did not take.
    #[must_use]
    pub fn fallback(destination: &Destination) -> Self {
        Self {
            destination_id: destination.destination_id,
            display_name: destination.display_name.clone(),
            provider: destination.provider.clone(),
            reason: Reason::Fallback,
        }
    }
}

/// A destination that was not chosen, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PassedOver {
    /// Which destination.
    pub destination_id: DestinationId,
    /// Its name at that time.
    pub display_name: String,
    /// Why it was not chosen.
    #[serde(flatten)]
    pub why: WhyNot,
}

/// Something that a person should mend, although routing could do without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "warning", rename_all = "camelCase")]
pub enum Warning {
    /// A list names a destination that does not exist.
    UnknownName {
        /// Which list.
        step: Step,
        /// The unknown name or id.
        name: String,
    },
    /// A list names only unknown destinations and was passed over.
    NoneKnown {
        /// Which list.
        step: Step,
    },
    /// A list names a disabled destination.
    DisabledListed {
        /// Its name.
        name: String,
    },
    /// `routing.severity` is no severity; the static one was used.
    UnknownSeverity {
        /// What it holds.
        value: String,
    },
    /// Nothing matched.
    NothingMatched,
    /// The stack's default destination does not exist or is disabled.
    DefaultUnusable {
        /// The configured name or id.
        name: String,
    },
}

/// What became of the alert as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Disposition {
    /// It has at least one target.
    Routed,
    /// Its detection asked for silence.
    Skipped,
    /// Nothing matched, and no default destination stepped in.
    Unrouted,
}

/// The whole answer: targets with reasons, everyone else with reasons, warnings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// What became of the alert.
    pub disposition: Disposition,
    /// The effective severity: the generated one when valid, else the static.
    pub severity: Severity,
    /// Chosen destinations, by name; no destination twice.
    pub targets: Vec<Target>,
    /// All others, by name.
    pub passed_over: Vec<PassedOver>,
    /// What a person should mend.
    pub warnings: Vec<Warning>,
}

impl Routing {
    /// Whether a target is missing among `destinations`, or disabled there: by an
    /// old copy of them, that is no reason yet to give a delivery up.
    #[must_use]
    pub fn lost_a_target(&self, destinations: &Destinations) -> bool {
        self.targets.iter().any(|target| {
            destinations
                .get(target.destination_id)
                .is_none_or(|one| one.enabled == Enabled::No)
        })
    }

    /// Whether a destination that was looked for does not exist: it may have been
    /// added a moment ago.
    #[must_use]
    pub fn misses_a_destination(&self) -> bool {
        self.warnings.iter().any(|warning| {
            matches!(
                warning,
                Warning::UnknownName { .. }
                    | Warning::NothingMatched
                    | Warning::DefaultUnusable { .. }
            )
        })
    }
}
