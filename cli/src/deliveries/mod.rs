//! `tocsin deliveries`.

mod list;
mod resend;
mod retry;

use tocsin_api_types::{DeliveryScope, DeliverySummary, ListDeliveries};
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;

use crate::args::{DeliveriesCommand, DeliveryFilter, Output, StateArg, Target};
use crate::exit::Exit;
use crate::print::Named;
use crate::stack::Stack;
use crate::{pages, terminal};

/// The states in which deliveries end without success.
const UNDELIVERED: [State; 2] = [State::Failed, State::Exhausted];

pub(crate) async fn run(
    command: DeliveriesCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<Exit> {
    let stack = Stack::connect(target).await?;
    match command {
        DeliveriesCommand::List(args) => list::run(&stack, &args, output).await,
        DeliveriesCommand::Resend(args) => resend::run(&stack, &args, output).await,
        DeliveriesCommand::Retry(args) => retry::run(&stack, args, output).await,
    }
}

impl From<StateArg> for State {
    fn from(given: StateArg) -> Self {
        match given {
            StateArg::Queued => Self::Queued,
            StateArg::Sending => Self::Sending,
            StateArg::Delivered => Self::Delivered,
            StateArg::Retrying => Self::Retrying,
            StateArg::Failed => Self::Failed,
            StateArg::Exhausted => Self::Exhausted,
        }
    }
}

impl Named for Vec<DeliverySummary> {
    fn names(&self) -> Option<Vec<String>> {
        let ids = self.iter().map(|one| one.delivery.delivery_id.to_string());
        Some(ids.collect())
    }
}

/// Deliveries that ended without success, the newest first.
async fn undelivered(
    stack: &Stack,
    filter: &DeliveryFilter,
    scope: DeliveryScope,
    limit: usize,
) -> anyhow::Result<Vec<DeliverySummary>> {
    let mut found = Vec::new();
    for state in UNDELIVERED {
        let request = ListDeliveries {
            state: Some(state),
            scope: Some(scope),
            ..request(filter)
        };
        found.extend(fetch(stack, &request, filter, limit).await?);
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.delivery.updated_at));
    found.truncate(limit);
    Ok(found)
}

fn request(filter: &DeliveryFilter) -> ListDeliveries {
    let now = Timestamp::now();
    ListDeliveries {
        since: Some(filter.since.moment(now)),
        until: filter.until.map(|until| until.moment(now)),
        destination: filter.destination.clone(),
        ..ListDeliveries::default()
    }
}

/// The deliveries of all pages that pass the rest of the filter.
async fn fetch(
    stack: &Stack,
    request: &ListDeliveries,
    filter: &DeliveryFilter,
    limit: usize,
) -> anyhow::Result<Vec<DeliverySummary>> {
    let progress = terminal::progress("deliveries found:", None);
    let mut found = pages::list(stack, request, limit, &progress).await?;
    found.retain(|one| passes(one, filter));
    Ok(found)
}

fn passes(one: &DeliverySummary, filter: &DeliveryFilter) -> bool {
    let has = |text: &String| {
        let text = text.to_lowercase();
        [one.alert_id.as_str(), &one.title]
            .iter()
            .any(|place| place.to_lowercase().contains(&text))
    };
    filter
        .severity
        .is_none_or(|severity| one.severity == severity)
        && filter.text.as_ref().is_none_or(has)
}
