//! `tocsin dead-letters redrive` and `delete`.

use tocsin_api_types::{
    DeadLetterQueue, DeleteDeadLetters, DeletedDeadLetters, RedriveDeadLetters, RedriveResult,
    Redriven, Which,
};

use super::name;
use crate::args::{Output, RedriveArgs};
use crate::exit::Exit;
use crate::print::{self, Named, Style, Text, count, text};
use crate::stack::{Stack, actor};
use crate::terminal;

impl Named for Redriven {
    fn names(&self) -> Option<Vec<String>> {
        let all = self.dead_letters.iter();
        Some(all.map(|one| one.message_id.clone()).collect())
    }
}

impl Named for DeletedDeadLetters {
    fn names(&self) -> Option<Vec<String>> {
        Some(self.deleted.clone())
    }
}

pub(super) async fn delete(
    stack: &Stack,
    args: RedriveArgs,
    output: Output,
) -> anyhow::Result<Exit> {
    let what = if args.all {
        "all".to_owned()
    } else {
        count(args.ids.len(), "message", "messages")
    };
    let queue = DeadLetterQueue::from(args.queue);
    let question = text!("Delete {} of {} for good?", what, name(queue));
    if !terminal::confirm(&question, args.consent)? {
        print::remark(&text!("Nothing was deleted."));
        return Ok(Exit::Success);
    }
    let request = DeleteDeadLetters {
        queue,
        which: which(args.all, args.ids),
        actor: actor(),
    };
    let progress = terminal::progress("deleting", None);
    let deleted = stack.ask(request).await;
    progress.finish_and_clear();
    let deleted = deleted?;
    print::show(output, &deleted, render_deleted)?;
    Ok(if deleted.kept.is_empty() && deleted.not_found.is_empty() {
        Exit::Success
    } else {
        Exit::Incomplete
    })
}

fn which(all: bool, ids: Vec<String>) -> Which {
    if all {
        Which::All
    } else {
        Which::Messages(ids)
    }
}

fn render_deleted(deleted: &DeletedDeadLetters) -> Text {
    let mut lines = vec![text!(
        "{} deleted, {} left",
        count(deleted.deleted.len(), "message", "messages"),
        deleted.waiting
    )];
    for (what, ids) in [
        ("not deleted", &deleted.kept),
        ("not found", &deleted.not_found),
    ] {
        let each = ids.iter();
        lines.extend(each.map(|id| text!("{} {}", Style::Error.paint(what), id)));
    }
    Text::lines(lines)
}

pub(super) async fn redrive(
    stack: &Stack,
    args: RedriveArgs,
    output: Output,
) -> anyhow::Result<Exit> {
    let what = if args.all {
        "all".to_owned()
    } else {
        count(args.ids.len(), "message", "messages")
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
        which: which(args.all, args.ids),
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
