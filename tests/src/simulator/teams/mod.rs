//! Teams, by the webhook of a workflow (Power Automate).
//!
//! The URL and what is wrong with it:
//! <https://learn.microsoft.com/en-us/troubleshoot/power-platform/power-automate/flow-run-issues/triggers-troubleshoot>.
//! The envelope: <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>.
//!
//! A workflow that only its tenant may use has a URL without `sig`, and wants an access
//! token: <https://learn.microsoft.com/en-us/power-automate/oauth-authentication>. Entra
//! gives it: <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.
//!
//! A workflow answers 202 as soon as it has begun. What is wrong with the card
//! stands only in its run history, so it does here: such runs are accepted, and
//! what was created says `failed`.

mod card;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::asked::{Asked, Verdict};
use super::created::Things;
use super::vendors::Vendor;

const PROVIDER: &str = "teams";
/// <https://learn.microsoft.com/en-us/connectors/teams/#limits>, of the card as a
/// string within another JSON, which is how the workflow hands it on.
const LARGEST: usize = 28 * 1024;
const CARD: &str = "application/vnd.microsoft.card.adaptive";

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    is_asked: |_, parts| {
        matches!(
            parts,
            ["powerautomate" | "workflows", ..] | [_, "oauth2", "v2.0", "token"]
        )
    },
    answer: |asked, things| match asked.parts()[..] {
        [_, "oauth2", "v2.0", "token"] => give_token(asked),
        _ => answer(asked, things),
    },
};

/// The secret of the application that gets access tokens.
pub const CLIENT_SECRET: &str = "simulated~application/secret";
const TOKEN: &str = "simulated.entra.token";
const SCOPE: &str = "https://service.flow.microsoft.com//.default";

fn give_token(asked: &Asked<'_>) -> Verdict {
    let refuse = |status, code: &str, description: &str| {
        let body = json!({"error": code, "error_description": description});
        Verdict::json(status, &body)
    };
    let field = |name: &str| asked.form(name).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        let said = "AADSTS70003: The app requested an unsupported grant type.";
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", said);
    }
    if field("client_id").is_empty() || field("client_secret") != CLIENT_SECRET {
        let said = "AADSTS7000215: Invalid client secret provided.";
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", said);
    }
    if field("scope") != SCOPE {
        let said = "AADSTS70011: The provided value for the input parameter 'scope' isn't valid.";
        return refuse(StatusCode::BAD_REQUEST, "invalid_scope", said);
    }
    let token = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN});
    Verdict::json(StatusCode::OK, &token)
}

/// `POST …/workflows/<id>/triggers/<name>/paths/invoke?api-version=1&sp=…&sv=…&sig=…`
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if let Some(refusal) = unfit(asked) {
        return refusal;
    }
    let Some(message) = asked.json().filter(|_| asked.brings_json()) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContent",
            "The request content is not valid and could not be deserialized.",
        );
    };
    let run = format!("08584{}", things.hex().to_uppercase());
    let failed = problem(&message);
    let made = things.add(PROVIDER, "", vec![run.clone()], message);
    made.failed = failed;
    Verdict::bare(StatusCode::ACCEPTED).header("x-ms-workflow-run-id", run)
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Verdict {
    Verdict::json(
        status,
        &json!({"error": {"code": code, "message": message}}),
    )
}

fn unfit(asked: &Asked<'_>) -> Option<Verdict> {
    let missing = |name: &str| asked.query(name).is_none_or(|value| value.is_empty());
    let parts = asked.parts();
    let at = parts.iter().position(|part| *part == "workflows");
    let rest = at.map_or(&[][..], |at| &parts[at + 1..]);
    if !asked.is_post() {
        return Some(refuse(
            StatusCode::NOT_FOUND,
            "NotFound",
            "The workflow's trigger is called with POST.",
        ));
    }
    if !matches!(rest, [_, "triggers", _, "paths", "invoke"]) {
        return Some(refuse(
            StatusCode::NOT_FOUND,
            "WorkflowNotFound",
            "The workflow could not be found.",
        ));
    }
    if missing("api-version") {
        return Some(refuse(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    let is_signed = !(missing("sig") || missing("sp") || missing("sv"));
    match (is_signed, asked.credential("Bearer")) {
        (true, None) | (false, Some(TOKEN)) => None,
        (true, Some(_)) => Some(refuse(
            StatusCode::UNAUTHORIZED,
            "DirectApiRequestHasMoreThanOneAuthorization",
            "The request has both a signature and a token.",
        )),
        (false, Some(_)) => Some(refuse(
            StatusCode::FORBIDDEN,
            "MisMatchingOAuthClaims",
            "One or more claims either missing or does not match with the open authentication access control policy.",
        )),
        (false, None) => Some(refuse(
            StatusCode::UNAUTHORIZED,
            "DirectApiAuthorizationRequired",
            "The request must be authenticated only by Shared Access scheme.",
        )),
    }
}

/// Why the workflow's run fails, if it does.
fn problem(message: &Value) -> Option<String> {
    let Some(attachments) = message["attachments"].as_array() else {
        // What becomes of the MessageCards of connectors.
        return Some(
            "'foreach' expression '@triggerOutputs()?['body']?['attachments']' is of type 'Null'"
                .to_owned(),
        );
    };
    if message["type"] != "message" || attachments.is_empty() {
        return Some("the message is not one of type \"message\" with an attachment".to_owned());
    }
    let quoted = json!(message.to_string()).to_string();
    if quoted.len() > LARGEST {
        return Some(format!("Request Entity too large: {} bytes", quoted.len()));
    }
    attachments.iter().find_map(|attachment| {
        if attachment["contentType"] != CARD {
            return Some(format!("the content type is not {CARD}"));
        }
        card::problem(&attachment["content"])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::testing::{Call, but};

    const PATH: &str =
        "/powerautomate/automations/direct/workflows/0a1b/triggers/manual/paths/invoke";
    const SIGNED: &str = "api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s";

    fn message() -> Value {
        json!({"type": "message", "attachments": [{
            "contentType": CARD, "contentUrl": null,
            "content": {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "x"}]},
        }]})
    }

    fn call(body: &Value) -> Call {
        Call::post(&format!("{PATH}?{SIGNED}"), body)
    }

    fn failure(body: &Value) -> Option<String> {
        let mut things = Things::default();
        let verdict = call(body).to(answer, &mut things);
        assert_eq!(verdict.status, 202);
        assert_eq!(verdict.said(), "");
        let run = verdict.has("x-ms-workflow-run-id").unwrap();
        things.find(PROVIDER, run).unwrap().failed.clone()
    }

    #[test]
    fn a_good_card_is_posted() {
        assert_eq!(failure(&message()), None);
    }

    #[test]
    fn a_bad_card_is_accepted_and_its_run_fails() {
        for (body, why) in [
            (
                json!({"@type": "MessageCard", "text": "x"}),
                "'foreach' expression",
            ),
            (but(&message(), "/type", json!("card")), "not one of type"),
            (
                but(&message(), "/attachments", json!([])),
                "not one of type",
            ),
            (
                but(
                    &message(),
                    "/attachments/0/contentType",
                    json!("text/plain"),
                ),
                "content type",
            ),
            (
                but(&message(), "/attachments/0/content/version", json!("1.5")),
                "version",
            ),
            (
                but(
                    &message(),
                    "/attachments/0/content/body/0/text",
                    json!("x".repeat(28 * 1024)),
                ),
                "too large",
            ),
        ] {
            let failed = failure(&body).unwrap_or_default();
            assert!(failed.contains(why), "{failed}");
        }
    }

    #[test]
    fn a_restricted_workflow_wants_a_token_of_entra() {
        let form = format!(
            "grant_type=client_credentials&client_id=1&client_secret={CLIENT_SECRET}&scope={SCOPE}"
        );
        let ask = |form: &str| {
            let call = Call::post("/contoso.onmicrosoft.com/oauth2/v2.0/token", &json!(null));
            call.saying(form).ask(VENDOR.answer)
        };
        let (status, said) = ask(&form);
        assert_eq!((status, &said["access_token"]), (200, &json!(TOKEN)));
        for (form, status, code) in [
            (
                form.replace("//.default", "/.default"),
                400,
                "invalid_scope",
            ),
            (form.replace("secret=", "secret=x"), 401, "invalid_client"),
            (
                form.replace("client_credentials", "password"),
                400,
                "unsupported_grant_type",
            ),
        ] {
            let (got, said) = ask(&form);
            assert_eq!((got, &said["error"]), (status, &json!(code)));
        }

        let restricted = Call::post(&format!("{PATH}?api-version=1"), &message());
        let bearer = |call: Call, token: &str| {
            let (status, said) = call
                .with("authorization", &format!("Bearer {token}"))
                .ask(answer);
            (
                status,
                said["error"]["code"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            )
        };
        assert_eq!(bearer(restricted.clone(), TOKEN).0, 202);
        let (status, code) = bearer(restricted, "x");
        assert_eq!((status, &*code), (403, "MisMatchingOAuthClaims"));
        let (status, code) = bearer(call(&message()), TOKEN);
        assert_eq!(
            (status, &*code),
            (401, "DirectApiRequestHasMoreThanOneAuthorization")
        );
    }

    #[test]
    fn every_rule_of_the_url_refuses() {
        let at = |path: &str| Call::post(path, &message()).ask(answer);
        for (query, status, code) in [
            ("", 400, "MissingApiVersionParameter"),
            ("api-version=1", 401, "DirectApiAuthorizationRequired"),
            (
                "api-version=1&sp=x&sv=1.0&sig=",
                401,
                "DirectApiAuthorizationRequired",
            ),
        ] {
            let (got, said) = at(&format!("{PATH}?{query}"));
            assert_eq!((got, &said["error"]["code"]), (status, &json!(code)));
        }
        let (status, said) = at(&format!(
            "/powerautomate/automations/direct/workflows/0a1b?{SIGNED}"
        ));
        assert_eq!(
            (status, &said["error"]["code"]),
            (404, &json!("WorkflowNotFound"))
        );
        assert_eq!(Call::get(&format!("{PATH}?{SIGNED}")).ask(answer).0, 404);
        assert_eq!(call(&message()).saying("{").ask(answer).0, 400);
        assert_eq!(
            call(&message())
                .with("content-type", "text/plain")
                .ask(answer)
                .0,
            400
        );
    }
}
