//! Text that is safe on a terminal. Much of what the command shows was written by
//! others: alerts, names, answers of vendors and of AWS, files, variables.
//!
//! [`Text`] is all that can be printed, and [`text!`](crate::print::text) makes it: each
//! value becomes part of one line, whatever it holds, and what must not be shown is written
//! as `\u{202e}`. So a value can neither control the terminal nor look like a line of the
//! command itself.

use std::borrow::Cow;
use std::fmt::{self, Debug, Display, Formatter};

use tocsin_core::json;
use tocsin_core::text::escape_hidden;

/// Text whose only line breaks, tabs and colour codes are the command's own.
///
/// It does not implement `Display`, so that it is told apart from the values of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(String);

/// Makes a [`Text`] as `format!` makes a string. A [`Text`] is inserted as it is, any
/// other value as one line. The form cannot capture variables, which would be inserted
/// unchanged.
macro_rules! text {
    ($form:literal $(, $value:expr)* $(,)?) => {
        $crate::print::Text::formatted(
            format_args!(concat!($form) $(, $crate::print::Shown(&$value))*)
        )
    };
}
pub(crate) use text;

/// A value that [`text!`](crate::print::text) can insert.
pub(crate) trait Show {
    /// Writes it as it may be shown.
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

impl Show for Text {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Show for &Text {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T: Display + ?Sized> Show for T {
    fn show(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // `{:#}` shows an error with its causes.
        let text = if f.alternate() {
            format!("{self:#}")
        } else {
            self.to_string()
        };
        f.pad(&one_line(&text))
    }
}

/// A value as it may be shown; with `{:?}` in quotes.
pub(crate) struct Shown<'a, T: ?Sized>(pub(crate) &'a T);

impl<T: Show + ?Sized> Display for Shown<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

impl<T: Display + ?Sized> Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Not the `Debug` of strings, which shows some invisible letters, and escapes the
        // joiners of scripts and emoji.
        let text = self
            .0
            .to_string()
            .replace('\\', r"\\")
            .replace('"', r#"\""#);
        f.write_str(&one_line(&format!("\"{text}\"")))
    }
}

impl Text {
    /// What [`text!`](crate::print::text) makes; not meant for anything else.
    pub(crate) fn formatted(parts: fmt::Arguments<'_>) -> Self {
        Self(parts.to_string())
    }

    /// These texts, each on a line of its own.
    pub(crate) fn lines(all: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(all, "\n")
    }

    /// These texts with `between` between them.
    pub(crate) fn joined(all: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let all: Vec<_> = all.into_iter().map(|text| text.0).collect();
        Self(all.join(between))
    }

    /// A text of several lines. They are indented, so that none of them looks like a line
    /// of the command itself.
    pub(crate) fn block(text: &str) -> Self {
        let visible = text.lines().map(visible);
        Self::lines(visible.map(|line| Self(format!("  {}", line.replace('\t', "    ")))))
    }

    /// JSON that means the same, with escapes for what must not be shown.
    pub(crate) fn json(json: &str) -> Self {
        Self(json::escaped(json))
    }

    /// The same text with colour codes around it.
    pub(super) fn styled(&self, style: anstyle::Style) -> Self {
        Self(format!("{style}{}{style:#}", self.0))
    }

    /// A text that only the command itself has made, or that a module of `print` has made
    /// safe.
    pub(super) fn own(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The text with what must not be shown as `\u{202e}`.
fn visible(text: &str) -> Cow<'_, str> {
    escape_hidden(text, char::escape_default)
}

/// The same on one line, with line breaks and tabs as `\n` and `\t`.
fn one_line(text: &str) -> String {
    visible(text).replace('\n', r"\n").replace('\t', r"\t")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::print::hostile::{self, is_safe};

    const HOSTILE: &str = "Atk\nDELIVERED\t\u{9b}31m\u{1b}[2J\u{9d}0;x\u{7}\u{202e}gpj\u{200b}";

    #[test]
    fn a_value_is_part_of_one_line() {
        let shown = text!("{} is {:?}", HOSTILE, "a\nb\"\\n\u{202e}");
        assert_eq!(
            shown.as_str(),
            r#"Atk\nDELIVERED\t\u{9b}31m\u{1b}[2J\u{9d}0;x\u{7}\u{202e}gpj\u{200b} is "a\nb\"\\n\u{202e}""#
        );
        let separators = text!("{}", "a\r\nb\u{85}\u{2028}\u{2029}");
        assert_eq!(separators.as_str(), r"a\r\nb\u{85}\u{2028}\u{2029}");
    }

    #[test]
    fn joiners_stay_where_they_belong() {
        let text = "👩\u{200d}💻 می\u{200c}خواهم";
        assert_eq!(text!("{}", text).as_str(), text);
        assert_eq!(text!("{:?}", text).as_str(), format!("\"{text}\""));
        assert_eq!(text!("{}", "SKIP\u{200d}").as_str(), r"SKIP\u{200d}");
    }

    #[test]
    fn a_text_is_inserted_as_it_is() {
        let two = Text::lines([text!("one"), text!("{:<5}|", "two")]);
        assert_eq!(text!("{}:\n{}", "n", two).as_str(), "n:\none\ntwo  |");
        assert_eq!(
            Text::joined([text!("a"), text!("b")], ", ").as_str(),
            "a, b"
        );
    }

    #[test]
    fn an_error_is_shown_with_its_causes() {
        let error = anyhow::anyhow!("no\nfile").context("not\u{1b} read");
        let shown = text!("{:#}", error);
        assert_eq!(shown.as_str(), r"not\u{1b} read: no\nfile");
    }

    #[test]
    fn the_lines_of_a_block_are_indented() {
        assert_eq!(
            Text::block("a\r\nPOST\tx\u{85}\u{1b}b\n").as_str(),
            "  a\n  POST    x\\u{85}\\u{1b}b"
        );
    }

    #[test]
    fn json_keeps_its_meaning() {
        assert_eq!(
            Text::json("{\"a\u{202e}\": \"\u{7f}\u{e0041}\"}").as_str(),
            "{\"a\\u202e\": \"\\u007f\\udb40\\udc41\"}"
        );
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_line(value in hostile::text()) {
            for shown in [text!("{}", value), text!("{:?}", value)] {
                prop_assert!(is_safe(shown.as_str()), "{:?}", shown);
                prop_assert!(!shown.as_str().contains(['\n', '\t']), "{:?}", shown);
                // A text that was shown in another one is not escaped twice.
                prop_assert_eq!(text!("{}", shown.as_str()), shown);
            }
        }

        #[test]
        fn no_line_of_a_block_begins_with_the_text(value in hostile::text()) {
            let shown = Text::block(&value);
            prop_assert!(is_safe(shown.as_str()), "{:?}", shown);
            prop_assert!(shown.as_str().lines().all(|line| line.starts_with("  ")), "{:?}", shown);
        }

        #[test]
        fn json_is_read_back(key in hostile::text(), value in hostile::text()) {
            let value = serde_json::json!({key: [value]});
            for json in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let shown = Text::json(&json);
                prop_assert!(is_safe(shown.as_str()), "{:?}", shown);
                let back: serde_json::Value = serde_json::from_str(shown.as_str()).unwrap();
                prop_assert_eq!(&back, &value);
            }
        }
    }
}
