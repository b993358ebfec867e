//! The lookup of a task that an earlier attempt may have created.

use serde_json::Value;
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{
    Address, FieldError, Lookup, Provider, Request, RequestContext, Response,
};
use url::Url;

use crate::Asana;
use crate::outcome::{failed, receipt};
use crate::request::{marker, tasks_url, with_headers};

/// The number of tasks that are searched: the most that a page has. If their texts
/// are very long, the list can exceed the response limit. Then the task is created
/// without a lookup, and the receipt says so.
const LIST_LIMIT: usize = 100;

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
        .append_pair("limit", &LIST_LIMIT.to_string())
        .append_pair("opt_fields", "notes,permalink_url");
    with_headers(context, Request::get(Address::Public(url))).map(Some)
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
    let body = response.json();
    let Some(tasks) = body["data"].as_array() else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let marker = marker(context);
    // Anywhere in the notes: people write below the marker. Nobody can guess it.
    let has_marker = |task: &&Value| {
        let notes = task["notes"].as_str();
        notes.is_some_and(|notes| notes.contains(&marker))
    };
    let found = tasks.iter().find(has_marker);
    found.and_then(|task| receipt(task, base_url)).map_or_else(
        || Lookup::absent_from(response, Asana::LOOKUP_RESPONSE_LIMIT),
        Lookup::Found,
    )
}
