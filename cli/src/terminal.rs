//! Talking with a person: only on a terminal, and on standard error, so that
//! what is printed stays clean. What is secret is not echoed.

use std::io::{ErrorKind, IsTerminal};
use std::sync::Once;
use std::time::Duration;

use anyhow::Context;
use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Editor, Input, MultiSelect, Password, Select};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Consent;
use crate::exit::Usage;

/// Whether there is somebody to ask.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// What shells give a command that ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// One line of text.
pub(crate) fn text(question: &str) -> anyhow::Result<String> {
    let input = Input::<String>::with_theme(&SimpleTheme).with_prompt(question);
    answer(|| input.interact_text())
}

/// One line of text, or none.
pub(crate) fn optional(question: &str) -> anyhow::Result<Option<String>> {
    let input = Input::<String>::with_theme(&SimpleTheme)
        .with_prompt(question)
        .allow_empty(true);
    let text = answer(|| input.interact_text())?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Something that is not to be seen, not even now.
pub(crate) fn secret(question: &str) -> anyhow::Result<String> {
    let input = Password::with_theme(&SimpleTheme).with_prompt(question);
    answer(|| input.interact())
}

/// Something that is not to be seen, or nothing.
pub(crate) fn optional_secret(question: &str) -> anyhow::Result<Option<String>> {
    let input = Password::with_theme(&SimpleTheme)
        .with_prompt(question)
        .allow_empty_password(true);
    let text = answer(|| input.interact())?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// One of several; gives its place.
pub(crate) fn choice(question: &str, among: &[&str]) -> anyhow::Result<usize> {
    let menu = Select::with_theme(&SimpleTheme)
        .with_prompt(question)
        .items(among)
        .default(0);
    answer(|| menu.interact())
}

/// Any number of several; gives their places.
pub(crate) fn choices(question: &str, among: &[String]) -> anyhow::Result<Vec<usize>> {
    let menu = MultiSelect::with_theme(&SimpleTheme)
        .with_prompt(question)
        .items(among);
    answer(|| menu.interact())
}

/// The answer to a question. Ctrl-C ends the command: it comes as a signal, or,
/// when the question reads just then, as an error.
fn answer<T>(ask: impl FnOnce() -> dialoguer::Result<T>) -> anyhow::Result<T> {
    static MINDED: Once = Once::new();
    MINDED.call_once(|| {
        // Without this, Ctrl-C ends the command all the same, but leaves the
        // cursor of a menu hidden.
        drop(ctrlc::set_handler(|| interrupted()));
    });
    ask().map_err(|dialoguer::Error::IO(error)| {
        if error.kind() == ErrorKind::Interrupted {
            interrupted();
        }
        anyhow::Error::new(error).context("the question was not answered")
    })
}

/// Menus hide the cursor. Whoever leaves one wants it back.
fn interrupted() -> ! {
    // The process ends; there is nobody left to tell of a failure.
    let _ = Term::stderr().show_cursor();
    std::process::exit(INTERRUPTED)
}

/// The text as it is after a person has edited it; `None` when it was not saved.
pub(crate) fn edit(text: &str) -> anyhow::Result<Option<String>> {
    Editor::new()
        .extension(".yaml")
        .edit(text)
        .context("the editor could not be run; set EDITOR, or use flags")
}

/// Whether the person wants this. Without one to ask, only `--yes` means yes.
pub(crate) fn agreed(question: &str, consent: Consent) -> anyhow::Result<bool> {
    if consent.yes {
        return Ok(true);
    }
    if !is_interactive() {
        return Err(Usage::error(format!(
            "{question} There is no terminal to answer on: add --yes"
        )));
    }
    let question = Confirm::with_theme(&SimpleTheme)
        .with_prompt(question)
        .default(false);
    answer(|| question.interact())
}

/// Shows nothing.
pub(crate) fn no_progress() -> ProgressBar {
    ProgressBar::hidden()
}

/// Shows that something takes its time; nothing where there is no terminal.
pub(crate) fn progress(doing: &str, of: Option<usize>) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(of.map(|all| all as u64), target);
    let form = if of.is_some() {
        "{msg} {pos}/{len}"
    } else {
        "{spinner} {msg} {pos}"
    };
    // A constant that reads; the bar keeps its own form otherwise.
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
    bar.set_message(doing.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
