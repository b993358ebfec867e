//! The context of an alert as text, whole or as much of it as fits a screen.

use std::borrow::Cow;

use crate::alert::Context;
use crate::json::indented;
use crate::text::{Unit, truncate};

/// The lines of a context that fit a screen below the rest of a message.
const SCREEN_LINES: usize = 25;
/// The longest line of an excerpt, in characters: about two lines of a wide window.
const LINE_LIMIT: usize = 300;

/// A context as indented JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextText(String);

impl ContextText {
    /// The text of `context`; `None` if that has no entries.
    #[must_use]
    pub fn of(context: &Context) -> Option<Self> {
        (!context.is_empty()).then(|| Self(indented(&context.to_map())))
    }

    /// All of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of lines.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.0.lines().count()
    }

    /// Whether [`Self::screen`] is all of it.
    #[must_use]
    pub fn fits_screen(&self) -> bool {
        let is_short = |line: &str| Unit::Characters.length(line) <= LINE_LIMIT;
        self.line_count() <= SCREEN_LINES && self.0.lines().all(is_short)
    }

    /// What fits a screen: at most 25 whole lines of at most 300 characters. The last
    /// line counts the lines left out, and says that the alert's page has them.
    #[must_use]
    pub fn screen(&self) -> Cow<'_, str> {
        if self.fits_screen() {
            return Cow::Borrowed(&self.0);
        }
        let all = self.line_count();
        let kept = if all <= SCREEN_LINES {
            all
        } else {
            SCREEN_LINES - 1
        };
        let lines = self.0.lines().take(kept);
        let mut shown: Vec<Cow<'_, str>> = lines
            .map(|line| truncate(line, LINE_LIMIT, Unit::Characters))
            .collect();
        if kept < all {
            let rest = format!("… ({} more lines: open the alert)", all - kept);
            shown.push(Cow::Owned(rest));
        }
        Cow::Owned(shown.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    fn text(value: Value) -> ContextText {
        let Value::Object(map) = value else { panic!() };
        ContextText::of(&Context::from(map)).unwrap()
    }

    #[test]
    fn a_short_context_is_shown_whole() {
        let context = text(json!({"ip": "198.51.100.7"}));
        assert!(context.fits_screen());
        assert_eq!(context.screen(), context.as_str());
        assert_eq!(ContextText::of(&Context::from(Map::new())), None);
    }

    #[test]
    fn a_long_context_is_cut_to_whole_lines_that_fit_a_screen() {
        let context = text(json!({"events": (0..220).collect::<Vec<_>>()}));
        assert_eq!(context.line_count(), 224);
        let screen = context.screen();
        let lines: Vec<&str> = screen.lines().collect();
        assert_eq!(lines.len(), SCREEN_LINES);
        assert_eq!(lines[23], "    21,");
        assert_eq!(lines[24], "… (200 more lines: open the alert)");
    }

    #[test]
    fn a_long_line_is_cut_where_it_stands() {
        let context = text(json!({"a": "x".repeat(5_000), "ip": "198.51.100.7"}));
        assert!(!context.fits_screen());
        let screen = context.screen();
        let lines: Vec<&str> = screen.lines().collect();
        assert!(lines[1].ends_with("characters cut)") && lines[1].len() <= LINE_LIMIT + 2);
        assert_eq!(lines[2], "  \"ip\": \"198.51.100.7\"");
    }
}
