//! The retry queue: wake-ups, accepted deliveries that could not be recorded, and
//! reports for the router.

use std::time::Duration;

use tocsin_aws::{AwsError, Message, Queue};
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::retry_queue::UnrecordedDelivery;

use super::invocation::Invocation;

/// The longest delay of a message: SQS's limit. What is due later is found by the sweep.
const MAX_DELAY: Duration = Duration::from_mins(15);

#[derive(Clone, Copy)]
pub(super) struct RetryQueue<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) queue: &'a Queue,
}

/// When the outbox of a destination has something to do, as far as an invocation knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WakeUps(Vec<Timestamp>);

impl WakeUps {
    pub(super) fn add(&mut self, at: Timestamp) {
        self.0.push(at);
    }

    /// The delays of the messages to send: none for what is due, and the shortest for
    /// what is due later. That drain sees to all others.
    fn delays(&self, now: Timestamp) -> Vec<Duration> {
        let (due, later): (Vec<Timestamp>, Vec<_>) = self.0.iter().partition(|at| **at <= now);
        let due = due.first().map(|_| Duration::ZERO);
        let later = later.into_iter().min().map(|at| at.since(now));
        due.into_iter()
            .chain(later)
            .filter(|delay| *delay <= MAX_DELAY)
            .collect()
    }
}

impl RetryQueue<'_> {
    /// Sends the wake-ups of a destination. A lost one costs time only: the sweep finds
    /// what is due within a minute.
    pub(super) async fn wake_up(&self, id: DestinationId, wake_ups: &WakeUps) {
        let delays = wake_ups.delays(Timestamp::now());
        let messages: Vec<_> = delays
            .into_iter()
            .map(|delay| Message::wake_up(id, delay))
            .collect();
        for error in self
            .send(&messages)
            .await
            .into_iter()
            .filter_map(Result::err)
        {
            tracing::warn!(
                destination.id = %id,
                %error,
                "a wake-up for destination {id} could not be sent, the sweep finds what is due: {error}"
            );
        }
    }

    /// Has the router record deliveries that were accepted. In one call: there may be no
    /// time for a second one. If the queue fails as well, the invocation fails, and the
    /// alert may be delivered again.
    pub(super) async fn forward(&self, unrecorded: Vec<UnrecordedDelivery>) {
        let messages: Vec<_> = unrecorded.into_iter().map(Message::unrecorded).collect();
        for error in self
            .send(&messages)
            .await
            .into_iter()
            .filter_map(Result::err)
        {
            self.invocation.fail_queue(error);
        }
    }

    /// Sends messages, those that failed again and again while there is time.
    pub(super) async fn send(&self, messages: &[Message]) -> Vec<Result<(), AwsError>> {
        if messages.is_empty() {
            return Vec::new();
        }
        let mut results = self.send_once(messages).await;
        for tries in 1.. {
            let failed: Vec<usize> = (0..results.len())
                .filter(|at| results[*at].is_err())
                .collect();
            if failed.is_empty() || !self.invocation.deadline.backoff(tries).await {
                break;
            }
            let again: Vec<_> = failed.iter().map(|at| messages[*at].clone()).collect();
            for (at, result) in failed.into_iter().zip(self.send_once(&again).await) {
                results[at] = result;
            }
        }
        results
    }

    async fn send_once(&self, messages: &[Message]) -> Vec<Result<(), AwsError>> {
        let limit = self.invocation.deadline.final_budget();
        tokio::time::timeout(limit, self.queue.send(messages))
            .await
            .unwrap_or_else(|_| {
                let error = AwsError::unexpected(
                    "sending to the retry queue",
                    "no response before the end of the invocation",
                );
                vec![Err(error); messages.len()]
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_one_wake_up_is_for_now_and_one_for_later() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let delays = |seconds: &[i64]| {
            let mut wake_ups = WakeUps::default();
            for second in seconds {
                let at = now.unix_millis() + second * 1_000;
                wake_ups.add(Timestamp::from_unix_millis(at).unwrap());
            }
            let delays = wake_ups.delays(now);
            delays.iter().map(Duration::as_secs).collect::<Vec<_>>()
        };
        assert_eq!(delays(&[]), [] as [u64; 0]);
        assert_eq!(delays(&[30, 5, 900]), [5]);
        assert_eq!(delays(&[0, 30, -7, 5]), [0, 5]);
        // The sweep finds it.
        assert_eq!(delays(&[901]), [] as [u64; 0]);
    }
}
