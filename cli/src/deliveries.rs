//! `tocsin deliveries`.

use tocsin_api_types::{DeliverySummary, ListDeliveries};
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;

use crate::args::{DeliveriesArgs, DeliveriesCommand, Output, Target};
use crate::exit::Exit;
use crate::pages;
use crate::print::{self, Style, Table, Text, text};
use crate::stack::Stack;
use crate::{alerts, terminal};

/// The states in which deliveries end without success.
const UNDELIVERED: [State; 2] = [State::Failed, State::Exhausted];

pub(crate) async fn run(
    command: DeliveriesCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<Exit> {
    let DeliveriesCommand::List(args) = command;
    let stack = Stack::connect(target).await?;
    let deliveries = list(&stack, &args).await?;
    print::show(output, &deliveries, |all| render(all, args.failed))?;
    Ok(Exit::Success)
}

async fn list(stack: &Stack, args: &DeliveriesArgs) -> anyhow::Result<Vec<DeliverySummary>> {
    let now = Timestamp::now();
    let request = ListDeliveries {
        since: Some(args.since.moment(now)),
        until: args.until.map(|until| until.moment(now)),
        destination: args.destination.clone(),
        ..ListDeliveries::default()
    };
    let progress = terminal::progress("deliveries found:", None);
    if !args.failed {
        return pages::list(stack, &request, args.limit, &progress).await;
    }
    let mut found = Vec::new();
    for state in UNDELIVERED {
        let state = Some(state);
        let request = ListDeliveries {
            state,
            ..request.clone()
        };
        found.extend(pages::list(stack, &request, args.limit, &progress).await?);
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.delivery.updated_at));
    found.truncate(args.limit);
    Ok(found)
}

fn render(all: &[DeliverySummary], failed: bool) -> Text {
    if all.is_empty() {
        let what = if failed {
            "no failed deliveries"
        } else {
            "no deliveries"
        };
        return text!("{} in this time range; --since 7d goes further back", what);
    }
    let mut rows = Table::new(&[
        "changed",
        "destination",
        "state",
        "attempts",
        "alert",
        "receipt or failure",
    ]);
    for one in all {
        let delivery = &one.delivery;
        let last = delivery.attempts.last();
        let result = last.map(alerts::outcome).unwrap_or_default();
        let next = alerts::due(delivery).map(|due| text!("{}", due));
        rows.row([
            Style::Plain.cell(print::time(delivery.updated_at)),
            Style::Plain.cell(&delivery.display_name),
            Style::of_state(delivery.state).cell(delivery.state),
            Style::Plain.cell(delivery.attempt),
            Style::Plain.cell(text!("[{}] {}\n{}", one.severity, one.title, one.alert_id)),
            Style::Plain.cell(Text::lines(result.into_iter().chain(next))),
        ]);
    }
    if failed {
        return text!(
            "{}\nonce the cause is fixed: tocsin alerts resend ALERT_ID --destination NAME",
            rows.draw()
        );
    }
    rows.draw()
}
