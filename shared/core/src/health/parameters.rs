//! The parameters of health, with the source of each number.

use std::time::Duration;

/// The parameters of circuit breakers, rate limiters, drains and reports.
#[derive(Clone, Copy, Debug)]
pub struct Parameters {
    /// Different detections whose alerts fail, without a response between, that open
    /// the breaker of the destination. Fewer may be about content: a receiver that
    /// cannot process one detection's alerts fails at each of them.
    pub detections_to_open: usize,
    /// The same for failures that a person must fix. A firewall in front of a webhook
    /// may answer 403 to the content of one detection; to two, hardly.
    pub misconfigured_detections_to_open: usize,
    /// Failures of one detection, without any response between, that hold its alerts:
    /// high, since they may be the only traffic and the destination may work.
    pub failures_to_hold: u32,
    /// The same once other detections got a response meanwhile: it is the content.
    pub proven_failures_to_hold: u32,
    /// Failing detections that the health remembers; also how many different
    /// detections may fail before no further one probes an open breaker early. Bounds
    /// the item and the extra probes of an outage.
    pub remembered_detections: usize,

    /// How long a breaker stays open at first.
    pub first_interval: Duration,
    /// It then stays open for this share of the time that it has been open so far. With
    /// 1 the probes are 5, 10, 20, … seconds after the first failure, and a recovery is
    /// noticed after twice the outage at the latest.
    pub share: f64,
    /// The same for throttling: quotas are mostly per minute, and much waits by then.
    pub throttled_share: f64,
    /// The same when a person must fix something: nobody is that fast, but a receiver
    /// answers 404 for some seconds while it is deployed.
    pub first_misconfigured_interval: Duration,
    /// The longest time that a breaker stays open unless `Retry-After` asks for more,
    /// and every time when the credential is not accepted: repeated attempts may lock
    /// the account.
    pub longest_interval: Duration,
    /// The longest time that alerts of one detection are held while the destination
    /// accepts others: a request each 30 s costs a working destination nothing.
    pub longest_proven_interval: Duration,
    /// These times are longer at random, by this share at most: a day of outage then is
    /// 262 probes, and never more than 288.
    pub jitter: f64,
    /// How long a probe may take before another delivery may probe: longer than the
    /// longest attempt (40 s).
    pub probe_timeout: Duration,
    /// How long what waits for a breaker waits, at most, after its interval is over: the
    /// next sweep and its drain. A breaker that nobody probed by then has nothing to do.
    pub probe_delay: Duration,

    /// The first interval of the rate limiter: what the strictest of the common limits
    /// allows (Slack: one message a second).
    pub first_pace: Duration,
    /// The shortest interval of the rate limiter: 50 deliveries a second.
    pub fastest_pace: Duration,
    /// The longest interval of the rate limiter.
    pub slowest_pace: Duration,
    /// The factor for the interval after a success while no interval was proved too
    /// short.
    pub first_speed_up: f64,
    /// The factor once one was: slowly, since each step too far costs a pause.
    pub speed_up: f64,
    /// The interval is kept this much longer than the longest that was proved too short.
    pub margin: f64,
    /// The time after which half of what was proved is forgotten: limits change.
    pub proof_half_life: Duration,
    /// Each confirmation doubles that time, up to this many: 20 minutes.
    pub longest_memory: u32,
    /// The rate limiter ends this long after the last throttling, once nothing waits.
    pub limiter_lifetime: Duration,

    /// What a drain takes with a rate limiter: so much of its time. A high-severity
    /// alert that arrives meanwhile waits for no more than that.
    pub drain_time: Duration,
    /// The most deliveries of one drain: the keys of one `BatchGetItem`.
    pub drain_limit: usize,
    /// Deliveries to one destination that are attempted concurrently, at most.
    pub concurrency: usize,

    /// A destination that has accepted nothing for this long is reported, before its
    /// first delivery is exhausted.
    pub long_failing: Duration,
    /// The shortest time between two reports of one kind about one destination.
    pub report_interval: Duration,
}

/// The parameters of all destinations.
pub const PARAMETERS: Parameters = Parameters {
    detections_to_open: 3,
    misconfigured_detections_to_open: 2,
    failures_to_hold: 10,
    proven_failures_to_hold: 3,
    remembered_detections: 8,

    first_interval: Duration::from_secs(5),
    share: 1.0,
    throttled_share: 0.25,
    first_misconfigured_interval: Duration::from_secs(30),
    longest_interval: Duration::from_mins(5),
    longest_proven_interval: Duration::from_secs(30),
    jitter: 0.2,
    probe_timeout: Duration::from_secs(45),
    probe_delay: Duration::from_mins(2),

    first_pace: Duration::from_secs(1),
    fastest_pace: Duration::from_millis(20),
    slowest_pace: Duration::from_mins(1),
    first_speed_up: 0.85,
    speed_up: 0.95,
    margin: 1.08,
    proof_half_life: Duration::from_mins(5),
    longest_memory: 3,
    limiter_lifetime: Duration::from_mins(10),

    drain_time: Duration::from_secs(8),
    drain_limit: 100,
    concurrency: 25,

    long_failing: Duration::from_mins(15),
    report_interval: Duration::from_hours(1),
};
