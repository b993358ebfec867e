//! `tocsin tail`: alerts and deliveries as they happen, one line each.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use tocsin_api_types::{AlertSummary, DeliverySummary, ListAlerts, ListDeliveries};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::destination::DestinationId;
use tocsin_core::routing::Disposition;

use crate::args::{Output, TailArgs, Target};
use crate::exit::Exit;
use crate::print::{self, Style, Text, text};
use crate::stack::Stack;
use crate::{alerts, pages, terminal};

/// Deliveries of older alerts are not watched, which bounds the cost of one poll.
const WINDOW: Duration = Duration::from_hours(1);

/// The most alerts, and the most deliveries, that one poll reads.
const MOST_ENTRIES: usize = 5_000;

/// Consecutive polls that may fail after one has succeeded: AWS throttles, networks
/// break for a while.
const MOST_FAILURES: u32 = 20;

/// Something that happened.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Event {
    /// An alert without targets.
    Alert(AlertSummary),
    /// A delivery that is new or has changed.
    Delivery(DeliverySummary),
}

impl Event {
    fn alert_id(&self) -> &AlertId {
        match self {
            Self::Alert(alert) => &alert.alert_id,
            Self::Delivery(one) => &one.alert_id,
        }
    }

    fn at(&self) -> Timestamp {
        match self {
            Self::Alert(alert) => alert.received_at,
            Self::Delivery(one) => one.delivery.updated_at,
        }
    }
}

/// The events that were printed: when each delivery last changed, and when each alert
/// was received.
#[derive(Default)]
struct Seen(HashMap<(AlertId, Option<DestinationId>), Timestamp>);

impl Seen {
    /// Remembers an event; gives whether it is new.
    fn insert(&mut self, event: &Event) -> bool {
        let key = match event {
            Event::Alert(alert) => (alert.alert_id.clone(), None),
            Event::Delivery(one) => (one.alert_id.clone(), Some(one.delivery.destination_id)),
        };
        self.0.insert(key, event.at()) != Some(event.at())
    }

    /// Forgets events that no poll can find any more.
    fn forget(&mut self, before: Timestamp) {
        self.0.retain(|_, at| *at >= before);
    }
}

pub(crate) async fn run(args: TailArgs, target: &Target, output: Output) -> anyhow::Result<Exit> {
    let stack = Stack::connect(target).await?;
    let start = args.since.moment(Timestamp::now());
    let mut seen = Seen::default();
    let mut has_succeeded = false;
    let mut failures = 0;
    loop {
        let window = earlier(Timestamp::now(), WINDOW);
        let events = match poll(&stack, &args, start.max(window)).await {
            Ok(events) => {
                failures = 0;
                events
            }
            // The next poll finds the events that this one missed.
            Err(error) if has_succeeded && failures < MOST_FAILURES => {
                failures += 1;
                print::remark(&text!(
                    "{} {:#}",
                    Style::Pending.paint("trying again:"),
                    error
                ));
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        has_succeeded = true;
        for event in events {
            if event.at() >= start && seen.insert(&event) {
                print(&event, output)?;
            }
        }
        seen.forget(earlier(window, WINDOW));
        tokio::time::sleep(Duration::from_secs(args.interval)).await;
    }
}

fn earlier(moment: Timestamp, by: Duration) -> Timestamp {
    crate::args::Since::Ago(by).moment(moment)
}

/// All events since then, oldest first.
async fn poll(stack: &Stack, args: &TailArgs, since: Timestamp) -> anyhow::Result<Vec<Event>> {
    let request = ListDeliveries {
        since: Some(since),
        destination: args.destination.clone(),
        ..ListDeliveries::default()
    };
    let found = pages::list(stack, &request, MOST_ENTRIES, &terminal::no_progress()).await?;
    let mut events: Vec<_> = found.into_iter().map(Event::Delivery).collect();
    if args.destination.is_none() {
        let request = ListAlerts {
            since: Some(since),
            ..ListAlerts::default()
        };
        let found = pages::list(stack, &request, MOST_ENTRIES, &terminal::no_progress()).await?;
        let without_targets = found
            .into_iter()
            .filter(|one| one.disposition != Disposition::Routed);
        events.extend(without_targets.map(Event::Alert));
    }
    events.sort_by_key(Event::at);
    Ok(events)
}

fn print(event: &Event, output: Output) -> anyhow::Result<()> {
    match output {
        Output::Json => print::line(&Text::json(&serde_json::to_string(event)?)),
        Output::Yaml => print::line(&text!("---\n{}", print::yaml(event)?)),
        Output::Table | Output::Wide => print::line(&line(event)),
        Output::Name => print::line(&text!("{}", event.alert_id())),
    }
}

fn line(event: &Event) -> Text {
    match event {
        Event::Alert(alert) => text!(
            "{} {} [{}] {}  {}",
            print::time(alert.received_at),
            Style::of_disposition(alert.disposition).paint(text!("{:<9}", alert.disposition)),
            alert.severity,
            alert.title,
            Style::Muted.paint(&alert.alert_id)
        ),
        Event::Delivery(one) => {
            let delivery = &one.delivery;
            let last = delivery.attempts.last();
            let result = last.map(|one| Text::joined(alerts::outcome(one), " "));
            let result = result.filter(|result| !result.is_empty());
            text!(
                "{} {} {} [{}] {}  {}{}{}",
                print::time(delivery.updated_at),
                Style::of_state(delivery.state).paint(delivery.state),
                delivery.display_name,
                one.severity,
                one.title,
                Style::Muted.paint(&one.alert_id),
                result.as_ref().map_or("", |_| " "),
                result.unwrap_or_default()
            )
        }
    }
}
