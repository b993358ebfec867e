//! The description of an issue in one of Jira's two text formats, and the limits
//! that both share.

mod adf;
mod wiki;

use std::borrow::Cow;

use serde_json::Value;
use tocsin_core::message::Message;
use tocsin_core::text::{Unit, truncate};

use crate::settings::Deployment;

/// The longest summary, in characters. Jira refuses longer ones, and line breaks
/// (<https://support.atlassian.com/jira-software-cloud/docs/create-an-issue-and-a-sub-task/>).
pub(crate) const SUMMARY_LIMIT: usize = 255;

/// The longest description, in characters. Jira refuses more than 32,767 characters
/// (<https://jira.atlassian.com/browse/JRACLOUD-68949>). It does not
/// document whether the limit counts the text of ADF or its JSON, so this limits the
/// JSON.
pub(crate) const DESCRIPTION_LIMIT: usize = 30_000;
/// The longest description of the detection, and the longest runbook, in characters.
const LONG_TEXT_LIMIT: usize = 8_000;
/// The longest title in the panel, in characters.
const TITLE_LIMIT: usize = 1_500;
/// The longest reference, in characters.
const REFERENCE_LIMIT: usize = 1_000;
/// The longest value in the facts table, in characters.
const FACT_LIMIT: usize = 300;
/// The longest list of tags, in characters.
const TAGS_LIMIT: usize = 1_000;

/// The description of an issue: an ADF document on Cloud, wiki markup on Data Center.
pub(crate) fn description(message: &Message<'_>, deployment: Deployment) -> Value {
    match deployment {
        Deployment::Cloud => adf::document(message),
        Deployment::DataCenter => Value::String(wiki::text(message)),
    }
}

/// The room for the description and for the runbook, in characters, if all other
/// parts but the context use `used`. At least a third is left for the context.
fn share(used: usize) -> usize {
    (DESCRIPTION_LIMIT.saturating_sub(used) / 3).min(LONG_TEXT_LIMIT)
}

/// The rows of the facts table: label and value, one line each.
fn rows<'a>(message: &'a Message<'_>) -> Vec<(&'static str, Cow<'a, str>)> {
    let cut = |(label, value): (&'static str, Cow<'a, str>)| {
        let limit = if label == "Tags" {
            TAGS_LIMIT
        } else {
            FACT_LIMIT
        };
        let cut = truncate(&value, limit, Unit::Characters).into_owned();
        (label, Cow::Owned(cut))
    };
    message.rows().into_iter().map(cut).collect()
}

/// The title, if it is more than the summary shows.
fn long_title<'a>(message: &Message<'a>) -> Option<&'a str> {
    (Unit::Characters.length(&message.headline) > SUMMARY_LIMIT).then_some(message.title)
}
