//! `tocsin send`.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use serde::Serialize;
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, AlertId};

use crate::alert_files::{self, Found, MESSAGE_LIMIT};
use crate::args::{Output, SendArgs, Target};
use crate::exit::Exit;
use crate::print::{self, Named, Text, text};
use crate::stack::Stack;
use crate::usage::Usage;
use crate::{alerts, terminal};

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

impl Named for Vec<Checked> {
    fn names(&self) -> Option<Vec<String>> {
        Some(self.iter().map(|one| one.alert_id.to_string()).collect())
    }
}

pub(crate) async fn run(args: SendArgs, target: &Target, output: Output) -> anyhow::Result<Exit> {
    let mut found = Vec::new();
    for file in &args.files {
        found.extend(alert_files::read(file)?);
    }
    let checked = check(found, &args)?;
    let stack = Stack::connect(target).await?;
    let progress = terminal::progress("alerts sent:", Some(checked.len()));
    for one in &checked {
        stack.enqueue(&one.body).await?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    let render = |all: &Vec<Checked>| {
        let each = all.iter();
        Text::lines(each.map(|one| text!("{}\t{}\t{}", one.alert_id, one.title, one.file)))
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

/// All alerts, if each of them is one. Every mistake is named.
fn check(found: Vec<Found>, args: &SendArgs) -> anyhow::Result<Vec<Checked>> {
    if found.is_empty() {
        return Err(Usage::error("there is no alert in what was given"));
    }
    if let Some(large) = found.iter().find(|one| one.body.len() > MESSAGE_LIMIT) {
        return Err(Usage::error(format!(
            "{} has {} bytes, and the alerts queue takes at most 1 MiB; nothing was sent",
            large.place,
            large.body.len()
        )));
    }
    let mut checked = Vec::new();
    let mut wrong = Vec::new();
    for one in found {
        let Found {
            place,
            mut body,
            alert,
        } = one;
        let alert = match alert {
            Ok(alert) => alert,
            Err(error) => {
                wrong.push(format!("{place} is not an alert: {error}"));
                continue;
            }
        };
        for note in &alert.notes {
            print::remark(&text!("note: {}: {}", place, note));
        }
        let alert = if args.fresh {
            let alert = fresh(alert, checked.len())?;
            // As the router reads it, so that every digit of a number stays.
            body = serde_json::to_string(&alert)?;
            alert
        } else {
            alert
        };
        checked.push(Checked {
            alert_id: alert.alert_id,
            title: alert.title,
            file: place,
            body,
        });
    }
    if wrong.is_empty() {
        return Ok(checked);
    }
    bail!("{}; nothing was sent", wrong.join("; "))
}

/// The same alert with a new id and the current time.
fn fresh(alert: Alert, number: usize) -> anyhow::Result<Alert> {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let id = format!("{nanos:x}-{number}");
    Ok(Alert {
        alert_id: AlertId::new(&id).context("the clock gives no id")?,
        created_at: Timestamp::now(),
        ..alert
    })
}
