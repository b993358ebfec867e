//! The error codes of workflows, which they send as
//! `{"error": {"code": …, "message": …}}`. Microsoft documents few of them:
//! <https://learn.microsoft.com/en-us/troubleshoot/power-platform/power-automate/flow-run-issues/triggers-troubleshoot>.

use tocsin_core::outcome::FailureKind::{
    Misconfigured, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::provider::KnownError;

const COPY: &str = "copy the workflow's whole URL again";
const ANYONE: &str = "let the workflow's trigger be used by \"Anyone\" and copy its whole URL again, or give an Entra application";
const TEMPLATE: &str = "create the workflow from the template \"Send webhook alerts to a channel\"";
const TURN_ON: &str = "turn the workflow on";

const ERRORS: &[KnownError] = &[
    // The credential, which is the URL: a deleted workflow or an incomplete URL.
    KnownError::new("AuthorizationFailed", Unauthorized, COPY),
    KnownError::new("DirectApiAuthorizationRequired", Unauthorized, ANYONE),
    KnownError::new(
        "DirectApiRequestHasMoreThanOneAuthorization",
        Unauthorized,
        COPY,
    ),
    KnownError::new("InvalidApiVersionParameter", Unauthorized, COPY),
    KnownError::new("MissingApiVersionParameter", Unauthorized, COPY),
    // The audience, the tenant or the application of a token does not fit.
    KnownError::new(
        "MisMatchingOAuthClaims",
        Unauthorized,
        "let the workflow's trigger be used by any user in the tenant, or by the application's object id",
    ),
    KnownError::new("OAuthTokenMissing", Unauthorized, ANYONE),
    KnownError::new(
        "WorkflowNotFound",
        Unauthorized,
        "the workflow was deleted: create a new one",
    ),
    KnownError::new("WorkflowTriggerNotFound", Unauthorized, COPY),
    // The workflow.
    KnownError::new("TriggerInputSchemaMismatch", Misconfigured, TEMPLATE),
    KnownError::new("WorkflowDisabled", Misconfigured, TURN_ON),
    KnownError::new("WorkflowSuspended", Misconfigured, TURN_ON),
    KnownError::new("WorkflowTriggerIsNotEnabled", Misconfigured, TURN_ON),
    KnownError::new("WorkflowTriggerTypeNotSupported", Misconfigured, TEMPLATE),
    // The message.
    KnownError::new("InvalidRequestContent", Refused, ""),
    KnownError::new("MessageSizeExceeded", Refused, ""),
    KnownError::new("RequestEntityTooLarge", Refused, ""),
    // Temporary failures.
    KnownError::new("TooManyRequests", Throttled, ""),
    KnownError::new("WorkflowRunsThrottled", Throttled, ""),
    KnownError::new("ServerTimeout", Unavailable, ""),
    KnownError::new("ServiceUnavailable", Unavailable, ""),
];

/// The entry for the first known code in a response, which may be cut off.
pub(super) fn find(text: &str) -> Option<&'static KnownError> {
    ERRORS
        .iter()
        .find(|known| text.contains(&format!("\"{}\"", known.code)))
}
