//! Far more alerts than a destination accepts: nothing is lost, the destination gets
//! few calls beyond them, and another destination of the same alerts does not wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::seconds;
use crate::destination::Via;
use crate::run::Run;
use crate::scenario::{Extent, Injection, Scenario, Stage};

/// `STORM` alerts at once, to a destination that accepts `RATE` of them a second:
/// 10,000 and 1 take three hours. The rate limiter begins with one a second for a
/// destination that throttles, so patience depends on the number of alerts only.
pub(super) fn storm(extent: Extent) -> Scenario {
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
        .patience(seconds(90 + 2 * alerts as u64))
        .check(others_first)
        .check(|run| async move {
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
        });
    match extent {
        Extent::Short => storm,
        // Only where nothing else runs do all calls belong to the storm.
        Extent::Full => storm.check(move |run| cost(run, calls.clone())),
    }
}

/// The most calls that a storm may cost the destination: one for each message, and
/// those that find out that it throttles, and at which rate.
const fn most_calls(messages: usize) -> usize {
    messages + messages / 2 + 20
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
    let last_at = |at: usize| {
        let path = &run.destinations[at].path;
        let accepted = all
            .iter()
            .filter(|one| one.is_accepted() && one.path.starts_with(path));
        let last = accepted.map(|one| one.at).max().unwrap_or(u64::MAX);
        last.saturating_sub(first) / 1_000
    };
    let (slow, free) = (last_at(0), last_at(1));
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

/// What the functions asked of AWS meanwhile.
async fn cost(run: Arc<Run>, earlier: Arc<Mutex<BTreeMap<String, u64>>>) -> Result<String, String> {
    let now = run.site.proxy.calls().await;
    let earlier = earlier.lock().unwrap();
    let of =
        |name: &str| now.get(name).copied().unwrap_or(0) - earlier.get(name).copied().unwrap_or(0);
    Ok(format!(
        "dispatches {}, ledger writes in batches {}, retry messages in batches {}",
        of("lambda.Invoke"),
        of("dynamodb.BatchExecuteStatement"),
        of("sqs.SendMessageBatch"),
    ))
}
