//! `tocsin dead-letters`: messages that could not be processed, in three queues.

mod change;
mod edit;

use anyhow::bail;
use tocsin_api_types::{
    ApiError, Content, DeadLetter, DeadLetterQueue, DeadLetters, ErrorCode, GetDeadLetter,
    ListDeadLetters, WholeDeadLetter,
};
use tocsin_core::text::single_line;

use crate::args::{DeadLettersCommand, ListDeadLettersArgs, Output, Queue, Target};
use crate::exit::Exit;
use crate::print::{self, Column, Named, Style, Table, Text, text, when};
use crate::stack::Stack;

/// All dead-letter queues.
const QUEUES: [DeadLetterQueue; 3] = [
    DeadLetterQueue::Alerts,
    DeadLetterQueue::Retries,
    DeadLetterQueue::FailedDispatches,
];

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
            if args.body {
                print::script(found.whole_body.as_bytes())?;
            } else {
                print::show(output, &found, render_one)?;
            }
            Ok(Exit::Success)
        }
        DeadLettersCommand::Edit(args) => edit::run(&stack, &args.id).await,
        DeadLettersCommand::Delete(args) => change::delete(&stack, args, output).await,
        DeadLettersCommand::Redrive(args) => change::redrive(&stack, args, output).await,
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

/// The dead letter with this id, in whichever queue it is.
async fn find(stack: &Stack, id: &str) -> anyhow::Result<WholeDeadLetter> {
    for queue in QUEUES {
        let request = GetDeadLetter {
            queue,
            message_id: id.to_owned(),
        };
        match stack.ask(request).await {
            Ok(found) => return Ok(found),
            Err(error) if is_not_found(&error) => {}
            Err(error) => return Err(error),
        }
    }
    bail!("no dead letter {id:?} was found; `tocsin dead-letters list` shows the ids")
}

fn is_not_found(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<ApiError>();
    error.is_some_and(|error| error.code == ErrorCode::NotFound)
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

impl Named for WholeDeadLetter {
    fn names(&self) -> Option<Vec<String>> {
        Some(vec![self.dead_letter.message_id.clone()])
    }
}

fn render_list(all: &[DeadLetters]) -> Text {
    let mut parts = Vec::new();
    for queue in all {
        let head = text!("{}: {}", name(queue.queue), waiting(queue));
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

/// `20 of 23 messages`, or how many there are.
fn waiting(queue: &DeadLetters) -> String {
    let waiting = usize::try_from(queue.waiting).unwrap_or(usize::MAX);
    let messages = print::count(waiting, "message", "messages");
    match queue.dead_letters.len() {
        0 => messages,
        shown if shown < waiting => format!("the newest {shown} of {messages}"),
        _ => messages,
    }
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

fn render_one(found: &WholeDeadLetter) -> Text {
    let dead_letter = &found.dead_letter;
    let body = match &dead_letter.content {
        Content::Message { .. } | Content::Unreadable { .. } => Text::block(&found.whole_body),
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
