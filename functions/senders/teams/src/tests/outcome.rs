use tocsin_core::outcome::FailureKind::{
    self, Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::outcome::Receipt;

use super::*;

fn kind(outcome: &Outcome) -> (FailureKind, bool) {
    let is_transient = matches!(outcome, Outcome::Transient { .. });
    (outcome.failure().unwrap().kind, is_transient)
}

#[test]
fn an_accepted_request_is_delivered() {
    let headers = [("x-ms-workflow-run-id", "08584")];
    let receipt = workflow().receipt(&response(202, &headers, ""));
    assert_eq!(receipt, Receipt::id("08584"));
    // The author of a workflow with a Response action chooses the response.
    for (status, body) in [
        (202, ""),
        (200, ""),
        (200, "1"),
        (200, r#"{"echo":"\"WorkflowDisabled\""}"#),
        (204, ""),
    ] {
        let receipt = workflow().receipt(&response(status, &[], body));
        assert_eq!(receipt, Receipt::default(), "{status} {body}");
    }
}

#[test]
fn every_error_code_has_its_kind() {
    let table = [
        (400, "TriggerInputSchemaMismatch", Misconfigured),
        (400, "MissingApiVersionParameter", Unauthorized),
        (400, "InvalidApiVersionParameter", Unauthorized),
        (401, "DirectApiAuthorizationRequired", Unauthorized),
        (401, "MisMatchingOAuthClaims", Unauthorized),
        (403, "MisMatchingOAuthClaims", Unauthorized),
        (401, "OAuthTokenMissing", Unauthorized),
        (
            401,
            "DirectApiRequestHasMoreThanOneAuthorization",
            Unauthorized,
        ),
        (403, "AuthorizationFailed", Unauthorized),
        (404, "WorkflowNotFound", Unauthorized),
        (404, "WorkflowTriggerNotFound", Unauthorized),
        (404, "WorkflowTriggerIsNotEnabled", Misconfigured),
        (400, "WorkflowTriggerIsNotEnabled", Misconfigured),
        (400, "WorkflowDisabled", Misconfigured),
        (400, "WorkflowSuspended", Misconfigured),
        (400, "WorkflowTriggerTypeNotSupported", Misconfigured),
        (400, "InvalidRequestContent", Refused),
        (413, "RequestEntityTooLarge", Refused),
        (400, "MessageSizeExceeded", Refused),
        (400, "SomethingOfTomorrow", Refused),
        (403, "SomethingOfTomorrow", Unauthorized),
        (404, "SomethingOfTomorrow", Misconfigured),
        (429, "WorkflowRunsThrottled", Throttled),
        (429, "TooManyRequests", Throttled),
        (400, "TooManyRequests", Throttled),
        (500, "SomethingOfTomorrow", Unavailable),
        (503, "ServiceUnavailable", Unavailable),
        (504, "ServerTimeout", Unavailable),
    ];
    for (status, code, expected) in table {
        let transient = matches!(expected, Throttled | Unavailable);
        let body = json!({"error": {"code": code, "message": "It is so."}}).to_string();
        let cut = &body[..body.len() - 12];
        for body in [body.as_str(), cut] {
            let outcome = workflow().outcome(&response(status, &[], body));
            assert_eq!(kind(&outcome), (expected, transient), "{status} {code}");
            assert_eq!(outcome.failure().unwrap().status, Some(status));
            assert!(outcome.failure().unwrap().detail.contains(code));
        }
    }
}

#[test]
fn every_status_without_a_code_has_its_kind() {
    let table = [
        (302, "", Redirected, false),
        (400, "", Refused, false),
        (401, "", Unauthorized, false),
        (403, "<html>blocked</html>", Unauthorized, false),
        (404, "", Misconfigured, false),
        (410, "", Misconfigured, false),
        (412, "", Unavailable, true),
        (413, "", Refused, false),
        (429, "", Throttled, true),
        (500, "{\"err", Unavailable, true),
        (502, "<html>bad gateway</html>", Unavailable, true),
        (503, "", Unavailable, true),
        (504, "", Unavailable, true),
        (200, "<html>sign in</html>", NotUnderstood, true),
        (200, "\n<!DOCTYPE html><html>", NotUnderstood, true),
    ];
    for (status, body, expected, transient) in table {
        let outcome = workflow().outcome(&response(status, &[], body));
        assert_eq!(kind(&outcome), (expected, transient), "{status} {body}");
        assert_eq!(outcome.failure().unwrap().status, Some(status));
    }
}

#[test]
fn a_success_status_with_an_error_text_is_a_failure() {
    let table = [
        ("429", Throttled, true),
        ("412", Unavailable, true),
        ("500", Unavailable, true),
        ("502", Unavailable, true),
        ("504", Unavailable, true),
        ("413", Refused, false),
        ("400", Refused, false),
        ("403", Unauthorized, false),
        ("404", Misconfigured, false),
        ("200", NotUnderstood, true),
        ("99999999", NotUnderstood, true),
        ("", NotUnderstood, true),
    ];
    for (inner, expected, transient) in table {
        let body = format!(
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {inner} with ContextId tcid=0."
        );
        let outcome = workflow().outcome(&response(200, &[], &body));
        assert_eq!(kind(&outcome), (expected, transient), "{inner}");
        assert!(
            outcome
                .failure()
                .unwrap()
                .detail
                .contains("endpoint returned")
        );
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let throttled = "Microsoft Teams endpoint returned HTTP error 429";
    for (status, body) in [
        (429, ""),
        (429, "{\"error\":{\"code\":\"TooManyRequests\"}}"),
        (412, ""),
        (503, ""),
        (200, throttled),
    ] {
        for (value, expected) in [
            ("30", Some(30)),
            ("Wed, 21 Oct 2015 07:30:00 GMT", Some(120)),
            ("86400", Some(3600)),
            ("soon", None),
        ] {
            match workflow().outcome(&response(status, &[("retry-after", value)], body)) {
                Outcome::Transient { retry_after, .. } => {
                    assert_eq!(retry_after.map(|wait| wait.as_secs()), expected, "{value}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn details_have_advice() {
    let body = r#"{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"Could not execute."}}"#;
    let shown = |url| {
        fixture(url)
            .outcome(&response(404, &[], body))
            .failure()
            .unwrap()
            .detail
            .clone()
    };
    assert_eq!(
        shown(WORKFLOW),
        "WorkflowTriggerIsNotEnabled (turn the workflow on): Could not execute."
    );
    assert!(shown(OLD).starts_with("the URL has the old form"));
    assert!(shown(OLD).ends_with("(turn the workflow on): Could not execute."));
    let receipt = fixture(OLD).receipt(&response(202, &[], ""));
    assert!(receipt.remark.unwrap().contains("new URL"));
}
