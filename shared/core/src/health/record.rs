//! How health changes.

use std::time::Duration;

use super::admission::Backlog;
use super::circuit_breaker::{CircuitBreaker, Intervals};
use super::observation::{DetectionKey, Observation};
use super::parameters::PARAMETERS;
use super::rate_limiter::RateLimiter;
use super::suspects::{Suspect, Suspects};
use super::{FailureReport, Health};
use crate::Timestamp;
use crate::outcome::{Failure, FailureKind};

/// A failed attempt, as breakers see it.
#[derive(Clone, Copy)]
struct FailedAttempt {
    detection: DetectionKey,
    kind: FailureKind,
    retry_after: Duration,
    now: Timestamp,
    random: f64,
}

/// The observations of attempts that were recorded together, counted.
#[derive(Clone, Copy)]
struct Group {
    attempts: u32,
    responses: u32,
    successes: u32,
    throttled: u32,
}

impl FailedAttempt {
    /// The breaker after this attempt.
    fn apply(self, breaker: Option<CircuitBreaker>, intervals: Intervals) -> CircuitBreaker {
        let Self {
            detection,
            kind,
            now,
            random,
            ..
        } = self;
        match breaker {
            Some(breaker) => breaker.on_failure(detection, kind, intervals, now, random),
            None => CircuitBreaker::open(kind, intervals, now, random),
        }
    }

    /// How long the destination's breaker is open.
    fn intervals(self, limiter: Option<RateLimiter>) -> Intervals {
        let first = match self.kind {
            // Too fast, no more: a short break will do.
            FailureKind::Throttled => {
                let pace = limiter.map_or(PARAMETERS.first_pace, RateLimiter::interval);
                (pace * 2).min(PARAMETERS.first_interval)
            }
            FailureKind::Unauthorized => PARAMETERS.longest_interval,
            kind if kind.is_curable() => PARAMETERS.first_misconfigured_interval,
            _ => PARAMETERS.first_interval,
        };
        let share = match self.kind {
            FailureKind::Throttled => PARAMETERS.throttled_share,
            _ => PARAMETERS.share,
        };
        Intervals {
            first,
            share,
            longest: PARAMETERS.longest_interval,
            retry_after: self.retry_after,
        }
    }

    /// How long the alerts of a suspect are held.
    fn own_intervals(self, suspect: &Suspect) -> Intervals {
        let intervals = self.intervals(None);
        if suspect.is_proven() {
            Intervals {
                longest: PARAMETERS.longest_proven_interval,
                ..intervals
            }
        } else {
            intervals
        }
    }
}

impl Health {
    /// The health with a probe by an alert of this detection under way.
    #[must_use]
    pub fn begin_probe(&self, detection: &DetectionKey, now: Timestamp) -> Self {
        let mut next = self.clone();
        let begin = |breaker: CircuitBreaker| breaker.begin_probe(*detection, now);
        next.breaker = self.breaker.map(begin);
        next.suspects.change_breakers(|one| match one.breaker {
            Some(breaker) if one.detection == *detection => Some(begin(breaker)),
            unchanged => unchanged,
        });
        next
    }

    /// The health after a probe without a result: the next delivery may probe after
    /// this delay.
    #[must_use]
    pub fn cancel_probe(&self, now: Timestamp, delay: Duration) -> Self {
        let mut next = self.clone();
        let cancel = |breaker: CircuitBreaker| breaker.cancel_probe(now, delay);
        next.breaker = self.breaker.map(cancel);
        next.suspects.change_breakers(|one| one.breaker.map(cancel));
        next
    }

    /// The health after attempts with these observations, by detection. `random` is
    /// between 0 and 1, another value at each call.
    #[must_use]
    pub fn record(
        &self,
        observations: &[(DetectionKey, Observation)],
        now: Timestamp,
        random: f64,
    ) -> Self {
        let mut next = self.clone();
        let failures = observations.iter().filter_map(|(detection, one)| {
            let (failure, retry_after) = one.failure()?;
            Some((*detection, failure, retry_after))
        });
        let responses = observations.iter().filter(|(_, one)| one.is_response());
        let count = |holds: fn(&Observation) -> bool| {
            let number = observations.iter().filter(|(_, one)| holds(one)).count();
            u32::try_from(number).unwrap_or(u32::MAX)
        };
        let group = Group {
            attempts: count(|_| true),
            responses: count(Observation::is_response),
            successes: count(|one| *one == Observation::Success),
            throttled: count(Observation::is_throttled),
        };
        // Responses count as later than the failures of their group: the destination
        // works.
        for (detection, failure, _) in failures.clone() {
            next.on_failure(detection, failure, now);
        }
        for (detection, _) in responses {
            next.on_response(*detection, now);
        }
        next.on_success(group, now);
        for (detection, failure, retry_after) in failures {
            let attempt = FailedAttempt {
                detection,
                kind: failure.cause(),
                retry_after,
                now,
                random,
            };
            next.open(attempt, group);
        }
        next
    }

    /// The health with deliveries in the outbox.
    #[must_use]
    pub fn with_backlog(&self) -> Self {
        Self {
            backlog: Backlog::Waiting,
            ..self.clone()
        }
    }

    /// The health after a drain that found nothing due.
    #[must_use]
    pub fn drained(&self, now: Timestamp) -> Self {
        Self {
            backlog: Backlog::None,
            limiter: self.limiter.filter(|limiter| !limiter.is_over(now)),
            ..self.clone()
        }
    }

    /// The health after an edit of the destination or its secret: everything is
    /// attempted again, at the pace that was found.
    #[must_use]
    pub fn reset(&self, now: Timestamp) -> Self {
        Self {
            breaker: None,
            suspects: Suspects::default(),
            limiter: self.limiter.filter(|limiter| !limiter.is_over(now)),
            reset_at: Some(now),
            ..self.clone()
        }
    }

    /// The health with this report made; `None` when it was made within the hour.
    #[must_use]
    pub fn report(&self, report: FailureReport, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        let reported_at = match report {
            FailureReport::Destination => &mut next.reported_at,
            FailureReport::Message => &mut next.refusal_reported_at,
        };
        let due = reported_at.is_none_or(|at| now.since(at) >= PARAMETERS.report_interval);
        *reported_at = Some(now);
        due.then_some(next)
    }

    fn on_failure(&mut self, detection: DetectionKey, failure: &Failure, now: Timestamp) {
        self.failing_since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(failure.clone());
        self.last_failure_at = Some(now);
        // A destination that throttles says nothing about content.
        if failure.kind != FailureKind::Throttled {
            self.suspects.on_failure(detection);
        }
    }

    fn on_response(&mut self, detection: DetectionKey, now: Timestamp) {
        self.breaker = self.breaker.filter(|breaker| !breaker.closes(now));
        self.suspects.on_response(detection, now);
    }

    fn on_success(&mut self, group: Group, now: Timestamp) {
        if group.successes == 0 {
            return;
        }
        self.failing_since = None;
        self.failures = 0;
        if group.throttled == 0 {
            let limiter = self.limiter;
            self.limiter = limiter.map(|limiter| limiter.on_success(group.successes, now));
        }
    }

    /// Opens the breaker that a failed attempt asks for, or keeps it open.
    fn open(&mut self, attempt: FailedAttempt, group: Group) {
        let outage = match attempt.kind {
            FailureKind::Throttled => true,
            kind if kind.is_about_destination() => group.responses == 0,
            kind => self.suspects.prove_outage(kind),
        };
        if outage || self.breaker.is_some() {
            let intervals = attempt.intervals(self.limiter);
            let opens = self.breaker.is_none();
            self.breaker = Some(attempt.apply(self.breaker, intervals));
            if opens {
                self.suspects.on_outage();
            }
            if attempt.kind == FailureKind::Throttled {
                let limiter = match self.limiter {
                    None => RateLimiter::new(attempt.now),
                    Some(limiter) if opens => limiter.on_throttled(group.attempts, attempt.now),
                    // Attempts from before, and probes, did not keep to its pace.
                    Some(limiter) => limiter,
                };
                self.limiter = Some(limiter);
            }
        }
        let outage = self.breaker.is_some();
        self.suspects.change_breakers(|one| {
            let concerned = one.detection == attempt.detection
                && (one.breaker.is_some() || !outage && one.must_hold(attempt.kind));
            if concerned {
                Some(attempt.apply(one.breaker, attempt.own_intervals(one)))
            } else {
                one.breaker
            }
        });
    }
}
