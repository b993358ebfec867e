//! Test alerts and alerts that are sent again: both go through the alerts queue, like
//! every alert.

use std::time::Duration;

use tocsin_api_types::{ApiError, ResendAlert, Resent, SendTestAlert, TestReport, TestResult};
use tocsin_aws::{DESTINATIONS_CACHE_TTL, Message};
use tocsin_core::Timestamp;
use tocsin_core::alert::{self, Alert, AlertId, RoutingHints, Severity, limits};
use tocsin_core::delivery::{Attempt, State};
use tocsin_core::destination::{Destination, DestinationId, Destinations, Enabled};
use tocsin_core::history::History;
use tocsin_core::routing::Target;
use tocsin_core::system_alert;
use tocsin_core::text::{Unit, prefix};

use crate::Api;
use crate::alerts::read_alert;
use crate::destinations::no_destination;
use crate::error::OrApiError;
use crate::pagination::Budget;
use crate::validate::checked_actor;

/// The prefix of a test alert's title.
const TEST_MARK: &str = "[Test] ";

/// The prefix of the title of an alert that is sent again.
const RESENT_MARK: &str = "[Re-sent] ";

/// Seconds to wait for the answers to a test, by default and at most: the function
/// must answer before its own timeout.
const DEFAULT_WAIT: u8 = 10;
const LONGEST_WAIT: u8 = 20;

/// The time between two reads of the ledger.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

impl Api {
    pub(crate) async fn send_test_alert(
        &self,
        request: SendTestAlert,
    ) -> Result<TestReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        let wait = request.wait_seconds.unwrap_or(DEFAULT_WAIT);
        if wait > LONGEST_WAIT {
            let problem = format!("must be at most {LONGEST_WAIT}");
            return Err(ApiError::invalid("waitSeconds", problem));
        }
        let all = self.store.load().await.or_api_error()?;
        let chosen = choose(&all, &request.destinations)?;
        let alert = match &request.alert {
            Some(given) => read_alert(given)?,
            None => built_in_alert(&actor)?,
        };
        let alert = as_test(alert, request.severity, &chosen)?;
        self.enqueue(&alert).await?;
        tracing::info!(
            alert.id = alert.alert_id.as_str(),
            destinations = names(&chosen).join(", "),
            actor,
            "a test alert was sent"
        );
        let budget = Budget::of(Duration::from_secs(wait.into()));
        let history = self
            .wait_for_attempts(&alert.alert_id, &chosen, &budget)
            .await?;
        let now = Timestamp::now();
        let results = chosen
            .iter()
            .map(|one| result(one, history.as_ref(), now))
            .collect();
        Ok(TestReport {
            alert_id: alert.alert_id,
            results,
        })
    }

    /// The alert's history, once every delivery has a settled attempt or the time is up.
    async fn wait_for_attempts(
        &self,
        id: &AlertId,
        chosen: &[&Destination],
        budget: &Budget,
    ) -> Result<Option<History>, ApiError> {
        loop {
            let history = self.ledger.history(id).await.or_api_error()?;
            let done = history.as_ref().is_some_and(|history| {
                let attempted = |one: &&Destination| {
                    latest(history, one.destination_id)
                        .is_some_and(|(_, attempt)| attempt.is_some())
                };
                chosen.iter().all(attempted)
            });
            if done || budget.is_spent() {
                return Ok(history);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

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
    if names.is_empty() || names.len() > limits::ROUTING_LIST {
        let problem = format!("must name 1 to {} destinations", limits::ROUTING_LIST);
        return Err(ApiError::invalid("destinations", problem));
    }
    let mut chosen: Vec<&Destination> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let field = format!("destinations[{at}]");
        let found = all.called(name).next();
        let one = found.ok_or_else(|| no_destination(&field))?;
        if one.enabled == Enabled::No {
            let problem = format!(
                "{:?} is disabled and would get nothing: enable it first",
                one.display_name
            );
            return Err(ApiError::conflict(&field, problem));
        }
        if !chosen
            .iter()
            .any(|other| other.destination_id == one.destination_id)
        {
            chosen.push(one);
        }
    }
    Ok(chosen)
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

fn names(chosen: &[&Destination]) -> Vec<String> {
    chosen.iter().map(|one| one.display_name.clone()).collect()
}

/// The alert of a test for which none is given.
fn built_in_alert(actor: &str) -> Result<Alert, ApiError> {
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

fn as_test(
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

/// The state of the delivery, and its latest settled attempt.
fn latest(history: &History, id: DestinationId) -> Option<(State, Option<&Attempt>)> {
    let mut deliveries = history.deliveries.iter();
    let delivery = deliveries.find(|one| one.destination_id == id)?;
    Some((delivery.state, delivery.attempts.last()))
}

fn result(one: &Destination, history: Option<&History>, now: Timestamp) -> TestResult {
    let found = history.and_then(|history| latest(history, one.destination_id));
    let ttl = DESTINATIONS_CACHE_TTL;
    let may_be_outdated = now.since(one.updated_at) < ttl;
    TestResult {
        destination_id: one.destination_id,
        display_name: one.display_name.clone(),
        provider: one.provider.to_string(),
        state: found.map(|(state, _)| state),
        attempt: found.and_then(|(_, attempt)| attempt).cloned(),
        remark: may_be_outdated.then(|| {
            format!(
                "the destination was added or changed less than {} seconds ago: the test may have used its earlier state",
                ttl.as_secs()
            )
        }),
    }
}

#[cfg(test)]
mod tests {
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
        let later = now.plus(POLL_INTERVAL);
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
            (&["on", "off"][..], "destinations[1]", "enable it first"),
            (&["nobody"], "destinations[0]", "no destination"),
            (&[], "destinations", "1 to 100"),
        ] {
            let error = choose(names).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field));
            assert!(error.message.contains(says), "{error}");
        }
    }
}
