//! The stack's queues, as the API uses them.

use tocsin_aws::{Clients, Env, EnvError, Queue};

use crate::messages::DeadLetterQueue;

/// The two queues that are worked off, and the three in which something waits.
pub(crate) struct Queues {
    pub(crate) alerts: Queue,
    pub(crate) retries: Queue,
    pub(crate) dead_alerts: Queue,
    pub(crate) dead_retries: Queue,
    pub(crate) failed_hand_overs: Queue,
}

impl Queues {
    pub(crate) fn read(clients: &Clients, env: &Env) -> Result<Self, EnvError> {
        let queue = |name: &str| Ok(Queue::new(clients, env.required(name)?));
        Ok(Self {
            alerts: queue("TOCSIN_ALERTS_QUEUE_URL")?,
            retries: queue("TOCSIN_RETRY_QUEUE_URL")?,
            dead_alerts: queue("TOCSIN_ALERTS_DLQ_URL")?,
            dead_retries: queue("TOCSIN_RETRY_DLQ_URL")?,
            failed_hand_overs: queue("TOCSIN_FAILED_HAND_OVERS_URL")?,
        })
    }

    /// Where such dead letters lie.
    pub(crate) const fn dead(&self, queue: DeadLetterQueue) -> &Queue {
        match queue {
            DeadLetterQueue::Alerts => &self.dead_alerts,
            DeadLetterQueue::Retries => &self.dead_retries,
            DeadLetterQueue::HandOvers => &self.failed_hand_overs,
        }
    }

    /// Where they go when they are put back.
    pub(crate) const fn live(&self, queue: DeadLetterQueue) -> &Queue {
        match queue {
            DeadLetterQueue::Alerts => &self.alerts,
            DeadLetterQueue::Retries | DeadLetterQueue::HandOvers => &self.retries,
        }
    }
}
