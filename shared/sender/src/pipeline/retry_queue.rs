//! The retry queue: deliveries that are attempted later, and reports for the router.

use tocsin_aws::{AwsError, Message, Queue};
use tocsin_core::Timestamp;
use tocsin_core::delivery::Retry;

use super::invocation::Invocation;

#[derive(Clone, Copy)]
pub(super) struct RetryQueue<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) queue: &'a Queue,
}

impl RetryQueue<'_> {
    /// Queues retries and returns the indices of those that were queued. The others
    /// fail the invocation, so that Lambda repeats it.
    pub(super) async fn queue(&self, retries: &[Retry]) -> Vec<usize> {
        let now = Timestamp::now();
        let messages: Vec<_> = retries
            .iter()
            .map(|retry| Message::retry(retry, now))
            .collect();
        let mut queued = Vec::new();
        for (at, sent) in self.send(&messages).await.into_iter().enumerate() {
            match sent {
                Ok(()) => queued.push(at),
                Err(error) => self.invocation.fail_queue(error),
            }
        }
        queued
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
                    "queueing retries",
                    "no response before the end of the invocation",
                );
                vec![Err(error); messages.len()]
            })
    }
}
