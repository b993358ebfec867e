//! `tocsin destinations apply`: shows the plan, then applies it after consent.

use anyhow::{Context, bail};
use tocsin_api_types::{
    ApplyDestinations, ApplyMode, ApplyReport, ChangeKind, ChangeResult, Declared, Expected, Prune,
};

use super::sources::Sources;
use super::{plan, replay};
use crate::args::{ApplyArgs, Output};
use crate::document::{self, Entry};
use crate::print::{self, text};
use crate::secret::{self, Boundary, Lines, Reference, Resolved, Resolver};
use crate::stack::{Stack, actor};
use crate::terminal;
use crate::usage::Usage;

pub(super) async fn run(stack: &Stack, args: ApplyArgs, output: Output) -> anyhow::Result<()> {
    let (destinations, sources) = read(&args)?;
    let mut request = ApplyDestinations {
        destinations,
        unlisted: if args.prune {
            Prune::Delete
        } else {
            Prune::Keep
        },
        mode: ApplyMode::DryRun,
        expected: None,
        actor: actor(),
    };
    let report = send(stack, &request, "comparing").await?;
    // Nothing is applied if the plan has changed since it was shown.
    let expected = report.changes.iter().map(Expected::from).collect();
    let is_unchanged = report
        .changes
        .iter()
        .all(|one| one.kind == ChangeKind::Unchanged);
    let planned = sources.with(report);
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
    if is_unchanged {
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
    request.expected = Some(expected);
    let applied = sources.with(send(stack, &request, "applying").await?);
    print::show(output, &applied, plan::render_result)?;
    let failed = applied
        .changes
        .iter()
        .filter(|one| matches!(one.change.result, ChangeResult::Failed(_)))
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

/// The file's destinations with their secrets, and where these come from. A missing
/// secret is an error. Nothing is read if the file names anything that it may not.
fn read(args: &ApplyArgs) -> anyhow::Result<(Vec<Declared>, Sources)> {
    let text = args.file.read()?;
    let entries = document::parse(&text)
        .with_context(|| format!("{} does not describe destinations", args.file))?;
    let references: Vec<Reference> = entries
        .iter()
        .map(|entry| Reference::parse(&entry.secret).with_context(|| about(entry)))
        .collect::<Result<_, _>>()?;
    let resolver = Resolver {
        boundary: Boundary::of(Some(&args.file), &args.allowed),
        variable: &secret::variable,
    };
    check_sources(&entries, &references, &resolver.boundary, &Lines::of(&text))?;
    let mut declared = Vec::new();
    let mut sources = Sources::default();
    for (entry, reference) in entries.into_iter().zip(&references) {
        let Resolved { secret, fields } =
            resolver.resolve(reference).with_context(|| about(&entry))?;
        sources.add(&entry.draft.display_name, fields);
        declared.push(Declared {
            destination: entry.draft,
            secret: secret.into_new(),
        });
    }
    Ok((declared, sources))
}

fn about(entry: &Entry) -> String {
    format!("the secret of {:?}", entry.draft.display_name)
}

/// Refuses sources that the file may not name, all of them in one error.
fn check_sources(
    entries: &[Entry],
    references: &[Reference],
    boundary: &Boundary<'_>,
    lines: &Lines,
) -> anyhow::Result<()> {
    let mut refused = Vec::new();
    for (at, (entry, reference)) in entries.iter().zip(references).enumerate() {
        for (one, refusal) in reference.refusals(boundary) {
            let line = match lines.line(at, &one.field) {
                Some(line) => format!(", line {line}"),
                None => String::new(),
            };
            refused.push(format!(
                "{:?}, {}{line}: {refusal}",
                entry.draft.display_name,
                secret::shown(&one.field),
            ));
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(Usage::list(
        "the file names secrets that it may not send; nothing was read or sent:",
        refused,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command, DestinationsCommand};
    use clap::Parser;
    use std::path::Path;

    const FILE: &str = "\
destinations:
  - displayName: house-a
    type: webhook
    secret:
      url: {file: url}
      headers:
        X: {env: AWS_KEY_OF_TESTS}
  - displayName: house-b
    type: pagerduty
    secret: {file: ../x}
";

    fn read_file(folder: &Path, flags: &[&str]) -> anyhow::Result<(Vec<Declared>, Sources)> {
        let file = folder.join("destinations.yaml").display().to_string();
        let line = ["tocsin", "destinations", "apply", &file];
        let line = line.iter().chain(flags);
        let Command::Destinations(DestinationsCommand::Apply(args)) =
            Args::try_parse_from(line).unwrap().command
        else {
            panic!("that is `apply`");
        };
        read(&args)
    }

    #[test]
    fn all_refused_sources_are_listed_with_the_flags_that_allow_them() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("destinations.yaml"), FILE).unwrap();
        std::fs::write(inside.join("url"), "https://example.com/PLANTED\n").unwrap();
        let x = folder.path().join("x");
        std::fs::write(&x, "{\"routingKey\": \"PLANTED\"}").unwrap();
        let x = x.canonicalize().unwrap().display().to_string();

        let error = read_file(&inside, &[]).err().unwrap();
        let lines = &error.downcast_ref::<Usage>().unwrap().problems;
        let message = lines.join("\n");
        assert_eq!(lines.len(), 2, "{message}");
        let variable =
            "\"house-a\", secret.headers.X, line 7: the environment variable \"AWS_KEY_OF_TESTS\" ";
        assert!(lines[0].starts_with(variable), "{message}");
        assert!(lines[0].ends_with("--allow-env AWS_KEY_OF_TESTS"));
        let file = "\"house-b\", secret, line 10: the file \"../x\" is not in the folder of the YAML file (";
        assert!(lines[1].starts_with(file), "{message}");
        assert!(lines[1].ends_with(&format!("--allow-file {x}")));
        assert!(!message.contains("PLANTED"));

        // With the flags everything is read; the variable is never set.
        let flags = ["--allow-env", "AWS_KEY_OF_TESTS", "--allow-file", &x];
        let error = format!("{:#}", read_file(&inside, &flags).err().unwrap());
        assert!(error.contains("AWS_KEY_OF_TESTS is not set"), "{error}");
        std::fs::write(
            inside.join("destinations.yaml"),
            FILE.replace("AWS_KEY_OF_TESTS", "PATH"),
        )
        .unwrap();
        let (declared, _) = read_file(&inside, &flags).unwrap();
        assert_eq!(declared.len(), 2);
    }
}
