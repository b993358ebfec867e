//! `tocsin dead-letters edit`: a message that is not an alert is corrected, sent, and
//! deleted.

use anyhow::bail;
use tocsin_api_types::{DeadLetterQueue, DeleteDeadLetters, Which};
use tocsin_core::Timestamp;
use tocsin_core::alert::parse_sent;

use super::find;
use crate::exit::Exit;
use crate::print::{self, Style, text};
use crate::stack::{Stack, actor};
use crate::terminal;
use crate::usage::Usage;

pub(super) async fn run(stack: &Stack, id: &str) -> anyhow::Result<Exit> {
    if !terminal::is_interactive() {
        return Err(Usage::error(
            "there is no terminal for an editor: `dead-letters show --body` prints the message, `send` sends a corrected one, `dead-letters delete` deletes it",
        ));
    }
    let found = find(stack, id).await?;
    let mut text = found.whole_body;
    let alert = loop {
        let Some(edited) = terminal::edit(&text, ".json")? else {
            print::remark(&text!("Nothing was changed."));
            return Ok(Exit::Success);
        };
        match parse_sent(&edited, Timestamp::now()) {
            Ok(alert) => {
                text = edited;
                break alert;
            }
            Err(error) => {
                print::remark(&text!("{} {}", Style::Error.paint("not an alert:"), error));
                text = edited;
                let again = text!("Edit it again?");
                if !terminal::ask(&again)? {
                    print::remark(&text!("Nothing was sent."));
                    return Ok(Exit::Incomplete);
                }
            }
        }
    };
    stack.enqueue(&text).await?;
    let request = DeleteDeadLetters {
        queue: DeadLetterQueue::Alerts,
        which: Which::Messages(vec![id.to_owned()]),
        actor: actor(),
    };
    let deleted = stack.ask(request).await?;
    if deleted.deleted.is_empty() {
        bail!(
            "the alert was sent, and the message could not be deleted here; `tocsin dead-letters delete --queue alerts {id}` does that"
        );
    }
    print::remark(&text!(
        "sent, and deleted here; see where it went: tocsin alerts show --wait 60 {}",
        alert.alert_id
    ));
    Ok(Exit::Success)
}
