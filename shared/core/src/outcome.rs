//! What an attempt came to, and how answers are read into that.
//!
//! Three things can follow an attempt, so there are three outcomes: it is
//! delivered, it is worth trying again, or no repetition will help.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::provider::Response;
use crate::text::line;

/// The longest `Retry-After` that is believed: a destination that asks for more
/// is asked again after an hour.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The provider took it.
    Delivered(Receipt),
    /// It failed for now: try again, not before `retry_after` when there is one.
    Transient {
        /// What went wrong.
        failure: Failure,
        /// What the provider asked for, already bounded.
        retry_after: Option<Duration>,
    },
    /// It failed for good: somebody must change something.
    Permanent {
        /// What went wrong.
        failure: Failure,
    },
}

/// What the provider gave in return: how to find what was created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Receipt {
    /// Issue key, message id, deduplication key, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where a person can look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Anything a person should know about how it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl Receipt {
    /// A receipt with nothing but the created thing's id.
    #[must_use]
    pub fn id(id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..Self::default()
        }
    }

    /// The receipt of a least form that was sent because the whole was refused.
    #[must_use]
    pub fn shortened_after(self, refused: &Failure) -> Self {
        self.with_remark(&format!(
            "only title, severity and link were delivered, since {refused}"
        ))
    }

    /// The same with a remark, after one that is there already.
    #[must_use]
    pub fn with_remark(self, remark: &str) -> Self {
        Self {
            remark: Some(match self.remark {
                Some(own) => format!("{own}; {remark}"),
                None => remark.to_owned(),
            }),
            ..self
        }
    }
}

/// What went wrong in an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Which kind of trouble.
    pub kind: FailureKind,
    /// The HTTP status, when there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// One line for people: what was answered or what happened, at most
    /// [`DETAIL`] characters. Never holds a secret: the sender strikes them out.
    pub detail: String,
}

/// The longest [`Failure::detail`], characters.
pub const DETAIL: usize = 500;

/// The kinds of trouble there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// The provider asks for fewer requests.
    Throttled,
    /// The provider has trouble of its own.
    Unavailable,
    /// No connection came about: name, route, TLS.
    Unreachable,
    /// The request went out and no answer came in time.
    TimedOut,
    /// The connection broke while the request or the answer was on its way.
    Interrupted,
    /// The provider does not accept the credential.
    Unauthorized,
    /// What the settings point at is not there, or not allowed.
    Misconfigured,
    /// The provider does not accept this message.
    Refused,
    /// The provider answers with a redirect, which is never followed.
    Redirected,
    /// The answer looks like success and is none.
    NotUnderstood,
    /// The address is one that Tocsin must not call.
    Forbidden,
    /// The fault is in Tocsin's own surroundings: its secret store, its role.
    Internal,
    /// Tocsin itself failed in the middle of the attempt.
    Crashed,
}

impl FailureKind {
    /// Whether the message may have arrived all the same, so that a repetition
    /// must go through the provider's own deduplication where it has one.
    #[must_use]
    pub const fn may_have_arrived(self) -> bool {
        matches!(
            self,
            Self::TimedOut
                | Self::Interrupted
                | Self::Unavailable
                | Self::NotUnderstood
                | Self::Crashed
        )
    }

    const fn said(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "the provider is unavailable",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "no answer in time",
            Self::Interrupted => "the connection broke",
            Self::Unauthorized => "the credential was not accepted",
            Self::Misconfigured => "the settings do not fit",
            Self::Refused => "the message was refused",
            Self::Redirected => "redirected, which is not followed",
            Self::NotUnderstood => "the answer was not understood",
            Self::Forbidden => "the address must not be called",
            Self::Internal => "trouble inside Tocsin",
            Self::Crashed => "the attempt broke off inside Tocsin",
        }
    }
}

impl Failure {
    /// A failure without an answer.
    #[must_use]
    pub fn new(kind: FailureKind, detail: impl AsRef<str>) -> Self {
        Self {
            kind,
            status: None,
            detail: line(detail.as_ref(), DETAIL),
        }
    }

    /// The same with a note of ours behind the detail.
    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        self.detail.push(' ');
        self.detail.push_str(note);
        self
    }

    /// A failure that an answer tells of; its beginning becomes the detail.
    #[must_use]
    pub fn answered(kind: FailureKind, response: &Response) -> Self {
        Self {
            status: Some(response.status),
            ..Self::new(kind, response.text())
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.said())?;
        if let Some(status) = self.status {
            write!(f, " (HTTP {status})")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl Outcome {
    /// Transient, without a wish of the provider.
    #[must_use]
    pub fn transient(failure: Failure) -> Self {
        Self::Transient {
            failure,
            retry_after: None,
        }
    }

    /// Permanent.
    #[must_use]
    pub fn permanent(failure: Failure) -> Self {
        Self::Permanent { failure }
    }

    /// What an HTTP answer means where the provider has no rule of its own.
    #[must_use]
    pub fn from_status(response: &Response) -> Self {
        let kind = match response.status {
            200..=299 => return Self::Delivered(Receipt::default()),
            300..=399 => FailureKind::Redirected,
            401 | 403 => FailureKind::Unauthorized,
            429 => FailureKind::Throttled,
            // 52x is what the proxy in front of many providers (Cloudflare) says
            // when the origin is in trouble.
            408 | 425 | 500 | 502..=504 | 520..=530 => FailureKind::Unavailable,
            400 | 411 | 413 | 414 | 415 | 422 | 431 => FailureKind::Refused,
            _ => FailureKind::Misconfigured,
        };
        Self::of_failure(kind, response.text(), response)
    }

    /// The outcome of a response that means `kind`, described by `detail` instead of
    /// by its own text. Throttling, unavailability and responses that cannot be
    /// read are transient and keep the response's `Retry-After`.
    #[must_use]
    pub fn of_failure(kind: FailureKind, detail: impl AsRef<str>, response: &Response) -> Self {
        let failure = Failure {
            status: Some(response.status),
            ..Failure::new(kind, detail)
        };
        match kind {
            FailureKind::Throttled | FailureKind::Unavailable | FailureKind::NotUnderstood => {
                Self::Transient {
                    failure,
                    retry_after: response.retry_after(),
                }
            }
            _ => Self::Permanent { failure },
        }
    }

    /// An answer that looks like success and does not say what was created: the
    /// message may have arrived, so the next attempt looks before it creates.
    #[must_use]
    pub fn not_understood(response: &Response) -> Self {
        Self::transient(Failure::answered(FailureKind::NotUnderstood, response))
    }

    /// The same, told in better words than the beginning of the answer.
    #[must_use]
    pub fn with_detail(mut self, detail: impl AsRef<str>) -> Self {
        if let Self::Transient { failure, .. } | Self::Permanent { failure } = &mut self {
            failure.detail = Failure::new(failure.kind, detail).detail;
        }
        self
    }

    /// The same of a lookup: what is refused there is the question and not the
    /// message, so no other form of the message would help.
    #[must_use]
    pub fn of_lookup(mut self) -> Self {
        if let Self::Permanent { failure } = &mut self
            && failure.kind == FailureKind::Refused
        {
            failure.kind = FailureKind::Misconfigured;
        }
        self
    }

    /// The same with every text that a provider's answer may have a part in
    /// changed by `change`.
    #[must_use]
    pub fn map_texts(self, change: impl Fn(&str) -> String) -> Self {
        let failed = |failure: Failure| Failure {
            detail: change(&failure.detail),
            ..failure
        };
        match self {
            Self::Delivered(receipt) => Self::Delivered(Receipt {
                id: receipt.id.as_deref().map(&change),
                url: receipt.url.as_deref().map(&change),
                remark: receipt.remark.as_deref().map(&change),
            }),
            Self::Transient {
                failure,
                retry_after,
            } => Self::Transient {
                failure: failed(failure),
                retry_after,
            },
            Self::Permanent { failure } => Self::Permanent {
                failure: failed(failure),
            },
        }
    }

    /// The same with a remark on the receipt, after one that is there already.
    #[must_use]
    pub fn with_remark(self, remark: &str) -> Self {
        match self {
            Self::Delivered(receipt) => Self::Delivered(receipt.with_remark(remark)),
            failed => failed,
        }
    }

    /// The failure, unless it was delivered.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Delivered(_) => None,
            Self::Transient { failure, .. } | Self::Permanent { failure } => Some(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn response(status: u16, headers: &[(&str, &str)]) -> Response {
        Response {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: b"what it said".to_vec(),
            received_at: "2015-10-21T07:28:00Z".parse::<Timestamp>().unwrap(),
        }
    }

    /// Every status that HTTP knows, and which way it goes.
    #[test]
    fn every_status_has_one_meaning() {
        for status in 200..=299 {
            assert!(matches!(
                Outcome::from_status(&response(status, &[])),
                Outcome::Delivered(_)
            ));
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 530] {
            let outcome = Outcome::from_status(&response(status, &[]));
            assert!(
                matches!(
                    outcome,
                    Outcome::Transient {
                        retry_after: None,
                        ..
                    }
                ),
                "{status}"
            );
        }
        let permanent = (300..=599).filter(|status| {
            ![408, 425, 429, 500, 502, 503, 504].contains(status) && !(520..=530).contains(status)
        });
        for status in permanent {
            let outcome = Outcome::from_status(&response(status, &[]));
            assert!(matches!(outcome, Outcome::Permanent { .. }), "{status}");
            let failure = outcome.failure().unwrap();
            assert_eq!(failure.status, Some(status));
            assert!(failure.to_string().contains("what it said"));
        }
    }

    #[test]
    fn kinds_say_what_to_look_at() {
        for (status, kind) in [
            (302, FailureKind::Redirected),
            (400, FailureKind::Refused),
            (401, FailureKind::Unauthorized),
            (403, FailureKind::Unauthorized),
            (404, FailureKind::Misconfigured),
            (410, FailureKind::Misconfigured),
            (413, FailureKind::Refused),
            (422, FailureKind::Refused),
            (501, FailureKind::Misconfigured),
        ] {
            let outcome = Outcome::from_status(&response(status, &[]));
            assert_eq!(outcome.failure().unwrap().kind, kind, "{status}");
        }
    }

    #[test]
    fn an_explanation_changes_nothing_but_the_words() {
        let outcome = Outcome::from_status(&response(429, &[("retry-after", "9")]));
        let with_detail = outcome.clone().with_detail("ask\nless");
        let failure = with_detail.failure().unwrap();
        assert_eq!(failure.detail, "ask less");
        assert_eq!(failure.status, Some(429));
        assert!(matches!(
            with_detail,
            Outcome::Transient {
                retry_after: Some(_),
                ..
            }
        ));
        let delivered = Outcome::from_status(&response(200, &[]));
        assert_eq!(delivered.clone().with_detail("x"), delivered);
        let asked = Outcome::from_status(&response(400, &[])).of_lookup();
        assert_eq!(asked.failure().unwrap().kind, FailureKind::Misconfigured);
        let failure = Outcome::not_understood(&response(200, &[]));
        assert!(failure.failure().unwrap().kind.may_have_arrived());
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_believed_up_to_an_hour() {
        let seconds =
            |value: &str| match Outcome::from_status(&response(429, &[("retry-after", value)])) {
                Outcome::Transient { retry_after, .. } => retry_after.map(|wait| wait.as_secs()),
                other => panic!("{other:?}"),
            };
        assert_eq!(seconds("30"), Some(30));
        assert_eq!(seconds(" 7 "), Some(7));
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds("1.5"), Some(2));
        assert_eq!(seconds("86400"), Some(3600));
        assert_eq!(seconds("99999999999999999999"), Some(3600));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:30:00 GMT"), Some(120));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
        assert_eq!(seconds("Wednesday"), None);
        assert_eq!(seconds("-5"), None);
        assert_eq!(seconds("NaN"), None);
        assert_eq!(seconds(""), None);
    }

    #[test]
    fn details_are_one_bounded_harmless_line() {
        let failure = Failure::new(
            FailureKind::Refused,
            format!("a\nb\u{1b}[2J{}", "x".repeat(5_000)),
        );
        assert!(failure.detail.starts_with("a b\u{fffd}[2J"));
        assert!(failure.detail.chars().count() <= DETAIL);
    }
}
