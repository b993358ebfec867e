//! `tocsin route`: the router's own function, on an alert from a file.

use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;
use tocsin_core::alert::{Alert, parse};
use tocsin_core::destination::{Destination, Destinations};
use tocsin_core::routing::{Routing, route};

use crate::args::{Output, RouteArgs, Target};
use crate::destinations::fetch;
use crate::stack::Stack;
use crate::table::table;

pub(crate) async fn run(
    args: RouteArgs,
    target: &Target,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(&args.alert)
        .with_context(|| format!("{} cannot be read", args.alert.display()))?;
    let alert = parse(&text).with_context(|| format!("{} is no alert", args.alert.display()))?;
    let destinations: Vec<Destination> = match &args.destinations {
        None => fetch(&Stack::connect(target).await).await?,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            serde_json::from_str(&text)
                .with_context(|| format!("{} holds no list of destinations", path.display()))?
        }
    };
    let destinations: Destinations = destinations.into_iter().collect();
    let routing = route(&alert, &destinations, args.default_destination.as_deref());
    match output {
        Output::Json => println!(
            "{}",
            serde_json::to_string_pretty(&json!({"routing": routing, "notes": alert.notes}))?
        ),
        Output::Table => print(&alert, &routing),
    }
    Ok(ExitCode::SUCCESS)
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
        println!("note: {}", serde_json::to_string(note).unwrap_or_default());
    }
}
