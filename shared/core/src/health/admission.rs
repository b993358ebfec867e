//! Whether, on which path and how fast deliveries are attempted.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Whether deliveries of a destination are due in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Backlog {
    /// The last drain left nothing.
    #[default]
    None,
    /// Some were deferred, or recorded as due, since then.
    Waiting,
}

impl Backlog {
    /// Whether nothing is left.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// Whether one delivery may be attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// At once.
    Allow,
    /// After [`Health::begin_probe`] is stored: it probes an open breaker.
    Probe,
    /// Not before this time.
    Hold {
        /// When to look again.
        until: Timestamp,
    },
}

/// The path of a fresh delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// It is dispatched to its sender at once.
    Fast,
    /// It is recorded as due: the drain takes it by its priority.
    Outbox,
}

/// How fast a drain sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The time between the starts of two deliveries, whatever the earlier one takes;
    /// zero without a rate limiter.
    pub interval: Duration,
    /// Deliveries of the first group that are attempted concurrently. Each further
    /// group has twice as many.
    pub start: usize,
    /// Deliveries that are attempted concurrently, at most.
    pub limit: usize,
    /// When the next delivery may start, after what earlier drains sent; `None`: now.
    pub next_at: Option<Timestamp>,
}

impl Pace {
    /// How long the first delivery of a drain waits: an interval at most, whatever the
    /// clocks of other functions say.
    #[must_use]
    pub fn wait(self, now: Timestamp) -> Duration {
        let wait = self.next_at.map_or(Duration::ZERO, |next| next.since(now));
        wait.min(self.interval)
    }
}
