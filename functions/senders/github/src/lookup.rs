//! The lookup of an issue that an earlier attempt may have created.

use serde_json::Value;
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{
    Address, FieldError, Lookup, Provider, Request, RequestContext, Response,
};

use crate::GitHub;
use crate::outcome::{failed, receipt};
use crate::request::{marker, with_headers};

/// The number of issues that are searched: the most that a page has. If their texts
/// are very long, the list can exceed the response limit. Then the issue is created
/// without a lookup, and the receipt says so.
const LIST_LIMIT: usize = 100;

/// The latest issues. The search API would return one issue, but its index lags
/// behind in the very minutes in which a lookup is needed.
pub(crate) fn request(context: &RequestContext<'_, GitHub>) -> Result<Request, FieldError> {
    let mut url = context.settings.issues()?;
    url.query_pairs_mut()
        .append_pair("state", "all")
        .append_pair("since", &context.before_first_attempt().to_string())
        .append_pair("sort", "created")
        .append_pair("direction", "desc")
        .append_pair("per_page", &LIST_LIMIT.to_string());
    with_headers(context, Request::get(Address::Public(url)))
}

/// Finds the issue whose body begins with this delivery's marker.
pub(crate) fn parse(context: &RequestContext<'_, GitHub>, response: &Response) -> Lookup {
    if response.status != 200 {
        return Lookup::Failed(match response.status {
            200..=299 => Outcome::not_understood(response),
            _ => failed(response).of_lookup(),
        });
    }
    let Value::Array(issues) = response.json() else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let marker = marker(context);
    let has_marker = |issue: &&Value| {
        issue["body"]
            .as_str()
            .is_some_and(|body| body.starts_with(&marker))
    };
    // The list begins with the newest. Of several issues the oldest counts.
    issues
        .iter()
        .rev()
        .find(has_marker)
        .and_then(|issue| receipt(context.settings, issue, None))
        .map_or_else(
            || Lookup::absent_from(response, GitHub::LOOKUP_RESPONSE_LIMIT),
            Lookup::Found,
        )
}
