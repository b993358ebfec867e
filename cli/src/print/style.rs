//! Colours, by what a text means.

use anstyle::AnsiColor;
use tocsin_core::delivery::State;
use tocsin_core::routing::Disposition;

use super::text::{Show, Text, text};

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

    /// The value in this style, outside of tables.
    #[expect(clippy::needless_pass_by_value, reason = "most values are temporary")]
    pub(crate) fn paint(self, value: impl Show) -> Text {
        text!("{}", value).styled(self.ansi())
    }
}
