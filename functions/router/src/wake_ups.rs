//! Wake-ups: hints, through the retry queue, that destinations have deliveries due.
//!
//! A wake-up that is lost costs time only: the sweep sends another.

use std::collections::BTreeMap;
use std::time::Duration;

use tocsin_aws::{Message, Queue};
use tocsin_core::destination::DestinationId;

/// Messages that are sent concurrently: ten calls of ten messages.
const AT_ONCE: usize = 100;

/// The wake-ups that one invocation sends: one for each destination, the earliest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WakeUps(BTreeMap<DestinationId, Duration>);

impl WakeUps {
    /// Wakes the drain of a destination up after `delay`, or earlier if that was asked
    /// for already.
    pub(crate) fn add(&mut self, destination: DestinationId, delay: Duration) {
        self.0
            .entry(destination)
            .and_modify(|earliest| *earliest = delay.min(*earliest))
            .or_insert(delay);
    }

    /// Sends all of them.
    pub(crate) async fn send(self, queue: &Queue) {
        let messages: Vec<_> = self
            .0
            .into_iter()
            .map(|(destination, delay)| Message::wake_up(destination, delay))
            .collect();
        for messages in messages.chunks(AT_ONCE) {
            for error in queue
                .send(messages)
                .await
                .into_iter()
                .filter_map(Result::err)
            {
                tracing::error!(
                    %error,
                    "a wake-up could not be sent; the next sweep sends another: {error}"
                );
            }
        }
    }
}

impl Extend<(DestinationId, Duration)> for WakeUps {
    fn extend<I: IntoIterator<Item = (DestinationId, Duration)>>(&mut self, all: I) {
        for (destination, delay) in all {
            self.add(destination, delay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_gets_one_wake_up_the_earliest() {
        let (one, other) = (DestinationId::generate(), DestinationId::generate());
        let seconds = Duration::from_secs;
        let asked = [(one, seconds(5)), (other, seconds(9)), (one, seconds(1))];
        let mut wake_ups = WakeUps::default();
        wake_ups.extend(asked);
        assert_eq!(wake_ups.0[&one], seconds(1));
        assert_eq!(wake_ups.0[&other], seconds(9));
        assert_eq!(wake_ups.0.len(), 2);
    }
}
