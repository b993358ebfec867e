//! `tocsin dead-letters`: messages that could not be processed, in three queues.

use anyhow::bail;
use tocsin_api_types::{
    Content, DeadLetter, DeadLetterQueue, DeadLetters, ListDeadLetters, RedriveDeadLetters,
    RedriveResult, Redriven, Which,
};
use tocsin_core::text::single_line;

use crate::args::{DeadLettersCommand, ListDeadLettersArgs, Output, Queue, RedriveArgs, Target};
use crate::exit::Exit;
use crate::print::{self, Column, Named, Style, Table, Text, text, when};
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

const COLUMNS: [Column; 4] = [
    Column::whole("since", 1),
    Column::wrapped("reason", 0),
    Column::wrapped("content", 2),
    Column::whole("id", 0),
];

impl Named for Vec<DeadLetters> {
    fn names(&self) -> Option<Vec<String>> {
        let all = self.iter().flat_map(|queue| &queue.dead_letters);
        Some(all.map(|one| one.message_id.clone()).collect())
    }
}

impl Named for DeadLetter {
    fn names(&self) -> Option<Vec<String>> {
        Some(vec![self.message_id.clone()])
    }
}

impl Named for Redriven {}

fn render_list(all: &[DeadLetters]) -> Text {
    let mut parts = Vec::new();
    for queue in all {
        let head = text!(
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
        let mut rows = Table::new(&COLUMNS);
        for dead_letter in &queue.dead_letters {
            rows.row([
                Style::Plain.cell(since(dead_letter)),
                Style::Error.cell(reason(dead_letter)),
                Style::Plain.cell(summary(&dead_letter.content)),
                Style::Muted.cell(&dead_letter.message_id),
            ]);
        }
        parts.push(text!("{}\n{}", head, rows.draw()));
    }
    Text::lines(parts)
}

fn since(dead_letter: &DeadLetter) -> String {
    dead_letter.sent_at.map(when).unwrap_or_default()
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
fn summary(content: &Content) -> Text {
    match content {
        Content::Message {
            title: Some(title),
            alert_id: Some(id),
            ..
        } => text!("alert {}: {}", id, title),
        Content::Message { body, .. } | Content::Unreadable { body, .. } => beginning(body),
        Content::WakeUp { destination_id } => {
            text!(
                "wake-up of destination {}; the next sweep sends another",
                destination_id
            )
        }
        Content::Sweep => text!("sweep; the next one follows within a minute"),
        Content::Unrecorded(unrecorded) => text!(
            "alert {} was delivered to {}, which the ledger does not know yet",
            unrecorded.alert_id,
            unrecorded.destination_id
        ),
        Content::Retry(retry) => text!(
            "attempt {} of alert {} to {}",
            retry.attempt,
            retry.alert_id,
            retry.destination_id
        ),
        Content::Report(failing) => {
            text!(
                "report that deliveries to {} fail: {}",
                failing.display_name,
                failing.failure
            )
        }
        Content::DeliveryBatch { deliveries } => {
            let each = deliveries.iter();
            Text::lines(each.map(|one| text!("alert {} to {}", one.alert_id, one.display_name)))
        }
    }
}

/// The first characters of any text.
fn beginning(body: &str) -> Text {
    const SHOWN: usize = 80;
    let line = single_line(body);
    match line.char_indices().nth(SHOWN) {
        None => text!("{}", line),
        Some((end, _)) => text!("{} …", &line[..end]),
    }
}

fn render_one(dead_letter: &DeadLetter) -> Text {
    let body = match &dead_letter.content {
        Content::Message { body, .. } | Content::Unreadable { body, .. } => Text::block(body),
        other => summary(other),
    };
    text!(
        "{}, since {}\n{}\n\n{}",
        dead_letter.message_id,
        since(dead_letter),
        Style::Error.paint(reason(dead_letter)),
        body
    )
}

async fn redrive(stack: &Stack, args: RedriveArgs, output: Output) -> anyhow::Result<Exit> {
    let what = if args.all {
        "all".to_owned()
    } else {
        print::count(args.ids.len(), "message", "messages")
    };
    let queue = DeadLetterQueue::from(args.queue);
    let question = text!(
        "Put {} of {} back? Messages whose cause is not fixed fail again.",
        what,
        name(queue)
    );
    if !terminal::confirm(&question, args.consent)? {
        print::remark(&text!("Nothing was put back."));
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

fn render_redriven(redriven: &Redriven) -> Text {
    let mut lines: Vec<_> = redriven
        .dead_letters
        .iter()
        .map(|one| match &one.result {
            RedriveResult::Sent { .. } => {
                text!("{} {}", Style::Success.paint("put back"), one.message_id)
            }
            RedriveResult::SentNotRemoved { reason } => text!(
                "{} {}, but it could not be deleted here, which does no harm: {}",
                Style::Pending.paint("put back"),
                one.message_id,
                reason
            ),
            RedriveResult::Kept { reason } => {
                text!(
                    "{} {}: {}",
                    Style::Error.paint("kept"),
                    one.message_id,
                    reason
                )
            }
        })
        .collect();
    lines.extend(redriven.not_found.iter().map(|id| {
        text!(
            "{} {}; it may be hidden because it was just read, try again soon",
            Style::Error.paint("not found"),
            id
        )
    }));
    lines.push(text!(
        "{} still waiting in {}",
        redriven.waiting,
        name(redriven.queue)
    ));
    Text::lines(lines)
}
