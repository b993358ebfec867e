//! OpsGenie, and Jira Service Management's integration events, which take the
//! same at another path.
//!
//! The limits are those of the table at
//! <https://docs.opsgenie.com/docs/alert-api#create-alert>, the answers those of
//! <https://docs.opsgenie.com/docs/response>. Creation is asynchronous there: 202
//! comes with a request id, and the alert later. Here it comes at once.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::asked::{Asked, Verdict};
use super::created::{Created, Things, now};
use super::rules::{Rules, Why, Wrong, length};
use super::vendors::Vendor;

const PROVIDER: &str = "opsgenie";
const PRIORITIES: [&str; 5] = ["P1", "P2", "P3", "P4", "P5"];
/// Kinds of responders, and what can name each.
const RESPONDERS: [(&str, [&str; 2]); 4] = [
    ("team", ["id", "name"]),
    ("user", ["id", "username"]),
    ("escalation", ["id", "name"]),
    ("schedule", ["id", "name"]),
];

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    is_asked: |_, parts| {
        matches!(
            parts,
            ["v2", "alerts", ..] | ["jsm", "ops", "integration", "v2", "alerts", ..]
        )
    },
    answer,
};

/// Everything below `/v2/alerts`, with `/jsm/ops/integration` in front or not.
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if asked.credential("GenieKey").is_none() {
        return refuse(StatusCode::UNAUTHORIZED, "Could not authenticate", things);
    }
    let parts = asked.parts();
    let at = parts.iter().position(|part| *part == "alerts");
    let rest = at.map_or(&[][..], |at| &parts[at + 1..]);
    match (rest, asked.is_post()) {
        ([], true) => create(asked, things),
        (["requests", id], false) => request(id, things),
        ([alias], false) => show(alias, things),
        ([alias, "close"], true) => close(alias, things),
        _ => refuse(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", things),
    }
}

fn refuse(status: StatusCode, message: &str, things: &mut Things) -> Verdict {
    let id = things.uuid();
    Verdict::json(
        status,
        &json!({"message": message, "took": 0.001, "requestId": id}),
    )
}

fn create(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if !asked.brings_json() {
        return refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content type must be application/json",
            things,
        );
    }
    let Some(alert) = asked.object() else {
        return refuse(StatusCode::BAD_REQUEST, "Could not parse JSON", things);
    };
    let wrong = problems(&alert);
    if !wrong.is_empty() {
        let errors: serde_json::Map<_, _> = wrong
            .into_iter()
            .map(|wrong| (wrong.field.clone(), json!(words(&wrong))))
            .collect();
        let id = things.uuid();
        return Verdict::json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({
                "message": "Request body is not processable. Please check the errors.",
                "errors": errors, "took": 0.001, "requestId": id,
            }),
        );
    }
    accepted(&remember(alert, things))
}

fn accepted(request: &str) -> Verdict {
    Verdict::json(
        StatusCode::ACCEPTED,
        &json!({"result": "Request will be processed", "took": 0.003, "requestId": request}),
    )
}

fn problems(alert: &Value) -> Vec<Wrong> {
    Rules::of(alert)
        .need("message", 130)
        .text("alias", 512)
        .text("description", 15_000)
        .text("entity", 512)
        .text("note", 25_000)
        .texts(&["source", "user"], 100)
        .choice("priority", &PRIORITIES)
        .list("tags", 20, 50)
        .list("actions", 10, 50)
        .check("details", Why::Kind("map of strings"), |details| {
            let details = details.as_object();
            details.is_some_and(|details| details.values().all(Value::is_string))
        })
        .check("details", Why::TooLong(8_000), |details| {
            size(details) <= 8_000
        })
        .check("responders", Why::Value, are_responders)
        .check("responders", Why::TooMany(50), |all| count(all) <= 50)
        .check("visibleTo", Why::Value, are_responders)
        .check("visibleTo", Why::TooMany(50), |all| count(all) <= 50)
        .end()
}

/// Keys and values together.
fn size(details: &Value) -> usize {
    let entries = details.as_object().into_iter().flatten();
    entries
        .map(|(key, value)| length(key) + length(value.as_str().unwrap_or_default()))
        .sum()
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

fn are_responders(list: &Value) -> bool {
    let one = |one: &Value| {
        let kind = RESPONDERS.iter().find(|(kind, _)| one["type"] == *kind);
        kind.is_some_and(|(_, names)| {
            let named = names.iter().filter(|name| one[**name].is_string());
            named.count() == 1 && one.as_object().is_some_and(|fields| fields.len() == 2)
        })
    };
    list.as_array().is_some_and(|list| list.iter().all(one))
}

fn words(wrong: &Wrong) -> String {
    match wrong.why {
        Why::Missing => "Message can not be empty.".to_owned(),
        Why::Kind(kind) => format!("must be a {kind}"),
        Why::TooLong(most) => format!("can not exceed {most} characters"),
        Why::TooMany(most) => format!("can not exceed {most} elements"),
        Why::Value => "is not valid".to_owned(),
    }
}

/// Keeps the alert; gives the id of the request. An open alert with the same
/// alias is counted up instead.
fn remember(mut alert: Value, things: &mut Things) -> String {
    let request = things.uuid();
    let id = things.uuid();
    let alias = alert["alias"].as_str().unwrap_or(&id).to_owned();
    if let Some(open) = things.find_mut(PROVIDER, &alias, is_open) {
        open.ids.push(request.clone());
        open.repeat(alert);
    } else {
        alert["id"] = json!(id);
        alert["alias"] = json!(alias);
        alert["status"] = json!("open");
        things.add(PROVIDER, "", vec![alias, id, request.clone()], alert);
    }
    request
}

fn is_open(alert: &Created) -> bool {
    alert.thing["status"] == "open"
}

/// The status of a request.
fn request(id: &str, things: &mut Things) -> Verdict {
    let Some(found) = things.find(PROVIDER, id) else {
        return refuse(
            StatusCode::NOT_FOUND,
            "Request not found. It might not be processed yet.",
            things,
        );
    };
    let data = json!({
        "success": true, "isSuccess": true, "action": "Create", "status": "Created alert",
        "processedAt": now(), "alertId": found.thing["id"], "alias": found.thing["alias"],
    });
    Verdict::json(
        StatusCode::OK,
        &json!({"data": data, "took": 0.001, "requestId": id}),
    )
}

fn show(id: &str, things: &mut Things) -> Verdict {
    let Some(found) = things.find(PROVIDER, id) else {
        return refuse(StatusCode::NOT_FOUND, "Alert does not exist.", things);
    };
    let mut data = found.thing.clone();
    data["count"] = json!(found.count);
    let id = things.uuid();
    Verdict::json(
        StatusCode::OK,
        &json!({"data": data, "took": 0.001, "requestId": id}),
    )
}

fn close(id: &str, things: &mut Things) -> Verdict {
    if let Some(open) = things.find_mut(PROVIDER, id, is_open) {
        open.thing["status"] = json!("closed");
    }
    let request = things.uuid();
    accepted(&request)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Call, but};
    use super::*;

    fn alert() -> Value {
        json!({
            "message": "[HIGH] x", "alias": "alert-1", "description": "<b>x</b>", "source": "Tocsin",
            "priority": "P2", "entity": "AWS.Rule", "tags": ["aws"], "details": {"alertId": "alert-1"},
            "responders": [{"type": "team", "name": "SecOps"}, {"type": "user", "username": "a@b.example"}],
        })
    }

    fn call(body: &Value) -> Call {
        Call::post("/v2/alerts", body).with("authorization", "GenieKey 00000000-1111")
    }

    #[test]
    fn a_good_alert_is_accepted_and_can_be_asked_for() {
        let mut things = Things::default();
        let first = call(&alert()).to(answer, &mut things);
        assert_eq!(first.status, 202);
        assert_eq!(first.said()["result"], "Request will be processed");
        let id = first.said()["requestId"].as_str().unwrap().to_owned();
        let path = format!("/jsm/ops/integration/v2/alerts/requests/{id}");
        let asked = Call::get(&path).with("authorization", "GenieKey k");
        let said = asked.to(answer, &mut things).said();
        assert_eq!(said["data"]["alias"], "alert-1");
        assert_eq!(asked.ask(answer).0, 404);
    }

    #[test]
    fn every_rule_refuses() {
        let many = |one: Value, count: usize| Value::Array(vec![one; count]);
        for (field, value) in [
            ("message", json!("")),
            ("message", json!("m".repeat(131))),
            ("alias", json!("a".repeat(513))),
            ("description", json!("d".repeat(15_001))),
            ("entity", json!("e".repeat(513))),
            ("source", json!("s".repeat(101))),
            ("user", json!("u".repeat(101))),
            ("note", json!("n".repeat(25_001))),
            ("priority", json!("HIGH")),
            ("tags", many(json!("t"), 21)),
            ("tags", json!(["t".repeat(51)])),
            ("actions", many(json!("a"), 11)),
            ("details", json!({"count": 1})),
            ("details", json!({"long": "d".repeat(8_000)})),
            ("responders", json!([{"type": "robot", "id": "1"}])),
            (
                "responders",
                json!([{"type": "user", "name": "no user name"}]),
            ),
            ("responders", many(json!({"type": "team", "id": "1"}), 51)),
            ("visibleTo", json!("everyone")),
        ] {
            let body = but(&alert(), &format!("/{field}"), value);
            let (status, said) = call(&body).ask(answer);
            assert_eq!(status, 422, "{field}");
            assert!(said["errors"][field].is_string(), "{said}");
        }
        let good = call(&alert());
        assert_eq!(good.clone().without("authorization").ask(answer).0, 401);
        assert_eq!(
            good.clone().with("authorization", "Bearer x").ask(answer).0,
            401
        );
        assert_eq!(
            good.clone()
                .with("content-type", "text/plain")
                .ask(answer)
                .0,
            415
        );
        assert_eq!(good.clone().saying("[").ask(answer).0, 400);
        let read = Call::get("/v2/alerts").with("authorization", "GenieKey k");
        assert_eq!(read.ask(answer).0, 405);
    }

    #[test]
    fn an_open_alias_is_counted_and_a_closed_one_begins_again() {
        let mut things = Things::default();
        call(&alert()).to(answer, &mut things);
        call(&alert()).to(answer, &mut things);
        let asked = Call::get("/v2/alerts/alert-1?identifierType=alias")
            .with("authorization", "GenieKey k");
        assert_eq!(asked.to(answer, &mut things).said()["data"]["count"], 2);
        let close = Call::post("/v2/alerts/alert-1/close?identifierType=alias", &json!({}))
            .with("authorization", "GenieKey k");
        assert_eq!(close.to(answer, &mut things).status, 202);
        call(&alert()).to(answer, &mut things);
        assert_eq!(things.of(PROVIDER).count(), 2);
        assert_eq!(asked.to(answer, &mut things).said()["data"]["count"], 1);
    }
}
