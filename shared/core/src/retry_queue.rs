//! The messages of the retry queue.

use serde::{Deserialize, Serialize};

use crate::delivery::Retry;
use crate::system_alert::DestinationFailing;

/// A message that senders put on the retry queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryQueueMessage {
    /// A destination does not accept deliveries: raise an alert about it.
    Failing {
        /// The contents of that alert.
        failing: Box<DestinationFailing>,
    },
    /// Attempt a delivery again.
    Retry(Box<Retry>),
}
