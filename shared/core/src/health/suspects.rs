//! The detections whose alerts failed last, which tells a destination that fails from
//! content that it cannot process.
//!
//! Failures without any response between are evidence against the destination, the
//! stronger the more detections they are of. Failures of one detection while others
//! get a response are evidence against its content, and hold that detection alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::circuit_breaker::CircuitBreaker;
use super::observation::DetectionKey;
use super::parameters::PARAMETERS;
use crate::Timestamp;
use crate::outcome::FailureKind;

/// A detection whose last alert failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suspect {
    /// The detection.
    pub detection: DetectionKey,
    /// Failures since the last response to its own alerts.
    pub failures: u32,
    /// Failures since the last response to anything.
    pub unanswered: u32,
    /// Holds the alerts of this detection; `None` while they are attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<CircuitBreaker>,
}

impl Suspect {
    /// Whether the destination responded to others since this detection fails: then it
    /// is about content.
    pub(super) const fn is_proven(&self) -> bool {
        self.failures > self.unanswered
    }

    /// Whether its alerts must be held after a failure of this kind.
    pub(super) const fn must_hold(&self, kind: FailureKind) -> bool {
        let most = if kind.is_curable() {
            1
        } else if self.is_proven() {
            PARAMETERS.proven_failures_to_hold
        } else {
            PARAMETERS.failures_to_hold
        };
        self.failures >= most
    }
}

/// The suspects, the one that failed last at the end; at most
/// [`remembered_detections`](super::Parameters::remembered_detections).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Suspects(Vec<Suspect>);

impl Suspects {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The suspects.
    pub fn iter(&self) -> impl Iterator<Item = &Suspect> {
        self.0.iter()
    }

    pub(super) fn get(&self, detection: DetectionKey) -> Option<&Suspect> {
        self.iter().find(|one| one.detection == detection)
    }

    /// The breaker of this detection.
    pub(super) fn breaker(&self, detection: DetectionKey) -> Option<CircuitBreaker> {
        self.get(detection).and_then(|one| one.breaker)
    }

    /// Whether alerts of any detection wait for its breaker.
    pub(super) fn any_held(&self, now: Timestamp) -> bool {
        let mut breakers = self.iter().filter_map(|one| one.breaker);
        breakers.any(|breaker| breaker.holds_some(now))
    }

    /// Those that failed since the last response to anything.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &Suspect> {
        self.iter().filter(|one| one.unanswered > 0)
    }

    /// Whether failures of this kind prove that the destination fails.
    pub(super) fn prove_outage(&self, kind: FailureKind) -> bool {
        let detections = self.unanswered().count();
        let failures: u32 = self.unanswered().map(|one| one.unanswered).sum();
        let enough = if kind.is_curable() {
            PARAMETERS.misconfigured_detections_to_open
        } else {
            PARAMETERS.detections_to_open
        };
        detections >= enough || detections > 1 && failures >= PARAMETERS.failures_to_hold
    }

    pub(super) fn change_breakers(&mut self, change: impl Fn(&Suspect) -> Option<CircuitBreaker>) {
        for one in &mut self.0 {
            one.breaker = change(one);
        }
    }

    /// Counts a failure.
    pub(super) fn on_failure(&mut self, detection: DetectionKey) {
        let before = self.get(detection).copied();
        self.0.retain(|one| one.detection != detection);
        if self.0.len() >= PARAMETERS.remembered_detections {
            let replaced = self.0.iter().position(|one| one.breaker.is_none());
            self.0.remove(replaced.unwrap_or(0));
        }
        self.0.push(Suspect {
            detection,
            failures: before.map_or(1, |one| one.failures.saturating_add(1)),
            unanswered: before.map_or(1, |one| one.unanswered.saturating_add(1)),
            breaker: before.and_then(|one| one.breaker),
        });
    }

    /// Clears the detection that got a response, which answers the failures of the
    /// others. What was held although nothing was proven may probe at once.
    pub(super) fn on_response(&mut self, detection: DetectionKey, now: Timestamp) {
        self.0.retain(|one| one.detection != detection);
        self.change_breakers(|one| match one.breaker {
            Some(breaker) if !one.is_proven() => Some(CircuitBreaker {
                until: breaker.until.min(now),
                ..breaker
            }),
            unchanged => unchanged,
        });
        for one in &mut self.0 {
            one.unanswered = 0;
        }
    }

    /// Releases what was held although nothing was proven: it is the destination.
    pub(super) fn on_outage(&mut self) {
        self.change_breakers(|one| one.breaker.filter(|_| one.is_proven()));
    }
}
