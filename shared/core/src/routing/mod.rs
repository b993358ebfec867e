//! Where an alert goes, and why: the precedence, here and nowhere else.
//!
//! 1. the generated list (`routing.destinations`, from `destinations()`),
//! 2. the static list (`routing.destinationOverride`),
//! 3. the generated severity (`routing.severity`, from `severity()`),
//! 4. the static severity.
//!
//! A list names its destinations and bypasses their filters. Without one, the
//! effective severity is looked up among the destinations' filters. The command
//! line's `route` prints what this module returns, so what is explained is what
//! happens.

mod explain;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertType, Severity};
use crate::destination::{Destination, DestinationId, Destinations, Enabled, ProviderName};

/// The word that, in either list, means "deliver nowhere".
pub const SKIP: &str = "SKIP";

/// The word that stands for the static severity in `routing.severity`.
const DEFAULT_SEVERITY: &str = "DEFAULT";

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

/// Routes one alert. Pure: the same alert and destinations always give the same
/// answer. The cost is names × destinations for a list, destinations otherwise.
#[must_use]
pub fn route(alert: &Alert, destinations: &Destinations, default: Option<&str>) -> Routing {
    let mut warnings = Vec::new();
    let (severity, severity_step) = effective_severity(alert, &mut warnings);
    let choice = by_list(alert, destinations, &mut warnings)
        .unwrap_or_else(|| by_severity(alert, destinations, severity, severity_step));
    let mut routing = settle(choice, severity, destinations, warnings);
    if routing.disposition == Disposition::Unrouted {
        fall_back(&mut routing, destinations, default);
    }
    routing
}

/// What a step decided about each destination, in the destinations' order.
enum Choice {
    Nowhere,
    Verdicts(Vec<Result<Reason, WhyNot>>),
}

fn effective_severity(alert: &Alert, warnings: &mut Vec<Warning>) -> (Severity, Step) {
    match alert.routing.severity.as_deref().map(str::trim) {
        None => {}
        Some(word) if word.eq_ignore_ascii_case(DEFAULT_SEVERITY) => {}
        Some(word) => match word.parse() {
            Ok(severity) => return (severity, Step::GeneratedSeverity),
            Err(_) => warnings.push(Warning::UnknownSeverity {
                value: word.to_owned(),
            }),
        },
    }
    (alert.severity, Step::StaticSeverity)
}

/// The first list that applies; `None` when severity decides.
fn by_list(
    alert: &Alert,
    destinations: &Destinations,
    warnings: &mut Vec<Warning>,
) -> Option<Choice> {
    let hints = &alert.routing;
    let lists = [
        (Step::GeneratedList, &hints.destinations),
        (Step::StaticList, &hints.destination_override),
    ];
    for (step, list) in lists {
        let Some(names) = list else { continue };
        if names.iter().any(|name| name == SKIP) {
            return Some(Choice::Nowhere);
        }
        if names.is_empty() {
            match step {
                Step::GeneratedList => return Some(Choice::Nowhere),
                // An empty static list means that no override was set.
                _ => continue,
            }
        }
        if let Some(verdicts) = named(step, names, destinations, warnings) {
            return Some(Choice::Verdicts(verdicts));
        }
        warnings.push(Warning::NoneKnown { step });
    }
    None
}

/// The verdicts of a list, or `None` when it names no destination there is.
fn named(
    step: Step,
    names: &[String],
    destinations: &Destinations,
    warnings: &mut Vec<Warning>,
) -> Option<Vec<Result<Reason, WhyNot>>> {
    let mut listed: Vec<(DestinationId, &str)> = Vec::new();
    let mut unknown = BTreeSet::new();
    for name in names {
        let before = listed.len();
        listed.extend(
            destinations
                .called(name)
                .map(|one| (one.destination_id, name.as_str())),
        );
        if listed.len() == before && unknown.insert(name) {
            warnings.push(Warning::UnknownName {
                step,
                name: name.clone(),
            });
        }
    }
    if listed.is_empty() {
        return None;
    }
    let verdict = |one: &Destination| {
        let (_, name) = listed
            .iter()
            .find(|(id, _)| *id == one.destination_id)
            .ok_or(WhyNot::NotListed { step })?;
        if one.enabled == Enabled::No {
            return Err(WhyNot::Disabled);
        }
        Ok(Reason::Listed {
            step,
            name: (*name).to_owned(),
        })
    };
    let verdicts: Vec<_> = destinations.iter().map(verdict).collect();
    for (one, verdict) in destinations.iter().zip(&verdicts) {
        if *verdict == Err(WhyNot::Disabled) {
            warnings.push(Warning::DisabledListed {
                name: one.display_name.clone(),
            });
        }
    }
    Some(verdicts)
}

fn by_severity(
    alert: &Alert,
    destinations: &Destinations,
    severity: Severity,
    step: Step,
) -> Choice {
    Choice::Verdicts(
        destinations
            .iter()
            .map(|one| filter(alert, one, severity, step))
            .collect(),
    )
}

/// Whether `one` takes the alert by its own filters.
fn filter(
    alert: &Alert,
    one: &Destination,
    severity: Severity,
    step: Step,
) -> Result<Reason, WhyNot> {
    let alert_type = alert.alert_type;
    if one.enabled == Enabled::No {
        return Err(WhyNot::Disabled);
    }
    if alert_type == AlertType::SystemError {
        return if one.alert_types.contains(&alert_type) {
            Ok(Reason::SystemError)
        } else {
            Err(WhyNot::AlertType { alert_type })
        };
    }
    if one.severities.is_empty() {
        return Err(WhyNot::OnlyByList);
    }
    if !one.severities.contains(&severity) {
        return Err(WhyNot::Severity { severity });
    }
    if !one.alert_types.is_empty() && !one.alert_types.contains(&alert_type) {
        return Err(WhyNot::AlertType { alert_type });
    }
    let takes_logs = one.log_types.is_empty()
        || alert
            .log_types
            .iter()
            .any(|log_type| one.log_types.contains(log_type));
    if !takes_logs {
        return Err(WhyNot::LogTypes);
    }
    Ok(Reason::Severity { step, severity })
}

fn settle(
    choice: Choice,
    severity: Severity,
    destinations: &Destinations,
    mut warnings: Vec<Warning>,
) -> Routing {
    let mut targets = Vec::new();
    let mut passed_over = Vec::new();
    let (skipped, verdicts) = match choice {
        Choice::Nowhere => (true, vec![Err(WhyNot::Skipped); destinations.iter().len()]),
        Choice::Verdicts(verdicts) => (false, verdicts),
    };
    for (one, verdict) in destinations.iter().zip(verdicts) {
        match verdict {
            Ok(reason) => targets.push(Target::new(one, reason)),
            Err(why) => passed_over.push(PassedOver {
                destination_id: one.destination_id,
                display_name: one.display_name.clone(),
                why,
            }),
        }
    }
    let disposition = match (skipped, targets.is_empty()) {
        (true, _) => Disposition::Skipped,
        (false, false) => Disposition::Routed,
        (false, true) => {
            warnings.push(Warning::NothingMatched);
            Disposition::Unrouted
        }
    };
    Routing {
        disposition,
        severity,
        targets,
        passed_over,
        warnings,
    }
}

/// A grave alert that nothing matched goes to the default destination.
fn fall_back(routing: &mut Routing, destinations: &Destinations, default: Option<&str>) {
    let Some(name) = default.filter(|_| routing.severity >= Severity::High) else {
        return;
    };
    let usable = destinations
        .called(name)
        .find(|one| one.enabled == Enabled::Yes);
    match usable {
        Some(one) => {
            routing.targets.push(Target::new(one, Reason::Default));
            routing
                .passed_over
                .retain(|other| other.destination_id != one.destination_id);
            routing.disposition = Disposition::Routed;
        }
        None => routing.warnings.push(Warning::DefaultUnusable {
            name: name.to_owned(),
        }),
    }
}

impl Target {
    fn new(one: &Destination, reason: Reason) -> Self {
        Self {
            destination_id: one.destination_id,
            display_name: one.display_name.clone(),
            provider: one.provider.clone(),
            reason,
        }
    }
}

#[cfg(test)]
mod tests;
