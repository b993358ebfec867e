//! Far more alerts than a destination takes: nothing is lost, the destination is
//! not hammered, and another destination of the same alerts does not wait for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::seconds;
use crate::destination::Via;
use crate::scenario::{Extent, Order, Scenario, Stage};
use crate::trial::Trial;

/// `STORM` alerts at once, to a destination that takes `RATE` of them a second:
/// 10,000 and 1 take three hours. However fast a destination that throttles may
/// be, its line moves by one a second, so patience goes by the alerts alone.
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
        .before(move |trial| {
            let earlier = earlier.clone();
            async move {
                let now = trial.site.proxy.calls().await;
                *earlier.lock().unwrap() = now;
            }
        })
        .orders(move |_| vec![Order::Vendor(json!({"perSecond": rate, "retryAfter": 1}))])
        .patience(seconds(120 + 4 * alerts as u64))
        .check(others_first)
        .check(|trial| async move {
            let query = format!("path={}", trial.destinations[0].path);
            trial.site.simulator.withdraw(&query).await;
            let all = trial.site.simulator.received(&trial.label).await;
            let path = &trial.destinations[0].path;
            let calls = all.iter().filter(|one| one.path.starts_with(path)).count();
            Ok(format!("{calls} calls for {} messages", trial.ids.len()))
        });
    match extent {
        Extent::Short => storm,
        // Only where nothing else runs are the calls the storm's own.
        Extent::Full => storm.check(move |trial| cost(trial, calls.clone())),
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
async fn others_first(trial: Arc<Trial>) -> Result<String, String> {
    let all = trial.site.simulator.received(&trial.label).await;
    let first = all.iter().map(|one| one.at).min().unwrap_or(0);
    let last_at = |at: usize| {
        let path = &trial.destinations[at].path;
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
async fn cost(
    trial: Arc<Trial>,
    earlier: Arc<Mutex<BTreeMap<String, u64>>>,
) -> Result<String, String> {
    let now = trial.site.proxy.calls().await;
    let earlier = earlier.lock().unwrap();
    let of =
        |name: &str| now.get(name).copied().unwrap_or(0) - earlier.get(name).copied().unwrap_or(0);
    Ok(format!(
        "hand-overs {}, ledger writes in batches {}, retry messages in batches {}",
        of("lambda.Invoke"),
        of("dynamodb.BatchExecuteStatement"),
        of("sqs.SendMessageBatch"),
    ))
}
