//! What the error codes of workflows mean. They come as
//! `{"error": {"code": …, "message": …}}`. Microsoft lists few of them:
//! <https://learn.microsoft.com/en-us/troubleshoot/power-platform/power-automate/flow-run-issues/triggers-troubleshoot>.

use tocsin_core::outcome::FailureKind::{
    self, Misconfigured, Refused, Throttled, Unauthorized, Unavailable,
};

/// A code, what kind of trouble it is, and what to do about it.
type Row = (&'static str, FailureKind, &'static str);

const COPY: &str = "copy the workflow's whole URL anew";
const ANYONE: &str = "let the workflow's trigger be used by \"Anyone\" and copy its whole URL anew";
const TEMPLATE: &str = "make the workflow from the template \"Send webhook alerts to a channel\"";
const TURN_ON: &str = "turn the workflow on";

const TABLE: &[Row] = &[
    // The URL is the credential: one that is dead or incomplete counts here.
    ("AuthorizationFailed", Unauthorized, COPY),
    ("DirectApiAuthorizationRequired", Unauthorized, ANYONE),
    (
        "DirectApiRequestHasMoreThanOneAuthorization",
        Unauthorized,
        COPY,
    ),
    ("InvalidApiVersionParameter", Unauthorized, COPY),
    ("MissingApiVersionParameter", Unauthorized, COPY),
    ("OAuthTokenMissing", Unauthorized, ANYONE),
    (
        "WorkflowNotFound",
        Unauthorized,
        "the workflow was deleted: make a new one",
    ),
    ("WorkflowTriggerNotFound", Unauthorized, COPY),
    // The workflow.
    ("TriggerInputSchemaMismatch", Misconfigured, TEMPLATE),
    ("WorkflowDisabled", Misconfigured, TURN_ON),
    ("WorkflowSuspended", Misconfigured, TURN_ON),
    ("WorkflowTriggerIsNotEnabled", Misconfigured, TURN_ON),
    ("WorkflowTriggerTypeNotSupported", Misconfigured, TEMPLATE),
    // The message.
    ("InvalidRequestContent", Refused, ""),
    ("MessageSizeExceeded", Refused, ""),
    ("RequestEntityTooLarge", Refused, ""),
    // For now.
    ("TooManyRequests", Throttled, ""),
    ("WorkflowRunsThrottled", Throttled, ""),
    ("ServerTimeout", Unavailable, ""),
    ("ServiceUnavailable", Unavailable, ""),
];

/// The first known code that stands in an answer, which need not be whole.
pub(crate) fn find(text: &str) -> Option<&'static Row> {
    TABLE
        .iter()
        .find(|(code, ..)| text.contains(&format!("\"{code}\"")))
}
