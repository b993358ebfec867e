//! `tocsin destinations test`: a test alert on the way of real ones.

use serde_json::Value;
use tocsin_api::messages::{SendTestAlert, TestReport};
use tocsin_core::delivery::State;

use crate::args::{Output, TestArgs};
use crate::exit::Ending;
use crate::print::{self, Tone, table};
use crate::stack::{Stack, actor};
use crate::{alerts, terminal};

pub(super) async fn run(stack: &Stack, args: TestArgs, output: Output) -> anyhow::Result<Ending> {
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
    print::show(output, &report, told)?;
    let arrived = report
        .results
        .iter()
        .all(|one| one.state == Some(State::Delivered));
    Ok(if arrived {
        Ending::Well
    } else {
        Ending::NotWell
    })
}

fn told(report: &TestReport) -> String {
    let mut rows = table(&["destination", "provider", "state", "took", "answer"]);
    for one in &report.results {
        let took = one
            .attempt
            .as_ref()
            .map(|attempt| format!("{} ms", attempt.duration_ms));
        let answer = one.attempt.as_ref().map(alerts::outcome);
        let answer: Vec<_> = answer.into_iter().chain(one.remark.clone()).collect();
        rows.add_row([
            Tone::Plain.cell(&one.display_name),
            Tone::Plain.cell(&one.provider),
            match one.state {
                Some(state) => Tone::of(state).cell(state),
                None => Tone::Waiting.cell("not begun"),
            },
            Tone::Plain.cell(took.unwrap_or_default()),
            Tone::Plain.cell(answer.join("\n").trim()),
        ]);
    }
    format!("{rows}\nlater: tocsin alerts show {}", report.alert_id)
}
