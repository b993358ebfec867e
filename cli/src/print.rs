//! What is printed: tables and colours for people, JSON and YAML for programs.

use std::fmt::Display;
use std::io::Write;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anyhow::Context;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, Color, ContentArrangement, Table};
use serde::Serialize;
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;
use tocsin_core::text::sanitize;

use crate::args::Output;

/// Prints a value in the wanted form; `for_people` makes the text of the first.
pub(crate) fn show<T: Serialize + ?Sized>(
    output: Output,
    value: &T,
    for_people: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    match output {
        Output::Table => line(for_people(value).trim_end()),
        Output::Json => line(serde_json::to_string_pretty(value)?),
        Output::Yaml => line(yaml(value)?.trim_end()),
    }
}

/// A value as YAML.
pub(crate) fn yaml<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<String> {
    serde_saphyr::to_string(&value).context("this cannot be written as YAML")
}

/// Prints one line, or several. Without its colours where nobody sees them.
pub(crate) fn line(text: impl Display) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Tells what happens beside the result, on standard error.
pub(crate) fn remark(text: impl Display) {
    anstream::eprintln!("{text}");
}

/// What a colour is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing in particular.
    Plain,
    /// It is well, or comes into being.
    Good,
    /// It waits, or changes.
    Waiting,
    /// It failed, or ceases to be.
    Bad,
    /// It is of less interest.
    Faint,
}

impl Tone {
    /// That of a delivery's state.
    pub(crate) const fn of(state: State) -> Self {
        match state {
            State::Delivered => Self::Good,
            State::Sending | State::Retrying => Self::Waiting,
            State::Failed | State::Exhausted => Self::Bad,
        }
    }

    /// The style for text outside tables.
    pub(crate) const fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Good => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))),
            Self::Waiting => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow))),
            Self::Bad => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))),
            Self::Faint => style.dimmed(),
        }
    }

    /// `text` in this colour.
    pub(crate) fn paint(self, text: impl Display) -> String {
        let style = self.style();
        let text = text.to_string();
        format!("{style}{}{style:#}", sanitize(&text))
    }

    /// A cell of a table in this colour.
    pub(crate) fn cell(self, text: impl Display) -> Cell {
        // What others wrote must not steer the terminal.
        let cell = Cell::new(sanitize(&text.to_string()));
        if AutoStream::choice(&std::io::stdout()) == ColorChoice::Never {
            return cell;
        }
        match self {
            Self::Plain => cell,
            Self::Good => cell.fg(Color::Green),
            Self::Waiting => cell.fg(Color::Yellow),
            Self::Bad => cell.fg(Color::Red),
            Self::Faint => cell.fg(Color::DarkGrey),
        }
    }
}

/// Terminals that call themselves narrower than this know nothing of their width.
const NARROWEST: u16 = 20;

/// A table with these headings, as wide as the terminal allows.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(headings.iter().copied());
    if table.width().is_some_and(|width| width >= NARROWEST) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// A list in one cell; `none` where there is nothing.
pub(crate) fn list<T: ToString>(items: impl IntoIterator<Item = T>, none: &str) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() {
        none.to_owned()
    } else {
        items.join(" ")
    }
}

/// A moment for people, who seldom care for less than a second.
pub(crate) fn time(moment: Timestamp) -> Timestamp {
    Timestamp::from_unix_millis(moment.unix_seconds() * 1_000).unwrap_or(moment)
}

/// `1 alert`, `2 alerts`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_reads_back_as_what_it_was() {
        let value = json!({
            "number": "1204567890123456", "no": "no", "null": null, "empty": "", "list": [1, "2"],
            "nested": {"url": "https://example.com/?a=b#c", "lines": "one\ntwo\n", "colon": "a: b"},
        });
        let text = yaml(&value).unwrap();
        let back: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(back, value, "{text}");
    }

    #[test]
    fn times_are_told_to_the_second() {
        let moment = "2026-11-22T20:46:01.99062348Z".parse().unwrap();
        assert_eq!(time(moment).to_string(), "2026-11-22T20:46:01Z");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2Jtitle\u{202e}";
        let cell = Tone::Plain.cell(hostile).content();
        let painted = anstream::adapter::strip_str(&Tone::Bad.paint(hostile)).to_string();
        for shown in [cell, painted] {
            assert!(
                !shown.contains(['\u{1b}', '\u{7}', '\u{202e}']),
                "{shown:?}"
            );
            assert!(shown.contains("title"), "{shown:?}");
        }
    }

    #[test]
    fn counts_have_a_singular() {
        assert_eq!(count(1, "alert", "alerts"), "1 alert");
        assert_eq!(count(0, "alert", "alerts"), "0 alerts");
    }
}
