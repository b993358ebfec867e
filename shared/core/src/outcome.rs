//! The outcome of an attempt: delivered, failed for now, held up by something that a
//! person must fix, or refused. [`crate::provider`] reads it from a response.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::line;

/// The longest `Retry-After` that is respected: a destination that asks for more
/// is tried again after an hour.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The provider accepted the message.
    Delivered(Receipt),
    /// The attempt failed for now: retry, not before `retry_after` when there is one.
    Transient {
        /// The failure to record.
        failure: Failure,
        /// The delay that the provider asked for, at most [`LONGEST_RETRY_AFTER`].
        retry_after: Option<Duration>,
    },
    /// A person must fix the destination first: its credential is not accepted, or its
    /// channel, project or URL is gone. The delivery waits for that.
    Misconfigured {
        /// The failure to record.
        failure: Failure,
    },
    /// The provider refused this message: the same request cannot succeed later.
    Refused {
        /// The failure to record.
        failure: Failure,
    },
}

/// What the provider returned: how to find the message, issue or incident there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Receipt {
    /// Issue key, message id, deduplication key, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The page on which a person can look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A remark for people about this delivery, such as that it was shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl Receipt {
    /// A receipt with an id alone.
    #[must_use]
    pub fn id(id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..Self::default()
        }
    }

    /// The receipt of a minimal message, sent after the provider refused the full one.
    #[must_use]
    pub fn shortened_after(self, refused: &Failure) -> Self {
        self.with_remark(&format!(
            "only title, severity and link were delivered, since {refused}"
        ))
    }

    /// The receipt with this remark after the one it has already.
    #[must_use]
    pub fn with_remark(self, remark: &str) -> Self {
        Self {
            remark: Some(match self.remark {
                Some(before) => format!("{before}; {remark}"),
                None => remark.to_owned(),
            }),
            ..self
        }
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The kind of failure; decides about retries and the circuit breaker.
    pub kind: FailureKind,
    /// The HTTP status, if there was a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// One line for people: the beginning of the response, or what happened, at most
    /// [`DETAIL`] characters, and a note about a second request. The sender redacts secrets
    /// in it.
    pub detail: String,
}

/// The longest [`Failure::detail`], in characters.
pub const DETAIL: usize = 500;

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// The provider asks for fewer requests.
    Throttled,
    /// The provider fails: 5xx.
    Unavailable,
    /// No connection was made: DNS, route or TLS failed.
    Unreachable,
    /// The request was sent and no response came in time.
    TimedOut,
    /// The connection broke during the request or the response.
    Interrupted,
    /// The provider does not accept the credential.
    Unauthorized,
    /// The target in the settings does not exist, or may not be used.
    Misconfigured,
    /// The provider does not accept this message.
    Refused,
    /// The provider responded with a redirect, which is never followed.
    Redirected,
    /// The response has a success status but not the content of a success.
    NotUnderstood,
    /// Tocsin must not call the address: private, link-local, or not HTTPS.
    Forbidden,
    /// AWS failed around the attempt: the secret store or the function's role.
    Internal,
    /// The sender panicked or vanished during the attempt.
    Crashed,
}

impl FailureKind {
    /// Whether the provider may have accepted the message all the same, so that the
    /// next attempt must look for it first, or rely on the provider's deduplication.
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

    /// Whether a person can fix the cause: the delivery waits until then.
    #[must_use]
    pub const fn is_curable(self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::Misconfigured | Self::Redirected | Self::Forbidden
        )
    }

    const fn text(self) -> &'static str {
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
            Self::Internal => "a failure inside Tocsin",
            Self::Crashed => "the attempt broke off inside Tocsin",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

impl Failure {
    /// A failure without a response; `detail` is cut to [`DETAIL`] characters.
    #[must_use]
    pub fn new(kind: FailureKind, detail: impl AsRef<str>) -> Self {
        Self {
            kind,
            status: None,
            detail: line(detail.as_ref(), DETAIL),
        }
    }

    /// The failure without what the provider answered: its kind and status, or what
    /// happened when there was no answer.
    #[must_use]
    pub fn summary(&self) -> String {
        match self.status {
            Some(status) => format!("{} (HTTP {status})", self.kind),
            None => self.to_string(),
        }
    }

    /// The failure with the answer to another form of the message: the beginning of it,
    /// after the name of the form.
    #[must_use]
    pub fn with_second(self, form: &str, second: &Self) -> Self {
        const SECOND: usize = 200;
        self.with_note(&format!("({form}: {})", line(&second.detail, SECOND)))
    }

    /// The failure with a note after its detail.
    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        self.detail.push(' ');
        self.detail.push_str(note);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
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
    /// A transient outcome without a `Retry-After`.
    #[must_use]
    pub fn transient(failure: Failure) -> Self {
        Self::Transient {
            failure,
            retry_after: None,
        }
    }

    /// The outcome of a failure that no retry of the same request can fix:
    /// misconfigured if a person can fix its cause, else refused.
    #[must_use]
    pub const fn rejected(failure: Failure) -> Self {
        if failure.kind.is_curable() {
            Self::Misconfigured { failure }
        } else {
            Self::Refused { failure }
        }
    }

    /// The outcome with another detail than the beginning of the response.
    #[must_use]
    pub fn with_detail(mut self, detail: impl AsRef<str>) -> Self {
        if let Self::Transient { failure, .. }
        | Self::Misconfigured { failure }
        | Self::Refused { failure } = &mut self
        {
            failure.detail = Failure::new(failure.kind, detail).detail;
        }
        self
    }

    /// The outcome of a lookup: the provider refused the lookup, not the message, so a
    /// minimal message would not help.
    #[must_use]
    pub fn of_lookup(self) -> Self {
        match self {
            Self::Refused { failure } => Self::Misconfigured {
                failure: Failure {
                    kind: FailureKind::Misconfigured,
                    ..failure
                },
            },
            other => other,
        }
    }

    /// The outcome with `change` applied to every text that may quote a response.
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
            Self::Misconfigured { failure } => Self::Misconfigured {
                failure: failed(failure),
            },
            Self::Refused { failure } => Self::Refused {
                failure: failed(failure),
            },
        }
    }

    /// The outcome with this remark on its receipt, after the one it has already.
    #[must_use]
    pub fn with_remark(self, remark: &str) -> Self {
        match self {
            Self::Delivered(receipt) => Self::Delivered(receipt.with_remark(remark)),
            failed => failed,
        }
    }

    /// The failure; `None` when the alert was delivered.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Delivered(_) => None,
            Self::Transient { failure, .. }
            | Self::Misconfigured { failure }
            | Self::Refused { failure } => Some(failure),
        }
    }
}
