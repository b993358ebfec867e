//! Which deliveries to a destination are attempted next: a pure decision by the
//! destination's health.
//!
//! On the **fast path** everything is attempted at once, in groups. What the circuit
//! breaker or the rate limiter holds is left to the drain; only the probe of an alert
//! that proves that the destination works (see [`tocsin_core::health`]) is made here.
//!
//! A **drain** keeps the order of its deliveries. It probes a destination whose breaker
//! may close, with an alert of another detection than the last probe if there is one.
//! Where the destination throttled, it starts one delivery for each interval of the rate
//! limiter. Otherwise it starts slowly, with 1, 2, 4 … deliveries at once: a destination
//! that has just recovered must not be shut down again by what waited for it. A breaker
//! that opens ends the drain.

use std::time::Duration;

use tocsin_aws::DESTINATIONS_CACHE_TTL;
use tocsin_core::Timestamp;
use tocsin_core::health::{Admission, DetectionKey, Health, PARAMETERS, Path};

/// The deliveries that are claimed, attempted and settled together, at most: as many as
/// one call of the ledger takes.
pub(super) const MAX_GROUP: usize = PARAMETERS.concurrency;

/// Deliveries that start within this time are claimed and settled together where the
/// interval of the rate limiter is shorter. What is claimed is attempted even if the
/// destination throttles meanwhile, so it is short.
const GROUP_TIME: Duration = Duration::from_millis(500);

/// How the deliveries to one destination are attempted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// By the fast path.
    Fast,
    /// By a drain.
    Drain {
        /// How many deliveries are attempted at once next, without a rate limiter.
        concurrency: usize,
        /// When the next group may start, with a rate limiter.
        next_at: Option<Timestamp>,
    },
}

/// What is attempted next, as positions among the deliveries that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// These together.
    Group {
        /// Their positions.
        tasks: Vec<usize>,
        /// How long to wait before.
        wait: Duration,
        /// The time between the starts of two of their attempts.
        spacing: Duration,
    },
    /// This one, to find out whether a breaker can close.
    Probe(usize),
    /// None of them; look again then.
    Nothing {
        /// When one of them may be attempted.
        until: Timestamp,
    },
}

impl Plan {
    /// A drain that has attempted nothing yet.
    pub(super) const fn drain() -> Self {
        Self::Drain {
            concurrency: 1,
            next_at: None,
        }
    }

    /// When the settings of a destination were read that is attempted at `now`, at the
    /// earliest. The fast path uses the router's copy; a drain reads them again.
    pub(super) fn settings_read_at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Fast => now.minus(DESTINATIONS_CACHE_TTL),
            Self::Drain { .. } => now,
        }
    }

    /// What is attempted next of deliveries whose alerts are of these detections.
    pub(super) fn next(self, waiting: &[DetectionKey], health: &Health, now: Timestamp) -> Next {
        match self {
            Self::Fast => fast(waiting, health, now),
            Self::Drain {
                concurrency,
                next_at,
            } => {
                if let Some(until) = health.held_until(now) {
                    return Next::Nothing { until };
                }
                let pace = health.pace();
                let tasks = admitted(waiting, health, now, Admission::Allow);
                if tasks.is_empty() {
                    return probe(waiting, health, now);
                }
                let (most, wait) = if pace.interval.is_zero() {
                    (concurrency, Duration::ZERO)
                } else {
                    let wait = next_at.map_or_else(|| pace.wait(now), |at| at.since(now));
                    (group_size(pace.interval), wait)
                };
                Next::Group {
                    tasks: tasks.into_iter().take(most).collect(),
                    wait,
                    spacing: pace.interval,
                }
            }
        }
    }

    /// The plan after `count` deliveries, the first of which was attempted at
    /// `started_at` and the others each `spacing` later. The destination responded to
    /// `responses` of them; if it is none, no more are attempted at once.
    pub(super) fn after(
        self,
        count: usize,
        responses: usize,
        spacing: Duration,
        started_at: Timestamp,
    ) -> Self {
        let Self::Drain { concurrency, .. } = self else {
            return self;
        };
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self::Drain {
            concurrency: if responses > 0 {
                concurrency.saturating_mul(2).min(MAX_GROUP)
            } else {
                concurrency
            },
            next_at: Some(started_at.plus(spacing.saturating_mul(count))),
        }
    }
}

impl Next {
    /// How long to wait before it is attempted.
    pub(super) const fn wait(&self) -> Duration {
        match self {
            Self::Group { wait, .. } => *wait,
            Self::Probe(_) | Self::Nothing { .. } => Duration::ZERO,
        }
    }
}

fn fast(waiting: &[DetectionKey], health: &Health, now: Timestamp) -> Next {
    // Only a drain keeps to the pace.
    if !health.pace().interval.is_zero() {
        return Next::Nothing {
            until: health.held_until(now).unwrap_or(now),
        };
    }
    let tasks = admitted(waiting, health, now, Admission::Allow);
    if !tasks.is_empty() {
        return Next::Group {
            tasks: tasks.into_iter().take(MAX_GROUP).collect(),
            wait: Duration::ZERO,
            spacing: Duration::ZERO,
        };
    }
    let proof = admitted(waiting, health, now, Admission::Probe)
        .into_iter()
        .find(|at| health.path(&waiting[*at], now) == Path::Fast);
    proof.map_or_else(|| nothing(waiting, health, now), Next::Probe)
}

/// The probe of a drain.
fn probe(waiting: &[DetectionKey], health: &Health, now: Timestamp) -> Next {
    let last = health.breaker.and_then(|breaker| breaker.last_probe);
    let probes = admitted(waiting, health, now, Admission::Probe);
    let other = probes.iter().find(|at| Some(waiting[**at]) != last);
    other
        .or(probes.first())
        .map_or_else(|| nothing(waiting, health, now), |at| Next::Probe(*at))
}

/// The positions of the deliveries with this admission.
fn admitted(
    waiting: &[DetectionKey],
    health: &Health,
    now: Timestamp,
    admission: Admission,
) -> Vec<usize> {
    (0..waiting.len())
        .filter(|at| health.admits(&waiting[*at], now) == admission)
        .collect()
}

fn nothing(waiting: &[DetectionKey], health: &Health, now: Timestamp) -> Next {
    let until = waiting.iter().map(|one| match health.admits(one, now) {
        Admission::Hold { until } => until,
        Admission::Allow | Admission::Probe => now,
    });
    Next::Nothing {
        until: until.min().unwrap_or(now),
    }
}

/// How many deliveries start within [`GROUP_TIME`], at least one.
fn group_size(interval: Duration) -> usize {
    let count = GROUP_TIME.as_millis() / interval.as_millis().max(1);
    usize::try_from(count).map_or(MAX_GROUP, |count| count.clamp(1, MAX_GROUP))
}

#[cfg(test)]
mod tests;
