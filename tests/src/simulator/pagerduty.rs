//! PagerDuty, Events API v2.
//!
//! The fields and their limits are those of
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/> and
//! `…/acknowledge-and-resolve-events/`; the answers, the size limit and the
//! deduplication those of `…/overview/`. What its errors say was seen in other
//! clients' tests; the documentation does not show them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::asked::{Asked, Verdict};
use super::created::{Created, Things};
use super::rules::{Rules, Why, Wrong, is_address};
use super::vendors::Vendor;

const PROVIDER: &str = "pagerduty";
/// "512 KB", read narrowly.
const LARGEST: usize = 512_000;
const ACTIONS: [&str; 3] = ["trigger", "acknowledge", "resolve"];
const SEVERITIES: [&str; 4] = ["critical", "warning", "error", "info"];
/// No limit is documented for most texts but that of the whole.
const ANY: usize = LARGEST;

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    is_asked: |_, parts| matches!(parts, ["v2", "enqueue"]),
    answer,
};

/// `POST /v2/enqueue`
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if !asked.is_post() {
        return Verdict::bare(StatusCode::METHOD_NOT_ALLOWED);
    }
    if asked.body.len() > LARGEST {
        return invalid(
            StatusCode::PAYLOAD_TOO_LARGE,
            &["Event object is too large".to_owned()],
        );
    }
    let Some(event) = asked.object().filter(|_| asked.brings_json()) else {
        return invalid(
            StatusCode::BAD_REQUEST,
            &["Event object is not JSON".to_owned()],
        );
    };
    let wrong: Vec<_> = problems(&event).iter().map(words).collect();
    if wrong.is_empty() {
        accept(event, things)
    } else {
        invalid(StatusCode::BAD_REQUEST, &wrong)
    }
}

fn invalid(status: StatusCode, errors: &[String]) -> Verdict {
    Verdict::json(
        status,
        &json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors}),
    )
}

fn problems(event: &Value) -> Vec<Wrong> {
    let rules = Rules::of(event)
        .need("routing_key", ANY)
        .check("routing_key", Why::Value, |key| {
            key.as_str().is_some_and(|key| key.len() == 32)
        })
        .present("event_action")
        .choice("event_action", &ACTIONS)
        .text("dedup_key", 255);
    if event["event_action"] != "trigger" {
        return rules.need("dedup_key", 255).end();
    }
    let fits = |value: &Value, address: &str, fields: &[&str]| {
        value.as_array().is_some_and(|all| {
            all.iter().all(|one| {
                let known = |key: &String| fields.contains(&key.as_str());
                is_address(&one[address])
                    && one.as_object().is_some_and(|one| one.keys().all(known))
                    && one
                        .as_object()
                        .is_some_and(|one| one.values().all(Value::is_string))
            })
        })
    };
    let encrypted = |all: &Value| {
        let https = |image: &Value| {
            image["src"]
                .as_str()
                .is_some_and(|src| src.starts_with("https:"))
        };
        all.as_array().is_some_and(|all| all.iter().all(https))
    };
    rules
        .need("payload.summary", 1_024)
        .need("payload.source", ANY)
        .present("payload.severity")
        .choice("payload.severity", &SEVERITIES)
        .check("payload.timestamp", Why::Value, is_timestamp)
        .texts(
            &["payload.component", "payload.group", "payload.class"],
            ANY,
        )
        .check(
            "payload.custom_details",
            Why::Kind("object"),
            Value::is_object,
        )
        .texts(&["client", "client_url"], ANY)
        .check("links", Why::Value, |links| {
            fits(links, "href", &["href", "text"])
        })
        .check("images", Why::Value, |images| {
            fits(images, "src", &["src", "href", "alt"]) && encrypted(images)
        })
        .end()
}

/// ISO 8601 with date and time; the offset may be any.
fn is_timestamp(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        let start = text.get(..16).unwrap_or_default();
        super::created::looks_like(start, "0000-00-00T00:00")
    })
}

fn words(wrong: &Wrong) -> String {
    let field = &wrong.field;
    match wrong.why {
        Why::Missing => format!("'{field}' is missing or blank"),
        Why::Value if field == "routing_key" => {
            "Length of 'routing_key' is incorrect (should be 32 characters)".to_owned()
        }
        Why::Value if field == "payload.severity" => format!(
            "'{field}' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
        ),
        Why::Value => format!("'{field}' is invalid"),
        Why::Kind(kind) => format!("'{field}' is invalid (must be of type {kind})"),
        Why::TooLong(most) | Why::TooMany(most) => {
            format!("Length of '{field}' is incorrect (should be {most} characters or less)")
        }
    }
}

fn accept(mut event: Value, things: &mut Things) -> Verdict {
    let routing = event["routing_key"].as_str().unwrap_or_default().to_owned();
    if let Some(fields) = event.as_object_mut() {
        fields.remove("routing_key");
    }
    let key = match event["dedup_key"].as_str().filter(|key| !key.is_empty()) {
        Some(key) => key.to_owned(),
        None => things.hex(),
    };
    remember(&routing, &key, event, things);
    Verdict::json(
        StatusCode::ACCEPTED,
        &json!({"status": "success", "message": "Event processed", "dedup_key": key}),
    )
}

/// A trigger joins the open alert of its key, and opens a new one when there is
/// none. What is meant for an alert that is not open is dropped without a word.
fn remember(routing: &str, key: &str, mut event: Value, things: &mut Things) {
    let open = |one: &Created| one.scope == routing && one.thing["status"] != "resolved";
    let alert = things.find_mut(PROVIDER, key, open);
    let status = match event["event_action"].as_str() {
        Some("acknowledge") => "acknowledged",
        Some("resolve") => "resolved",
        _ => "triggered",
    };
    match (alert, status) {
        (Some(alert), "triggered") => alert.repeat(event),
        (Some(alert), _) => alert.thing["status"] = json!(status),
        (None, "triggered") => {
            event["status"] = json!(status);
            things.add(PROVIDER, routing, vec![key.to_owned()], event);
        }
        (None, _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Call, but};
    use super::*;

    fn event() -> Value {
        json!({
            "routing_key": "0123456789abcdef0123456789abcdef", "event_action": "trigger",
            "dedup_key": "alert-1", "client": "Tocsin", "client_url": "https://siem.example.com/1",
            "payload": {
                "summary": "[HIGH] x", "source": "Tocsin", "severity": "error",
                "timestamp": "2020-10-13T03:35:24Z", "component": "c", "group": "g", "class": "RULE",
                "custom_details": {"alertId": "alert-1"},
            },
            "links": [{"href": "https://siem.example.com/1", "text": "Alert"}],
        })
    }

    fn send(event: &Value, things: &mut Things) -> u16 {
        Call::post("/v2/enqueue", event)
            .to(answer, things)
            .status
            .as_u16()
    }

    #[test]
    fn a_good_event_is_accepted() {
        let (status, said) = Call::post("/v2/enqueue", &event()).ask(answer);
        assert_eq!(status, 202);
        assert_eq!(said["dedup_key"], "alert-1");
        assert_eq!(said["status"], "success");
    }

    #[test]
    fn every_rule_refuses() {
        for (pointer, value, error) in [
            ("/routing_key", json!("short"), "Length of 'routing_key'"),
            ("/routing_key", json!(null), "'routing_key' is missing"),
            ("/event_action", json!("page"), "'event_action' is invalid"),
            ("/event_action", json!(null), "'event_action' is missing"),
            (
                "/dedup_key",
                json!("k".repeat(256)),
                "Length of 'dedup_key'",
            ),
            (
                "/payload/summary",
                json!(""),
                "'payload.summary' is missing",
            ),
            (
                "/payload/summary",
                json!("s".repeat(1_025)),
                "Length of 'payload.summary'",
            ),
            (
                "/payload/source",
                json!(null),
                "'payload.source' is missing",
            ),
            (
                "/payload/severity",
                json!("HIGH"),
                "'payload.severity' is invalid",
            ),
            (
                "/payload/timestamp",
                json!("today"),
                "'payload.timestamp' is invalid",
            ),
            (
                "/payload/custom_details",
                json!("x"),
                "'payload.custom_details' is invalid",
            ),
            (
                "/payload/component",
                json!(1),
                "'payload.component' is invalid",
            ),
            ("/client_url", json!({}), "'client_url' is invalid"),
            (
                "/links",
                json!([{"href": "javascript:x"}]),
                "'links' is invalid",
            ),
            (
                "/links",
                json!([{"href": "https://a.example", "text": null}]),
                "'links' is invalid",
            ),
            (
                "/images",
                json!([{"src": "http://a.example/x.png"}]),
                "'images' is invalid",
            ),
        ] {
            let (status, said) =
                Call::post("/v2/enqueue", &but(&event(), pointer, value)).ask(answer);
            assert_eq!(status, 400, "{pointer}");
            assert_eq!(said["status"], "invalid event");
            assert!(
                said["errors"][0].as_str().unwrap().starts_with(error),
                "{said}"
            );
        }
        let call = Call::post("/v2/enqueue", &event());
        assert_eq!(call.clone().saying("{").ask(answer).0, 400);
        assert_eq!(
            call.clone()
                .with("content-type", "text/plain")
                .ask(answer)
                .0,
            400
        );
        assert_eq!(Call::get("/v2/enqueue").ask(answer).0, 405);
        let large = but(
            &event(),
            "/payload/custom_details/x",
            json!("x".repeat(LARGEST)),
        );
        assert_eq!(Call::post("/v2/enqueue", &large).ask(answer).0, 413);
        let resolve = json!({"routing_key": event()["routing_key"], "event_action": "resolve"});
        assert_eq!(Call::post("/v2/enqueue", &resolve).ask(answer).0, 400);
    }

    #[test]
    fn a_key_opens_one_alert_until_it_is_resolved() {
        let mut things = Things::default();
        assert_eq!(send(&event(), &mut things), 202);
        assert_eq!(send(&event(), &mut things), 202);
        assert_eq!(things.of(PROVIDER).count(), 1);
        assert_eq!(things.find(PROVIDER, "alert-1").unwrap().count, 2);

        let other = but(&event(), "/routing_key", json!("R".repeat(32)));
        assert_eq!(send(&other, &mut things), 202);
        assert_eq!(things.of(PROVIDER).count(), 2);

        let resolve = but(&event(), "/event_action", json!("resolve"));
        assert_eq!(send(&resolve, &mut things), 202);
        assert_eq!(send(&event(), &mut things), 202);
        assert_eq!(things.of(PROVIDER).count(), 3);
        // The key that may send is nobody's to see.
        let shown = serde_json::to_string(things.find(PROVIDER, "alert-1").unwrap()).unwrap();
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }
}
