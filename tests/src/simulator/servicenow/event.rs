//! Events of Event Management:
//! <https://www.servicenow.com/docs/r/it-operations-management/event-management/send-events-via-web-service.html>,
//! the columns of `em_event` and their lengths. No page shows the answers: the
//! good one was observed, the others are those of the Table API.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{PROVIDER, is_spoken_to_in_json, refuse, words};
use crate::simulator::asked::{Asked, Verdict};
use crate::simulator::created::{Created, Things, looks_like};
use crate::simulator::rules::{Rules, Why, Wrong};

const SCOPE: &str = "em_event";
/// "Do not add custom columns": these are the ones there are.
const COLUMNS: [&str; 14] = [
    "source",
    "node",
    "type",
    "resource",
    "ci_type",
    "metric_name",
    "event_class",
    "message_key",
    "severity",
    "description",
    "additional_info",
    "time_of_event",
    "resolution_state",
    "ci_identifier",
];
/// Clear, then critical to OK.
const SEVERITIES: [&str; 6] = ["0", "1", "2", "3", "4", "5"];

pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if !asked.is_post() {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "Method not supported", "");
    }
    if !is_spoken_to_in_json(asked) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Accept and Content-Type must be application/json",
            "",
        );
    }
    let body = asked.json().unwrap_or_default();
    let Some(records) = body["records"].as_array().filter(|all| !all.is_empty()) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "No records",
            "records must be a list of events",
        );
    };
    if let Some(wrong) = records.iter().flat_map(problems).next() {
        return refuse(StatusCode::BAD_REQUEST, "Invalid event", &words(&wrong));
    }
    for event in records {
        remember(event, things);
    }
    let said = format!("{} events were inserted", records.len());
    Verdict::json(
        StatusCode::OK,
        &json!({"result": {"Default Bulk Endpoint": said}}),
    )
}

fn problems(event: &Value) -> Vec<Wrong> {
    let known = |event: &Value| {
        let columns = event.as_object().into_iter().flatten();
        let mut columns = columns.map(|(column, _)| column.as_str());
        event.is_object() && columns.all(|column| COLUMNS.contains(&column))
    };
    let mut wrong = Rules::of(event)
        .texts(
            &[
                "source",
                "node",
                "type",
                "resource",
                "ci_type",
                "metric_name",
                "event_class",
            ],
            100,
        )
        .text("message_key", 1_024)
        .text("description", 4_000)
        .present("severity")
        .choice("severity", &SEVERITIES)
        .choice("resolution_state", &["New", "Closing"])
        .check("time_of_event", Why::Value, |time| {
            let time = time.as_str();
            time.is_some_and(|time| looks_like(time, "0000-00-00 00:00:00"))
        })
        .check("additional_info", Why::Value, is_info)
        .end();
    if event["node"].is_null() && event["event_class"].is_null() {
        wrong.push(Wrong {
            field: "event_class".to_owned(),
            why: Why::Missing,
        });
    }
    if !known(event) {
        wrong.push(Wrong {
            field: "records".to_owned(),
            why: Why::Value,
        });
    }
    wrong
}

/// JSON within a string, "with string values only".
fn is_info(value: &Value) -> bool {
    let info = value
        .as_str()
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(Value::Object(info)) = info else {
        return false;
    };
    info.values().all(Value::is_string)
}

/// Events of one key are one alert until one of severity 0 clears it.
fn remember(event: &Value, things: &mut Things) {
    let key = key(event);
    let open = |one: &Created| one.scope == SCOPE && one.thing["severity"] != "0";
    match things.find_mut(PROVIDER, &key, open) {
        Some(alert) => {
            alert.thing["severity"] = event["severity"].clone();
            alert.repeat(event.clone());
        }
        None => {
            things.add(PROVIDER, SCOPE, vec![key], event.clone());
        }
    }
}

/// "Default value: source + type + node + resource + `metric_name`".
fn key(event: &Value) -> String {
    let text = |column: &str| event[column].as_str().unwrap_or_default();
    match text("message_key") {
        "" => ["source", "type", "node", "resource", "metric_name"]
            .map(text)
            .join("_"),
        key => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer;
    use super::*;
    use crate::simulator::testing::{Call, but};

    fn events() -> Value {
        json!({"records": [{
            "source": "Tocsin", "event_class": "Tocsin", "type": "RULE", "metric_name": "AWS.Rule",
            "resource": "AWS.CloudTrail", "message_key": "alert-1", "severity": "2", "description": "d",
            "time_of_event": "2020-10-13 03:35:24", "resolution_state": "New",
            "additional_info": "{\"tocsin_alert_id\":\"alert-1\"}",
        }]})
    }

    fn call(body: &Value) -> Call {
        Call::post("/api/global/em/jsonv2", body)
            .with("accept", "application/json")
            .with("authorization", "Bearer token")
    }

    #[test]
    fn events_of_one_key_are_one_alert() {
        let mut things = Things::default();
        for _ in 0..2 {
            let said = call(&events()).to(answer, &mut things).said();
            assert_eq!(
                said["result"]["Default Bulk Endpoint"],
                "1 events were inserted"
            );
        }
        assert_eq!(things.find(PROVIDER, "alert-1").unwrap().count, 2);
        let clear = but(&events(), "/records/0/severity", json!("0"));
        call(&clear).to(answer, &mut things);
        call(&events()).to(answer, &mut things);
        assert_eq!(things.of(PROVIDER).count(), 2);
    }

    #[test]
    fn every_rule_refuses() {
        for (column, value) in [
            ("source", json!("s".repeat(101))),
            ("type", json!(1)),
            ("metric_name", json!("m".repeat(101))),
            ("event_class", json!(null)),
            ("message_key", json!("k".repeat(1_025))),
            ("severity", json!("6")),
            ("severity", json!(null)),
            ("description", json!("d".repeat(4_001))),
            ("time_of_event", json!("2020-10-13T03:35:24Z")),
            ("resolution_state", json!("Open")),
            ("additional_info", json!({"a": "b"})),
            ("additional_info", json!("{\"count\":1}")),
            ("u_custom", json!("x")),
        ] {
            let body = but(&events(), &format!("/records/0/{column}"), value);
            assert_eq!(call(&body).ask(answer).0, 400, "{column}");
        }
        let good = call(&events());
        assert_eq!(good.clone().without("authorization").ask(answer).0, 401);
        assert_eq!(good.clone().without("accept").ask(answer).0, 400);
        assert_eq!(good.clone().saying("{}").ask(answer).0, 400);
        assert_eq!(good.ask(answer).0, 200);
    }
}
