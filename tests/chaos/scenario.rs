//! What a scenario is: a fault, alerts, and what must come of them.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::destination::Via;
use crate::trial::{Site, Trial};

/// Something to do at one moment of a trial.
pub(crate) type Act = Box<dyn Fn(Arc<Trial>) -> BoxFuture<'static, ()> + Send + Sync>;

/// Where the vendors are.
pub(crate) type Base = Box<dyn Fn(Arc<Site>) -> BoxFuture<'static, String> + Send + Sync>;

/// A look at something besides the books: a note for the table, or what is wrong.
pub(crate) type Check =
    Box<dyn Fn(Arc<Trial>) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// What is ordered from the simulator and the fault proxy.
pub(crate) type Orders = Box<dyn Fn(&Trial) -> Vec<Order> + Send + Sync>;

/// The short form is part of `make test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    Short,
    Full,
}

/// Scenarios that would disturb each other run one after the other: a killed
/// sender takes the deliveries of others with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// What concerns one destination, and nobody else.
    Destinations,
    /// Kills, each of another provider's sender.
    Kills,
    /// More kills of the same senders.
    MoreKills,
    /// What concerns the router, and so everybody.
    Router,
    /// A service of AWS is away for everybody.
    Outages,
    /// So is the ledger, which everything needs.
    Ledger,
    /// More alerts than a destination takes.
    Storm,
}

impl Stage {
    pub(crate) const ALL: [Self; 7] = [
        Self::Destinations,
        Self::Kills,
        Self::MoreKills,
        Self::Router,
        Self::Outages,
        Self::Ledger,
        Self::Storm,
    ];
}

/// Something to go wrong.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// At the simulated vendors; path and subject are filled in.
    Vendor(Value),
    /// At AWS; given as it is.
    Aws(Value),
}

/// When the fault ends.
pub(crate) enum Lift {
    /// By itself: it is ordered for so many requests, or for so long.
    ByItself,
    /// By hand, this long after the alerts were sent.
    After(Duration, Act),
}

/// How deliveries must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With the message at the vendor, and that in the ledger.
    Delivered,
    /// With nothing at the vendor, and this kind of failure in the ledger.
    Failed(&'static str),
}

/// Whether the design permits that an alert arrives twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    Never,
    /// Once more, since its sender was killed between post and record, and the
    /// vendor cannot tell.
    OneEach,
}

/// One fault, and what must come of alerts that meet it.
pub(crate) struct Scenario {
    pub(crate) fault: String,
    pub(crate) extent: Extent,
    pub(crate) stage: Stage,
    /// One destination of each.
    pub(crate) via: Vec<Via>,
    pub(crate) alerts: usize,
    /// If not at the simulator.
    pub(crate) base: Option<Base>,
    pub(crate) before: Vec<Act>,
    pub(crate) orders: Orders,
    /// In place of putting the alerts on the queue.
    pub(crate) send: Option<Act>,
    pub(crate) lift: Lift,
    /// The kind of failure that an attempt must have met, or the fault never was.
    pub(crate) meets: Option<&'static str>,
    pub(crate) end: End,
    pub(crate) duplicates: Duplicates,
    pub(crate) checks: Vec<Check>,
    /// What is not over by then is lost.
    pub(crate) patience: Duration,
}

impl Scenario {
    pub(crate) fn new(fault: impl Into<String>, via: Via) -> Self {
        Self {
            fault: fault.into(),
            extent: Extent::Full,
            stage: Stage::Destinations,
            via: vec![via],
            alerts: 3,
            base: None,
            before: Vec::new(),
            orders: Box::new(|_| Vec::new()),
            send: None,
            lift: Lift::ByItself,
            meets: None,
            end: End::Delivered,
            duplicates: Duplicates::Never,
            checks: Vec::new(),
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

    /// Does this before anything is ordered or sent.
    pub(crate) fn before<F: Future<Output = ()> + Send + 'static>(
        mut self,
        act: impl Fn(Arc<Trial>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.before.push(boxed(act));
        self
    }

    pub(crate) fn orders(
        mut self,
        orders: impl Fn(&Trial) -> Vec<Order> + Send + Sync + 'static,
    ) -> Self {
        self.orders = Box::new(orders);
        self
    }

    /// Has the next requests answered, or not, by this fault of the simulator.
    pub(crate) fn vendor(self, order: Value) -> Self {
        self.orders(move |_| vec![Order::Vendor(order.clone())])
    }

    pub(crate) fn send<F: Future<Output = ()> + Send + 'static>(
        mut self,
        act: impl Fn(Arc<Trial>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.send = Some(boxed(act));
        self
    }

    pub(crate) fn lift<F: Future<Output = ()> + Send + 'static>(
        mut self,
        after: Duration,
        act: impl Fn(Arc<Trial>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.lift = Lift::After(after, boxed(act));
        self
    }

    pub(crate) fn meets(mut self, kind: &'static str) -> Self {
        self.meets = Some(kind);
        self
    }

    pub(crate) fn fails(mut self, kind: &'static str) -> Self {
        self.end = End::Failed(kind);
        self
    }

    pub(crate) fn may_arrive_twice(mut self) -> Self {
        self.duplicates = Duplicates::OneEach;
        self
    }

    pub(crate) fn check<F: Future<Output = Result<String, String>> + Send + 'static>(
        mut self,
        check: impl Fn(Arc<Trial>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.checks
            .push(Box::new(move |trial| check(trial).boxed()));
        self
    }

    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

fn boxed<F: Future<Output = ()> + Send + 'static>(
    act: impl Fn(Arc<Trial>) -> F + Send + Sync + 'static,
) -> Act {
    Box::new(move |trial| act(trial).boxed())
}
