//! Far more alerts than a destination accepts: nothing is lost, the destination gets
//! few calls beyond them and is used as fast as it can be, high-severity alerts go
//! first, and another destination of the same alerts does not wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::seconds;
use crate::destination::Via;
use crate::run::Run;
use crate::scenario::{Extent, Injection, Scenario, Stage};

pub(super) fn all(extent: Extent) -> Vec<Scenario> {
    vec![storm(extent), throttled_for_a_minute()]
}

/// `STORM` alerts at once, to a destination that accepts `RATE` of them a second:
/// 10,000 and 1 take three hours. The rate limiter begins with one a second for a
/// destination that throttles, so patience depends on the number of alerts only.
fn storm(extent: Extent) -> Scenario {
    let alerts = setting("STORM").unwrap_or(match extent {
        Extent::Short => 20,
        Extent::Full => 120,
    });
    let rate = setting("RATE").unwrap_or(match extent {
        Extent::Short => 5,
        Extent::Full => 1,
    });
    let calls = Arc::new(Mutex::new(BTreeMap::new()));
    let earlier = calls.clone();
    let fault = format!("storm: {alerts} alerts at once, {rate} a second are taken");
    let storm = Scenario::new(fault, Via::Webhook)
        .and_via(Via::SlackHook)
        .short()
        .stage(Stage::Storm)
        .alerts(alerts)
        .before(move |run| {
            let earlier = earlier.clone();
            async move {
                let now = run.site.proxy.calls().await;
                *earlier.lock().unwrap() = now;
            }
        })
        .inject(move |_| {
            vec![Injection::Vendor(
                json!({"perSecond": rate, "retryAfter": 1}),
            )]
        })
        .send(send_mixed)
        .patience(seconds(90 + 2 * alerts as u64))
        .check(others_first)
        .check(few_calls);
    match extent {
        Extent::Short => storm,
        // Only where nothing else runs are all calls and all the time the storm's.
        Extent::Full => storm
            .check(high_first)
            .check(move |run| within_pace(run, Pace { alerts, rate }))
            .check(move |run| cost(run, calls.clone())),
    }
}

/// The destination throttles everything at first, then nothing.
fn throttled_for_a_minute() -> Scenario {
    Scenario::new("storm: 120 alerts at once, 429 for a minute", Via::Webhook)
        .stage(Stage::Storm)
        .alerts(120)
        .vendor(json!({"status": 429, "times": 100_000}))
        .meets("throttled")
        .send(send_mixed)
        .lift(seconds(60), |run| async move {
            run.nothing_has_ended().await;
            let query = format!("path={}", run.destinations[0].path);
            run.site.simulator.remove_faults(&query).await;
        })
        .patience(seconds(330))
        .check(high_first)
        .check(few_calls)
}

/// How fast a destination accepts a storm.
#[derive(Clone, Copy)]
struct Pace {
    alerts: usize,
    rate: usize,
}

/// Every tenth alert of a storm is HIGH.
fn is_high(at: usize) -> bool {
    at % 10 == 9
}

async fn send_mixed(run: Arc<Run>) {
    let alerts: Vec<_> = run
        .ids
        .iter()
        .enumerate()
        .map(|(at, id)| {
            let mut alert = run.alert(id);
            if is_high(at) {
                alert["severity"] = json!("HIGH");
            }
            alert
        })
        .collect();
    run.send_alerts(&alerts).await;
}

/// The most calls that a storm may cost the destination: one for each message, and
/// those that find out that it throttles, and at which rate.
const fn most_calls(messages: usize) -> usize {
    messages + messages / 2 + 20
}

async fn few_calls(run: Arc<Run>) -> Result<String, String> {
    let query = format!("path={}", run.destinations[0].path);
    run.site.simulator.remove_faults(&query).await;
    let all = run.site.simulator.received(&run.label).await;
    let path = &run.destinations[0].path;
    let calls = all.iter().filter(|one| one.path.starts_with(path)).count();
    let messages = run.ids.len();
    let said = format!("{calls} calls for {messages} messages");
    if calls <= most_calls(messages) {
        Ok(said)
    } else {
        Err(said)
    }
}

fn setting(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")),
    )
}

/// The second destination has everything before the first.
async fn others_first(run: Arc<Run>) -> Result<String, String> {
    let all = run.site.simulator.received(&run.label).await;
    let first = all.iter().map(|one| one.at).min().unwrap_or(0);
    let mut last = [0, 0];
    for (at, last) in last.iter_mut().enumerate() {
        let times = run.accepted_at(at).await;
        let latest = times.values().max().copied().unwrap_or(u64::MAX);
        *last = latest.saturating_sub(first) / 1_000;
    }
    let [slow, free] = last;
    if free <= slow {
        Ok(format!(
            "the other destination had all after {free} s, this one after {slow} s"
        ))
    } else {
        Err(format!(
            "the other destination waited {free} s, this one {slow} s"
        ))
    }
}

/// All HIGH alerts arrive before the others, except for what the fast path sent before
/// the destination throttled, and what a drain had taken before the last HIGH alert
/// was recorded.
async fn high_first(run: Arc<Run>) -> Result<String, String> {
    const BEFORE: usize = 30;
    let times = run.accepted_at(0).await;
    let of = |wanted: bool| {
        let ids = run.ids.iter().enumerate();
        let ids = ids.filter(move |(at, _)| is_high(*at) == wanted);
        ids.filter_map(|(_, id)| times.get(id))
    };
    let last_high = of(true).max().copied().unwrap_or(u64::MAX);
    let earlier = of(false).filter(|at| **at < last_high).count();
    let said = format!("{earlier} others before the last HIGH alert");
    if earlier <= BEFORE {
        Ok(said)
    } else {
        Err(said)
    }
}

/// The last alert arrives within 1.2 × the time that the destination needs for all.
/// The alerts have to be recorded first, and the pace to be found: the rate limiter
/// begins with one a second.
async fn within_pace(run: Arc<Run>, pace: Pace) -> Result<String, String> {
    const TO_FIND_THE_PACE: Duration = Duration::from_secs(30);
    let times = run.accepted_at(0).await;
    let first = times.values().min().copied().unwrap_or(0);
    let last = times.values().max().copied().unwrap_or(0);
    let taken = Duration::from_millis(last.saturating_sub(first));
    let own = Duration::from_secs((pace.alerts / pace.rate) as u64);
    let said = format!(
        "all after {:.0} s, of which the destination needs {:.0} s",
        taken.as_secs_f64(),
        own.as_secs_f64()
    );
    if taken <= own.mul_f64(1.2) + TO_FIND_THE_PACE {
        Ok(said)
    } else {
        Err(said)
    }
}

/// What the functions asked of AWS meanwhile.
async fn cost(run: Arc<Run>, earlier: Arc<Mutex<BTreeMap<String, u64>>>) -> Result<String, String> {
    let now = run.site.proxy.calls().await;
    let earlier = earlier.lock().unwrap();
    let of =
        |name: &str| now.get(name).copied().unwrap_or(0) - earlier.get(name).copied().unwrap_or(0);
    Ok(format!(
        "dispatches {}, ledger writes in batches {}, wake-ups {}",
        of("lambda.Invoke"),
        of("dynamodb.BatchExecuteStatement"),
        of("sqs.SendMessage") + of("sqs.SendMessageBatch"),
    ))
}
