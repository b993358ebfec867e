//! `tocsin deliveries list`.

use tocsin_api_types::{DeliveryScope, DeliverySummary, ListDeliveries};
use tocsin_core::delivery::State;

use super::{fetch, request, undelivered};
use crate::alerts;
use crate::args::{DeliveriesArgs, Output};
use crate::exit::Exit;
use crate::print::{self, Cell, Column, Style, Table, Text, text, when};
use crate::stack::Stack;

pub(super) async fn run(
    stack: &Stack,
    args: &DeliveriesArgs,
    output: Output,
) -> anyhow::Result<Exit> {
    let deliveries = list(stack, args).await?;
    print::show(output, &deliveries, |all| render(all, args))?;
    Ok(Exit::Success)
}

async fn list(stack: &Stack, args: &DeliveriesArgs) -> anyhow::Result<Vec<DeliverySummary>> {
    let DeliveriesArgs { filter, limit, .. } = args;
    if args.failed {
        let scope = if args.all {
            DeliveryScope::All
        } else {
            DeliveryScope::Open
        };
        return undelivered(stack, filter, scope, *limit).await;
    }
    let request = ListDeliveries {
        state: args.state.map(State::from),
        scope: Some(if args.waiting {
            DeliveryScope::Waiting
        } else {
            DeliveryScope::All
        }),
        ..request(filter)
    };
    fetch(stack, &request, filter, *limit).await
}

fn render(all: &[DeliverySummary], args: &DeliveriesArgs) -> Text {
    match (all.is_empty(), args.failed, args.waiting) {
        (true, true, _) => text!(
            "no failed deliveries in this time range; --since 7d goes further back, --all shows those that were sent again"
        ),
        (true, _, true) => text!("nothing waits"),
        (true, ..) => text!("no deliveries in this time range; --since 7d goes further back"),
        (false, true, _) => Text::lines([
            table(all),
            text!("once the cause is fixed: tocsin deliveries resend --failed"),
        ]),
        (false, _, true) => Text::lines([
            table(all),
            text!("attempt them now: tocsin deliveries retry --destination NAME"),
        ]),
        (false, ..) => table(all),
    }
}

const COLUMNS: [Column; 9] = [
    Column::whole("changed", 3),
    Column::whole("state", 0),
    Column::whole("destination", 0),
    Column::whole("next attempt", 1),
    Column::whole("severity", 4),
    Column::wrapped("title", 2),
    Column::whole("attempts", 5),
    Column::wrapped("receipt or failure", 1),
    Column::whole("alert", 0),
];

pub(super) fn table(all: &[DeliverySummary]) -> Text {
    let mut rows = Table::new(&COLUMNS);
    for one in all {
        rows.row(row(one));
    }
    rows.draw()
}

fn row(one: &DeliverySummary) -> [Cell; 9] {
    let delivery = &one.delivery;
    let last = delivery.attempts.last();
    let result = last.map(alerts::outcome).unwrap_or_default();
    let next = delivery
        .next_attempt_at
        .filter(|_| !delivery.state.is_settled());
    [
        Style::Plain.cell(when(delivery.updated_at)),
        Style::of_state(delivery.state).cell(delivery.state),
        Style::Plain.cell(&delivery.display_name),
        Style::Plain.cell(next.map(when).unwrap_or_default()),
        Style::Plain.cell(one.severity),
        Style::Plain.cell(&one.title),
        Style::Plain.cell(delivery.attempt),
        Style::Plain.cell(Text::lines(
            result.into_iter().chain(alerts::resent(delivery)),
        )),
        Style::Muted.cell(&one.alert_id),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::print::{Layout, View, hostile, set};

    fn deliveries() -> Vec<DeliverySummary> {
        let one = |id: &str, title: &str, state: &str, result: serde_json::Value| {
            json!({
                "alertId": id, "title": title, "severity": "HIGH",
                "receivedAt": "2026-01-01T11:00:00Z",
                "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11",
                "displayName": "soc on-call", "provider": "pagerduty", "deliveryId": "x",
                "state": state, "attempt": 2, "attempts": [result],
                "beganAt": "2026-01-01T11:00:00Z", "updatedAt": "2026-01-01T11:57:00Z",
                "nextAttemptAt": (state == "RETRYING").then_some("2026-01-01T12:02:30Z"),
            })
        };
        let failed = json!({
            "number": 2, "at": "2026-01-01T11:57:00Z", "durationMs": 12, "result": "failed",
            "kind": "unauthorized", "status": 401,
            "detail": "is the integration key still valid? Invalid routing key",
        });
        let delivered = json!({
            "number": 2, "at": "2026-01-01T11:57:00Z", "durationMs": 12, "result": "delivered",
            "id": "b90c19e66e160e194a5b3b94ec27fb7c",
        });
        let forged = "Login\u{1b}[31m\nDELIVERED  soc on-call\u{202e}";
        [
            one(
                "b90c19e66e160e194a5b3b94ec27fb7c",
                "Okta: user locked out after repeated failures",
                "RETRYING",
                failed.clone(),
            ),
            one("e1", "Root login", "DELIVERED", delivered),
            one("e2", forged, "FAILED", failed),
        ]
        .map(|one| serde_json::from_value(one).unwrap())
        .into()
    }

    #[test]
    fn a_table_fits_the_terminal_and_keeps_ids_times_and_names_whole() {
        let now = Some("2026-01-01T12:00:00Z".parse().unwrap());
        let mut shown = Vec::new();
        for width in [80, 120, 200] {
            set(View {
                layout: Layout::Width(width),
                now,
            });
            let drawn = table(&deliveries());
            let drawn = anstream::adapter::strip_str(drawn.as_str()).to_string();
            let is_row = |line: &&str| !line.starts_with("not shown");
            for line in drawn.lines().filter(is_row) {
                assert!(line.chars().count() <= width.into(), "{width}: {line}");
            }
            shown.push(format!("{width} columns:\n{drawn}"));
        }
        set(View {
            layout: Layout::Rows,
            now: None,
        });
        shown.push(format!("piped:\n{}", table(&deliveries()).as_str()));
        let snapshot = anstream::adapter::strip_str(&shown.join("\n\n")).to_string();
        insta::assert_snapshot!("deliveries", snapshot);
    }

    #[test]
    fn no_text_of_an_alert_forges_a_line_of_the_list() {
        let alert = hostile::alert();
        let mut fields = hostile::delivery();
        fields["alertId"] = alert["alertId"].clone();
        fields["title"] = alert["title"].clone();
        fields["severity"] = json!("CRITICAL");
        fields["receivedAt"] = alert["createdAt"].clone();
        let summary: DeliverySummary = hostile::read(&fields);
        insta::assert_snapshot!(hostile::seen(&vec![summary], |all| table(all)));
    }
}
