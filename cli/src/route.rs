//! `tocsin route`: the router's own function, on an alert from a file.

use anyhow::Context;
use serde_json::Value;
use tocsin_api::messages::{ExplainRoute, Explanation};
use tocsin_core::alert::parse;
use tocsin_core::routing::route;

use crate::args::{Output, RouteArgs, Target};
use crate::exit::Ending;
use crate::print::{self, Tone, table};
use crate::stack::Stack;
use crate::{alerts, document};

pub(crate) async fn run(
    args: RouteArgs,
    target: &Target,
    output: Output,
) -> anyhow::Result<Ending> {
    let text = args.alert.read()?;
    let alert = parse(&text).with_context(|| format!("{} is no alert", args.alert))?;
    let explanation = match &args.destinations {
        None => online(text, target).await?,
        Some(file) => {
            let destinations = document::routable(&file.read()?)
                .with_context(|| format!("{file} holds no destinations"))?;
            let routing = route(&alert, &destinations, args.default_destination.as_deref());
            Explanation { alert, routing }
        }
    };
    print::show(output, &explanation, told)?;
    Ok(Ending::Well)
}

/// Asks the stack, which knows its destinations and its default one.
async fn online(text: String, target: &Target) -> anyhow::Result<Explanation> {
    let request = ExplainRoute {
        alert: Value::String(text),
    };
    Stack::connect(target).await?.ask(request).await
}

fn told(explanation: &Explanation) -> String {
    let Explanation { alert, routing } = explanation;
    let mut rows = table(&["destination", "", "because"]);
    for target in &routing.targets {
        rows.add_row([
            Tone::Plain.cell(&target.display_name),
            Tone::Good.cell("delivered"),
            Tone::Plain.cell(&target.reason),
        ]);
    }
    for one in &routing.passed_over {
        rows.add_row([
            Tone::Plain.cell(&one.display_name),
            Tone::Faint.cell("not delivered"),
            Tone::Faint.cell(&one.why),
        ]);
    }
    let mut lines = vec![format!(
        "{} [{}] {}: {}\n{rows}",
        alert.detection_id,
        routing.severity,
        alert.title,
        alerts::became(routing.disposition).paint(routing.disposition)
    )];
    for warning in &routing.warnings {
        lines.push(format!("{} {warning}", Tone::Waiting.paint("warning:")));
    }
    for note in &alert.notes {
        lines.push(format!("{} {note}", Tone::Faint.paint("note:")));
    }
    lines.join("\n")
}
