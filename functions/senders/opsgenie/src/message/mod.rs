//! The two parts of an alert that are rendered from its texts.

mod description;
mod details;

pub(crate) use description::description;
pub(crate) use details::details;
