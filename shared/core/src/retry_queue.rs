//! The messages of the retry queue.

use serde::{Deserialize, Serialize};

use crate::delivery::Retry;
use crate::system_alert::DestinationFailing;

/// What senders put on the retry queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryQueueMessage {
    /// A destination's deliveries end badly: raise an alert about it.
    Failing {
        /// What is to be said of it.
        failing: Box<DestinationFailing>,
    },
    /// Try a delivery again.
    Retry(Box<Retry>),
}
