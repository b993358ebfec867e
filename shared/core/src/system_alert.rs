//! Alerts that Tocsin itself puts on the alerts queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Timestamp;
use crate::alert::AlertId;
use crate::delivery::State;
use crate::destination::{DestinationId, ProviderName};
use crate::outcome::Failure;

/// The detection of alerts that say that deliveries to a destination end badly.
pub const DESTINATION_FAILING: &str = "Tocsin.DestinationFailing";

/// The detection of the canaries that the template's schedule sends.
pub const CANARY: &str = "Tocsin.Canary";

/// The detection of test alerts: whoever sends one watches what becomes of it.
pub const TEST: &str = "Tocsin.Test";

/// A destination whose deliveries end badly, and the one that showed it: what a
/// sender tells the router, which makes the alert. So a sender needs no right to
/// put alerts on the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationFailing {
    /// Which destination.
    pub destination_id: DestinationId,
    /// Its name.
    pub display_name: String,
    /// Its provider.
    pub provider: ProviderName,
    /// Since when nothing has arrived there.
    pub failing_since: Option<Timestamp>,
    /// What went wrong.
    pub failure: Failure,
    /// How the delivery ended.
    pub state: State,
    /// Whose delivery it was.
    pub alert_id: AlertId,
    /// When it ended.
    pub at: Timestamp,
}

impl DestinationFailing {
    /// The `SYSTEM_ERROR` alert about the destination, in the form of the alerts
    /// queue. It reaches the destinations that list that type; HIGH, so that the
    /// stack's default destination gets it where none does.
    #[must_use]
    pub fn alert(&self) -> Value {
        let Self {
            destination_id,
            display_name,
            provider,
            failure,
            at,
            ..
        } = self;
        json!({
            "id": DESTINATION_FAILING,
            // Each is an alert of its own; the same one twice is one.
            "alertId": format!("{DESTINATION_FAILING}-{destination_id}-{}", at.unix_millis()),
            "createdAt": at,
            "severity": "HIGH",
            "type": "SYSTEM_ERROR",
            "title": format!("Alerts do not reach the destination {display_name:?} ({provider}): {failure}"),
            "description": "A delivery to this destination ended without arriving. Others may have as well: this is reported at most once an hour for each destination.",
            "runbook": "List what did not arrive with `tocsin deliveries list --failed`, mend the destination, then send the alerts again with `tocsin alerts resend`.",
            "tags": ["tocsin"],
            "alertContext": self,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertType, parse};
    use crate::outcome::FailureKind;

    #[test]
    fn the_alert_about_a_destination_is_an_alert() {
        let failing = DestinationFailing {
            destination_id: DestinationId::generate(),
            display_name: "soc \"jira\"".to_owned(),
            provider: ProviderName::new("jira").unwrap(),
            failing_since: None,
            failure: Failure::new(FailureKind::Unauthorized, "no \"such\" key"),
            state: State::Failed,
            alert_id: AlertId::new("a-1").unwrap(),
            at: Timestamp::now(),
        };
        let alert = parse(&failing.alert().to_string()).unwrap();
        assert_eq!(alert.alert_type, AlertType::SystemError);
        assert_eq!(alert.detection_id, DESTINATION_FAILING);
        assert!(alert.title.contains("credential"), "{}", alert.title);
        assert!(alert.notes.is_empty());
        assert_eq!(alert.alert_context["alertId"], "a-1");
    }
}
