//! What the two text formats have in common: how much of each part there is room for.

use std::borrow::Cow;

use tocsin_core::message::Message;
use tocsin_core::text::{Unit, truncate};

/// The longest description. Jira refuses more than 32,767 characters
/// (<https://jira.atlassian.com/browse/JRACLOUD-68949>). Whether it counts ADF by
/// its text or by its JSON is not documented, so the whole JSON keeps this.
pub(crate) const WHOLE: usize = 30_000;
/// The description of the detection, and its runbook likewise.
const LONG: usize = 8_000;
/// The title, in the panel.
pub(crate) const TITLE: usize = 1_500;
/// The reference, when it is not a link.
pub(crate) const REFERENCE: usize = 1_000;
/// One value of the facts table.
pub(crate) const FACT: usize = 300;
/// All tags together.
const TAGS: usize = 1_000;

/// What the description and the runbook get each, where everything but them and
/// the context takes `taken`: the context has a third at least.
pub(crate) fn share(taken: usize) -> usize {
    (WHOLE.saturating_sub(taken) / 3).min(LONG)
}

/// The rows of the facts table: label and value, one line each.
pub(crate) fn rows<'a>(message: &'a Message<'_>) -> Vec<(&'static str, Cow<'a, str>)> {
    let mut rows: Vec<_> = message
        .facts
        .iter()
        .map(|fact| (fact.label, truncate(&fact.value, FACT, Unit::Characters)))
        .collect();
    if let Some(tags) = message.tag_line() {
        let tags = truncate(&tags, TAGS, Unit::Characters).into_owned();
        rows.push(("Tags", Cow::Owned(tags)));
    }
    rows.retain(|(_, value)| !value.is_empty());
    rows
}
