//! `tocsin send`.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use serde::Serialize;
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertId, parse_sent};

use crate::args::{Output, SendArgs, Target};
use crate::exit::{Exit, Usage};
use crate::print::{self, Text, text};
use crate::stack::Stack;
use crate::{alerts, terminal};

/// The largest message in bytes: SQS's limit.
const MESSAGE_LIMIT: usize = 1024 * 1024;

/// An alert that was checked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    alert_id: AlertId,
    title: String,
    file: String,
    #[serde(skip)]
    body: String,
}

pub(crate) async fn run(args: SendArgs, target: &Target, output: Output) -> anyhow::Result<Exit> {
    let mut checked = Vec::new();
    for file in &args.files {
        let mut body = file.read()?;
        if args.fresh {
            body = fresh(&body, checked.len())
                .with_context(|| format!("{file} is not an alert; nothing was sent"))?;
        }
        if body.len() > MESSAGE_LIMIT {
            return Err(Usage::error(format!(
                "{file} has {} bytes, and the alerts queue takes at most 1 MiB; nothing was sent",
                body.len()
            )));
        }
        let alert = parse_sent(&body, Timestamp::now())
            .with_context(|| format!("{file} is not an alert; nothing was sent"))?;
        for note in &alert.notes {
            print::remark(&text!("note: {}: {}", file, note));
        }
        checked.push(Checked {
            alert_id: alert.alert_id,
            title: alert.title,
            file: file.to_string(),
            body,
        });
    }
    let stack = Stack::connect(target).await?;
    let progress = terminal::progress("alerts sent:", Some(checked.len()));
    for one in &checked {
        stack.enqueue(&one.body).await?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    let render = |all: &Vec<Checked>| {
        let all = all.iter();
        Text::lines(all.map(|one| text!("{}\t{}\t{}", one.alert_id, one.title, one.file)))
    };
    if args.wait.is_none() {
        print::show(output, &checked, render)?;
        return Ok(Exit::Success);
    }
    print::remark(&render(&checked));
    let ids: Vec<_> = checked
        .iter()
        .map(|one| one.alert_id.as_str().to_owned())
        .collect();
    alerts::show(&stack, &ids, args.wait, output).await
}

/// The same alert with a new id and the current time.
fn fresh(body: &str, number: usize) -> anyhow::Result<String> {
    let now = Timestamp::now();
    // Read as the router reads it, so that every digit of a number stays.
    let mut alert = parse_sent(body, now)?;
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let id = format!("{nanos:x}-{number}");
    alert.alert_id = AlertId::new(&id).context("the clock gives no id")?;
    alert.created_at = now;
    Ok(serde_json::to_string(&alert)?)
}
