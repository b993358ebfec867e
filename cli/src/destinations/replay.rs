//! `apply --dry-run --replay`: routes the alerts of the last days by the current
//! destinations and by the planned ones.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use tocsin_api_types::{AlertReport, AlertSummary, ApplyDestinations, GetAlert, ListAlerts, Prune};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertId, Severity};
use tocsin_core::destination::{Destination, Destinations};
use tocsin_core::routing::{Reason, Routing, route};

use super::sources::Plan;
use crate::args::Since;
use crate::print::{Column, Named, Style, Table, Text, count, text, time, when};
use crate::stack::Stack;
use crate::{document, terminal};

/// Alerts that are fetched at the same time.
const CONCURRENT_READS: usize = 8;

/// The most alerts that are replayed, the newest ones: each is fetched whole, which
/// takes about a second for a hundred of them.
const MOST_ALERTS: usize = 20_000;

/// Alerts of one page: they are compared before the next page is fetched.
const PAGE: u16 = 200;

/// A plan, and its effect on past alerts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) plan: Plan,
    pub(super) replay: Replay,
}

/// The effect of a plan on past alerts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Replay {
    /// The beginning of the time range.
    since: Timestamp,
    /// The number of alerts replayed.
    alerts: usize,
    /// Whether these are all alerts of the range.
    extent: Extent,
    /// The alerts that would be routed differently.
    rerouted: Vec<Rerouted>,
}

/// How much of the time range was replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Extent {
    /// All alerts.
    All,
    /// Only the newest [`MOST_ALERTS`].
    Newest,
}

/// An alert that would be routed differently.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rerouted {
    alert_id: AlertId,
    received_at: Timestamp,
    severity: Severity,
    title: String,
    /// Destinations that would get it, and do not get it now.
    gained: BTreeSet<String>,
    /// Destinations that get it now, and would not get it.
    lost: BTreeSet<String>,
}

/// Replays the alerts since then by the destinations that `request` would make.
pub(super) async fn run(
    stack: &Stack,
    request: &ApplyDestinations,
    since: Since,
) -> anyhow::Result<Replay> {
    let since = since.moment(Timestamp::now());
    let reports = super::fetch(stack).await?;
    let current: Destinations = reports.into_iter().map(|one| one.destination).collect();
    let proposed = proposed(&current, request)?;
    let mut replay = Replay {
        since,
        alerts: 0,
        extent: Extent::All,
        rerouted: Vec::new(),
    };
    let mut default = None;
    let mut page_request = ListAlerts {
        since: Some(since),
        limit: Some(PAGE),
        ..ListAlerts::default()
    };
    let progress = terminal::progress("alerts replayed:", None);
    loop {
        let page = stack.ask(page_request.clone()).await?;
        let fetched = fetch_all(stack, &page.alerts).await?;
        default = default.or_else(|| default_destination(&fetched));
        let compared = fetched
            .iter()
            .filter_map(|one| compare(one, &current, &proposed, default.as_deref()));
        replay.rerouted.extend(compared);
        replay.alerts += fetched.len();
        progress.inc(fetched.len() as u64);
        if page.cursor.is_none() {
            break;
        }
        if replay.alerts >= MOST_ALERTS {
            replay.extent = Extent::Newest;
            break;
        }
        page_request.cursor = page.cursor;
    }
    progress.finish_and_clear();
    Ok(replay)
}

async fn fetch_all(stack: &Stack, page: &[AlertSummary]) -> anyhow::Result<Vec<AlertReport>> {
    stream::iter(page)
        .map(|one| {
            let alert_id = one.alert_id.as_str().to_owned();
            stack.ask(GetAlert { alert_id })
        })
        .buffered(CONCURRENT_READS)
        .try_collect()
        .await
}

/// The destinations after the plan is applied.
fn proposed(current: &Destinations, request: &ApplyDestinations) -> anyhow::Result<Destinations> {
    let mut all: Vec<Destination> = Vec::new();
    for declared in &request.destinations {
        let draft = declared.destination.clone();
        let earlier = current
            .iter()
            .find(|one| one.display_name == draft.display_name);
        all.push(document::destination(draft, earlier)?);
    }
    if request.unlisted == Prune::Keep {
        let named = |one: &&Destination| {
            all.iter()
                .any(|other| other.display_name == one.display_name)
        };
        let kept: Vec<_> = current.iter().filter(|one| !named(one)).cloned().collect();
        all.extend(kept);
    }
    Ok(all.into_iter().collect())
}

/// The stack's default destination, if one of the alerts was routed to it.
fn default_destination(reports: &[AlertReport]) -> Option<String> {
    let mut targets = reports.iter().flat_map(|one| &one.routing.targets);
    let target = targets.find(|target| target.reason == Reason::Default)?;
    Some(target.destination_id.to_string())
}

fn compare(
    report: &AlertReport,
    current: &Destinations,
    proposed: &Destinations,
    default: Option<&str>,
) -> Option<Rerouted> {
    let names = |routing: Routing| -> BTreeSet<String> {
        routing
            .targets
            .into_iter()
            .map(|target| target.display_name)
            .collect()
    };
    let before = names(route(&report.alert, current, default));
    let after = names(route(&report.alert, proposed, default));
    (before != after).then(|| Rerouted {
        alert_id: report.alert.alert_id.clone(),
        received_at: report.received_at,
        severity: report.routing.severity,
        title: report.alert.title.clone(),
        gained: &after - &before,
        lost: &before - &after,
    })
}

/// The replay as text.
const COLUMNS: [Column; 5] = [
    Column::whole("received", 1),
    Column::whole("severity", 2),
    Column::wrapped("title", 0),
    Column::wrapped("routing change", 0),
    Column::whole("id", 0),
];

impl Named for Report {
    fn names(&self) -> Option<Vec<String>> {
        self.plan.names()
    }
}

pub(super) fn render(replay: &Replay) -> Text {
    let newest = match replay.extent {
        Extent::All => "",
        Extent::Newest => "the newest ",
    };
    let alerts = format!("{newest}{}", count(replay.alerts, "alert", "alerts"));
    if replay.rerouted.is_empty() {
        return text!(
            "Replay: none of {} since {} would be routed differently.",
            alerts,
            time(replay.since)
        );
    }
    let mut rows = Table::new(&COLUMNS);
    for one in &replay.rerouted {
        let gained = one.gained.iter().map(|name| text!("+ {}", name));
        let lost = one.lost.iter().map(|name| text!("- {}", name));
        rows.row([
            Style::Plain.cell(when(one.received_at)),
            Style::Plain.cell(one.severity),
            Style::Plain.cell(&one.title),
            Style::Pending.cell(Text::lines(gained.chain(lost))),
            Style::Muted.cell(&one.alert_id),
        ]);
    }
    text!(
        "Replay: {} of {} since {} would be routed differently.\n{}",
        replay.rerouted.len(),
        alerts,
        time(replay.since),
        rows.draw()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tocsin_core::alert::parse;

    fn request(destinations: &Value, unlisted: Prune) -> ApplyDestinations {
        let entries = document::parse(&json!({"destinations": destinations}).to_string()).unwrap();
        ApplyDestinations {
            destinations: entries
                .into_iter()
                .map(|entry| tocsin_api_types::Declared {
                    destination: entry.draft,
                    secret: None,
                })
                .collect(),
            unlisted,
            mode: tocsin_api_types::ApplyMode::DryRun,
            expected: None,
            actor: None,
        }
    }

    fn rerouted(unlisted: Prune) -> (Vec<String>, Vec<String>) {
        let none = Destinations::default();
        let existing = json!([
            {"displayName": "a", "type": "slack", "severities": ["HIGH"]},
            {"displayName": "b", "type": "slack", "severities": ["HIGH"]},
        ]);
        let current = proposed(&none, &request(&existing, Prune::Keep)).unwrap();
        let wanted = json!([
            {"displayName": "a", "type": "slack", "severities": ["LOW"]},
            {"displayName": "c", "type": "slack", "severities": ["HIGH"]},
        ]);
        let proposed = proposed(&current, &request(&wanted, unlisted)).unwrap();
        let alert = parse(r#"{"id": "X", "createdAt": "2026-01-01T00:00:00Z", "severity": "HIGH", "type": "RULE"}"#).unwrap();
        let report = AlertReport {
            routing: route(&alert, &current, None),
            alert,
            received_at: Timestamp::now(),
            deliveries: Vec::new(),
            resent_as: None,
        };
        let found = compare(&report, &current, &proposed, None).unwrap();
        (
            found.gained.into_iter().collect(),
            found.lost.into_iter().collect(),
        )
    }

    #[test]
    fn routing_changes_are_reported_by_name() {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(rerouted(Prune::Keep), (names(&["c"]), names(&["a"])));
        assert_eq!(rerouted(Prune::Delete), (names(&["c"]), names(&["a", "b"])));
    }
}
