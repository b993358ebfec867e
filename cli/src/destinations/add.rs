//! `tocsin destinations add`: from flags and files, and by asking for what is missing.

use std::path::PathBuf;

use serde_json::Value;
use tocsin_api_types::{ApiError, DestinationReport, NewSecret};

use super::draft::Draft;
use crate::args::{AddArgs, Input, Output};
use crate::print::{self, Style};
use crate::providers;
use crate::secret::{References, Secret};
use crate::stack::Stack;
use crate::terminal::{self, Terminal};

pub(super) async fn run(stack: &Stack, args: AddArgs, output: Output) -> anyhow::Result<()> {
    let providers = providers::fetch(stack).await?;
    let mut draft = Draft::begin(&args, &providers)?;
    if !terminal::is_interactive() {
        draft.check_complete()?;
        return print::show(output, &stack.ask(draft.request()?).await?, render);
    }
    loop {
        draft.ask(&mut Terminal)?;
        match stack.ask(draft.request()?).await {
            Ok(added) => return print::show(output, &added, render),
            Err(error) => match wrong_field(&error) {
                Some(field) if draft.forget(field) => {
                    print::remark(format!("{} {error:#}", Style::Error.paint("once more:")));
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

fn render(report: &DestinationReport) -> String {
    let added = &report.destination;
    format!(
        "added {:?} ({}), id {}; lists find it at once, severities within 30 seconds\n\
         test it: tocsin destinations test {:?}",
        added.display_name, added.provider, added.destination_id, added.display_name
    )
}

/// The secret as the API takes it; `None` keeps the current one.
pub(super) fn new_secret(secret: Secret) -> Option<NewSecret> {
    match secret {
        Secret::Keep => None,
        Secret::Fields(fields) => Some(NewSecret::Fields(fields)),
        Secret::Existing(name) => Some(NewSecret::Named(name)),
    }
}

/// The secret that a file refers to.
pub(super) fn secret_in_file(file: Option<&Input>, reference: &Value) -> anyhow::Result<Secret> {
    References {
        folder: &folder(file),
        variable: &|name| std::env::var(name).ok(),
    }
    .resolve(reference)
}

/// The folder that the relative paths in a file begin at.
pub(super) fn folder(file: Option<&Input>) -> PathBuf {
    match file {
        Some(Input::File(path)) => path.parent().map(Into::into).unwrap_or_default(),
        Some(Input::Stdin) | None => PathBuf::new(),
    }
}
