//! The requests: create an issue, list the latest ones, and follow a repository
//! to its new name.

use serde_json::json;
use tocsin_core::escape::escaped_within;
use tocsin_core::message::Message;
use tocsin_core::provider::{
    Address, Detail, FieldError, Header, Request, RequestContext, Response,
};
use url::Url;

use crate::body::TITLE;
use crate::settings::authorization;
use crate::{GitHub, body, markdown};

/// `POST /repos/{owner}/{repo}/issues`
/// (<https://docs.github.com/en/rest/issues/issues#create-an-issue>).
pub(crate) fn create(context: &RequestContext<'_, GitHub>) -> Result<Request, FieldError> {
    let message = Message::of(context);
    let mut issue = json!({
        "title": escaped_within(&message.headline, TITLE, markdown::title),
        "body": body::text(&message, &marker(context)),
    });
    // The minimal form goes without what may be what was refused: an assignee
    // who left, a label that nobody may create.
    if context.detail == Detail::Full {
        if !context.settings.labels.is_empty() {
            issue["labels"] = json!(context.settings.labels);
        }
        if !context.settings.assignees.is_empty() {
            issue["assignees"] = json!(context.settings.assignees);
        }
    }
    let url = context.settings.issues()?;
    with_headers(
        context,
        Request::post_json(Address::Public(url), issue.to_string()),
    )
}

/// How many issues are looked through: the most that a page has. With everybody's
/// texts of many kilobytes the list can be longer than what is read of it; then
/// nothing is looked for, and the receipt says so.
pub(crate) const LATEST: usize = 100;

/// The latest issues. The search would be narrower, but its index lags behind,
/// which is when a look is needed.
pub(crate) fn list(context: &RequestContext<'_, GitHub>) -> Result<Request, FieldError> {
    let mut url = context.settings.issues()?;
    url.query_pairs_mut()
        .append_pair("state", "all")
        .append_pair("since", &context.before_first_attempt().to_string())
        .append_pair("sort", "created")
        .append_pair("direction", "desc")
        .append_pair("per_page", &LATEST.to_string());
    with_headers(context, Request::get(Address::Public(url)))
}

/// What GitHub asks of every request
/// (<https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api>).
fn with_headers(
    context: &RequestContext<'_, GitHub>,
    request: Request,
) -> Result<Request, FieldError> {
    let plain = |text: &str| Header::Plain(text.to_owned());
    Ok(request
        .header("accept", plain("application/vnd.github+json"))
        .header("x-github-api-version", plain("2022-11-28"))
        .header("user-agent", plain("tocsin"))
        .header("authorization", authorization(context.secret)?))
}

/// The first line of an issue's body, by which it is found again. Not shown.
pub(crate) fn marker(context: &RequestContext<'_, GitHub>) -> String {
    let id = context.delivery.as_str().chars();
    let id: String = id.filter(char::is_ascii_alphanumeric).collect();
    format!("<!-- tocsin-delivery:{id} -->")
}

/// The same request to where the repository is now. Followed once, on the same
/// host only, and with the same method
/// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>).
pub(crate) fn renamed(
    context: &RequestContext<'_, GitHub>,
    asked: &Request,
    response: &Response,
) -> Option<Request> {
    if !matches!(response.status, 301 | 307 | 308) {
        return None;
    }
    let from = asked.address.expose();
    if from.path() != context.settings.issues().ok()?.path() {
        // Not the configured address any more: it has been followed already.
        return None;
    }
    let mut to = from.join(response.header("location")?).ok()?;
    if to.origin() != from.origin() || has_user(&to) || to.path() == from.path() {
        return None;
    }
    if to.query().is_none() {
        to.set_query(from.query());
    }
    Some(Request {
        address: Address::Public(to),
        ..asked.clone()
    })
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}
