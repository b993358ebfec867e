//! `tocsin destinations edit`: by flags, or in an editor.

use anyhow::{Context, anyhow};
use serde_json::{Map, Value};
use tocsin_api::messages::{
    ApiError, DestinationDraft, DestinationReport, ErrorCode, UpdateDestination,
};

use super::add::{choose, new_secret};
use crate::args::{Consent, EditArgs, Output};
use crate::exit::Usage;
use crate::secret::{self, Secret};
use crate::stack::{Stack, actor};
use crate::{catalog, document, print, terminal};

/// What stands above the text in the editor.
const HEAD: &str = "\
# Save and close to change the destination; close without saving to leave it.
# Its secret is not shown: `tocsin destinations edit NAME --ask-credentials` changes that.
";

pub(super) async fn run(stack: &Stack, args: EditArgs, output: Output) -> anyhow::Result<()> {
    let by_flags = args.changes.any() || args.secret.given() || args.ask_credentials;
    if !by_flags && !terminal::is_interactive() {
        return Err(Usage::error(
            "there is no terminal for an editor: say by flags what to change, such as --severity or --setting",
        ));
    }
    let current = super::get(stack, args.destination.clone()).await?;
    let before = document::description(&current)?;
    let mut fields = before.clone();
    args.changes.apply(&mut fields)?;
    let secret = secret(&args, &current)?;
    if by_flags {
        let changed = update(stack, &current, fields, secret).await?;
        return told(output, &changed, &before);
    }
    if let Some(changed) = in_editor(stack, &current, &before).await? {
        return told(output, &changed, &before);
    }
    print::remark("Nothing was changed.");
    Ok(())
}

/// The new secret that is asked for, or given by flags.
fn secret(args: &EditArgs, current: &DestinationReport) -> anyhow::Result<Secret> {
    let one = &current.destination;
    let name = one.provider.as_str();
    if !args.ask_credentials {
        return args.secret.read(name, &one.settings);
    }
    if !terminal::is_interactive() {
        return Err(Usage::error(
            "there is no terminal to ask on: use --secret-file or --secret-stdin",
        ));
    }
    let provider = catalog::provider(name)
        .filter(|one| !one.credentials.is_empty())
        .ok_or_else(|| {
            anyhow!("{name} destinations have no secret: the sender's IAM role is the credential")
        })?;
    secret::ask(choose(provider, &one.settings)?).map(Secret::Fields)
}

async fn update(
    stack: &Stack,
    current: &DestinationReport,
    fields: Map<String, Value>,
    secret: Secret,
) -> anyhow::Result<DestinationReport> {
    let draft: DestinationDraft =
        serde_json::from_value(fields.into()).context("this does not describe a destination")?;
    let request = UpdateDestination {
        destination: current.destination.destination_id.to_string(),
        revision: current.destination.revision,
        draft,
        secret: new_secret(secret),
        actor: actor(),
    };
    stack.ask(request).await
}

/// Edits until the API takes it, or the person gives up. What they wrote is never
/// lost.
async fn in_editor(
    stack: &Stack,
    current: &DestinationReport,
    before: &Map<String, Value>,
) -> anyhow::Result<Option<DestinationReport>> {
    let mut text = format!("{HEAD}{}", print::yaml(before)?);
    loop {
        let Some(edited) = terminal::edit(&text)? else {
            return Ok(None);
        };
        let attempt = match document::parse_one(&edited) {
            Ok(fields) if fields == *before => return Ok(None),
            Ok(fields) => update(stack, current, fields, Secret::Keep).await,
            Err(error) => Err(error),
        };
        let error = match attempt {
            Ok(changed) => return Ok(Some(changed)),
            Err(error) => error,
        };
        let code = error.downcast_ref::<ApiError>().map(|error| error.code);
        let editing_helps = matches!(code, None | Some(ErrorCode::Invalid));
        let bad = print::Tone::Bad.paint("not taken:");
        print::remark(format!("{bad} {error:#}"));
        if !editing_helps || !terminal::agreed("Edit again?", Consent { yes: false })? {
            print::remark(format!("What you wrote:\n{edited}"));
            return Err(error.context("the destination was not changed"));
        }
        text = edited;
    }
}

fn told(
    output: Output,
    changed: &DestinationReport,
    before: &Map<String, Value>,
) -> anyhow::Result<()> {
    let after = document::description(changed)?;
    print::show(output, changed, |report| {
        let one = &report.destination;
        let mut lines = vec![format!(
            "changed {:?}, now revision {}",
            one.display_name, one.revision
        )];
        lines.extend(super::plan::differences(before, &after));
        lines.join("\n")
    })
}
