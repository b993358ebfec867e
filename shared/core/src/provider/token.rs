//! Access tokens: what a destination exchanges its credential for, until they expire.

use std::time::Duration;

use secrecy::SecretString;

use crate::outcome::{Failure, FailureKind, Outcome};

/// A token that requests carry in place of the credential itself.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The text after `Bearer`.
    pub secret: SecretString,
    /// How long it is valid, from the response on.
    pub lifetime: Duration,
}

impl AccessToken {
    /// The token of previews and checks, for which nothing is sent.
    #[must_use]
    pub fn placeholder() -> Self {
        Self {
            secret: "placeholder-token".to_owned().into(),
            lifetime: Duration::ZERO,
        }
    }

    /// How long it is used: a request that carries it must arrive before it expires.
    #[must_use]
    pub fn usable_for(&self) -> Duration {
        const LONGEST_MARGIN: Duration = Duration::from_mins(1);
        self.lifetime
            .saturating_sub(LONGEST_MARGIN.min(self.lifetime / 10))
    }
}

impl Outcome {
    /// The outcome of an attempt that got no access token. The message was not sent, so it
    /// cannot have arrived; and without a token no other message can be sent either.
    #[must_use]
    pub fn of_token_request(self) -> Self {
        let explained = |failure: Failure, kind| Failure {
            status: failure.status,
            ..Failure::new(kind, format!("no access token: {}", failure.detail))
        };
        match self {
            Self::Transient {
                failure,
                retry_after,
            } => {
                let kind = match failure.kind {
                    FailureKind::Throttled => FailureKind::Throttled,
                    _ => FailureKind::Unreachable,
                };
                Self::Transient {
                    failure: explained(failure, kind),
                    retry_after,
                }
            }
            Self::Misconfigured { failure } | Self::Refused { failure } => {
                let kind = match failure.kind {
                    kind if kind.is_curable() => kind,
                    _ => FailureKind::Misconfigured,
                };
                Self::Misconfigured {
                    failure: explained(failure, kind),
                }
            }
            delivered @ Self::Delivered(_) => delivered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_replaced_before_it_expires() {
        for (lifetime, usable) in [(3_600, 3_540), (600, 540), (300, 270), (10, 9), (0, 0)] {
            let token = AccessToken {
                lifetime: Duration::from_secs(lifetime),
                ..AccessToken::placeholder()
            };
            assert_eq!(token.usable_for(), Duration::from_secs(usable));
        }
        assert!(!format!("{:?}", AccessToken::placeholder()).contains("placeholder-token"));
    }

    #[test]
    fn without_a_token_nothing_can_have_arrived() {
        use FailureKind::{
            Forbidden, Interrupted, Misconfigured, NotUnderstood, Refused, Throttled, TimedOut,
            Unauthorized, Unavailable, Unreachable,
        };
        for (kind, expected) in [
            (Throttled, Throttled),
            (Unavailable, Unreachable),
            (TimedOut, Unreachable),
            (Interrupted, Unreachable),
            (NotUnderstood, Unreachable),
        ] {
            let outcome = Outcome::transient(Failure::new(kind, "x")).of_token_request();
            let Outcome::Transient { failure, .. } = outcome else {
                panic!("{outcome:?}")
            };
            assert_eq!(
                (failure.kind, &*failure.detail),
                (expected, "no access token: x")
            );
            assert!(!failure.kind.may_have_arrived());
        }
        for (kind, expected) in [
            (Unauthorized, Unauthorized),
            (Forbidden, Forbidden),
            (Refused, Misconfigured),
        ] {
            let outcome = Outcome::rejected(Failure::new(kind, "x")).of_token_request();
            let Outcome::Misconfigured { failure } = outcome else {
                panic!("{outcome:?}")
            };
            assert_eq!(failure.kind, expected);
        }
    }
}
