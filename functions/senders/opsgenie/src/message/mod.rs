//! The parts of an OpsGenie alert that are rendered from the alert's texts.

mod description;
mod details;

pub(crate) use description::{ContextIn, description};
pub(crate) use details::details;
use tocsin_core::text::line;

/// One line that reads the same as HTML and as plain text: the web application
/// interprets HTML, notifications do not. Without angle brackets nothing can become
/// an element. Entities would be visible in notifications.
pub(crate) fn plain(text: &str, limit: usize) -> String {
    line(&text.replace('<', "‹").replace('>', "›"), limit)
}
