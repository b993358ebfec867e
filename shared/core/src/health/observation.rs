//! What an attempt says about its destination.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::outcome::{Failure, FailureKind, Outcome};

/// A detection, as health remembers it: a short hash of its id, since ids may be long.
/// Two detections of one key are treated as one, which loses nothing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct DetectionKey(u32);

/// A text that is not eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the eight hexadecimal digits of a detection's key")]
pub struct NotADetectionKey;

impl DetectionKey {
    /// The key of the detection with this id.
    #[must_use]
    pub fn of(detection_id: &str) -> Self {
        let digest = Sha256::digest(detection_id);
        Self(u32::from_be_bytes([
            digest[0], digest[1], digest[2], digest[3],
        ]))
    }
}

impl TryFrom<String> for DetectionKey {
    type Error = NotADetectionKey;

    fn try_from(text: String) -> Result<Self, NotADetectionKey> {
        let key = u32::from_str_radix(&text, 16).map_err(|_| NotADetectionKey)?;
        Ok(Self(key))
    }
}

impl From<DetectionKey> for String {
    fn from(key: DetectionKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for DetectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// What an outcome says about the destination rather than about the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// The destination accepted a delivery.
    Success,
    /// The destination responded, but rejected this message.
    Rejection,
    /// The destination does not accept deliveries for now: it throttles, is
    /// unreachable, or fails.
    Fault {
        /// The failure of the attempt.
        failure: Failure,
        /// The provider's `Retry-After`, if it had one.
        retry_after: Option<Duration>,
    },
    /// A person must fix the destination's credential or settings.
    Misconfigured {
        /// The failure of the attempt.
        failure: Failure,
    },
}

impl Observation {
    /// What this outcome says; `None` when it is about Tocsin itself.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Option<Self> {
        let failure = match outcome {
            Outcome::Delivered(_) => return Some(Self::Success),
            Outcome::Refused { .. } => return Some(Self::Rejection),
            Outcome::Transient { failure, .. } | Outcome::Misconfigured { failure } => {
                failure.clone()
            }
        };
        let retry_after = match outcome {
            Outcome::Transient { retry_after, .. } => *retry_after,
            _ => None,
        };
        match failure.kind {
            FailureKind::Throttled
            | FailureKind::Unavailable
            | FailureKind::Unreachable
            | FailureKind::TimedOut
            | FailureKind::Interrupted => Some(Self::Fault {
                failure,
                retry_after,
            }),
            FailureKind::Unauthorized
            | FailureKind::Misconfigured
            | FailureKind::Redirected
            | FailureKind::Forbidden => Some(Self::Misconfigured { failure }),
            FailureKind::Refused | FailureKind::NotUnderstood => Some(Self::Rejection),
            FailureKind::Internal | FailureKind::Crashed => None,
        }
    }

    /// Whether the destination responded to the message: it is there, and it works.
    pub(super) fn is_response(&self) -> bool {
        matches!(self, Self::Success | Self::Rejection)
    }

    /// Whether the destination asks for fewer requests.
    pub(super) fn is_throttled(&self) -> bool {
        self.failure()
            .is_some_and(|(failure, _)| failure.kind == FailureKind::Throttled)
    }

    /// The failure, with the provider's `Retry-After`.
    pub(super) const fn failure(&self) -> Option<(&Failure, Duration)> {
        match self {
            Self::Success | Self::Rejection => None,
            Self::Fault {
                failure,
                retry_after: Some(wait),
            } => Some((failure, *wait)),
            Self::Fault { failure, .. } | Self::Misconfigured { failure } => {
                Some((failure, Duration::ZERO))
            }
        }
    }
}

impl Failure {
    /// The kind of failure by which breakers open. A 403 is not only the answer to a
    /// credential: a firewall gives it to content, which an attacker may write.
    pub(super) const fn cause(&self) -> FailureKind {
        match (self.kind, self.status) {
            (FailureKind::Unauthorized, Some(403)) => FailureKind::Misconfigured,
            (kind, _) => kind,
        }
    }
}
