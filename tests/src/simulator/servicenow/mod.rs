//! A ServiceNow instance: incidents by the Table API, events of Event Management.
//!
//! Authentication, media types and answers are those of
//! <https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html> and
//! the pages about REST API authentication.

mod event;
mod incident;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::asked::{Asked, Verdict};
use super::created::Things;
use super::rules::{Why, Wrong};
use super::vendors::Vendor;

const PROVIDER: &str = "servicenow";

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    is_asked: |_, parts| matches!(parts, ["api", "now" | "global", ..] | ["nav_to.do"]),
    answer: |asked, things| match asked.parts()[..] {
        ["nav_to.do"] => page(asked, things),
        _ => answer(asked, things),
    },
};

/// The instance, except for the pages that people look at.
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if !is_known(asked) {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "User Not Authenticated",
            "Required to provide Auth information",
        );
    }
    match asked.parts()[..] {
        ["api", "global", "em", "jsonv2"] => event::answer(asked, things),
        ["api", "now", "table", "incident"] | ["api", "now", "v1" | "v2", "table", "incident"] => {
            incident::answer(asked, things)
        }
        ["api", "now", "table", "incident", sys_id] => incident::update(sys_id, asked, things),
        _ => refuse(
            StatusCode::BAD_REQUEST,
            "Requested URI does not represent any resource",
            "",
        ),
    }
}

/// `GET /nav_to.do?uri=incident.do?sys_id=…`, or `…message_key=…`: what a person
/// would see there.
pub(super) fn page(asked: &Asked<'_>, things: &Things) -> Verdict {
    let uri = asked.query("uri").unwrap_or_default();
    let id = uri.rsplit('=').next().unwrap_or_default();
    match things.find(PROVIDER, id) {
        Some(found) => Verdict::json(StatusCode::OK, &json!(found)),
        None => refuse(StatusCode::NOT_FOUND, "Record not found", ""),
    }
}

/// Basic, an OAuth token, or an inbound API key in its own header.
fn is_known(asked: &Asked<'_>) -> bool {
    asked.basic().is_some()
        || asked.credential("Bearer").is_some()
        || !asked.header("x-sn-apikey").is_empty()
}

/// "Accept" and "Content-Type" are both compulsory; without them the answer is 400.
fn is_spoken_to_in_json(asked: &Asked<'_>) -> bool {
    asked.takes_json() && (asked.is_get() || asked.brings_json())
}

fn refuse(status: StatusCode, message: &str, detail: &str) -> Verdict {
    let detail = if detail.is_empty() {
        Value::Null
    } else {
        json!(detail)
    };
    Verdict::json(
        status,
        &json!({"error": {"message": message, "detail": detail}, "status": "failure"}),
    )
}

fn words(wrong: &Wrong) -> String {
    let field = &wrong.field;
    match wrong.why {
        Why::Missing => format!("{field} is mandatory"),
        Why::Kind(kind) => format!("{field} is not of type {kind}"),
        Why::TooLong(most) | Why::TooMany(most) => format!("{field} is longer than {most}"),
        Why::Value => format!("{field} has an invalid value"),
    }
}
