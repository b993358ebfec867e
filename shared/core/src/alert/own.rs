//! Alerts that Tocsin itself puts on the alerts queue.

use serde_json::{Value, json};

use super::AlertId;
use crate::Timestamp;
use crate::delivery::State;
use crate::destination::{DestinationId, ProviderName};
use crate::outcome::Failure;

/// The detection of alerts that say that deliveries to a destination end badly.
pub const DESTINATION_FAILING: &str = "Tocsin.DestinationFailing";

/// The detection of the canaries that the template's schedule sends.
pub const CANARY: &str = "Tocsin.Canary";

/// The detection of test alerts: whoever sends one watches what becomes of it.
pub const TEST: &str = "Tocsin.Test";

/// A destination whose deliveries end badly, and the one that showed it.
#[derive(Clone, Copy, Debug)]
pub struct Failing<'a> {
    /// Which destination.
    pub destination_id: DestinationId,
    /// Its name.
    pub display_name: &'a str,
    /// Its provider.
    pub provider: &'a ProviderName,
    /// Since when nothing has arrived there.
    pub failing_since: Option<Timestamp>,
    /// What went wrong.
    pub failure: &'a Failure,
    /// How the delivery ended.
    pub state: State,
    /// Whose delivery it was.
    pub alert_id: &'a AlertId,
    /// Now.
    pub now: Timestamp,
}

/// The `SYSTEM_ERROR` alert about a destination, in the form of the alerts queue.
/// It reaches the destinations that list that type; HIGH, so that the stack's
/// default destination gets it where none does.
#[must_use]
pub fn destination_failing(failing: &Failing<'_>) -> Value {
    let Failing {
        destination_id,
        display_name,
        provider,
        failing_since,
        failure,
        state,
        alert_id,
        now,
    } = failing;
    json!({
        "id": DESTINATION_FAILING,
        // Its own moment, so that each is an alert of its own.
        "alertId": format!("{DESTINATION_FAILING}-{destination_id}-{}", now.unix_millis()),
        "createdAt": now,
        "severity": "HIGH",
        "type": "SYSTEM_ERROR",
        "title": format!("Alerts do not reach the destination {display_name:?} ({provider}): {failure}"),
        "description": "A delivery to this destination ended without arriving. Others may have as well: this is reported at most once an hour for each destination.",
        "runbook": "List what did not arrive with `tocsin deliveries list --failed`, mend the destination, then send the alerts again with `tocsin alerts resend`.",
        "tags": ["tocsin"],
        "alertContext": {
            "destinationId": destination_id,
            "displayName": display_name,
            "provider": provider,
            "failingSince": failing_since,
            "failure": failure,
            "state": state,
            "alertId": alert_id,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertType, parse};
    use crate::outcome::FailureKind;

    #[test]
    fn the_alert_about_a_destination_is_an_alert() {
        let failure = Failure::new(FailureKind::Unauthorized, "no \"such\" key");
        let alert_id = AlertId::new("a-1").unwrap();
        let alert = destination_failing(&Failing {
            destination_id: DestinationId::generate(),
            display_name: "soc \"jira\"",
            provider: &ProviderName::new("jira").unwrap(),
            failing_since: None,
            failure: &failure,
            state: State::Failed,
            alert_id: &alert_id,
            now: Timestamp::now(),
        });
        let alert = parse(&alert.to_string()).unwrap();
        assert_eq!(alert.alert_type, AlertType::SystemError);
        assert_eq!(alert.detection_id, DESTINATION_FAILING);
        assert!(alert.title.contains("credential"), "{}", alert.title);
        assert!(alert.notes.is_empty());
        assert_eq!(alert.alert_context["alertId"], "a-1");
    }
}
