//! Output: tables and colours for people, JSON and YAML for programs.

use std::fmt::Display;
use std::io::Write;

use anstream::{AutoStream, ColorChoice};
use anstyle::AnsiColor;
use anyhow::Context;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, Color, ContentArrangement, Table};
use serde::Serialize;
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;
use tocsin_core::routing::Disposition;
use tocsin_core::text::sanitize;

use crate::args::Output;

/// Prints a value in the requested form; `render` makes the text for people.
pub(crate) fn show<T: Serialize + ?Sized>(
    output: Output,
    value: &T,
    render: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    match output {
        Output::Table => line(render(value).trim_end()),
        Output::Json => line(serde_json::to_string_pretty(value)?),
        Output::Yaml => line(yaml(value)?.trim_end()),
    }
}

/// A value as YAML.
pub(crate) fn yaml<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<String> {
    serde_saphyr::to_string(&value).context("this cannot be written as YAML")
}

/// Prints text and a line break to standard output, with colours only on a terminal.
pub(crate) fn line(text: impl Display) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Prints a remark that is not part of the result to standard error.
pub(crate) fn remark(text: impl Display) {
    anstream::eprintln!("{text}");
}

/// The meaning of a piece of text, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// No special meaning.
    Plain,
    /// It succeeded, or is added.
    Success,
    /// It waits, or changes.
    Pending,
    /// It failed, or is deleted.
    Error,
    /// It is of less interest.
    Muted,
}

impl Style {
    /// The style of a delivery's state.
    pub(crate) const fn of_state(state: State) -> Self {
        match state {
            State::Delivered => Self::Success,
            State::Queued | State::Sending | State::Retrying => Self::Pending,
            State::Failed | State::Exhausted => Self::Error,
        }
    }

    /// The style of an alert's disposition.
    pub(crate) const fn of_disposition(disposition: Disposition) -> Self {
        match disposition {
            Disposition::Routed => Self::Success,
            Disposition::Skipped => Self::Muted,
            Disposition::Unrouted => Self::Error,
        }
    }

    const fn ansi(self) -> anstyle::Style {
        let style = anstyle::Style::new();
        match self {
            Self::Plain => style,
            Self::Success => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))),
            Self::Pending => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow))),
            Self::Error => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))),
            Self::Muted => style.dimmed(),
        }
    }

    /// The text in this style, outside of tables.
    pub(crate) fn paint(self, text: impl Display) -> String {
        let style = self.ansi();
        let text = text.to_string();
        format!("{style}{}{style:#}", sanitize(&text))
    }

    /// A cell of a table in this style.
    pub(crate) fn cell(self, text: impl Display) -> Cell {
        // The text can be of others, which must not control the terminal.
        let cell = Cell::new(sanitize(&text.to_string()));
        if AutoStream::choice(&std::io::stdout()) == ColorChoice::Never {
            return cell;
        }
        match self {
            Self::Plain => cell,
            Self::Success => cell.fg(Color::Green),
            Self::Pending => cell.fg(Color::Yellow),
            Self::Error => cell.fg(Color::Red),
            Self::Muted => cell.fg(Color::DarkGrey),
        }
    }
}

/// A terminal that reports a smaller width does not know its width.
const MIN_WIDTH: u16 = 20;

/// A table with these headings, as wide as the terminal allows.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(headings.iter().copied());
    if table.width().is_some_and(|width| width >= MIN_WIDTH) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// A list in one cell; `none` if it is empty.
pub(crate) fn list<T: ToString>(items: impl IntoIterator<Item = T>, none: &str) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() {
        none.to_owned()
    } else {
        items.join(" ")
    }
}

/// A moment without its fraction of a second, which people seldom need.
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
    fn yaml_is_read_back_unchanged() {
        let value = json!({
            "number": "1204567890123456", "no": "no", "null": null, "empty": "", "list": [1, "2"],
            "nested": {"url": "https://example.com/?a=b#c", "lines": "one\ntwo\n", "colon": "a: b"},
        });
        let text = yaml(&value).unwrap();
        let back: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(back, value, "{text}");
    }

    #[test]
    fn times_are_shown_to_the_second() {
        let moment = "2026-11-22T20:46:01.99062348Z".parse().unwrap();
        assert_eq!(time(moment).to_string(), "2026-11-22T20:46:01Z");
    }

    #[test]
    fn no_text_controls_the_terminal() {
        let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2Jtitle\u{202e}";
        let cell = Style::Plain.cell(hostile).content();
        let painted = anstream::adapter::strip_str(&Style::Error.paint(hostile)).to_string();
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
