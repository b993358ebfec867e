//! `tocsin destinations test`: sends a test alert on the path of real alerts.

use std::time::Duration;

use serde_json::Value;
use tocsin_api_types::{SendTestAlert, TestReport};
use tocsin_core::delivery::State;

use crate::args::{Output, TestArgs};
use crate::exit::Exit;
use crate::print::{self, Column, Named, Style, Table, Text, duration, text};
use crate::stack::{Stack, actor};
use crate::{alerts, terminal};

/// Seconds to wait for the answer, where nothing else is said.
const DEFAULT_WAIT: u8 = 20;

impl Named for TestReport {
    fn names(&self) -> Option<Vec<String>> {
        let names = self.results.iter().map(|one| one.display_name.clone());
        Some(names.collect())
    }
}

/// Tests a destination that was just added.
pub(super) async fn one(stack: &Stack, name: &str, output: Output) -> anyhow::Result<Exit> {
    let args = TestArgs {
        names: vec![name.to_owned()],
        alert: None,
        wait: DEFAULT_WAIT,
    };
    run(stack, args, output).await
}

pub(super) async fn run(stack: &Stack, args: TestArgs, output: Output) -> anyhow::Result<Exit> {
    let alert = args
        .alert
        .as_ref()
        .map(|file| file.read().map(Value::String))
        .transpose()?;
    let waiting = terminal::progress("waiting for the answers", None);
    let request = SendTestAlert {
        destinations: args.names,
        alert,
        severity: None,
        wait_seconds: Some(args.wait),
        actor: actor(),
    };
    let report = stack.ask(request).await;
    waiting.finish_and_clear();
    let report = report?;
    print::show(output, &report, render)?;
    let delivered = report
        .results
        .iter()
        .all(|one| one.state == Some(State::Delivered));
    Ok(if delivered {
        Exit::Success
    } else {
        Exit::Incomplete
    })
}

const COLUMNS: [Column; 5] = [
    Column::whole("destination", 0),
    Column::whole("provider", 2),
    Column::whole("state", 0),
    Column::whole("took", 1),
    Column::wrapped("answer", 0),
];

fn render(report: &TestReport) -> Text {
    let mut rows = Table::new(&COLUMNS);
    for one in &report.results {
        let took = one
            .attempt
            .as_ref()
            .map(|attempt| duration(Duration::from_millis(attempt.duration_ms)));
        let answer = one
            .attempt
            .as_ref()
            .map(alerts::outcome)
            .unwrap_or_default();
        let remark = one.remark.as_ref().map(|remark| text!("{}", remark));
        rows.row([
            Style::Plain.cell(&one.display_name),
            Style::Plain.cell(&one.provider),
            match one.state {
                Some(state) => Style::of_state(state).cell(state),
                None => Style::Pending.cell("no answer"),
            },
            Style::Plain.cell(took.unwrap_or_default()),
            Style::Plain.cell(Text::lines(answer.into_iter().chain(remark))),
        ]);
    }
    rows.draw()
}
