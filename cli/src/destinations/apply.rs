//! `tocsin destinations apply`: shows the plan, then applies it after consent.

use anyhow::{Context, bail};
use tocsin_api_types::{
    ApplyDestinations, ApplyMode, ApplyReport, ChangeKind, ChangeResult, Declared, Expected, Prune,
};

use super::{plan, replay};
use crate::args::{ApplyArgs, Output};
use crate::document::{self, Entry};
use crate::print::{self, text};
use crate::secret::{References, folder};
use crate::stack::{Stack, actor};
use crate::terminal;

pub(super) async fn run(stack: &Stack, args: ApplyArgs, output: Output) -> anyhow::Result<()> {
    let entries = document::parse(&args.file.read()?)
        .with_context(|| format!("{} does not describe destinations", args.file))?;
    let mut request = ApplyDestinations {
        destinations: declared(entries, &args)?,
        unlisted: if args.prune {
            Prune::Delete
        } else {
            Prune::Keep
        },
        mode: ApplyMode::DryRun,
        expected: None,
        actor: actor(),
    };
    let planned = send(stack, &request, "comparing").await?;
    if args.dry_run {
        return match args.replay {
            None => print::show(output, &planned, plan::render_plan),
            Some(since) => {
                let replayed = replay::run(stack, &request, since).await?;
                let both = replay::Report {
                    plan: planned,
                    replay: replayed,
                };
                print::show(output, &both, |both| {
                    text!(
                        "{}\n\n{}",
                        plan::render_plan(&both.plan),
                        replay::render(&both.replay)
                    )
                })
            }
        };
    }
    if planned
        .changes
        .iter()
        .all(|one| one.kind == ChangeKind::Unchanged)
    {
        return print::show(output, &planned, plan::render_plan);
    }
    match output {
        Output::Table | Output::Wide => print::line(&plan::render_plan(&planned))?,
        Output::Json | Output::Yaml | Output::Name => print::remark(&plan::render_plan(&planned)),
    }
    if !terminal::confirm(&text!("Apply this?"), args.consent)? {
        print::remark(&text!("Nothing was changed."));
        return Ok(());
    }
    request.mode = ApplyMode::Apply;
    // Nothing is applied if the plan has changed since it was shown.
    request.expected = Some(planned.changes.iter().map(Expected::from).collect());
    let applied = send(stack, &request, "applying").await?;
    print::show(output, &applied, plan::render_result)?;
    let failed = applied
        .changes
        .iter()
        .filter(|one| matches!(one.result, ChangeResult::Failed(_)))
        .count();
    if failed > 0 {
        bail!(
            "{} failed, the other changes were made; fix the cause and apply the file again",
            print::count(failed, "change", "changes")
        );
    }
    Ok(())
}

async fn send(
    stack: &Stack,
    request: &ApplyDestinations,
    message: &str,
) -> anyhow::Result<ApplyReport> {
    let progress = terminal::progress(message, None);
    let report = stack.ask(request.clone()).await;
    progress.finish_and_clear();
    report
}

/// The file's destinations with their secrets. A missing secret is an error.
fn declared(entries: Vec<Entry>, args: &ApplyArgs) -> anyhow::Result<Vec<Declared>> {
    let folder = folder(Some(&args.file));
    let references = References {
        folder: &folder,
        variable: &|name| std::env::var(name).ok(),
    };
    entries
        .into_iter()
        .map(|entry| {
            let secret = references
                .resolve(&entry.secret)
                .with_context(|| format!("the secret of {:?}", entry.draft.display_name))?;
            Ok(Declared {
                destination: entry.draft,
                secret: secret.into_new(),
            })
        })
        .collect()
}
