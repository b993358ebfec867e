//! Questions to a person: only on a terminal, and on standard error, so that
//! standard output holds only results. Secrets are not echoed.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the one place that asks"
)]

use std::io::{ErrorKind, IsTerminal};
use std::sync::Once;
use std::time::Duration;

use anyhow::Context;
use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Editor, Input, MultiSelect, Password, Select};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tocsin_core::provider::form::FormField;

use crate::args::Consent;
use crate::print::{Text, text};
use crate::usage::Usage;

/// Whether a person can be asked.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && Term::stderr().is_term()
}

/// The exit code after Ctrl-C, by the convention of shells.
const INTERRUPTED: i32 = 130;

/// Asks for what a form needs.
pub(crate) trait Prompts {
    /// A line of text.
    fn text(&mut self, question: &str) -> anyhow::Result<String>;

    /// A line of text, or `None` for an empty answer.
    fn optional_text(&mut self, question: &str) -> anyhow::Result<Option<String>>;

    /// A line that is not echoed.
    fn secret(&mut self, question: &str) -> anyhow::Result<String>;

    /// A line that is not echoed, or `None` for an empty answer.
    fn optional_secret(&mut self, question: &str) -> anyhow::Result<Option<String>>;

    /// The index of one of several options.
    fn choice(&mut self, question: &str, options: &[&str]) -> anyhow::Result<usize>;

    /// The indices of any number of options.
    fn choices(&mut self, question: &str, options: &[String]) -> anyhow::Result<Vec<usize>>;
}

/// The terminal that the command runs on.
pub(crate) struct Terminal;

/// A question or an option, as it may be shown: it can come from the stack.
fn shown(text: &str) -> String {
    text!("{}", text).as_str().to_owned()
}

impl Prompts for Terminal {
    fn text(&mut self, question: &str) -> anyhow::Result<String> {
        let input = Input::<String>::with_theme(&SimpleTheme).with_prompt(shown(question));
        answer(|| input.interact_text())
    }

    fn optional_text(&mut self, question: &str) -> anyhow::Result<Option<String>> {
        let input = Input::<String>::with_theme(&SimpleTheme)
            .with_prompt(shown(question))
            .allow_empty(true);
        let text = answer(|| input.interact_text())?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn secret(&mut self, question: &str) -> anyhow::Result<String> {
        let input = Password::with_theme(&SimpleTheme).with_prompt(shown(question));
        answer(|| input.interact())
    }

    fn optional_secret(&mut self, question: &str) -> anyhow::Result<Option<String>> {
        let input = Password::with_theme(&SimpleTheme)
            .with_prompt(shown(question))
            .allow_empty_password(true);
        let text = answer(|| input.interact())?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn choice(&mut self, question: &str, options: &[&str]) -> anyhow::Result<usize> {
        let menu = Select::with_theme(&SimpleTheme)
            .with_prompt(shown(question))
            .items(options.iter().map(|&one| shown(one)))
            .default(0);
        answer(|| menu.interact())
    }

    fn choices(&mut self, question: &str, options: &[String]) -> anyhow::Result<Vec<usize>> {
        let menu = MultiSelect::with_theme(&SimpleTheme)
            .with_prompt(shown(question))
            .items(options.iter().map(|one| shown(one)));
        answer(|| menu.interact())
    }
}

/// The answer to a question. Ctrl-C ends the command: it arrives as a signal or,
/// while an answer is read, as an error.
fn answer<T>(ask: impl FnOnce() -> dialoguer::Result<T>) -> anyhow::Result<T> {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(|| {
        // Without a handler, Ctrl-C ends the command as well, but leaves the cursor
        // of a menu hidden.
        drop(ctrlc::set_handler(|| interrupted()));
    });
    ask().map_err(|dialoguer::Error::IO(error)| {
        if error.kind() == ErrorKind::Interrupted {
            interrupted();
        }
        anyhow::Error::new(error).context("the question was not answered")
    })
}

/// Shows the cursor, which menus hide, and ends the command.
fn interrupted() -> ! {
    // The process ends: a failure could not be reported.
    let _ = Term::stderr().show_cursor();
    std::process::exit(INTERRUPTED)
}

/// The question for a field of a form.
pub(crate) fn question(field: &FormField) -> String {
    match &field.help {
        Some(help) => format!("{} ({help})", field.label),
        None => field.label.clone(),
    }
}

/// Opens the text in an editor; `None` if it was not saved.
pub(crate) fn edit(text: &str, extension: &str) -> anyhow::Result<Option<String>> {
    Editor::new()
        .extension(extension)
        .edit(text)
        .context("the editor could not be run; set EDITOR, or use flags")
}

/// Asks for consent. Without a terminal, `--yes` must be given.
pub(crate) fn confirm(question: &Text, consent: Consent) -> anyhow::Result<bool> {
    if consent.yes {
        return Ok(true);
    }
    if !is_interactive() {
        return Err(Usage::error(format!(
            "{} There is no terminal to ask on: add --yes",
            question.as_str()
        )));
    }
    let question = Confirm::with_theme(&SimpleTheme)
        .with_prompt(question.as_str())
        .default(false);
    answer(|| question.interact())
}

/// A question that no flag answers.
pub(crate) fn ask(question: &Text) -> anyhow::Result<bool> {
    confirm(question, Consent { yes: false })
}

/// Progress that is not shown.
pub(crate) fn no_progress() -> ProgressBar {
    ProgressBar::hidden()
}

/// Shows progress on a terminal: what is done, and how many of `total`.
pub(crate) fn progress(message: &str, total: Option<usize>) -> ProgressBar {
    let target = if Term::stderr().is_term() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(total.map(|total| total as u64), target);
    let form = if total.is_some() {
        "{msg} {pos}/{len}"
    } else {
        "{spinner} {msg} {pos}"
    };
    // The template is a constant and valid; otherwise the bar keeps its default form.
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
    bar.set_message(shown(message));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
