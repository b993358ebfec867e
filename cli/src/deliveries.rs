//! `tocsin deliveries`.

use tocsin_api_types::{DeliverySummary, ListDeliveries};
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;

use crate::args::{DeliveriesArgs, DeliveriesCommand, Output, Target};
use crate::exit::Exit;
use crate::pages;
use crate::print::{self, Style, table};
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

fn render(all: &[DeliverySummary], failed: bool) -> String {
    if all.is_empty() {
        let what = if failed {
            "no failed deliveries"
        } else {
            "no deliveries"
        };
        return format!("{what} in this time range; --since 7d goes further back");
    }
    let mut rows = table(&[
        "changed",
        "destination",
        "state",
        "attempts",
        "alert",
        "receipt or failure",
    ]);
    for one in all {
        let delivery = &one.delivery;
        let result = delivery.attempts.last().map(alerts::outcome);
        let result: Vec<_> = result.into_iter().chain(alerts::due(delivery)).collect();
        rows.add_row([
            Style::Plain.cell(print::time(delivery.updated_at)),
            Style::Plain.cell(&delivery.display_name),
            Style::of_state(delivery.state).cell(delivery.state),
            Style::Plain.cell(delivery.attempt),
            Style::Plain.cell(format!(
                "[{}] {}\n{}",
                one.severity, one.title, one.alert_id
            )),
            Style::Plain.cell(result.join("\n").trim()),
        ]);
    }
    if failed {
        return format!(
            "{rows}\nonce the cause is fixed: tocsin alerts resend ALERT_ID --destination NAME"
        );
    }
    rows.to_string()
}
