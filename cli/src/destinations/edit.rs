//! `tocsin destinations edit`: by flags, or in an editor.

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use tocsin_api_types::{
    ApiError, DestinationDraft, DestinationReport, ErrorCode, ProviderDescription,
    UpdateDestination,
};

use super::draft::choose_method;
use crate::args::{Consent, EditArgs, Output};
use crate::print::{Style, Text, text};
use crate::secret::{self, Secret};
use crate::stack::{Stack, actor};
use crate::terminal::{self, Terminal};
use crate::usage::Usage;
use crate::{document, print, providers};

/// The comment above the text in the editor.
const HEAD: &str = "\
# Save and close to change the destination; close without saving to leave it.
# Its secret is not shown: `tocsin destinations edit NAME --ask-credentials` changes that.
";

pub(super) async fn run(stack: &Stack, args: EditArgs, output: Output) -> anyhow::Result<()> {
    let by_flags = args.changes.any() || args.secret.given() || args.ask_credentials;
    if !by_flags && !terminal::is_interactive() {
        return Err(Usage::error(
            "there is no terminal for an editor: give flags for the changes, such as --severity or --setting",
        ));
    }
    let current = super::get(stack, args.destination.clone()).await?;
    let before = document::description(&current)?;
    let mut fields = before.clone();
    let needs_form =
        !args.changes.settings.is_empty() || args.secret.given() || args.ask_credentials;
    let provider = if needs_form {
        Some(providers::fetch_one(stack, current.destination.provider.as_str()).await?)
    } else {
        None
    };
    args.changes
        .apply(&mut fields, provider.as_ref().map(|one| &one.form))?;
    let secret = match &provider {
        Some(provider) => secret(&args, &current, provider)?,
        None => Secret::Keep,
    };
    if by_flags {
        let changed = update(stack, &current, fields, secret).await?;
        return show(output, &changed, &before);
    }
    if let Some(changed) = in_editor(stack, &current, &before).await? {
        return show(output, &changed, &before);
    }
    print::remark(&text!("Nothing was changed."));
    Ok(())
}

/// The new secret, from a prompt or from flags.
fn secret(
    args: &EditArgs,
    current: &DestinationReport,
    provider: &ProviderDescription,
) -> anyhow::Result<Secret> {
    let settings = &current.destination.settings;
    if !args.ask_credentials {
        return args.secret.read(provider, settings);
    }
    if !terminal::is_interactive() {
        return Err(Usage::error(
            "there is no terminal to ask on: use --secret-file or --secret-stdin",
        ));
    }
    if provider.form.auth_methods.is_empty() {
        bail!(
            "{} destinations have no secret: the sender's IAM role is the credential",
            provider.name
        );
    }
    let method = choose_method(&mut Terminal, provider, settings)?;
    secret::ask(&mut Terminal, method).map(Secret::Fields)
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
        secret: secret.into_new(),
        actor: actor(),
    };
    stack.ask(request).await
}

/// Opens the editor until the API accepts the text or the person gives up, in which
/// case the text is printed.
async fn in_editor(
    stack: &Stack,
    current: &DestinationReport,
    before: &Map<String, Value>,
) -> anyhow::Result<Option<DestinationReport>> {
    let mut text = format!("{HEAD}{}\n", print::yaml(before)?.as_str());
    loop {
        let Some(edited) = terminal::edit(&text, ".yaml")? else {
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
        let can_be_fixed = matches!(code, None | Some(ErrorCode::Invalid));
        let refused = Style::Error.paint("not accepted:");
        print::remark(&text!("{} {:#}", refused, error));
        if !can_be_fixed || !terminal::confirm(&text!("Edit again?"), Consent { yes: false })? {
            print::remark(&text!("Your text:\n{}", Text::block(&edited)));
            return Err(error.context("the destination was not changed"));
        }
        text = edited;
    }
}

fn show(
    output: Output,
    changed: &DestinationReport,
    before: &Map<String, Value>,
) -> anyhow::Result<()> {
    let after = document::description(changed)?;
    print::show(output, changed, |report| {
        let one = &report.destination;
        let mut lines = vec![text!(
            "changed {:?}, now revision {}",
            one.display_name,
            one.revision
        )];
        lines.extend(super::plan::differences(before, &after));
        Text::lines(lines)
    })
}
