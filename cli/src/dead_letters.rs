//! `tocsin dead-letters`: what could not be processed, in three queues.

use anyhow::bail;
use tocsin_api::messages::{
    Content, DeadLetter, DeadLetterQueue, DeadLetters, ListDeadLetters, RedriveDeadLetters,
    RedriveResult, Redriven, Which,
};
use tocsin_core::text::sanitize;

use crate::args::{DeadLettersCommand, ListDeadLettersArgs, Output, Queue, RedriveArgs, Target};
use crate::exit::Ending;
use crate::print::{self, Tone, table};
use crate::stack::{Stack, actor};
use crate::terminal;

/// All of the queues.
const QUEUES: [DeadLetterQueue; 3] = [
    DeadLetterQueue::Alerts,
    DeadLetterQueue::Retries,
    DeadLetterQueue::HandOvers,
];

/// As many of a queue as one call shows.
const MOST: u8 = 100;

impl From<Queue> for DeadLetterQueue {
    fn from(queue: Queue) -> Self {
        match queue {
            Queue::Alerts => Self::Alerts,
            Queue::Retries => Self::Retries,
            Queue::HandOvers => Self::HandOvers,
        }
    }
}

/// What the command line calls a queue.
const fn name(queue: DeadLetterQueue) -> &'static str {
    match queue {
        DeadLetterQueue::Alerts => "alerts",
        DeadLetterQueue::Retries => "retries",
        DeadLetterQueue::HandOvers => "hand-overs",
    }
}

pub(crate) async fn run(
    command: DeadLettersCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<Ending> {
    let stack = Stack::connect(target).await?;
    match command {
        DeadLettersCommand::List(args) => {
            let found = list(&stack, &args).await?;
            print::show(output, &found, |all| listed(all))?;
            Ok(Ending::Well)
        }
        DeadLettersCommand::Show(args) => {
            let letter = find(&stack, &args.id).await?;
            print::show(output, &letter, one)?;
            Ok(Ending::Well)
        }
        DeadLettersCommand::Redrive(args) => redrive(&stack, args, output).await,
    }
}

async fn list(stack: &Stack, args: &ListDeadLettersArgs) -> anyhow::Result<Vec<DeadLetters>> {
    let chosen = args.queue.map(DeadLetterQueue::from);
    let mut found = Vec::new();
    for queue in QUEUES {
        if chosen.is_none_or(|chosen| chosen == queue) {
            let limit = Some(args.limit);
            found.push(stack.ask(ListDeadLetters { queue, limit }).await?);
        }
    }
    Ok(found)
}

async fn find(stack: &Stack, id: &str) -> anyhow::Result<DeadLetter> {
    for queue in QUEUES {
        let limit = Some(MOST);
        let found = stack.ask(ListDeadLetters { queue, limit }).await?;
        if let Some(letter) = found.letters.into_iter().find(|one| one.message_id == id) {
            return Ok(letter);
        }
    }
    bail!(
        "no dead letter {id:?} was found; `tocsin dead-letters list` has the ids, and one that somebody \
         looked at is out of sight for some seconds"
    )
}

fn listed(all: &[DeadLetters]) -> String {
    let mut parts = Vec::new();
    for queue in all {
        let head = format!(
            "{}: {} waiting",
            name(queue.queue),
            print::count(
                usize::try_from(queue.waiting).unwrap_or(usize::MAX),
                "letter",
                "letters"
            )
        );
        if queue.letters.is_empty() {
            parts.push(head);
            continue;
        }
        let mut rows = table(&["since", "reason", "holds", "id"]);
        for letter in &queue.letters {
            rows.add_row([
                Tone::Plain.cell(since(letter)),
                Tone::Bad.cell(reason(letter)),
                Tone::Plain.cell(holds(&letter.content)),
                Tone::Faint.cell(&letter.message_id),
            ]);
        }
        parts.push(format!("{head}\n{rows}"));
    }
    parts.join("\n")
}

fn since(letter: &DeadLetter) -> String {
    letter
        .sent_at
        .map(|at| print::time(at).to_string())
        .unwrap_or_default()
}

fn reason(letter: &DeadLetter) -> String {
    if let Content::Unreadable { problem, .. } = &letter.content {
        return problem.clone();
    }
    match (&letter.reason, &letter.detail) {
        (Some(reason), Some(detail)) => format!("{reason}: {detail}"),
        (Some(said), None) | (None, Some(said)) => said.clone(),
        (None, None) => "failed too many times; the function's log says why".to_owned(),
    }
}

/// What a letter holds, in a line or two.
fn holds(content: &Content) -> String {
    match content {
        Content::Message {
            title: Some(title),
            alert_id: Some(id),
            ..
        } => format!("alert {id}: {title}"),
        Content::Message { body, .. } | Content::Unreadable { body, .. } => beginning(body),
        Content::Retry(retry) => format!(
            "attempt {} of alert {} to {}",
            retry.attempt, retry.alert_id, retry.destination_id
        ),
        Content::Report(failing) => {
            format!(
                "the report that {} fails: {}",
                failing.display_name, failing.failure
            )
        }
        Content::DeliveryBatch { deliveries } => {
            let each: Vec<_> = deliveries
                .iter()
                .map(|one| format!("alert {} to {}", one.alert_id, one.display_name))
                .collect();
            each.join("\n")
        }
    }
}

/// The first characters of what may be anything.
fn beginning(body: &str) -> String {
    const SHOWN: usize = 80;
    let line = sanitize(body).replace(['\n', '\t'], " ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let shown: String = line.chars().take(SHOWN).collect();
    format!("{shown} …")
}

fn one(letter: &DeadLetter) -> String {
    let body = match &letter.content {
        Content::Message { body, .. } | Content::Unreadable { body, .. } => {
            sanitize(body).into_owned()
        }
        other => holds(other),
    };
    format!(
        "{}, since {}\n{}\n\n{body}",
        letter.message_id,
        since(letter),
        Tone::Bad.paint(reason(letter))
    )
}

async fn redrive(stack: &Stack, args: RedriveArgs, output: Output) -> anyhow::Result<Ending> {
    let what = if args.all {
        "all".to_owned()
    } else {
        print::count(args.ids.len(), "letter", "letters")
    };
    let queue = DeadLetterQueue::from(args.queue);
    let question = format!(
        "Put {what} of {} back? What failed for a cause that is not gone comes back.",
        name(queue)
    );
    if !terminal::agreed(&question, args.consent)? {
        print::remark("Nothing was put back.");
        return Ok(Ending::Well);
    }
    let request = RedriveDeadLetters {
        queue,
        which: if args.all {
            Which::All
        } else {
            Which::Messages(args.ids)
        },
        limit: None,
        actor: actor(),
    };
    let progress = terminal::progress("putting back", None);
    let redriven = stack.ask(request).await;
    progress.finish_and_clear();
    let redriven = redriven?;
    print::show(output, &redriven, told)?;
    let sent = redriven
        .letters
        .iter()
        .all(|one| !matches!(one.result, RedriveResult::Kept { .. }));
    Ok(if sent && redriven.not_found.is_empty() {
        Ending::Well
    } else {
        Ending::NotWell
    })
}

fn told(redriven: &Redriven) -> String {
    let mut lines: Vec<_> = redriven
        .letters
        .iter()
        .map(|one| match &one.result {
            RedriveResult::Sent { .. } => {
                format!("{} {}", Tone::Good.paint("put back"), one.message_id)
            }
            RedriveResult::SentNotRemoved { reason } => format!(
                "{} {}, but it lies here as well, which does no harm: {reason}",
                Tone::Waiting.paint("put back"),
                one.message_id
            ),
            RedriveResult::Kept { reason } => {
                format!("{} {}: {reason}", Tone::Bad.paint("kept"), one.message_id)
            }
        })
        .collect();
    lines.extend(redriven.not_found.iter().map(|id| {
        format!(
            "{} {id}; somebody may be looking at it, try again soon",
            Tone::Bad.paint("not found")
        )
    }));
    lines.push(format!(
        "{} still waiting in {}",
        redriven.waiting,
        name(redriven.queue)
    ));
    lines.join("\n")
}
