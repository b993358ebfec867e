//! The lookup of an issue that an earlier attempt may have created.

use serde_json::json;
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{FieldError, Lookup, Request, RequestContext, Response};

use crate::Jira;
use crate::outcome::{failed, receipt};
use crate::request::{delivery_label, post};
use crate::settings::Deployment;

/// The search for the delivery's label. Cloud no longer has `/search`; Data Center
/// has no `/search/jql`.
pub(crate) fn request(context: &RequestContext<'_, Jira>) -> Result<Request, FieldError> {
    let path = match context.settings.deployment {
        Deployment::Cloud => "rest/api/3/search/jql",
        Deployment::DataCenter => "rest/api/2/search",
    };
    // Neither the key nor the label can contain a quotation mark.
    let jql = format!(
        "project = \"{}\" AND labels = \"{}\" ORDER BY created ASC",
        context.settings.project_key,
        delivery_label(context)
    );
    post(
        context,
        path,
        &json!({"jql": jql, "maxResults": 1, "fields": ["summary"]}),
    )
}

/// Reads the search result: the oldest issue with the label.
pub(crate) fn parse(context: &RequestContext<'_, Jira>, response: &Response) -> Lookup {
    if response.status != 200 {
        return Lookup::Failed(match response.status {
            200..=299 => Outcome::not_understood(response),
            _ => failed(response).of_lookup(),
        });
    }
    let body = response.json();
    match body["issues"].as_array().map(Vec::as_slice) {
        Some([]) => Lookup::Absent,
        Some([issue, ..]) => receipt(context.settings, issue).map_or_else(
            || Lookup::Failed(Outcome::not_understood(response)),
            Lookup::Found,
        ),
        None => Lookup::Failed(Outcome::not_understood(response)),
    }
}
