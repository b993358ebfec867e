//! `tocsin deliveries resend`: many alerts again, after the cause of their failures is
//! fixed. They are counted and shown first.

use std::collections::BTreeMap;

use serde::Serialize;
use tocsin_api_types::{DeliveryScope, DeliverySummary, ResendAlert};
use tocsin_core::alert::AlertId;
use tocsin_core::text::line;

use super::{list, undelivered};
use crate::args::{Output, ResendManyArgs};
use crate::exit::Exit;
use crate::print::{self, Named, Style, Text, count, text};
use crate::stack::{Stack, actor};
use crate::terminal;

/// The result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResentMany {
    /// The new alerts.
    alert_ids: Vec<AlertId>,
    failures: Vec<NotResent>,
}

/// An alert that could not be sent again.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotResent {
    alert_id: AlertId,
    error: String,
}

impl Named for ResentMany {
    fn names(&self) -> Option<Vec<String>> {
        Some(self.alert_ids.iter().map(AlertId::to_string).collect())
    }
}

pub(super) async fn run(
    stack: &Stack,
    args: &ResendManyArgs,
    output: Output,
) -> anyhow::Result<Exit> {
    let found = undelivered(stack, &args.filter, DeliveryScope::Open, args.limit).await?;
    if args.dry_run || found.is_empty() {
        print::show(output, &found, |all| plan(all, args.limit))?;
        return Ok(Exit::Success);
    }
    print::remark(&plan(&found, args.limit));
    let chosen = by_alert(&found);
    let question = text!("Send {} again?", count(chosen.len(), "alert", "alerts"));
    if !terminal::confirm(&question, args.consent)? {
        print::remark(&text!("Nothing was sent."));
        return Ok(Exit::Success);
    }
    let resent = send(stack, chosen).await;
    print::show(output, &resent, render)?;
    Ok(if resent.failures.is_empty() {
        Exit::Success
    } else {
        Exit::Incomplete
    })
}

/// The destinations at which each alert failed.
fn by_alert(found: &[DeliverySummary]) -> BTreeMap<AlertId, Vec<String>> {
    let mut alerts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in found {
        let id = one.delivery.destination_id.to_string();
        alerts.entry(one.alert_id.clone()).or_default().push(id);
    }
    alerts
}

/// One after the other: the destinations have just recovered.
async fn send(stack: &Stack, chosen: BTreeMap<AlertId, Vec<String>>) -> ResentMany {
    let progress = terminal::progress("alerts sent again:", Some(chosen.len()));
    let mut resent = ResentMany {
        alert_ids: Vec::new(),
        failures: Vec::new(),
    };
    for (alert_id, destinations) in chosen {
        let request = ResendAlert {
            alert_id: alert_id.to_string(),
            destinations: Some(destinations),
            actor: actor(),
        };
        match stack.ask(request).await {
            Ok(one) => resent.alert_ids.push(one.alert_id),
            Err(error) => resent.failures.push(NotResent {
                alert_id,
                error: format!("{error:#}"),
            }),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    resent
}

fn plan(all: &[DeliverySummary], limit: usize) -> Text {
    if all.is_empty() {
        return text!("no failed deliveries in this time range; --since 7d goes further back");
    }
    let mut lines = vec![list::table(all)];
    let mut of_destinations: BTreeMap<&str, usize> = BTreeMap::new();
    for one in all {
        *of_destinations
            .entry(&one.delivery.display_name)
            .or_default() += 1;
    }
    let of_destinations = of_destinations.into_iter();
    let counts = of_destinations.map(|(name, number)| text!("{} to {:?}", number, name));
    lines.push(text!(
        "{}: {}",
        count(all.len(), "delivery", "deliveries"),
        Text::joined(counts, ", ")
    ));
    if all.len() == limit {
        lines.push(text!("there may be more: --limit says how many at once"));
    }
    Text::lines(lines)
}

fn render(resent: &ResentMany) -> Text {
    let sent = count(resent.alert_ids.len(), "alert was", "alerts were");
    let mut lines = vec![text!(
        "{} sent again; see what becomes of them: tocsin status",
        sent
    )];
    let failures = resent.failures.iter();
    lines.extend(failures.map(|one| {
        text!(
            "{} {}: {}",
            Style::Error.paint("not sent again:"),
            one.alert_id,
            line(&one.error, 300)
        )
    }));
    Text::lines(lines)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_alert_that_failed_twice_is_sent_again_once() {
        let one = |alert: &str, destination: &str| -> DeliverySummary {
            serde_json::from_value(json!({
                "alertId": alert, "title": "t", "severity": "LOW",
                "receivedAt": "2026-01-01T00:00:00Z", "destinationId": destination,
                "displayName": "d", "provider": "slack", "deliveryId": "x", "state": "FAILED",
                "attempt": 1, "attempts": [], "beganAt": "2026-01-01T00:00:00Z",
                "updatedAt": "2026-01-01T00:00:00Z",
            }))
            .unwrap()
        };
        let first = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
        let second = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12";
        let alerts = by_alert(&[one("a", first), one("b", first), one("a", second)]);
        let alerts: Vec<_> = alerts.into_values().collect();
        assert_eq!(alerts, [vec![first, second], vec![first]]);
    }
}
