//! What the ledger knows about one alert: the alert with its routing, and the
//! record of each of its deliveries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::alert::Alert;
use crate::delivery::{Attempt, DeliveryId, State};
use crate::destination::DestinationId;
use crate::routing::Routing;

/// A recorded alert.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAlert {
    /// The alert, normalized.
    pub alert: Alert,
    /// The decision made when it was recorded.
    pub routing: Routing,
    /// When the router received it.
    pub received_at: Timestamp,
}

/// A recorded delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// The destination.
    pub destination_id: DestinationId,
    /// The destination's name when the delivery was last attempted.
    pub display_name: String,
    /// The destination's provider.
    pub provider: String,
    /// The identity by which providers deduplicate.
    pub delivery_id: DeliveryId,
    /// Where the delivery stands.
    pub state: State,
    /// The number of the current or latest attempt; 0 before the first one.
    pub attempt: u32,
    /// Settled attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// When the delivery began: its first attempt, or its first wait for a
    /// destination whose circuit breaker was open.
    pub began_at: Timestamp,
    /// When this record last changed.
    pub updated_at: Timestamp,
    /// When the lease of the sender that holds the delivery ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// The destination that permanently failed to accept the alert, where this
    /// delivery goes to its fallback.
    #[serde(rename = "standsInFor", skip_serializing_if = "Option::is_none")]
    pub fallback_for: Option<DestinationId>,
}

/// Everything the ledger knows about one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The alert and its routing.
    pub alert: StoredAlert,
    /// Deliveries that have begun, by the destination's name.
    pub deliveries: Vec<DeliveryRecord>,
}
