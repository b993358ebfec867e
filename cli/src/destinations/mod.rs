//! `tocsin destinations`.

mod add;
mod apply;
mod changes;
mod draft;
mod edit;
mod list;
mod plan;
mod replay;
mod sources;
mod test;

use anyhow::anyhow;
use tocsin_api_types::{
    ApiError, DeleteDestination, DeletedDestination, DestinationReport, ErrorCode, GetDestination,
    ListDestinations, RemovedSecret, SetDestinationEnabled,
};
use tocsin_core::destination::Enabled;

use crate::args::{DeleteArgs, DestinationsCommand, EnableArgs, Output, Target};
use crate::exit::Exit;
use crate::print::{Named, Text, text};
use crate::stack::{Stack, actor};
use crate::{document, print, terminal};

pub(crate) async fn run(
    command: DestinationsCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<Exit> {
    let stack = Stack::connect(target).await?;
    match command {
        DestinationsCommand::List => {
            print::show(output, &fetch(&stack).await?, |all| list::all(all))?;
        }
        DestinationsCommand::Show(args) => {
            print::show(output, &get(&stack, args.name).await?, list::one)?;
        }
        DestinationsCommand::Add(args) => return add::run(&stack, *args, output).await,
        DestinationsCommand::Edit(args) => edit::run(&stack, args, output).await?,
        DestinationsCommand::Delete(args) => delete(&stack, args, output).await?,
        DestinationsCommand::Enable(args) => switch(&stack, args, Enabled::Yes, output).await?,
        DestinationsCommand::Disable(args) => switch(&stack, args, Enabled::No, output).await?,
        DestinationsCommand::Test(args) => return test::run(&stack, args, output).await,
        DestinationsCommand::Apply(args) => apply::run(&stack, args, output).await?,
        DestinationsCommand::Export => {
            print::line(&document::write(&fetch(&stack).await?)?)?;
        }
    }
    Ok(Exit::Success)
}

impl Named for DestinationReport {
    fn names(&self) -> Option<Vec<String>> {
        Some(vec![self.destination.display_name.clone()])
    }
}

impl Named for Vec<DestinationReport> {
    fn names(&self) -> Option<Vec<String>> {
        let names = self.iter().map(|one| one.destination.display_name.clone());
        Some(names.collect())
    }
}

impl Named for Vec<DeletedDestination> {
    fn names(&self) -> Option<Vec<String>> {
        let names = self.iter().map(|one| one.destination.display_name.clone());
        Some(names.collect())
    }
}

/// The stack's destinations.
async fn fetch(stack: &Stack) -> anyhow::Result<Vec<DestinationReport>> {
    stack.ask(ListDestinations {}).await
}

/// The destination of this name or id.
async fn get(stack: &Stack, destination: String) -> anyhow::Result<DestinationReport> {
    let name = destination.clone();
    let error = match stack.ask(GetDestination { destination }).await {
        Ok(found) => return Ok(found),
        Err(error) => error,
    };
    let is_unknown = error
        .downcast_ref::<ApiError>()
        .is_some_and(|error| error.code == ErrorCode::NotFound);
    if !is_unknown {
        return Err(error.context(format!("{name:?}")));
    }
    let all = fetch(stack).await?;
    let names = all.iter().map(|one| one.destination.display_name.as_str());
    Err(match similar(&name, names) {
        Some(similar) => anyhow!("there is no destination {name:?}; did you mean {similar:?}?"),
        None => anyhow!("there is no destination {name:?}; `tocsin destinations list` shows all"),
    })
}

/// The name that is most like this one, if one is much like it.
fn similar<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const LEAST: f64 = 0.8;
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    all.map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness >= LEAST)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, other)| other)
}

async fn delete(stack: &Stack, args: DeleteArgs, output: Output) -> anyhow::Result<()> {
    // A wrong name is found before the first one is deleted.
    let mut found = Vec::new();
    for name in args.names {
        found.push(get(stack, name).await?.destination);
    }
    let names = found.iter().map(|one| text!("{:?}", one.display_name));
    let question = text!("Delete {} and their secrets?", Text::joined(names, ", "));
    if !terminal::confirm(&question, args.consent)? {
        print::remark(&text!("Nothing was deleted."));
        return Ok(());
    }
    let mut deleted = Vec::new();
    for one in found {
        let request = DeleteDestination {
            destination: one.destination_id.to_string(),
            revision: Some(one.revision),
            actor: actor(),
        };
        deleted.push(stack.ask(request).await?);
    }
    print::show(output, &deleted, |all| {
        Text::lines(all.iter().map(|one| {
            text!(
                "deleted {:?}; {}",
                one.destination.display_name,
                secret_note(&one.secret)
            )
        }))
    })
}

/// What happened to the secret of a deleted destination.
fn secret_note(secret: &RemovedSecret) -> String {
    match secret {
        RemovedSecret::None => "it had no secret".to_owned(),
        RemovedSecret::Removed {
            name,
            recoverable_until,
        } => format!(
            "its secret is deleted as well; until {} \
             `aws secretsmanager restore-secret --secret-id {name}` restores it, and \
             `--from-secret {name}` adds a destination with it",
            print::time(*recoverable_until)
        ),
        RemovedSecret::Shared { name } => {
            format!("the secret {name} was not created for it and is kept")
        }
        RemovedSecret::Left { name, reason } => {
            format!("its secret {name} could not be deleted, delete it by hand: {reason}")
        }
    }
}

async fn switch(
    stack: &Stack,
    args: EnableArgs,
    enabled: Enabled,
    output: Output,
) -> anyhow::Result<()> {
    // A wrong name is found before the first one is switched.
    let mut found = Vec::new();
    for name in args.names {
        found.push(get(stack, name).await?.destination);
    }
    let mut switched = Vec::new();
    for one in found {
        let request = SetDestinationEnabled {
            destination: one.destination_id.to_string(),
            enabled,
            revision: None,
            actor: actor(),
        };
        switched.push(stack.ask(request).await?);
    }
    print::show(output, &switched, |all| {
        Text::lines(all.iter().map(|one| match enabled {
            Enabled::Yes => text!("enabled {:?}", one.destination.display_name),
            Enabled::No => text!(
                "disabled {:?}: it gets nothing within 30 seconds, not even from lists",
                one.destination.display_name
            ),
        }))
    })
}
