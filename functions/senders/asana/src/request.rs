//! The two requests: create a task, and look whether it is there already.

use serde_json::{Map, Value, json};
use tocsin_core::message::Message;
use tocsin_core::provider::{
    Address, Detail, FieldError, Header, Request, RequestContext, api_url,
};
use url::Url;

use crate::settings::authorization;
use crate::{Asana, notes};

/// `POST /tasks` (<https://developers.asana.com/reference/createtask>). Only what
/// the receipt needs is asked for: the whole task would come back otherwise.
pub(crate) fn create(
    context: &RequestContext<'_, Asana>,
    base_url: Option<&Url>,
) -> Result<Request, FieldError> {
    let mut url = tasks(base_url)?;
    url.query_pairs_mut()
        .append_pair("opt_fields", "permalink_url");
    let body = json!({"data": task(context)}).to_string();
    with_headers(context, Request::post_json(Address::Public(url), body))
}

/// How many tasks are looked through: the most that a page has. With everybody's
/// texts of many kilobytes the list can be longer than what is read of it; then
/// nothing is looked for, and the receipt says so.
pub(crate) const MOST: usize = 100;

/// The tasks of the first project that changed lately
/// (<https://developers.asana.com/reference/gettasks>). `external.gid` would name
/// the one task, but is kept from personal access tokens.
pub(crate) fn list(
    context: &RequestContext<'_, Asana>,
    base_url: Option<&Url>,
) -> Result<Option<Request>, FieldError> {
    let Some(project) = context.settings.projects.first() else {
        return Ok(None);
    };
    let mut url = tasks(base_url)?;
    url.query_pairs_mut()
        .append_pair("project", project)
        .append_pair(
            "modified_since",
            &context.before_first_attempt().to_string(),
        )
        .append_pair("limit", &MOST.to_string())
        .append_pair("opt_fields", "notes,permalink_url");
    with_headers(context, Request::get(Address::Public(url))).map(Some)
}

/// The last line of a task's notes, by which it is found again.
pub(crate) fn marker(context: &RequestContext<'_, Asana>) -> String {
    let id = context.delivery.as_str().chars();
    let id: String = id.filter(char::is_ascii_alphanumeric).collect();
    format!("Tocsin delivery {id}")
}

fn tasks(base_url: Option<&Url>) -> Result<Url, FieldError> {
    api_url("https://app.asana.com", base_url, "api/1.0/tasks")
}

fn with_headers(
    context: &RequestContext<'_, Asana>,
    request: Request,
) -> Result<Request, FieldError> {
    Ok(request
        .header("accept", Header::Plain("application/json".to_owned()))
        .header("authorization", authorization(context.secret)?))
}

/// The task. The minimal form goes without rich text and without what goes stale:
/// an assignee who left, a tag or a field that was removed.
fn task(context: &RequestContext<'_, Asana>) -> Map<String, Value> {
    let settings = context.settings;
    let message = Message::of(context);
    let mut task = Map::new();
    let mut set = |field: &str, value: Value| drop(task.insert(field.to_owned(), value));
    set("name", json!(notes::name(&message)));
    set("projects", json!(settings.projects));
    if let Some(workspace) = &settings.workspace {
        set("workspace", json!(workspace));
    }
    if context.detail == Detail::Minimal {
        set("notes", json!(notes::plain(&message, &marker(context))));
        return task;
    }
    set("html_notes", json!(notes::rich(&message, &marker(context))));
    if let Some(assignee) = &settings.assignee {
        set("assignee", json!(assignee));
    }
    if !settings.followers.is_empty() {
        set("followers", json!(settings.followers));
    }
    if !settings.tags.is_empty() {
        set("tags", json!(settings.tags));
    }
    if !settings.custom_fields.is_empty() {
        set("custom_fields", json!(settings.custom_fields));
    }
    task
}
