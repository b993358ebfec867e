//! Alerts that are sent again: they go through the alerts queue, like every alert. And
//! what tests of destinations have in common with them.

use tocsin_api_types::{ApiError, ResendAlert, Resent};
use tocsin_aws::Message;
use tocsin_core::Timestamp;
use tocsin_core::alert::{self, Alert, AlertId, RoutingHints, Severity, limits};
use tocsin_core::destination::{Destination, Destinations, Enabled};
use tocsin_core::routing::Target;
use tocsin_core::system_alert;
use tocsin_core::text::{Unit, prefix};

use crate::Api;
use crate::alerts::read_alert;
use crate::destinations::no_destination;
use crate::error::OrApiError;
use crate::validate::checked_actor;

/// The prefix of a test alert's title.
const TEST_MARK: &str = "[Test] ";

/// The prefix of the title of an alert that is sent again.
const RESENT_MARK: &str = "[Re-sent] ";

impl Api {
    pub(crate) async fn resend_alert(&self, request: ResendAlert) -> Result<Resent, ApiError> {
        let actor = checked_actor(request.actor)?;
        let stored = self.history(&request.alert_id).await?.alert;
        let all = self.store.load().await.or_api_error()?;
        let mut left_out = Vec::new();
        let chosen = if let Some(names) = &request.destinations {
            choose(&all, names)?
        } else {
            let (enabled, others) = enabled_targets(&all, &stored.routing.targets);
            left_out = others;
            enabled
        };
        if chosen.is_empty() {
            return Err(ApiError::conflict(
                "destinations",
                "none of the alert's targets exists and is enabled: name the destinations that should get it",
            ));
        }
        let of = stored.alert.alert_id.clone();
        let resent = alert::Resent {
            of: of.to_string(),
            by: actor.clone(),
        };
        let alert = as_resent(
            stored.alert,
            stored.routing.severity,
            &chosen,
            resent,
            Timestamp::now(),
        )?;
        self.enqueue(&alert).await?;
        self.link(&of, &chosen, &alert.alert_id).await;
        tracing::info!(
            alert.id = alert.alert_id.as_str(),
            alert.of = of.as_str(),
            destinations = names(&chosen).join(", "),
            actor,
            "an alert was sent again"
        );
        Ok(Resent {
            alert_id: alert.alert_id,
            of,
            destinations: names(&chosen),
            left_out,
        })
    }

    /// What had ended without success points at the new alert, and is no longer counted.
    /// The alert is sent already, so a failure is only logged.
    async fn link(&self, of: &AlertId, chosen: &[&Destination], resent: &AlertId) {
        let ids: Vec<_> = chosen.iter().map(|one| one.destination_id).collect();
        for linked in self.ledger.link_resent(of, &ids, resent).await {
            if let Err(error) = linked {
                tracing::warn!(alert.id = of.as_str(), %error, "an alert was sent again, and its original still counts as failed");
            }
        }
    }

    async fn enqueue(&self, alert: &Alert) -> Result<(), ApiError> {
        let body = serde_json::to_string(alert).map_err(|error| ApiError::unavailable(&error))?;
        let message = Message::json(&body);
        let sent = self.queues.alerts.send(&[message]).await;
        sent.into_iter().collect::<Result<(), _>>().or_api_error()
    }
}

/// The destinations of these ids or names, each once. All must be enabled.
pub(crate) fn choose<'a>(
    all: &'a Destinations,
    names: &[String],
) -> Result<Vec<&'a Destination>, ApiError> {
    let chosen = find(all, names)?;
    if let Some(one) = chosen.iter().find(|one| one.enabled == Enabled::No) {
        let problem = format!(
            "{:?} is disabled and would get nothing: enable it first",
            one.display_name
        );
        return Err(ApiError::conflict("destinations", problem));
    }
    Ok(chosen)
}

/// The destinations of these ids or names, each once, disabled or not.
pub(crate) fn find<'a>(
    all: &'a Destinations,
    names: &[String],
) -> Result<Vec<&'a Destination>, ApiError> {
    if names.is_empty() || names.len() > limits::ROUTING_LIST {
        let problem = format!("must name 1 to {} destinations", limits::ROUTING_LIST);
        return Err(ApiError::invalid("destinations", problem));
    }
    let mut found: Vec<&Destination> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let field = format!("destinations[{at}]");
        let one = all.called(name).next();
        let one = one.ok_or_else(|| no_destination(&field))?;
        let is_known = |other: &&Destination| other.destination_id == one.destination_id;
        if !found.iter().any(is_known) {
            found.push(one);
        }
    }
    Ok(found)
}

/// The targets that exist and are enabled, and the names of the others.
fn enabled_targets<'a>(
    all: &'a Destinations,
    targets: &[Target],
) -> (Vec<&'a Destination>, Vec<String>) {
    let mut enabled = Vec::new();
    let mut others = Vec::new();
    for target in targets {
        match all.get(target.destination_id) {
            Some(one) if one.enabled == Enabled::Yes => enabled.push(one),
            _ => others.push(target.display_name.clone()),
        }
    }
    (enabled, others)
}

pub(crate) fn names(chosen: &[&Destination]) -> Vec<String> {
    chosen.iter().map(|one| one.display_name.clone()).collect()
}

/// The alert of a test for which none is given.
pub(crate) fn built_in_alert(actor: &str) -> Result<Alert, ApiError> {
    read_alert(&serde_json::json!({
        "id": system_alert::TEST,
        "createdAt": Timestamp::now(),
        "severity": "INFO",
        "type": "RULE",
        "title": "Tocsin reaches this destination",
        "name": "Test of a destination",
        "description": format!("{actor} requested this test. There is nothing to do."),
        "tags": ["Test"],
    }))
}

pub(crate) fn as_test(
    alert: Alert,
    severity: Option<Severity>,
    chosen: &[&Destination],
) -> Result<Alert, ApiError> {
    let id = format!("test-{}", uuid::Uuid::new_v4().simple());
    Ok(Alert {
        detection_id: system_alert::TEST.to_owned(),
        alert_id: alert_id(&id)?,
        title: marked(TEST_MARK, &alert.title),
        severity: severity.unwrap_or(alert.severity),
        routing: only_to(chosen, None),
        notes: Vec::new(),
        ..alert
    })
}

/// The whole alert under a new id, marked, with the severity it had.
fn as_resent(
    alert: Alert,
    severity: Severity,
    chosen: &[&Destination],
    resent: alert::Resent,
    now: Timestamp,
) -> Result<Alert, ApiError> {
    let mark = format!("~resent-{}", now.unix_millis());
    let room = limits::ALERT_ID - mark.len();
    let stem = prefix(alert.alert_id.as_str(), room, Unit::Bytes);
    Ok(Alert {
        alert_id: alert_id(&format!("{stem}{mark}"))?,
        title: marked(RESENT_MARK, &alert.title),
        routing: RoutingHints {
            resent: Some(resent),
            ..only_to(chosen, Some(severity))
        },
        notes: Vec::new(),
        ..alert
    })
}

fn alert_id(text: &str) -> Result<AlertId, ApiError> {
    AlertId::new(text)
        .ok_or_else(|| ApiError::invalid("alertId", "cannot be the beginning of a new id"))
}

/// Adds the mark once, however often an alert is sent again.
fn marked(mark: &str, title: &str) -> String {
    if title.starts_with(mark) {
        return title.to_owned();
    }
    format!("{mark}{title}")
}

fn only_to(chosen: &[&Destination], severity: Option<Severity>) -> RoutingHints {
    let ids = chosen.iter().map(|one| one.destination_id.to_string());
    RoutingHints {
        destinations: Some(ids.collect()),
        severity: severity.map(|severity| severity.to_string()),
        ..RoutingHints::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tocsin_core::destination::DestinationId;

    use super::*;

    fn destination(name: &str, enabled: bool) -> Destination {
        serde_json::from_value(serde_json::json!({
            "destinationId": DestinationId::generate(), "displayName": name, "type": "slack",
            "enabled": enabled, "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
            "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
        }))
        .unwrap()
    }

    fn alert() -> Alert {
        let json = serde_json::json!({
            "id": "D", "createdAt": "2026-01-01T00:00:00Z", "severity": "LOW", "type": "POLICY",
            "title": "t", "alertId": "x".repeat(limits::ALERT_ID), "alertContext": {"a": [1]},
            "routing": {"destinationOverride": ["elsewhere"], "severity": "HIGH"},
        });
        read_alert(&json).unwrap()
    }

    fn by(name: &str) -> alert::Resent {
        alert::Resent {
            of: "x".to_owned(),
            by: name.to_owned(),
        }
    }

    #[test]
    fn a_resent_alert_is_whole_marked_once_and_goes_only_to_the_chosen() {
        let one = destination("one", true);
        let now = Timestamp::now();
        let first = as_resent(alert(), Severity::Critical, &[&one], by("alice"), now).unwrap();
        assert_eq!(first.title, "[Re-sent] t");
        assert_eq!(first.alert_context, alert().alert_context);
        assert_eq!(first.routing.severity.as_deref(), Some("CRITICAL"));
        assert_eq!(first.routing.destination_override, None);
        assert_eq!(
            first.routing.destinations,
            Some(vec![one.destination_id.to_string()])
        );
        assert!(first.alert_id.as_str().len() <= limits::ALERT_ID);
        assert_ne!(first.alert_id, alert().alert_id);
        assert_eq!(first.routing.resent, Some(by("alice")));
        let later = now.plus(Duration::from_millis(1));
        let second = as_resent(first, Severity::Critical, &[&one], by("bob"), later).unwrap();
        assert_eq!(second.title, "[Re-sent] t");
        // Read from the queue, it is the same.
        let back = tocsin_core::alert::parse(&serde_json::to_string(&second).unwrap()).unwrap();
        assert_eq!(back, second);
    }

    #[test]
    fn a_test_is_marked_and_has_a_new_id() {
        let one = destination("one", true);
        let sent = as_test(alert(), Some(Severity::High), &[&one]).unwrap();
        assert_eq!(
            (sent.title.as_str(), sent.severity),
            ("[Test] t", Severity::High)
        );
        assert_eq!(sent.detection_id, system_alert::TEST);
        assert!(sent.alert_id.as_str().starts_with("test-"));
        assert_eq!(built_in_alert("alice").unwrap().notes, []);
    }

    #[test]
    fn only_enabled_destinations_can_be_chosen() {
        let all: Destinations = [destination("on", true), destination("off", false)]
            .into_iter()
            .collect();
        let choose = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            super::choose(&all, &names).map(|chosen| chosen.len())
        };
        assert_eq!(choose(&["on", "on"]), Ok(1));
        for (names, field, says) in [
            (&["on", "off"][..], "destinations", "enable it first"),
            (&["nobody"], "destinations[0]", "no destination"),
            (&[], "destinations", "1 to 100"),
        ] {
            let error = choose(names).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field));
            assert!(error.message.contains(says), "{error}");
        }
    }
}
