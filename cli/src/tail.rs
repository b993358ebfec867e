//! `tocsin tail`: alerts and deliveries as they happen, one line each.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use tocsin_api::messages::{AlertSummary, DeliverySummary, ListAlerts, ListDeliveries};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::destination::DestinationId;
use tocsin_core::routing::Disposition;
use tocsin_core::text::sanitize;

use crate::args::{Output, TailArgs, Target};
use crate::exit::Ending;
use crate::print::{self, Tone};
use crate::stack::Stack;
use crate::{alerts, deliveries, terminal};

/// Deliveries of alerts that came earlier are not looked at again: what one look
/// costs stays bounded.
const WINDOW: Duration = Duration::from_hours(1);

/// As many of a kind as one look takes in.
const MOST: usize = 5_000;

/// Looks in a row that may fail, once one has worked: AWS throttles, networks
/// pause.
const PATIENCE: u32 = 20;

/// Something that happened.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Event {
    /// An alert that is delivered nowhere.
    Alert(AlertSummary),
    /// A delivery that began or changed.
    Delivery(DeliverySummary),
}

impl Event {
    fn at(&self) -> Timestamp {
        match self {
            Self::Alert(alert) => alert.received_at,
            Self::Delivery(one) => one.delivery.updated_at,
        }
    }
}

/// What was printed already: when each delivery last changed, and each alert came.
#[derive(Default)]
struct Seen(HashMap<(AlertId, Option<DestinationId>), Timestamp>);

impl Seen {
    /// Whether this is news; it is none afterwards.
    fn note(&mut self, event: &Event) -> bool {
        let key = match event {
            Event::Alert(alert) => (alert.alert_id.clone(), None),
            Event::Delivery(one) => (one.alert_id.clone(), Some(one.delivery.destination_id)),
        };
        self.0.insert(key, event.at()) != Some(event.at())
    }

    /// Forgets what no look can find any more.
    fn forget(&mut self, before: Timestamp) {
        self.0.retain(|_, at| *at >= before);
    }
}

pub(crate) async fn run(args: TailArgs, target: &Target, output: Output) -> anyhow::Result<Ending> {
    let stack = Stack::connect(target).await?;
    let start = args.since.moment(Timestamp::now());
    let mut seen = Seen::default();
    let mut looked = false;
    let mut in_vain = 0;
    loop {
        let window = earlier(Timestamp::now(), WINDOW);
        let events = match look(&stack, &args, start.max(window)).await {
            Ok(events) => {
                in_vain = 0;
                events
            }
            // The next look finds what this one missed.
            Err(error) if looked && in_vain < PATIENCE => {
                in_vain += 1;
                print::remark(format!(
                    "{} {error:#}",
                    Tone::Waiting.paint("looking again:")
                ));
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        looked = true;
        for event in events {
            if event.at() >= start && seen.note(&event) {
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

/// All there is since then, oldest first.
async fn look(stack: &Stack, args: &TailArgs, since: Timestamp) -> anyhow::Result<Vec<Event>> {
    let request = ListDeliveries {
        since: Some(since),
        destination: args.destination.clone(),
        ..ListDeliveries::default()
    };
    let found = deliveries::all(stack, &request, MOST, &terminal::no_progress()).await?;
    let mut events: Vec<_> = found.into_iter().map(Event::Delivery).collect();
    if args.destination.is_none() {
        let request = ListAlerts {
            since: Some(since),
            ..ListAlerts::default()
        };
        let found = alerts::all(stack, &request, MOST, &terminal::no_progress()).await?;
        let nowhere = found
            .into_iter()
            .filter(|one| one.disposition != Disposition::Routed);
        events.extend(nowhere.map(Event::Alert));
    }
    events.sort_by_key(Event::at);
    Ok(events)
}

fn print(event: &Event, output: Output) -> anyhow::Result<()> {
    match output {
        Output::Json => print::line(serde_json::to_string(event)?),
        Output::Yaml => print::line(format!("---\n{}", print::yaml(event)?.trim_end())),
        Output::Table => print::line(line(event)),
    }
}

fn line(event: &Event) -> String {
    match event {
        Event::Alert(alert) => format!(
            "{} {:<9} [{}] {}  {}",
            print::time(alert.received_at),
            alerts::became(alert.disposition).paint(alert.disposition),
            alert.severity,
            sanitize(&alert.title),
            Tone::Faint.paint(&alert.alert_id)
        ),
        Event::Delivery(one) => {
            let delivery = &one.delivery;
            let said = delivery
                .attempts
                .last()
                .map(alerts::outcome)
                .unwrap_or_default();
            format!(
                "{} {} {} [{}] {}  {} {}",
                print::time(delivery.updated_at),
                Tone::of(delivery.state).paint(delivery.state),
                sanitize(&delivery.display_name),
                one.severity,
                sanitize(&one.title),
                Tone::Faint.paint(&one.alert_id),
                sanitize(&said).replace('\n', " ")
            )
            .trim_end()
            .to_owned()
        }
    }
}
