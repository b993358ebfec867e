//! `tocsin deliveries`.

use indicatif::ProgressBar;
use tocsin_api::messages::{DeliverySummary, ListDeliveries};
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;

use crate::args::{DeliveriesArgs, DeliveriesCommand, Output, Target};
use crate::exit::Ending;
use crate::pages::{self, Page};
use crate::print::{self, Tone, table};
use crate::stack::Stack;
use crate::{alerts, terminal};

/// How deliveries end without having arrived.
const IN_VAIN: [State; 2] = [State::Failed, State::Exhausted];

pub(crate) async fn run(
    command: DeliveriesCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<Ending> {
    let DeliveriesCommand::List(args) = command;
    let stack = Stack::connect(target).await?;
    let deliveries = list(&stack, &args).await?;
    print::show(output, &deliveries, |all| listed(all, args.failed))?;
    Ok(Ending::Well)
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
        return all(stack, &request, args.limit, &progress).await;
    }
    let mut found = Vec::new();
    for state in IN_VAIN {
        let state = Some(state);
        let request = ListDeliveries {
            state,
            ..request.clone()
        };
        found.extend(all(stack, &request, args.limit, &progress).await?);
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.delivery.updated_at));
    found.truncate(args.limit);
    Ok(found)
}

/// The deliveries that a request asks for, from all pages.
pub(crate) async fn all(
    stack: &Stack,
    request: &ListDeliveries,
    limit: usize,
    progress: &ProgressBar,
) -> anyhow::Result<Vec<DeliverySummary>> {
    pages::collect(limit, progress, |cursor| {
        let limit = Some(pages::size(limit));
        let request = ListDeliveries {
            limit,
            cursor,
            ..request.clone()
        };
        async {
            let page = stack.ask(request).await?;
            Ok(Page {
                entries: page.deliveries,
                cursor: page.cursor,
            })
        }
    })
    .await
}

fn listed(all: &[DeliverySummary], failed: bool) -> String {
    if all.is_empty() {
        let what = if failed {
            "no delivery failed"
        } else {
            "no delivery"
        };
        return format!("{what} in this time; --since 7d looks further back");
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
        let said = delivery
            .attempts
            .last()
            .map(alerts::outcome)
            .unwrap_or_default();
        rows.add_row([
            Tone::Plain.cell(print::time(delivery.updated_at)),
            Tone::Plain.cell(&delivery.display_name),
            Tone::of(delivery.state).cell(delivery.state),
            Tone::Plain.cell(delivery.attempt),
            Tone::Plain.cell(format!(
                "[{}] {}\n{}",
                one.severity, one.title, one.alert_id
            )),
            Tone::Plain.cell(said),
        ]);
    }
    if failed {
        return format!(
            "{rows}\nonce the cause is mended: tocsin alerts resend ALERT_ID --destination NAME"
        );
    }
    rows.to_string()
}
