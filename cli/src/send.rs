//! `tocsin send`.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use serde_json::Value;
use tocsin_core::Timestamp;
use tocsin_core::alert::parse;

use crate::args::{SendArgs, Target};
use crate::stack::Stack;

pub(crate) async fn run(args: SendArgs, target: &Target) -> anyhow::Result<ExitCode> {
    let mut checked = Vec::new();
    for path in &args.files {
        let mut body = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        if args.fresh {
            body = fresh(&body, checked.len())
                .with_context(|| format!("{} is no alert", path.display()))?;
        }
        let alert = parse(&body)
            .with_context(|| format!("{} is no alert; nothing was sent", path.display()))?;
        checked.push((path, body, alert));
    }
    let stack = Stack::connect(target).await;
    for (path, body, alert) in &checked {
        stack.enqueue(body).await?;
        println!("{}\t{}\t{}", alert.alert_id, alert.title, path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// The same alert with an id and a time of its own.
fn fresh(body: &str, number: usize) -> anyhow::Result<String> {
    let mut alert: Value = serde_json::from_str(body)?;
    let fields = alert.as_object_mut().context("it is no JSON object")?;
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    fields.insert("alertId".to_owned(), format!("{nanos:x}-{number}").into());
    fields.insert("createdAt".to_owned(), Timestamp::now().to_string().into());
    Ok(alert.to_string())
}
