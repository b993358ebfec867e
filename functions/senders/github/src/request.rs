//! The request that creates an issue, and its repetition for a renamed repository.

use serde_json::json;
use tocsin_core::message::Message;
use tocsin_core::provider::{
    Address, Detail, FieldError, Header, Request, RequestContext, Response,
};
use url::Url;

use crate::secret::Credential;
use crate::{GitHub, message};

/// `POST /repos/{owner}/{repo}/issues`
/// (<https://docs.github.com/en/rest/issues/issues#create-an-issue>).
pub(crate) fn create(context: &RequestContext<'_, GitHub>) -> Result<Request, FieldError> {
    let message = Message::of(context);
    let mut issue = json!({
        "title": message::title(&message),
        "body": message::body(&message, &marker(context)),
    });
    // The minimal form leaves out what GitHub may have refused: an assignee who left,
    // a label that the account may not create, a type that the organization lacks.
    if context.detail == Detail::Full {
        if !context.settings.labels.is_empty() {
            issue["labels"] = json!(context.settings.labels);
        }
        if !context.settings.assignees.is_empty() {
            issue["assignees"] = json!(context.settings.assignees);
        }
        if let Some(issue_type) = &context.settings.issue_type {
            issue["type"] = json!(issue_type);
        }
    }
    let url = context.settings.issues()?;
    with_headers(
        context,
        Request::post_json(Address::Public(url), issue.to_string()),
    )
}

/// Adds the headers that GitHub requires, with the destination's credential.
pub(crate) fn with_headers(
    context: &RequestContext<'_, GitHub>,
    request: Request,
) -> Result<Request, FieldError> {
    let authorization = match (
        context.bearer()?,
        Credential::of(context.settings, context.secret)?,
    ) {
        (Some(bearer), _) => bearer,
        (None, Credential::Token(token)) => Header::bearer("secret.token", token)?,
        (None, Credential::App { .. }) => {
            return Err(FieldError::new(
                "secret.privateKey",
                "needs an access token",
            ));
        }
    };
    Ok(headers(request, authorization))
}

/// Adds the headers that GitHub requires of every request
/// (<https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api>).
pub(crate) fn headers(request: Request, authorization: Header) -> Request {
    let plain = |text: &str| Header::Plain(text.to_owned());
    request
        .header("accept", plain("application/vnd.github+json"))
        .header("x-github-api-version", plain("2022-11-28"))
        .header("user-agent", plain("tocsin"))
        .header("authorization", authorization)
}

/// The first line of an issue's body, a comment that is not shown. The lookup finds
/// the issue by it.
pub(crate) fn marker(context: &RequestContext<'_, GitHub>) -> String {
    format!("<!-- tocsin-delivery:{} -->", marked_id(context))
}

/// The delivery's id as it stands in the marker: without what Markdown could read.
pub(crate) fn marked_id(context: &RequestContext<'_, GitHub>) -> String {
    let id = context.delivery.as_str().chars();
    id.filter(char::is_ascii_alphanumeric).collect()
}

/// The same request at the new address of a renamed repository. Follows one
/// redirect, on the same host only, and keeps the method
/// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>).
pub(crate) fn to_renamed_repository(
    context: &RequestContext<'_, GitHub>,
    request: &Request,
    response: &Response,
) -> Option<Request> {
    if !matches!(response.status, 301 | 307 | 308) {
        return None;
    }
    let from = request.address.expose();
    if from.path() != context.settings.issues().ok()?.path() {
        // This request has followed a redirect already.
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
        ..request.clone()
    })
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}
