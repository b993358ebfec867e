//! The lookup of an issue that an earlier attempt may have created.

use serde::Deserialize;
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{
    Address, Entries, FieldError, List, Lookup, Request, RequestContext, Response,
};

use crate::GitHub;
use crate::outcome::{failed, receipt};
use crate::request::{marked_id, marker, with_headers};

/// The number of issues that are searched: the most that a page has. If their texts
/// are very long, the list is longer than what is read of it. Then the issue is created
/// without a lookup, and the receipt says so.
const PAGE: usize = 100;

/// What is needed of an issue in the list.
#[derive(Deserialize)]
struct Issue {
    number: u64,
    html_url: Option<String>,
    body: Option<String>,
}

/// The latest issues. The search API would return one issue, but its index lags
/// behind in the very minutes in which a lookup is needed.
pub(crate) fn request(context: &RequestContext<'_, GitHub>) -> Result<Request, FieldError> {
    let mut url = context.settings.issues()?;
    url.query_pairs_mut()
        .append_pair("state", "all")
        .append_pair("since", &context.before_first_attempt().to_string())
        .append_pair("sort", "created")
        .append_pair("direction", "desc")
        .append_pair("per_page", &PAGE.to_string());
    let entries = Entries {
        list: List::Root,
        containing: marked_id(context),
    };
    with_headers(context, Request::get(Address::Public(url)).keeping(entries))
}

/// Finds the issue whose body begins with this delivery's marker.
pub(crate) fn parse(context: &RequestContext<'_, GitHub>, response: &Response) -> Lookup {
    if response.status != 200 {
        return Lookup::Failed(match response.status {
            200..=299 => Outcome::not_understood(response),
            _ => failed(response).of_lookup(),
        });
    }
    let Ok(issues) = serde_json::from_slice::<Vec<Issue>>(&response.body) else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let marker = marker(context);
    let has_marker = |issue: &&Issue| {
        let body = issue.body.as_deref();
        body.is_some_and(|body| body.starts_with(&marker))
    };
    // The list begins with the newest. Of several issues the oldest counts.
    issues
        .iter()
        .rev()
        .find(has_marker)
        .map(|issue| receipt(context.settings, issue.number, issue.html_url.as_deref()))
        .map_or_else(|| Lookup::absent_from(response), Lookup::Found)
}
