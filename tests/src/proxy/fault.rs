//! What goes wrong with which calls, and for how long.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::call::Call;

/// Something that goes wrong with calls to AWS.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceFault {
    /// Calls to this service: `dynamodb`, `sqs`, `lambda`, `secretsmanager` …
    pub service: String,
    /// Whose operation's name begins with this.
    #[serde(default)]
    pub operation: String,
    /// And whose path and body hold all of these.
    #[serde(default)]
    pub about: Vec<String>,
    /// What goes wrong.
    pub action: Action,
    /// For how long.
    #[serde(flatten)]
    pub span: Span,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Span {
    /// So many calls.
    Times(usize),
    /// So many seconds from its injection on.
    ForSeconds(f64),
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// The service answers 503.
    Unavailable,
    /// The service answers that there are too many calls.
    Throttle,
    /// The service never answers.
    Hang,
    /// The connection is reset, and the service never hears of the call.
    Reset,
    /// The service does what it was asked; its answer gets lost.
    Lose,
    /// The service says that it accepted the call, and does nothing: an asynchronous
    /// invocation or a message that vanishes.
    Swallow,
    /// The function is killed, and the service never hears of the call.
    KillBefore,
    /// The function is killed when the service has done what it was asked.
    KillAfter,
}

/// A fault in force.
#[derive(Debug)]
pub(super) struct Standing {
    fault: ServiceFault,
    since: Instant,
    happened: bool,
}

/// All faults in force.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Standing>);

impl Faults {
    pub(super) fn add(&mut self, fault: ServiceFault) {
        self.0.push(Standing {
            fault,
            since: Instant::now(),
            happened: false,
        });
    }

    /// Takes one use of the first fault for such a call.
    pub(super) fn take(&mut self, call: &Call) -> Option<ServiceFault> {
        let mut standing = self.0.iter_mut();
        let one = standing.find(|one| !one.is_over() && one.fault.is_for(call))?;
        one.happened = true;
        let taken = one.fault.clone();
        if let Span::Times(times) = &mut one.fault.span {
            *times = times.saturating_sub(1);
        }
        Some(match taken.span {
            // If it is injected again, then for this call only.
            Span::Times(_) => ServiceFault {
                span: Span::Times(1),
                ..taken
            },
            Span::ForSeconds(_) => taken,
        })
    }

    pub(super) fn remove_faults(&mut self, about: &str) {
        self.0
            .retain(|one| !one.fault.about.iter().any(|text| text == about));
    }

    /// Those injected for more calls than there were, or for a time without calls.
    pub(super) fn unused(&self) -> Vec<ServiceFault> {
        self.0
            .iter()
            .filter(|one| match one.fault.span {
                Span::Times(times) => times > 0,
                Span::ForSeconds(_) => !one.happened,
            })
            .map(|one| one.fault.clone())
            .collect()
    }
}

impl Standing {
    fn is_over(&self) -> bool {
        match self.fault.span {
            Span::Times(times) => times == 0,
            Span::ForSeconds(seconds) => self.since.elapsed() >= Duration::from_secs_f64(seconds),
        }
    }
}

impl ServiceFault {
    /// Asynchronous invocations about this vanish: the caller believes that they were
    /// accepted.
    #[must_use]
    pub fn lost_invocations(about: &str, span: Span) -> Self {
        Self::swallowed("lambda", "Invoke", about, span)
    }

    /// Messages about this vanish before they are on their queue.
    #[must_use]
    pub fn lost_messages(about: &str, span: Span) -> Self {
        Self::swallowed("sqs", "SendMessage", about, span)
    }

    fn swallowed(service: &str, operation: &str, about: &str, span: Span) -> Self {
        Self {
            service: service.to_owned(),
            operation: operation.to_owned(),
            about: vec![about.to_owned()],
            action: Action::Swallow,
            span,
        }
    }

    fn is_for(&self, call: &Call) -> bool {
        self.service == call.service
            && call.operation.starts_with(&self.operation)
            && self.about.iter().all(|text| call.text.contains(text))
    }
}
