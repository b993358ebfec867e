//! What routing answers: targets and destinations that were passed over, each with its
//! reason, and warnings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::{AlertType, Severity};
use crate::destination::{Destination, DestinationId, Destinations, Enabled, ProviderName};

/// The rule of the precedence that decided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The generated list, `routing.destinations`.
    GeneratedList,
    /// The static list, `routing.destinationOverride`.
    StaticList,
    /// The generated severity, `routing.severity`.
    GeneratedSeverity,
    /// The static severity, `severity`.
    StaticSeverity,
}

/// Why a destination was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "camelCase")]
pub enum Reason {
    /// A list names the destination.
    Listed {
        /// The list: generated or static.
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
    /// The alert is a `SYSTEM_ERROR`, and the destination lists that type.
    SystemError,
    /// Nothing matched, the alert is HIGH or CRITICAL, and this is the stack's default
    /// destination.
    Default,
    /// The delivery to another destination failed, and this is its fallback.
    Fallback,
    /// A person sent the alert again, to this destination.
    Resent {
        /// Who, by their own account.
        by: String,
    },
}

/// Why a destination was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "because", rename_all = "camelCase")]
pub enum WhyNot {
    /// The destination is disabled.
    Disabled,
    /// A list decided and does not name the destination.
    NotListed {
        /// The list: generated or static.
        step: Step,
    },
    /// The detection asked for no delivery at all.
    Skipped,
    /// The destination has no severities: only lists reach it.
    OnlyByList,
    /// The destination accepts other severities only.
    Severity {
        /// The effective severity.
        severity: Severity,
    },
    /// The destination accepts other alert types only.
    AlertType {
        /// The type of the alert.
        alert_type: AlertType,
    },
    /// The destination accepts other log types only.
    LogTypes,
}

/// A destination chosen for an alert, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The identity of the destination.
    pub destination_id: DestinationId,
    /// The display name at the time of routing.
    pub display_name: String,
    /// The provider of the destination.
    pub provider: ProviderName,
    /// The reason for the choice.
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

    /// A destination that is the fallback of another whose delivery failed.
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
    /// The identity of the destination.
    pub destination_id: DestinationId,
    /// The display name at the time of routing.
    pub display_name: String,
    /// The reason why it was not chosen.
    #[serde(flatten)]
    pub why: WhyNot,
}

/// A mistake in the alert or the configuration that routing could work around.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "warning", rename_all = "camelCase")]
pub enum Warning {
    /// A list names a destination that does not exist.
    UnknownName {
        /// The list: generated or static.
        step: Step,
        /// The unknown name or id.
        name: String,
    },
    /// A list names only unknown destinations and was ignored.
    NoneKnown {
        /// The list: generated or static.
        step: Step,
    },
    /// A list names a disabled destination.
    DisabledListed {
        /// The display name of the destination.
        name: String,
    },
    /// `routing.severity` is not a severity; the static one was used.
    UnknownSeverity {
        /// The value that it has.
        value: String,
    },
    /// No destination matched.
    NothingMatched,
    /// The stack's default destination does not exist or is disabled.
    DefaultUnusable {
        /// The configured name or id.
        name: String,
    },
    /// The same alert came again, with targets that it did not have. Somebody may have
    /// sent its content first, to have the alert itself taken for a duplicate.
    TargetsAdded {
        /// How many targets.
        count: usize,
    },
    /// What a newer version warns about.
    #[serde(other)]
    Unknown,
}

/// The result of routing for the alert as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Disposition {
    /// It has at least one target.
    Routed,
    /// The detection asked for no delivery.
    Skipped,
    /// Nothing matched, and no default destination received it.
    Unrouted,
}

/// The most destinations that were not chosen which the ledger stores with an alert:
/// their number grows with the stack, an alert's item must not.
pub const MAX_STORED_PASSED_OVER: usize = 50;

/// Whether a routing has got more targets or a higher severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grown {
    /// It has.
    Yes,
    /// It is as it was.
    No,
}

/// The result of routing: targets and all other destinations, each with its reason, and
/// warnings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// The result for the alert as a whole.
    pub disposition: Disposition,
    /// The effective severity: the generated one when valid, else the static.
    pub severity: Severity,
    /// Chosen destinations, by name; no destination twice.
    pub targets: Vec<Target>,
    /// The other destinations, by name.
    pub passed_over: Vec<PassedOver>,
    /// Mistakes that a person should fix.
    pub warnings: Vec<Warning>,
}

impl Routing {
    /// Whether a target is missing among `destinations`, or disabled there. If they come
    /// from a cache, read them again before giving the delivery up.
    #[must_use]
    pub fn lost_a_target(&self, destinations: &Destinations) -> bool {
        self.targets.iter().any(|target| {
            destinations
                .get(target.destination_id)
                .is_none_or(|one| one.enabled == Enabled::No)
        })
    }

    /// Adds the targets of a later routing of the same alert that this one does not
    /// have, and takes its severity if that is higher; false when nothing is new.
    #[must_use = "a routing that grew must be recorded"]
    pub fn add_targets(&mut self, later: &Self) -> Grown {
        let before = (self.targets.len(), self.severity);
        for target in &later.targets {
            let id = target.destination_id;
            if self.targets.iter().all(|one| one.destination_id != id) {
                self.targets.push(target.clone());
                self.passed_over.retain(|one| one.destination_id != id);
            }
        }
        let count = self.targets.len() - before.0;
        if count > 0 {
            self.warnings.push(Warning::TargetsAdded { count });
        }
        self.severity = self.severity.max(later.severity);
        if !self.targets.is_empty() {
            self.disposition = Disposition::Routed;
        }
        if before == (self.targets.len(), self.severity) {
            Grown::No
        } else {
            Grown::Yes
        }
    }

    /// The routing as the ledger stores it: the destinations that were not chosen are
    /// cut to [`MAX_STORED_PASSED_OVER`]. `tocsin route` shows all of them.
    #[must_use]
    pub fn bounded(&self) -> Self {
        let mut bounded = self.clone();
        bounded.passed_over.truncate(MAX_STORED_PASSED_OVER);
        bounded
    }

    /// Whether routing needed a destination that does not exist: it may have been added
    /// after the destinations were cached.
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
