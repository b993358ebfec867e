//! Where an alert goes, and why. This is the only place that knows the precedence:
//!
//! 1. the generated list (`routing.destinations`, from `destinations()`),
//! 2. the static list (`routing.destinationOverride`),
//! 3. the generated severity (`routing.severity`, from `severity()`),
//! 4. the static severity.
//!
//! A list names its destinations and bypasses their filters. Without one, the
//! effective severity is looked up among the destinations' filters. `tocsin route`
//! prints what this module returns, so its explanation cannot differ from what happens.

mod explain;
mod model;

use std::collections::BTreeSet;

use crate::alert::{Alert, AlertType, Severity};
use crate::destination::{Destination, DestinationId, Destinations, Enabled};

pub use model::{
    Disposition, Grown, MAX_STORED_PASSED_OVER, PassedOver, Reason, Routing, Step, Target, Warning,
    WhyNot,
};

/// The word that, in either list, means "deliver nowhere".
pub const SKIP: &str = "SKIP";

/// The word that stands for the static severity in `routing.severity`.
const DEFAULT_SEVERITY: &str = "DEFAULT";

/// Routes one alert. Pure: the same alert and destinations always give the same
/// result. The cost is names × destinations for a list, destinations otherwise.
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
        if let Some(mut verdicts) = named(step, names, destinations, warnings) {
            if let Some(resent) = &hints.resent {
                chosen_by(&resent.by, &mut verdicts);
            }
            return Some(Choice::Verdicts(verdicts));
        }
        warnings.push(Warning::NoneKnown { step });
    }
    None
}

/// The list of an alert that was sent again is that of a person, not of the detection.
fn chosen_by(person: &str, verdicts: &mut [Result<Reason, WhyNot>]) {
    for reason in verdicts.iter_mut().flatten() {
        *reason = Reason::Resent {
            by: person.to_owned(),
        };
    }
}

/// The verdicts of a list, or `None` when it names no existing destination.
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

/// Whether `one` accepts the alert by its own filters.
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
    let accepts_logs = one.log_types.is_empty()
        || alert
            .log_types
            .iter()
            .any(|log_type| one.log_types.contains(log_type));
    if !accepts_logs {
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

/// Sends a HIGH or CRITICAL alert that nothing matched to the default destination.
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

#[cfg(test)]
mod tests;
