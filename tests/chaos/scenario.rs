//! A scenario: a fault, alerts, and how their deliveries must end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::destination::Via;
use crate::run::{Run, Site};

/// Something to do at one moment of a run.
pub(crate) type Act = Box<dyn Fn(Arc<Run>) -> BoxFuture<'static, ()> + Send + Sync>;

/// Where the vendors are.
pub(crate) type Base = Box<dyn Fn(Arc<Site>) -> BoxFuture<'static, String> + Send + Sync>;

/// A check besides that of the ledger: a note for the table, or what is wrong.
pub(crate) type Check =
    Box<dyn Fn(Arc<Run>) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// The faults that the simulator and the fault proxy inject.
pub(crate) type Injections = Box<dyn Fn(&Run) -> Vec<Injection> + Send + Sync>;

/// The short form is part of `make test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    Short,
    Full,
}

impl Extent {
    /// When all repetitions have happened, for a run that began and was over then. The
    /// short form waits for Lambda's first repetition (60 s), the full one for its
    /// second and for that of SQS (180 s each).
    pub(crate) fn aftermath(self, begun: Instant, over: Instant) -> Instant {
        match self {
            Self::Short => begun + Duration::from_secs(75),
            Self::Full => over + Duration::from_secs(190),
        }
    }
}

/// Scenarios that would disturb each other run one after the other: a sender that is
/// killed takes other deliveries of its batch with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Faults of one destination, which affect no other.
    Destinations,
    /// Kills, each of a different provider's sender.
    Kills,
    /// More kills of the same senders.
    MoreKills,
    /// Faults of the router or of its queues, which affect all deliveries.
    Router,
    /// Invocations vanish, those of all deliveries.
    Invocations,
    /// There are no sweeps.
    Sweeps,
    /// Outages of an AWS service, for all functions.
    Outages,
    /// Outages of the ledger, which every function needs.
    Ledger,
    /// More alerts than a destination accepts.
    Storm,
}

impl Stage {
    pub(crate) const ALL: [Self; 9] = [
        Self::Destinations,
        Self::Kills,
        Self::MoreKills,
        Self::Router,
        Self::Invocations,
        Self::Sweeps,
        Self::Outages,
        Self::Ledger,
        Self::Storm,
    ];
}

/// A fault to inject.
#[derive(Clone, Debug)]
pub(crate) enum Injection {
    /// At the simulated vendors; path and subject are filled in.
    Vendor(Value),
    /// At AWS; given as it is.
    Aws(Value),
}

impl Injection {
    /// Whether it cuts off calls or functions, so that Lambda or SQS repeats something.
    pub(crate) fn has_repetitions(&self) -> bool {
        match self {
            Self::Vendor(injection) => injection["mishap"] == "kill",
            Self::Aws(_) => true,
        }
    }
}

/// When the fault ends.
pub(crate) enum Lift {
    /// By itself: it is for so many requests, or for so long.
    ByItself,
    /// By hand, this long after the alerts were sent.
    After(Duration, Act),
}

/// How deliveries must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With the message at the vendor, and that in the ledger.
    Delivered,
    /// With nothing at the vendor, and one of these kinds of failures in the ledger.
    Failed(&'static [&'static str]),
    /// With nothing at the vendor, because the attempts are used up.
    Exhausted,
}

/// Whether the design permits that an alert arrives twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    Never,
    /// Once more: its sender was killed between post and record, and the vendor does
    /// not recognise the repetition.
    OneEach,
}

/// One fault, and how deliveries that meet it must end.
pub(crate) struct Scenario {
    pub(crate) fault: String,
    pub(crate) extent: Extent,
    pub(crate) stage: Stage,
    /// One destination of each.
    pub(crate) via: Vec<Via>,
    /// The fallback of the first destination.
    pub(crate) fallback: Option<Via>,
    /// The most attempts of the first destination.
    pub(crate) most_attempts: Option<u32>,
    pub(crate) alerts: usize,
    /// If not at the simulator.
    pub(crate) base: Option<Base>,
    pub(crate) before: Vec<Act>,
    pub(crate) injections: Injections,
    /// In place of putting the alerts on the queue.
    pub(crate) send: Option<Act>,
    pub(crate) lift: Lift,
    /// The kind of failure that an attempt must have met, or the fault never was.
    pub(crate) meets: Option<&'static str>,
    pub(crate) end: End,
    pub(crate) duplicates: Duplicates,
    pub(crate) checks: Vec<Check>,
    /// Requests that its vendors may get, to the end of the run.
    pub(crate) most_calls: Option<usize>,
    /// Deliveries that are not over by then count as lost.
    pub(crate) patience: Duration,
}

impl Scenario {
    pub(crate) fn new(fault: impl Into<String>, via: Via) -> Self {
        Self {
            fault: fault.into(),
            extent: Extent::Full,
            stage: Stage::Destinations,
            via: vec![via],
            fallback: None,
            most_attempts: None,
            alerts: 3,
            base: None,
            before: Vec::new(),
            injections: Box::new(|_| Vec::new()),
            send: None,
            lift: Lift::ByItself,
            meets: None,
            end: End::Delivered,
            duplicates: Duplicates::Never,
            checks: Vec::new(),
            most_calls: None,
            patience: Duration::from_mins(4),
        }
    }

    /// Makes it part of the short form.
    pub(crate) fn short(mut self) -> Self {
        self.extent = Extent::Short;
        self
    }

    pub(crate) fn stage(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    pub(crate) fn and_via(mut self, via: Via) -> Self {
        self.via.push(via);
        self
    }

    pub(crate) fn falls_back_to(mut self, via: Via) -> Self {
        self.fallback = Some(via);
        self
    }

    pub(crate) fn most_attempts(mut self, most: u32) -> Self {
        self.most_attempts = Some(most);
        self
    }

    pub(crate) fn alerts(mut self, alerts: usize) -> Self {
        self.alerts = alerts;
        self
    }

    /// The destinations are added with their vendors at this address.
    pub(crate) fn at<F: Future<Output = String> + Send + 'static>(
        mut self,
        base: impl Fn(Arc<Site>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.base = Some(Box::new(move |site| base(site).boxed()));
        self
    }

    /// Does this before any fault is injected and any alert is sent.
    pub(crate) fn before<F: Future<Output = ()> + Send + 'static>(
        mut self,
        act: impl Fn(Arc<Run>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.before.push(boxed(act));
        self
    }

    pub(crate) fn inject(
        mut self,
        injections: impl Fn(&Run) -> Vec<Injection> + Send + Sync + 'static,
    ) -> Self {
        self.injections = Box::new(injections);
        self
    }

    /// Has the next requests answered, or not, by this fault of the simulator.
    pub(crate) fn vendor(self, injection: Value) -> Self {
        self.inject(move |_| vec![Injection::Vendor(injection.clone())])
    }

    pub(crate) fn send<F: Future<Output = ()> + Send + 'static>(
        mut self,
        act: impl Fn(Arc<Run>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.send = Some(boxed(act));
        self
    }

    pub(crate) fn lift<F: Future<Output = ()> + Send + 'static>(
        mut self,
        after: Duration,
        act: impl Fn(Arc<Run>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.lift = Lift::After(after, boxed(act));
        self
    }

    pub(crate) fn meets(mut self, kind: &'static str) -> Self {
        self.meets = Some(kind);
        self
    }

    pub(crate) fn fails(mut self, kinds: &'static [&'static str]) -> Self {
        self.end = End::Failed(kinds);
        self
    }

    pub(crate) fn exhausts(mut self) -> Self {
        self.end = End::Exhausted;
        self
    }

    pub(crate) fn most_calls(mut self, most: usize) -> Self {
        self.most_calls = Some(most);
        self
    }

    /// Removes the faults at the vendor at the end, when some are left.
    pub(crate) fn with_faults_removed(self) -> Self {
        self.check(|run| async move {
            let query = format!("path={}", run.destinations[0].path);
            run.site.simulator.remove_faults(&query).await;
            Ok(String::new())
        })
    }

    pub(crate) fn may_arrive_twice(mut self) -> Self {
        self.duplicates = Duplicates::OneEach;
        self
    }

    pub(crate) fn check<F: Future<Output = Result<String, String>> + Send + 'static>(
        mut self,
        check: impl Fn(Arc<Run>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.checks.push(Box::new(move |run| check(run).boxed()));
        self
    }

    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

fn boxed<F: Future<Output = ()> + Send + 'static>(
    act: impl Fn(Arc<Run>) -> F + Send + Sync + 'static,
) -> Act {
    Box::new(move |run| act(run).boxed())
}
