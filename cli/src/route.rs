//! `tocsin route`: routes an alert from a file, by the router's function.

use anyhow::Context;
use serde_json::Value;
use tocsin_api_types::{ExplainRoute, Explanation};
use tocsin_core::Timestamp;
use tocsin_core::alert::parse_sent;
use tocsin_core::routing::route;

use crate::args::{Output, RouteArgs, Target};
use crate::document;
use crate::exit::Exit;
use crate::print::{self, Column, Named, Style, Table, Text, text};
use crate::stack::Stack;

pub(crate) async fn run(args: RouteArgs, target: &Target, output: Output) -> anyhow::Result<Exit> {
    let text = args.alert.read()?;
    let alert = parse_sent(&text, Timestamp::now())
        .with_context(|| format!("{} is not an alert", args.alert))?;
    let explanation = match &args.destinations {
        None => online(text, target).await?,
        Some(file) => {
            let destinations = document::routable(&file.read()?)
                .with_context(|| format!("{file} does not describe destinations"))?;
            let routing = route(&alert, &destinations, args.default_destination.as_deref());
            Explanation { alert, routing }
        }
    };
    print::show(output, &explanation, render)?;
    Ok(Exit::Success)
}

/// Routes by the stack's destinations and its default destination.
async fn online(text: String, target: &Target) -> anyhow::Result<Explanation> {
    let request = ExplainRoute {
        alert: Value::String(text),
    };
    Stack::connect(target).await?.ask(request).await
}

const COLUMNS: [Column; 3] = [
    Column::whole("destination", 0),
    Column::whole("", 0),
    Column::wrapped("because", 0),
];

impl Named for Explanation {
    /// The destinations that get the alert.
    fn names(&self) -> Option<Vec<String>> {
        let targets = self.routing.targets.iter();
        Some(targets.map(|one| one.display_name.clone()).collect())
    }
}

fn render(explanation: &Explanation) -> Text {
    let Explanation { alert, routing } = explanation;
    let mut rows = Table::new(&COLUMNS);
    for target in &routing.targets {
        rows.row([
            Style::Plain.cell(&target.display_name),
            Style::Success.cell("delivered"),
            Style::Plain.cell(&target.reason),
        ]);
    }
    for one in &routing.passed_over {
        rows.row([
            Style::Plain.cell(&one.display_name),
            Style::Muted.cell("not delivered"),
            Style::Muted.cell(&one.why),
        ]);
    }
    let mut lines = vec![text!(
        "{} [{}] {}: {}\n{}",
        alert.detection_id,
        routing.severity,
        alert.title,
        Style::of_disposition(routing.disposition).paint(routing.disposition),
        rows.draw()
    )];
    for warning in &routing.warnings {
        lines.push(text!("{} {}", Style::Pending.paint("warning:"), warning));
    }
    for note in &alert.notes {
        lines.push(text!("{} {}", Style::Muted.paint("note:"), note));
    }
    Text::lines(lines)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::print::hostile;

    #[test]
    fn no_text_of_an_alert_forges_a_line_of_its_route() {
        let explanation: Explanation =
            hostile::read(&json!({"alert": hostile::alert(), "routing": hostile::routing()}));
        insta::assert_snapshot!(hostile::seen(&explanation, render));
    }
}
