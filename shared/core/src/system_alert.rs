//! Alerts that Tocsin itself puts on the alerts queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Timestamp;
use crate::alert::AlertId;
use crate::delivery::State;
use crate::destination::{DestinationId, ProviderName};
use crate::outcome::Failure;

/// The detection of alerts about a destination that does not accept deliveries.
pub const DESTINATION_FAILING: &str = "Tocsin.DestinationFailing";

/// The detection of alerts about messages that can never be processed.
pub const MESSAGES_REJECTED: &str = "Tocsin.MessagesRejected";

/// The detection of the canaries that the template's schedule sends.
pub const CANARY: &str = "Tocsin.Canary";

/// The detection of test alerts. A failed one raises no further alert: the person who
/// sent it sees the result.
pub const TEST: &str = "Tocsin.Test";

/// A destination that does not accept deliveries, and the delivery that showed it. A
/// sender reports this to the router, which raises the alert: so a sender needs no
/// permission to put alerts on the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationFailing {
    /// The identity of the destination.
    pub destination_id: DestinationId,
    /// The display name of the destination.
    pub display_name: String,
    /// The provider of the destination.
    pub provider: ProviderName,
    /// The first failure since it last accepted a delivery.
    pub failing_since: Option<Timestamp>,
    /// The failure of the last attempt.
    pub failure: Failure,
    /// The state of the delivery after it.
    pub state: State,
    /// The alert of that delivery.
    pub alert_id: AlertId,
    /// When it was recorded.
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
            // Each report is an alert of its own; a repeated message is the same one.
            "alertId": format!("{DESTINATION_FAILING}-{destination_id}-{}", at.unix_millis()),
            "createdAt": at,
            "severity": "HIGH",
            "type": "SYSTEM_ERROR",
            // What a destination answered is not for the title, which pagers read out and
            // chats show without the context.
            "title": format!("Alerts do not reach the destination {display_name:?} ({provider}): {}", failure.summary()),
            "description": format!("A delivery to this destination failed: {failure}. Others may have failed as well: this is reported at most once an hour for each destination."),
            "runbook": "Fix the destination (`tocsin destinations edit`); what waits for it is then delivered by itself. List what failed for good with `tocsin deliveries list --failed`, and send it again with `tocsin alerts resend`.",
            "tags": ["tocsin"],
            "alertContext": self,
        })
    }
}

/// Messages that can never be processed, of one kind, in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagesRejected {
    /// The code of the reason, such as `NotJson`.
    pub reason: &'static str,
    /// When one of them was rejected.
    pub at: Timestamp,
}

impl MessagesRejected {
    /// The `SYSTEM_ERROR` alert about them, in the form of the alerts queue. It is the
    /// same for all of one hour, so that the ledger takes the second for a duplicate of
    /// the first; so it tells nothing of the message itself.
    #[must_use]
    pub fn alert(self) -> Value {
        const HOUR: i64 = 60 * 60 * 1_000;
        let Self { reason, at } = self;
        let millis = at.unix_millis();
        let hour = Timestamp::from_unix_millis(millis - millis.rem_euclid(HOUR)).unwrap_or(at);
        json!({
            "id": MESSAGES_REJECTED,
            "alertId": format!("{MESSAGES_REJECTED}-{reason}-{}", hour.unix_seconds()),
            "createdAt": hour,
            "severity": "HIGH",
            "type": "SYSTEM_ERROR",
            "title": format!("Messages that cannot be processed went to a dead-letter queue ({reason})"),
            "description": "At least one message is not an alert, or not a message of this stack. What it was about reached nobody. This is reported once an hour for each reason.",
            "runbook": "Look at the messages with `tocsin dead-letters list`; each says what is wrong with it. Fix its source, and send it again with `tocsin dead-letters redrive`.",
            "tags": ["tocsin"],
            "alertContext": {"reason": reason, "hour": hour},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertType, parse};
    use crate::outcome::FailureKind;

    #[test]
    fn the_alert_about_rejected_messages_is_one_for_each_hour_and_reason() {
        let alert = |reason, at: &str| {
            let rejected = MessagesRejected {
                reason,
                at: at.parse().unwrap(),
            };
            parse(&rejected.alert().to_string()).unwrap()
        };
        let first = alert("NotJson", "2026-03-02T22:41:09.5Z");
        assert_eq!(first.alert_type, AlertType::SystemError);
        assert_eq!(first.created_at.to_string(), "2026-03-02T22:00:00Z");
        assert_eq!(first.notes, []);
        assert_eq!(first, alert("NotJson", "2026-03-02T22:59:59Z"));
        for other in [
            alert("NotJson", "2026-03-02T23:00:00Z"),
            alert("MissingField", "2026-03-02T22:41:09Z"),
        ] {
            assert_ne!(first.alert_id, other.alert_id);
        }
    }

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
        assert_eq!(alert.alert_context.to_map()["alertId"], "a-1");

        // What the destination answered is not in the title.
        let failure = Failure {
            status: Some(403),
            ..failing.failure.clone()
        };
        let answered = DestinationFailing { failure, ..failing };
        let alert = parse(&answered.alert().to_string()).unwrap();
        assert!(alert.title.ends_with("(HTTP 403)"), "{}", alert.title);
        assert!(alert.description.unwrap().contains("no \"such\" key"));
    }
}
