//! The stack's queues.

use tocsin_api_types::DeadLetterQueue;
use tocsin_aws::{Clients, Env, EnvError, Queue};

/// The two queues that the router reads, and the three dead-letter queues.
pub(crate) struct Queues {
    pub(crate) alerts: Queue,
    pub(crate) retries: Queue,
    pub(crate) dead_alerts: Queue,
    pub(crate) dead_retries: Queue,
    pub(crate) failed_dispatches: Queue,
}

impl Queues {
    pub(crate) fn read(clients: &Clients, env: &Env) -> Result<Self, EnvError> {
        let queue = |name: &str| Ok(Queue::new(clients, env.required(name)?));
        Ok(Self {
            alerts: queue("TOCSIN_ALERTS_QUEUE_URL")?,
            retries: queue("TOCSIN_RETRY_QUEUE_URL")?,
            dead_alerts: queue("TOCSIN_ALERTS_DLQ_URL")?,
            dead_retries: queue("TOCSIN_RETRY_DLQ_URL")?,
            failed_dispatches: queue("TOCSIN_FAILED_HAND_OVERS_URL")?,
        })
    }

    /// The queue itself.
    pub(crate) const fn dead(&self, queue: DeadLetterQueue) -> &Queue {
        match queue {
            DeadLetterQueue::Alerts => &self.dead_alerts,
            DeadLetterQueue::Retries => &self.dead_retries,
            DeadLetterQueue::FailedDispatches => &self.failed_dispatches,
        }
    }

    /// The queue to which its messages are put back.
    pub(crate) const fn live(&self, queue: DeadLetterQueue) -> &Queue {
        match queue {
            DeadLetterQueue::Alerts => &self.alerts,
            DeadLetterQueue::Retries | DeadLetterQueue::FailedDispatches => &self.retries,
        }
    }
}
