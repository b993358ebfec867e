//! The request that creates a task.

use serde_json::{Map, Value, json};
use tocsin_core::message::Message;
use tocsin_core::provider::{
    Address, Detail, FieldError, Header, Request, RequestContext, api_url,
};
use url::Url;

use crate::secret::authorization;
use crate::{Asana, message};

/// `POST /tasks` (<https://developers.asana.com/reference/createtask>). Requests only
/// the fields that the receipt needs; by default Asana returns the whole task.
pub(crate) fn create(
    context: &RequestContext<'_, Asana>,
    base_url: Option<&Url>,
) -> Result<Request, FieldError> {
    let mut url = tasks_url(base_url)?;
    url.query_pairs_mut()
        .append_pair("opt_fields", "permalink_url");
    let body = json!({"data": task(context)}).to_string();
    with_headers(context, Request::post_json(Address::Public(url), body))
}

/// The last line of a task's notes. The lookup finds the task by it.
pub(crate) fn marker(context: &RequestContext<'_, Asana>) -> String {
    format!("Tocsin delivery {}", marked_id(context))
}

/// The delivery's id as it stands in the marker.
pub(crate) fn marked_id(context: &RequestContext<'_, Asana>) -> String {
    let id = context.delivery.as_str().chars();
    id.filter(char::is_ascii_alphanumeric).collect()
}

pub(crate) fn tasks_url(base_url: Option<&Url>) -> Result<Url, FieldError> {
    api_url("https://app.asana.com", base_url, "api/1.0/tasks")
}

pub(crate) fn with_headers(
    context: &RequestContext<'_, Asana>,
    request: Request,
) -> Result<Request, FieldError> {
    Ok(request
        .header("accept", Header::Plain("application/json".to_owned()))
        .header("authorization", authorization(context.secret)?))
}

/// The task. The minimal form has plain text, and leaves out what can become
/// invalid: an assignee who left, a tag or a field that was removed.
fn task(context: &RequestContext<'_, Asana>) -> Map<String, Value> {
    let settings = context.settings;
    let message = Message::of(context);
    let mut task = Map::new();
    let mut set = |field: &str, value: Value| drop(task.insert(field.to_owned(), value));
    set("name", json!(message::name(&message)));
    set("projects", json!(settings.projects));
    if let Some(workspace) = &settings.workspace {
        set("workspace", json!(workspace));
    }
    if context.detail == Detail::Minimal {
        set("notes", json!(message::plain(&message, &marker(context))));
        return task;
    }
    set(
        "html_notes",
        json!(message::rich(&message, &marker(context))),
    );
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
