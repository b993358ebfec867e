//! `tocsin dead-letters`: messages that could not be processed, in three queues.

use anyhow::bail;
use tocsin_api_types::{
    Content, DeadLetter, DeadLetterQueue, DeadLetters, ListDeadLetters, RedriveDeadLetters,
    RedriveResult, Redriven, Which,
};
use tocsin_core::text::sanitize;

use crate::args::{DeadLettersCommand, ListDeadLettersArgs, Output, Queue, RedriveArgs, Target};
use crate::exit::Exit;
use crate::print::{self, Style, table};
use crate::stack::{Stack, actor};
use crate::terminal;

/// All dead-letter queues.
const QUEUES: [DeadLetterQueue; 3] = [
    DeadLetterQueue::Alerts,
    DeadLetterQueue::Retries,
    DeadLetterQueue::FailedDispatches,
];

/// The most messages of a queue that one call lists.
const MOST_ENTRIES: u8 = 100;

impl From<Queue> for DeadLetterQueue {
    fn from(queue: Queue) -> Self {
        match queue {
            Queue::Alerts => Self::Alerts,
            Queue::Retries => Self::Retries,
            Queue::FailedDispatches => Self::FailedDispatches,
        }
    }
}

/// The name of a queue on the command line.
const fn name(queue: DeadLetterQueue) -> &'static str {
    match queue {
        DeadLetterQueue::Alerts => "alerts",
        DeadLetterQueue::Retries => "retries",
        DeadLetterQueue::FailedDispatches => "failed-dispatches",
    }
}

pub(crate) async fn run(
    command: DeadLettersCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<Exit> {
    let stack = Stack::connect(target).await?;
    match command {
        DeadLettersCommand::List(args) => {
            let found = list(&stack, &args).await?;
            print::show(output, &found, |all| render_list(all))?;
            Ok(Exit::Success)
        }
        DeadLettersCommand::Show(args) => {
            let found = find(&stack, &args.id).await?;
            print::show(output, &found, render_one)?;
            Ok(Exit::Success)
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
        let limit = Some(MOST_ENTRIES);
        let found = stack.ask(ListDeadLetters { queue, limit }).await?;
        if let Some(dead_letter) = found
            .dead_letters
            .into_iter()
            .find(|one| one.message_id == id)
        {
            return Ok(dead_letter);
        }
    }
    bail!(
        "no dead letter {id:?} was found; `tocsin dead-letters list` shows the ids, and a message that was \
         just read is hidden for some seconds"
    )
}

fn render_list(all: &[DeadLetters]) -> String {
    let mut parts = Vec::new();
    for queue in all {
        let head = format!(
            "{}: {} waiting",
            name(queue.queue),
            print::count(
                usize::try_from(queue.waiting).unwrap_or(usize::MAX),
                "message",
                "messages"
            )
        );
        if queue.dead_letters.is_empty() {
            parts.push(head);
            continue;
        }
        let mut rows = table(&["since", "reason", "content", "id"]);
        for dead_letter in &queue.dead_letters {
            rows.add_row([
                Style::Plain.cell(since(dead_letter)),
                Style::Error.cell(reason(dead_letter)),
                Style::Plain.cell(summary(&dead_letter.content)),
                Style::Muted.cell(&dead_letter.message_id),
            ]);
        }
        parts.push(format!("{head}\n{rows}"));
    }
    parts.join("\n")
}

fn since(dead_letter: &DeadLetter) -> String {
    dead_letter
        .sent_at
        .map(|at| print::time(at).to_string())
        .unwrap_or_default()
}

fn reason(dead_letter: &DeadLetter) -> String {
    if let Content::Unreadable { problem, .. } = &dead_letter.content {
        return problem.clone();
    }
    match (&dead_letter.reason, &dead_letter.detail) {
        (Some(reason), Some(detail)) => format!("{reason}: {detail}"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => "failed too many times; the log of the function says why".to_owned(),
    }
}

/// The content of a dead letter, in a line or two.
fn summary(content: &Content) -> String {
    match content {
        Content::Message {
            title: Some(title),
            alert_id: Some(id),
            ..
        } => format!("alert {id}: {title}"),
        Content::Message { body, .. } | Content::Unreadable { body, .. } => beginning(body),
        Content::WakeUp { destination_id } => {
            format!("wake-up of destination {destination_id}; the next sweep sends another")
        }
        Content::Sweep => "sweep; the next one follows within a minute".to_owned(),
        Content::Unrecorded(unrecorded) => format!(
            "alert {} was delivered to {}, which the ledger does not know yet",
            unrecorded.alert_id, unrecorded.destination_id
        ),
        Content::Retry(retry) => format!(
            "attempt {} of alert {} to {}",
            retry.attempt, retry.alert_id, retry.destination_id
        ),
        Content::Report(failing) => {
            format!(
                "report that deliveries to {} fail: {}",
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

/// The first characters of any text, on one line.
fn beginning(body: &str) -> String {
    const SHOWN: usize = 80;
    let line = sanitize(body).replace(['\n', '\t'], " ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let shown: String = line.chars().take(SHOWN).collect();
    format!("{shown} …")
}

fn render_one(dead_letter: &DeadLetter) -> String {
    let body = match &dead_letter.content {
        Content::Message { body, .. } | Content::Unreadable { body, .. } => {
            sanitize(body).into_owned()
        }
        other => summary(other),
    };
    format!(
        "{}, since {}\n{}\n\n{body}",
        dead_letter.message_id,
        since(dead_letter),
        Style::Error.paint(reason(dead_letter))
    )
}

async fn redrive(stack: &Stack, args: RedriveArgs, output: Output) -> anyhow::Result<Exit> {
    let what = if args.all {
        "all".to_owned()
    } else {
        print::count(args.ids.len(), "message", "messages")
    };
    let queue = DeadLetterQueue::from(args.queue);
    let question = format!(
        "Put {what} of {} back? Messages whose cause is not fixed fail again.",
        name(queue)
    );
    if !terminal::confirm(&question, args.consent)? {
        print::remark("Nothing was put back.");
        return Ok(Exit::Success);
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
    print::show(output, &redriven, render_redriven)?;
    let all_sent = redriven
        .dead_letters
        .iter()
        .all(|one| !matches!(one.result, RedriveResult::Kept { .. }));
    Ok(if all_sent && redriven.not_found.is_empty() {
        Exit::Success
    } else {
        Exit::Incomplete
    })
}

fn render_redriven(redriven: &Redriven) -> String {
    let mut lines: Vec<_> = redriven
        .dead_letters
        .iter()
        .map(|one| match &one.result {
            RedriveResult::Sent { .. } => {
                format!("{} {}", Style::Success.paint("put back"), one.message_id)
            }
            RedriveResult::SentNotRemoved { reason } => format!(
                "{} {}, but it could not be deleted here, which does no harm: {reason}",
                Style::Pending.paint("put back"),
                one.message_id
            ),
            RedriveResult::Kept { reason } => {
                format!(
                    "{} {}: {reason}",
                    Style::Error.paint("kept"),
                    one.message_id
                )
            }
        })
        .collect();
    lines.extend(redriven.not_found.iter().map(|id| {
        format!(
            "{} {id}; it may be hidden because it was just read, try again soon",
            Style::Error.paint("not found")
        )
    }));
    lines.push(format!(
        "{} still waiting in {}",
        redriven.waiting,
        name(redriven.queue)
    ));
    lines.join("\n")
}
