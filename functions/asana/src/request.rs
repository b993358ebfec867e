//! The two requests: create a task, and look whether it is there already.

use serde_json::{Map, Value, json};
use tocsin_core::message::Message;
use tocsin_core::provider::{Address, FieldError, Form, Header, Job, Request, api_url};
use url::Url;

use crate::settings::authorization;
use crate::{Asana, notes};

/// `POST /tasks` (<https://developers.asana.com/reference/createtask>). Only what
/// the receipt needs is asked for: the whole task would come back otherwise.
pub(crate) fn create(job: &Job<'_, Asana>, stand_in: Option<&Url>) -> Result<Request, FieldError> {
    let mut url = tasks(stand_in)?;
    url.query_pairs_mut()
        .append_pair("opt_fields", "permalink_url");
    let body = json!({"data": task(job)}).to_string();
    with_headers(job, Request::post_json(Address::Public(url), body))
}

/// How many tasks are looked through: the most that a page has. With everybody's
/// texts of many kilobytes the list can be longer than what is read of it; then
/// nothing is looked for, and the receipt says so.
pub(crate) const MOST: usize = 100;

/// The tasks of the first project that changed lately
/// (<https://developers.asana.com/reference/gettasks>). `external.gid` would name
/// the one task, but is kept from personal access tokens.
pub(crate) fn list(
    job: &Job<'_, Asana>,
    stand_in: Option<&Url>,
) -> Result<Option<Request>, FieldError> {
    let Some(project) = job.settings.projects.first() else {
        return Ok(None);
    };
    let mut url = tasks(stand_in)?;
    url.query_pairs_mut()
        .append_pair("project", project)
        .append_pair("modified_since", &job.before_first_attempt().to_string())
        .append_pair("limit", &MOST.to_string())
        .append_pair("opt_fields", "notes,permalink_url");
    with_headers(job, Request::get(Address::Public(url))).map(Some)
}

/// The last line of a task's notes, by which it is found again.
pub(crate) fn marker(job: &Job<'_, Asana>) -> String {
    let id = job.delivery.as_str().chars();
    let id: String = id.filter(char::is_ascii_alphanumeric).collect();
    format!("Tocsin delivery {id}")
}

fn tasks(stand_in: Option<&Url>) -> Result<Url, FieldError> {
    api_url("https://app.asana.com", stand_in, "api/1.0/tasks")
}

fn with_headers(job: &Job<'_, Asana>, request: Request) -> Result<Request, FieldError> {
    Ok(request
        .header("accept", Header::Plain("application/json".to_owned()))
        .header("authorization", authorization(job.secret)?))
}

/// The task. The minimal form goes without rich text and without what goes stale:
/// an assignee who left, a tag or a field that was removed.
fn task(job: &Job<'_, Asana>) -> Map<String, Value> {
    let settings = job.settings;
    let message = Message::of(job);
    let mut task = Map::new();
    let mut set = |field: &str, value: Value| drop(task.insert(field.to_owned(), value));
    set("name", json!(notes::name(&message)));
    set("projects", json!(settings.projects));
    if let Some(workspace) = &settings.workspace {
        set("workspace", json!(workspace));
    }
    if job.form == Form::Minimal {
        set("notes", json!(notes::plain(&message, &marker(job))));
        return task;
    }
    set("html_notes", json!(notes::rich(&message, &marker(job))));
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
