//! The pipeline: claim, attempt, decide, queue the retry, settle.

mod order;

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt;
use futures::future::join_all;
use tocsin_aws::telemetry::{Counts, Metric};
use tocsin_aws::{
    AwsError, Claim, Clients, Fenced, Lease, Ledger, LedgerError, Message, Queue, Verdict,
};
use tocsin_core::Timestamp;
use tocsin_core::delivery::{Attempt, AttemptResult, DeliveryId, Earlier, HandOver, Retry};
use tocsin_core::destination::{NotAProviderName, ProviderName};
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::retry::Decision;

use crate::Config;
use crate::deliver::{Context, Deliver, Work};
use order::{Finished, Order};

/// The longest attempt: a lookup, a refusal, the second try, a fresh secret,
/// each with the HTTP client's own limit, cut off here.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(25);

/// Nobody else attempts a claimed delivery for this long: more than a sender
/// lives (its function's time limit in the template is 60 s), so that whoever
/// takes over knows that the holder is gone.
const LEASE: Duration = Duration::from_secs(65);

/// Kept back at the end of an invocation to settle what was attempted.
const RESERVE: Duration = Duration::from_secs(10);

/// Deliveries that are claimed, attempted and settled together: what one
/// ledger call carries.
const ROUND: usize = 25;

/// Why an invocation failed. Lambda repeats it; the claims keep what is done from
/// being done again.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The ledger did not answer for some deliveries.
    #[error("{count} deliveries could not be claimed or settled: {first}")]
    Ledger {
        /// How many.
        count: usize,
        /// What the first of them met.
        first: LedgerError,
    },
    /// The retry queue did not take some retries.
    #[error("{count} retries could not be queued: {first}")]
    RetryQueue {
        /// How many.
        count: usize,
        /// What the first of them met.
        first: AwsError,
    },
}

impl From<SenderError> for lambda_runtime::Diagnostic {
    fn from(error: SenderError) -> Self {
        let error_type = match error {
            SenderError::Ledger { .. } => "Ledger",
            SenderError::RetryQueue { .. } => "RetryQueue",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// A sender: one provider's pipeline.
#[derive(Debug)]
pub struct Sender<D> {
    provider: ProviderName,
    deliver: D,
    context: Context,
    config: Config,
    retry_queue: Queue,
    pub(crate) ledger: Ledger,
}

/// What an invocation could not do, so that it must be repeated.
#[derive(Default)]
struct Failed {
    ledger: Vec<LedgerError>,
    queue: Vec<AwsError>,
}

impl<D: Deliver> Sender<D> {
    /// A sender of what `deliver` can deliver.
    ///
    /// # Errors
    ///
    /// When its name cannot be a provider's.
    pub fn new(
        deliver: D,
        context: Context,
        clients: &Clients,
        config: Config,
    ) -> Result<Self, NotAProviderName> {
        let ledger = Ledger::new(clients, &config.ledger_table, config.retention);
        let retry_queue = Queue::new(clients, &config.retry_queue_url);
        Ok(Self {
            provider: ProviderName::new(D::NAME)?,
            deliver,
            context,
            config,
            retry_queue,
            ledger,
        })
    }

    /// Attempts every delivery of a hand-over. What there is no time for before
    /// `deadline` goes back through the retry queue, without using up an attempt.
    ///
    /// # Errors
    ///
    /// When the ledger or the retry queue did not take something; whatever a
    /// provider does is an outcome, not an error.
    pub async fn handle(
        &self,
        hand_over: HandOver,
        deadline: SystemTime,
    ) -> Result<(), SenderError> {
        let orders: Vec<Order<'_>> = hand_over
            .parcels
            .iter()
            .flat_map(|parcel| {
                let deliveries = parcel.deliveries.iter();
                deliveries.map(move |delivery| Order { parcel, delivery })
            })
            .collect();
        let mut counts = Counts::of_function(D::NAME);
        let mut failed = Failed::default();
        // The first round is always made: were even that handed back for want of
        // time, a time limit set too short would send it round for ever.
        let (first, later) = orders.split_at(orders.len().min(ROUND));
        self.round(first, &mut counts, &mut failed).await;
        let mut rounds = later.chunks(ROUND);
        let mut late = Vec::new();
        for round in rounds.by_ref() {
            if time_until(deadline) < ATTEMPT_LIMIT + RESERVE {
                late.extend(round);
                break;
            }
            self.round(round, &mut counts, &mut failed).await;
        }
        late.extend(rounds.flatten());
        let now = Timestamp::now();
        self.hand_back(late.into_iter().map(|order| order.retry(now)), &mut failed)
            .await;
        counts.emit();
        failed.into_result()
    }

    async fn round(&self, orders: &[Order<'_>], counts: &mut Counts, failed: &mut Failed) {
        let now = Timestamp::now();
        let requests: Vec<_> = orders
            .iter()
            .map(|order| order.claim(&self.provider))
            .collect();
        let claims = self.ledger.claim(&requests, now).await;
        let mut granted = Vec::new();
        let mut busy = Vec::new();
        for (order, claim) in orders.iter().zip(claims) {
            match claim {
                Ok(Claim::Started(lease)) => {
                    granted.push((order, lease, order.delivery.earlier));
                }
                Ok(Claim::TakenOver(lease)) => {
                    granted.push((order, lease, Earlier::MayHaveArrived));
                }
                Ok(Claim::InProgress { until }) => busy.push(order.retry_after_other(until)),
                Ok(Claim::AlreadySettled(state)) => order.log_dropped(state.as_str()),
                Ok(Claim::Superseded) => order.log_dropped("superseded"),
                Err(error) => failed.ledger.push(error),
            }
        }
        let attempts = granted
            .into_iter()
            .map(|(order, lease, earlier)| self.attempt(order, lease, earlier));
        let finished = join_all(attempts).await;
        self.hand_back(busy.into_iter(), failed).await;
        self.settle(finished, counts, failed).await;
    }

    async fn attempt<'a>(
        &self,
        order: &'a Order<'a>,
        lease: Lease,
        earlier: Earlier,
    ) -> Finished<'a> {
        let Order { parcel, delivery } = *order;
        let identity = DeliveryId::of(&parcel.alert.alert_id, delivery.destination_id);
        let work = Work {
            alert: &parcel.alert,
            severity: parcel.severity,
            delivery: &identity,
            settings: &delivery.settings,
            secret_name: delivery.secret_name.as_deref(),
            earlier,
        };
        let at = Timestamp::now();
        let started = Instant::now();
        let outcome = match delivery.withdrawn {
            Some(withdrawn) => Outcome::permanent(Failure::new(
                FailureKind::Misconfigured,
                withdrawn.to_string(),
            )),
            None => self.limited(work).await,
        };
        let now = Timestamp::now();
        let decision = self.config.policy.decide(
            &outcome,
            delivery.attempt,
            lease.first_attempt_at,
            now,
            fastrand::f64(),
        );
        let (result, verdict) = conclude(outcome, decision);
        let attempt = Attempt {
            number: delivery.attempt,
            at,
            duration_ms: started.elapsed().as_millis() as u64,
            result,
        };
        order.log_attempt(&attempt, verdict);
        Finished {
            order,
            lease,
            attempt,
            verdict,
        }
    }

    async fn limited(&self, work: Work<'_>) -> Outcome {
        let attempt = AssertUnwindSafe(self.deliver.deliver(&self.context, work)).catch_unwind();
        match tokio::time::timeout(ATTEMPT_LIMIT, attempt).await {
            Ok(Ok(outcome)) => outcome,
            // The panic itself is in the log. What was sent beside it must still
            // be settled, so it goes no further.
            Ok(Err(_)) => Outcome::transient(Failure::new(
                FailureKind::Internal,
                "the attempt panicked; the sender's log says where",
            )),
            Err(_) => Outcome::transient(Failure::new(
                FailureKind::TimedOut,
                format!("the attempt took longer than {} s", ATTEMPT_LIMIT.as_secs()),
            )),
        }
    }

    /// Queues retries first, then records: a crash in between leaves a retry too
    /// many, which its claim turns away.
    async fn settle(
        &self,
        mut finished: Vec<Finished<'_>>,
        counts: &mut Counts,
        failed: &mut Failed,
    ) {
        let retries: Vec<(usize, Message)> = finished
            .iter()
            .enumerate()
            .filter_map(|(at, one)| {
                let retry = one.retry()?;
                Some((at, Message::retry(&retry, Timestamp::now())))
            })
            .collect();
        let messages: Vec<_> = retries.iter().map(|(_, message)| message.clone()).collect();
        let sent = self.retry_queue.send(&messages).await;
        let mut unqueued: Vec<usize> = Vec::new();
        for ((at, _), sent) in retries.iter().zip(sent) {
            if let Err(error) = sent {
                // Not settled either: its lease runs out, and the repeated
                // invocation takes it over.
                unqueued.push(*at);
                failed.queue.push(error);
            }
        }
        for at in unqueued.into_iter().rev() {
            finished.remove(at);
        }
        let settlements: Vec<_> = finished.iter().map(Finished::settlement).collect();
        let settled = self.ledger.settle(&settlements).await;
        for (one, settled) in finished.iter().zip(settled) {
            counts.add(metric(one.verdict), 1);
            match settled {
                Ok(Fenced::No) => {}
                Ok(Fenced::Yes) => one.order.log_fenced(),
                Err(error) => failed.ledger.push(error),
            }
        }
    }

    async fn hand_back(&self, retries: impl Iterator<Item = Retry>, failed: &mut Failed) {
        let now = Timestamp::now();
        let messages: Vec<_> = retries.map(|retry| Message::retry(&retry, now)).collect();
        let sent = self.retry_queue.send(&messages).await;
        failed
            .queue
            .extend(sent.into_iter().filter_map(Result::err));
    }
}

fn time_until(deadline: SystemTime) -> Duration {
    deadline
        .duration_since(SystemTime::now())
        .unwrap_or(Duration::ZERO)
}

fn conclude(outcome: Outcome, decision: Decision) -> (AttemptResult, Verdict) {
    match (outcome, decision) {
        (Outcome::Delivered(receipt), _) => (AttemptResult::Delivered(receipt), Verdict::Delivered),
        (Outcome::Permanent { failure }, _) => (AttemptResult::Failed(failure), Verdict::Failed),
        (Outcome::Transient { failure, .. }, Decision::Retry { due }) => {
            (AttemptResult::Failed(failure), Verdict::Retrying { due })
        }
        (Outcome::Transient { failure, .. }, Decision::Exhausted | Decision::Done) => {
            (AttemptResult::Failed(failure), Verdict::Exhausted)
        }
    }
}

const fn metric(verdict: Verdict) -> Metric {
    match verdict {
        Verdict::Delivered => Metric::DeliveriesDelivered,
        Verdict::Retrying { .. } => Metric::DeliveriesRetried,
        Verdict::Failed => Metric::DeliveriesFailed,
        Verdict::Exhausted => Metric::DeliveriesExhausted,
    }
}

impl Failed {
    fn into_result(self) -> Result<(), SenderError> {
        let (ledger, queue) = (self.ledger.len(), self.queue.len());
        if let Some(first) = self.ledger.into_iter().next() {
            return Err(SenderError::Ledger {
                count: ledger,
                first,
            });
        }
        match self.queue.into_iter().next() {
            Some(first) => Err(SenderError::RetryQueue {
                count: queue,
                first,
            }),
            None => Ok(()),
        }
    }
}
