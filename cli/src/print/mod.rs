//! Output: everything that the command writes to a terminal passes through here.
//! Tables and colours are for people, JSON and YAML for programs.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "the one place that prints"
)]

#[cfg(test)]
pub(crate) mod hostile;
mod style;
mod table;
mod text;
mod view;
mod when;
mod yaml;

use std::io::Write;

use serde::Serialize;
use tocsin_core::alert::exact_values;

pub(crate) use style::Style;
pub(crate) use table::{Cell, Column, Table};
pub(crate) use text::{Show, Shown, Text, text};
pub(crate) use view::View;
#[cfg(test)]
pub(crate) use view::{Layout, set};
pub(crate) use when::{duration, time, when};

use crate::args::Output;
use crate::usage::Usage;

/// What `--output name` prints of a result.
pub(crate) trait Named {
    /// The names or ids, one for each line; `None` where the result has none.
    fn names(&self) -> Option<Vec<String>> {
        None
    }
}

/// Finds out how the results of this command are shown.
pub(crate) fn begin(output: Output) {
    view::set(View::of_output(output));
}

fn names<T: Named + ?Sized>(value: &T) -> anyhow::Result<()> {
    let names = value.names().ok_or_else(|| {
        Usage::error("--output name is for lists, and for what has a name or an id")
    })?;
    if names.is_empty() {
        return Ok(());
    }
    line(&Text::lines(names.iter().map(|name| text!("{}", name))))
}

/// Prints a value in the requested form; `render` makes the text for people.
pub(crate) fn show<T: Serialize + Named + ?Sized>(
    output: Output,
    value: &T,
    render: impl FnOnce(&T) -> Text,
) -> anyhow::Result<()> {
    match output {
        Output::Table | Output::Wide => line(&render(value)),
        Output::Name => names(value),
        Output::Json => line(&Text::json(&serde_json::to_string_pretty(value)?)),
        Output::Yaml => line(&yaml(value)?),
    }
}

/// A value as YAML, without the last line break.
pub(crate) fn yaml<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<Text> {
    // By way of the text, which holds every digit of a number.
    let value = exact_values(&serde_json::to_string(value)?);
    Ok(Text::own(yaml::document(&value).trim_end().to_owned()))
}

/// Prints text and a line break to standard output, with colours only on a terminal.
pub(crate) fn line(text: &Text) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", text.as_str())?;
    out.flush()?;
    Ok(())
}

/// Clears the terminal before the next look of a command that watches.
pub(crate) fn clear() -> anyhow::Result<()> {
    let term = dialoguer::console::Term::stdout();
    if term.is_term() {
        term.clear_screen()?;
    }
    Ok(())
}

/// Prints a remark that is not part of the result to standard error.
pub(crate) fn remark(text: &Text) {
    anstream::eprintln!("{}", text.as_str());
}

/// Prints a text that the command itself has made, such as a script for a shell,
/// unchanged.
pub(crate) fn script(text: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(())
}

/// Prints what clap answers to these arguments: help, or what is wrong with them.
pub(crate) fn usage(answer: &clap::Error, arguments: &[String]) -> anyhow::Result<()> {
    let shown = answer_to(arguments, answer);
    if answer.use_stderr() {
        remark(&shown);
        return Ok(());
    }
    line(&shown)
}

/// The answer as clap draws it. It repeats arguments, and is made safe without its colours
/// where one of them is not.
fn answer_to(arguments: &[String], answer: &clap::Error) -> Text {
    let is_unsafe = |one: &String| text!("{}", one).as_str() != one;
    if arguments.iter().any(is_unsafe) {
        return Text::block(&answer.render().to_string());
    }
    Text::own(answer.render().ansi().to_string().trim_end().to_owned())
}

/// A list in one cell; `none` if it is empty.
pub(crate) fn list<T: Show>(items: impl IntoIterator<Item = T>, none: &'static str) -> Text {
    let all = Text::joined(items.into_iter().map(|item| text!("{}", item)), " ");
    if all.is_empty() {
        return text!("{}", none);
    }
    all
}

/// `1 alert`, `2 alerts`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    const COLUMNS: [Column; 1] = [Column::whole("heading", 0)];

    #[test]
    fn no_text_controls_the_terminal() {
        let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2Jtitle\u{202e}\nline";
        let mut table = Table::new(&COLUMNS);
        table.row([Style::Plain.cell(hostile)]);
        let painted = Style::Error.paint(hostile);
        let painted = anstream::adapter::strip_str(painted.as_str()).to_string();
        for shown in [table.draw().as_str().to_owned(), painted] {
            assert!(
                !shown.contains(['\u{1b}', '\u{7}', '\u{202e}']) && !shown.contains("\nline"),
                "{shown:?}"
            );
            assert!(shown.contains(r"title\u{202e}\nline"), "{shown:?}");
        }
    }

    #[test]
    fn an_argument_in_an_answer_of_clap_is_safe() {
        let argument = "--x\u{1b}[31m\u{202e}\nerror: forged";
        let arguments = ["tocsin", "status", argument].map(str::to_owned);
        let answer = crate::args::Args::try_parse_from(&arguments).unwrap_err();
        let shown = answer_to(&arguments, &answer);
        assert!(hostile::is_safe(shown.as_str()), "{shown:?}");
        assert!(shown.as_str().contains(r"--x\u{202e}"), "{shown:?}");
        let is_indented = |line: &str| line.starts_with("  ");
        assert!(shown.as_str().lines().all(is_indented), "{shown:?}");
    }

    #[test]
    fn every_digit_is_in_json_and_yaml() {
        let alert: tocsin_core::alert::Context =
            serde_json::from_str(r#"{"n":12345678901234567890123,"m":1.50}"#).unwrap();
        let text = yaml(&alert).unwrap();
        assert_eq!(text.as_str(), "\"n\": \"12345678901234567890123\"\nm: 1.5");
    }

    #[test]
    fn counts_have_a_singular() {
        assert_eq!(count(1, "alert", "alerts"), "1 alert");
        assert_eq!(count(0, "alert", "alerts"), "0 alerts");
    }
}
