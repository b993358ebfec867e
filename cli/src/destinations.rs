//! `tocsin destinations`.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use tocsin_api::DestinationDraft;
use tocsin_api::messages::{AddDestination, ListDestinations};
use tocsin_core::destination::{Destination, Enabled};

use crate::args::{AddArgs, DestinationsCommand, Output, Target};
use crate::stack::Stack;
use crate::table::{list, table};

pub(crate) async fn run(
    command: DestinationsCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let stack = Stack::connect(target).await;
    match command {
        DestinationsCommand::List => show(&fetch(&stack).await?, output)?,
        DestinationsCommand::Add(args) => add(&stack, &args, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// All destinations of the stack.
async fn fetch(stack: &Stack) -> anyhow::Result<Vec<Destination>> {
    let answer = stack.call(&ListDestinations {}.into()).await?;
    serde_json::from_value(answer).context("the list of destinations cannot be read")
}

async fn add(stack: &Stack, args: &AddArgs, output: Output) -> anyhow::Result<()> {
    let text = read(&args.file)?;
    let draft: DestinationDraft = serde_json::from_str(&text)
        .with_context(|| format!("{} does not describe a destination", args.file.display()))?;
    let secret = args.secret_file.as_deref().map(read_secret).transpose()?;
    let request = AddDestination {
        destination: draft,
        secret: secret.map(Into::into),
        actor: std::env::var("USER").ok(),
    };
    let added: Destination = serde_json::from_value(stack.call(&request.into()).await?)
        .context("the added destination cannot be read")?;
    match output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&added)?),
        Output::Table => println!(
            "added {:?} ({}), id {}; lists find it at once, severities within 30 seconds",
            added.display_name, added.provider, added.destination_id
        ),
    }
    Ok(())
}

fn show(all: &[Destination], output: Output) -> anyhow::Result<()> {
    if output == Output::Json {
        println!("{}", serde_json::to_string_pretty(all)?);
        return Ok(());
    }
    if all.is_empty() {
        println!("there are no destinations yet; add one with `tocsin destinations add FILE`");
        return Ok(());
    }
    let mut rows = table(&[
        "name",
        "provider",
        "enabled",
        "severities",
        "alert types",
        "id",
    ]);
    for one in all {
        rows.add_row([
            one.display_name.clone(),
            one.provider.to_string(),
            if one.enabled == Enabled::Yes {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
            list(&one.severities, "only by list"),
            list(&one.alert_types, "all"),
            one.destination_id.to_string(),
        ]);
    }
    println!("{rows}");
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// A secret. What is wrong with it is never said by repeating it.
fn read_secret(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        read(path)?
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => bail!("the secret in {} is no JSON object", path.display()),
    }
}
