//! `tocsin destinations add`: from flags and files, and by asking for what is missing.

use tocsin_api_types::{ApiError, DestinationReport};

use super::draft::Draft;
use super::test;
use crate::args::{AddArgs, Output};
use crate::exit::Exit;
use crate::print::{self, Style, Text, text};
use crate::providers;
use crate::stack::Stack;
use crate::terminal::{self, Terminal};

pub(super) async fn run(stack: &Stack, args: AddArgs, output: Output) -> anyhow::Result<Exit> {
    let added = add(stack, &args).await?;
    let name = &added.destination.display_name;
    if args.test {
        print::remark(&render(&added));
        return test::one(stack, name, output).await;
    }
    print::show(output, &added, render)?;
    if terminal::is_interactive() && terminal::ask(&text!("Send a test alert to {:?} now?", name))?
    {
        return test::one(stack, name, output).await;
    }
    Ok(Exit::Success)
}

async fn add(stack: &Stack, args: &AddArgs) -> anyhow::Result<DestinationReport> {
    let providers = providers::fetch(stack).await?;
    let mut draft = Draft::begin(args, &providers)?;
    if !terminal::is_interactive() {
        draft.check_complete()?;
        return stack.ask(draft.request()?).await;
    }
    loop {
        draft.ask(&mut Terminal)?;
        match stack.ask(draft.request()?).await {
            Ok(added) => return Ok(added),
            Err(error) => match wrong_field(&error) {
                Some(field) if draft.forget(field) => {
                    print::remark(&text!("{} {:#}", Style::Error.paint("once more:"), error));
                }
                _ => return Err(error),
            },
        }
    }
}

/// The field that the API refused.
fn wrong_field(error: &anyhow::Error) -> Option<&str> {
    let error = error.downcast_ref::<ApiError>()?;
    let field = error.field.as_deref()?;
    Some(field.strip_prefix("destination.").unwrap_or(field))
}

fn render(report: &DestinationReport) -> Text {
    let added = &report.destination;
    text!(
        "added {:?} ({}), id {}; lists find it at once, severities within 30 seconds\n\
         test it: tocsin destinations test {:?}",
        added.display_name,
        added.provider,
        added.destination_id,
        added.display_name
    )
}
