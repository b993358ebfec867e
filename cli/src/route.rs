//! `tocsin route`: the router's own function, on an alert from a file.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::Value;
use tocsin_api::messages::{ExplainRoute, Explanation};
use tocsin_core::alert::{Alert, parse};
use tocsin_core::destination::{Destination, Destinations};
use tocsin_core::routing::{Routing, route};

use crate::args::{Output, RouteArgs, Target};
use crate::stack::Stack;
use crate::table::table;

pub(crate) async fn run(
    args: RouteArgs,
    target: &Target,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let text = read(&args.alert)?;
    let alert = parse(&text).with_context(|| format!("{} is no alert", args.alert.display()))?;
    let explanation = match &args.destinations {
        None => online(&text, target).await?,
        Some(path) => {
            let destinations: Vec<Destination> = serde_json::from_str(&read(path)?)
                .with_context(|| format!("{} holds no list of destinations", path.display()))?;
            let destinations: Destinations = destinations.into_iter().collect();
            let routing = route(&alert, &destinations, args.default_destination.as_deref());
            Explanation { alert, routing }
        }
    };
    match output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&explanation)?),
        Output::Table => print(&explanation.alert, &explanation.routing),
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the stack, which knows its destinations and its default one.
async fn online(text: &str, target: &Target) -> anyhow::Result<Explanation> {
    let request = ExplainRoute {
        alert: Value::String(text.to_owned()),
    };
    let answer = Stack::connect(target).await.call(&request.into()).await?;
    serde_json::from_value(answer).context("the explanation cannot be read")
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn print(alert: &Alert, routing: &Routing) {
    println!(
        "{} [{}] {}: {}",
        alert.detection_id, routing.severity, alert.title, routing.disposition
    );
    let mut rows = table(&["destination", "", "because"]);
    for target in &routing.targets {
        rows.add_row([
            target.display_name.clone(),
            "delivered".to_owned(),
            target.reason.to_string(),
        ]);
    }
    for one in &routing.passed_over {
        rows.add_row([
            one.display_name.clone(),
            "not delivered".to_owned(),
            one.why.to_string(),
        ]);
    }
    println!("{rows}");
    for warning in &routing.warnings {
        println!("warning: {warning}");
    }
    for note in &alert.notes {
        println!("note: {note}");
    }
}
