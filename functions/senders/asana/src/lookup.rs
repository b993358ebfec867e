//! The lookup of a task that an earlier attempt may have created.

use serde::Deserialize;
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{
    Address, Entries, FieldError, List, Lookup, Request, RequestContext, Response,
};
use url::Url;

use crate::Asana;
use crate::outcome::{failed, receipt};
use crate::request::{marked_id, marker, tasks_url, with_headers};

/// The number of tasks that are searched: the most that a page has. If their texts
/// are very long, the list is longer than what is read of it. Then the task is created
/// without a lookup, and the receipt says so.
const PAGE: usize = 100;

/// A page of tasks (<https://developers.asana.com/reference/gettasks>).
#[derive(Deserialize)]
struct Tasks {
    data: Vec<Task>,
}

/// What is needed of a task in the list.
#[derive(Deserialize)]
struct Task {
    gid: String,
    permalink_url: Option<String>,
    notes: Option<String>,
}

/// The recently changed tasks of the first project
/// (<https://developers.asana.com/reference/gettasks>). A search by `external.gid`
/// would return one task, but personal access tokens cannot use it.
pub(crate) fn request(
    context: &RequestContext<'_, Asana>,
    base_url: Option<&Url>,
) -> Result<Option<Request>, FieldError> {
    let Some(project) = context.settings.projects.first() else {
        return Ok(None);
    };
    let mut url = tasks_url(base_url)?;
    url.query_pairs_mut()
        .append_pair("project", project)
        .append_pair(
            "modified_since",
            &context.before_first_attempt().to_string(),
        )
        .append_pair("limit", &PAGE.to_string())
        .append_pair("opt_fields", "notes,permalink_url");
    let entries = Entries {
        list: List::Field("data"),
        containing: marked_id(context),
    };
    let request = Request::get(Address::Public(url)).keeping(entries);
    with_headers(context, request).map(Some)
}

/// Finds the task whose notes contain this delivery's marker.
pub(crate) fn parse(
    context: &RequestContext<'_, Asana>,
    response: &Response,
    base_url: Option<&Url>,
) -> Lookup {
    if response.status != 200 {
        return Lookup::Failed(match response.status {
            200..=299 => Outcome::not_understood(response),
            _ => failed(response).of_lookup(),
        });
    }
    let Ok(Tasks { data: tasks }) = serde_json::from_slice(&response.body) else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let marker = marker(context);
    // Anywhere in the notes: people write below the marker. Nobody can guess it.
    let has_marker = |task: &&Task| {
        let notes = task.notes.as_deref();
        notes.is_some_and(|notes| notes.contains(&marker))
    };
    tasks
        .iter()
        .find(has_marker)
        .and_then(|task| receipt(&task.gid, task.permalink_url.as_deref(), base_url))
        .map_or_else(|| Lookup::absent_from(response), Lookup::Found)
}
