use proptest::prelude::*;
use serde_json::{Value, json};

mod cases;

use super::*;
use crate::alert::{AlertId, Payload, Severity};

fn good() -> Value {
    json!({
        "id": "Okta.Lockout", "createdAt": "2020-10-13T03:35:24Z", "severity": "high", "type": "rule",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut alert = good();
    alert[field] = value;
    alert
}

fn parsed(value: &Value) -> Alert {
    parse(&value.to_string()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

#[test]
fn four_fields_make_an_alert() {
    let alert = parsed(&good());
    assert_eq!(alert.severity, Severity::High);
    assert_eq!(alert.title, "Okta.Lockout");
    assert_eq!(alert.alert_id.as_str().len(), 32);
    assert_eq!(alert.routing, RoutingHints::default());
    assert_eq!(alert.notes, []);
}

#[test]
fn the_title_falls_back_to_the_name_then_the_id() {
    assert_eq!(parsed(&with("name", json!("Lockout"))).title, "Lockout");
    assert_eq!(
        parsed(&with("title", json!("  two\n lines "))).title,
        "two lines"
    );
    assert_eq!(parsed(&with("title", json!(""))).title, "Okta.Lockout");
}

#[test]
fn a_message_that_is_not_an_alert_says_which_field_is_wrong() {
    let table: [(&str, &str, &str); 13] = [
        ("not json", "NotJson", "line 1 column"),
        ("", "NotJson", "EOF"),
        ("{\"id\": \"a\"", "NotJson", "EOF"),
        ("[1, 2]", "NotObject", "found a list"),
        ("\"text\"", "NotObject", "found a string"),
        ("7", "NotObject", "found a number"),
        ("{}", "MissingField", "`id`"),
        (
            r#"{"id": [7]}"#,
            "WrongKind",
            "`id` must be a string, found a list",
        ),
        (
            r#"{"id": "a", "severity": "LOW", "type": "RULE", "createdAt": null}"#,
            "MissingField",
            "`createdAt`",
        ),
        (
            r#"{"id": "a", "severity": "LOW", "type": "RULE", "createdAt": "now"}"#,
            "BadTimestamp",
            "`createdAt` is \"now\"",
        ),
        (
            r#"{"id": "a", "createdAt": "2020-10-13T03:35:24Z", "type": "RULE"}"#,
            "MissingField",
            "`severity`",
        ),
        (
            r#"{"id": "a", "createdAt": "2020-10-13T03:35:24Z", "severity": "LOW"}"#,
            "MissingField",
            "`type`",
        ),
        (
            r#"{"Type": "SubscriptionConfirmation", "TopicArn": "arn:x", "Message": "hello"}"#,
            "NotANotification",
            "SubscriptionConfirmation",
        ),
    ];
    for (body, code, said) in table {
        let error = parse(body).unwrap_err();
        assert_eq!(error.code(), code, "{body}");
        assert!(error.to_string().contains(said), "{body}: {error}");
    }
}

#[test]
fn hostile_values_are_not_repeated_at_length_in_errors() {
    let error =
        parse(&with("createdAt", json!("\u{202e}x".repeat(50_000))).to_string()).unwrap_err();
    let said = error.to_string();
    assert!(said.len() < 500 && !said.contains('\u{202e}'), "{said}");
}

#[test]
fn optional_fields_of_the_wrong_kind_cost_themselves_only() {
    let mut alert = good();
    alert["version"] = json!(3);
    alert["tags"] = json!("one");
    alert["logTypes"] = json!(["AWS.CloudTrail", {"not": "a text"}, 7]);
    alert["runbook"] = json!(["a", "list"]);
    alert["link"] = json!("javascript:alert(1)");
    alert["routing"] = json!("dev-general");
    let alert = parsed(&alert);
    assert_eq!(alert.version.as_deref(), Some("3"));
    assert_eq!(alert.tags, ["one"]);
    assert_eq!(alert.log_types, ["AWS.CloudTrail", "7"]);
    assert_eq!((alert.runbook, alert.link), (None, None));
    let aside: Vec<_> = alert
        .notes
        .iter()
        .map(|note| match note {
            Note::SetAside { field, .. } => field.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(aside, ["routing", "link", "runbook", "logTypes"]);
}

#[test]
fn routing_is_read_null_and_empty_apart() {
    let alert = parsed(&with(
        "routing",
        json!({"destinations": [], "destinationOverride": null, "severity": "DEFAULT"}),
    ));
    assert_eq!(alert.routing.destinations, Some(vec![]));
    assert_eq!(alert.routing.destination_override, None);
    assert_eq!(alert.routing.severity.as_deref(), Some("DEFAULT"));
}

#[test]
fn only_an_empty_list_means_nobody() {
    for unusable in [json!([null]), json!([{"name": "soc"}, ["soc"]])] {
        let alert = parsed(&with("routing", json!({"destinations": unusable})));
        assert_eq!(alert.routing.destinations, None, "{unusable}");
        assert!(
            matches!(&alert.notes[0], Note::SetAside { field, .. } if field == "routing.destinations")
        );
    }
    let alert = parsed(&with("routing", json!({"destinations": [null, "soc"]})));
    assert_eq!(alert.routing.destinations, Some(vec!["soc".to_owned()]));
}

#[test]
fn a_generated_severity_is_read_as_it_is_meant() {
    for (given, expected) in [
        (json!("sev1"), "CRITICAL"),
        (json!(8), "HIGH"),
        (json!("critical"), "critical"),
        (json!("DEFAULT"), "DEFAULT"),
        (json!("chartreuse"), "chartreuse"),
    ] {
        let alert = parsed(&with("routing", json!({"severity": given})));
        assert_eq!(alert.routing.severity.as_deref(), Some(expected));
    }
}

#[test]
fn the_community_edition_form_is_understood_and_its_empty_lists_are_absent() {
    let alert = parsed(&json!({
        "analysisId": "AWS.Root", "analysisName": "Root used", "analysisDescription": "d",
        "type": "POLICY", "createdAt": "2021-04-06T12:00:00.123456789Z", "severity": "CRITICAL",
        "outputIds": ["7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11"], "destinations": [],
        "alertId": "8304cc90750d4b8f9a63b90a4543c707", "context": {"ip": "1.2.3.4"}, "retryCount": 2,
    }));
    assert_eq!(alert.detection_id, "AWS.Root");
    assert_eq!(alert.title, "Root used");
    assert_eq!(alert.description.as_deref(), Some("d"));
    assert_eq!(alert.alert_context.to_map()["ip"], "1.2.3.4");
    assert_eq!(alert.routing.destinations, None);
    assert_eq!(alert.routing.destination_override.unwrap().len(), 1);
}

#[test]
fn an_sns_envelope_is_removed() {
    let envelope = json!({
        "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:1:t",
        "Message": good().to_string(), "Timestamp": "2020-10-13T03:35:24.000Z",
    });
    let same = parsed(&good());
    assert_eq!(parsed(&envelope), same);
    let mut wrong = envelope;
    wrong["Message"] = json!("plain words");
    assert_eq!(parse(&wrong.to_string()).unwrap_err().code(), "NotJson");
}

#[test]
fn without_an_id_the_same_alert_gets_the_same_one() {
    let mut other_routing = good();
    other_routing["routing"] = json!({"destinations": ["x"]});
    let first = parsed(&good()).alert_id;
    assert_eq!(first, parsed(&other_routing).alert_id);
    assert_ne!(first, parsed(&with("title", json!("another"))).alert_id);
}

#[test]
fn an_id_that_cannot_be_a_key_is_replaced_and_noted() {
    let alert = parsed(&with("alertId", json!("x".repeat(600))));
    assert_eq!(alert.alert_id.as_str().len(), 32);
    assert!(matches!(&alert.notes[..], [Note::SetAside { field, .. }] if field == "alertId"));
}

#[test]
fn a_reused_id_gives_the_other_alert_its_own() {
    let first = parsed(&with("alertId", json!("x".repeat(512))));
    let again = first.clone().with_derived_id();
    assert_ne!(first.alert_id, again.alert_id);
    assert!(AlertId::new(again.alert_id.as_str()).is_some());
    assert_eq!(again.alert_id, first.clone().with_derived_id().alert_id);
}

#[test]
fn nul_and_lone_surrogates_do_not_stop_an_alert() {
    let body = r#"{"id":"A","createdAt":"2020-10-13T03:35:24Z","severity":"LOW","type":"RULE",
        "title":"nul \u0000 here","description":"half \ud800 pair","alertContext":{"raw":"\udfff"}}"#;
    let alert = parse(body).unwrap();
    assert_eq!(alert.title, "nul \u{fffd} here");
    assert_eq!(alert.description.as_deref(), Some("half \u{fffd} pair"));
    assert_eq!(alert.alert_context.to_map()["raw"], "\u{fffd}");
    assert!(alert.notes.contains(&Note::LoneSurrogates));
    assert!(alert.notes.contains(&Note::Sanitized {
        field: "title".to_owned()
    }));
}

#[test]
fn deep_nesting_costs_the_value_and_not_the_alert() {
    for levels in [101, 1_000, 200_000] {
        let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let body = good().to_string().replacen(
            '{',
            &format!("{{\"alertContext\":{{\"keep\":\"me\",\"a\":{deep}}},\"x\":{deep},"),
            1,
        );
        let alert = parse(&body).unwrap();
        assert_eq!(alert.alert_context.to_map()["keep"], "me");
        assert!(
            alert
                .alert_context
                .as_json()
                .contains("bytes cut: nested deeper")
        );
        assert!(
            matches!(&alert.notes[..], [Note::Replaced { field, count: 1, .. }] if field == "alertContext")
        );
    }
    let bare = "[".repeat(100_000);
    assert_eq!(parse(&bare).unwrap_err().code(), "NotObject");
}

#[test]
fn a_context_over_its_limit_keeps_what_fits_and_says_what_was_cut() {
    let alert = parsed(&with(
        "alertContext",
        json!({"first": "a", "huge": "x".repeat(1_000_000), "last": "z"}),
    ));
    assert_eq!(alert.alert_context.to_map()["first"], "a");
    let huge = alert.alert_context.to_map()["huge"].clone();
    let huge = huge.as_str().unwrap();
    assert!(huge.starts_with("xxx") && huge.ends_with("characters cut)"));
    assert!(alert.alert_context.as_json().len() > limits::CONTEXT - 200);
    assert_eq!(alert.alert_context.to_map()["last"], "z");
    assert!(matches!(&alert.notes[..], [Note::Cut { field, .. }] if field == "alertContext"));
}

#[test]
fn a_context_of_numbers_is_measured_as_it_will_be_written() {
    // `9e9` is three bytes here and twelve when written again.
    let numbers = vec!["9e9"; 50_000].join(",");
    let body = good().to_string().replacen(
        '{',
        &format!("{{\"alertContext\":{{\"n\":[{numbers}]}},"),
        1,
    );
    let alert = parse(&body).unwrap();
    let written = serde_json::to_string(&alert.alert_context).unwrap();
    assert!(written.len() <= limits::CONTEXT, "{}", written.len());
}

#[test]
fn texts_and_lists_over_their_limits_are_cut_and_noted() {
    let mut alert = good();
    alert["title"] = json!("t".repeat(1_001));
    alert["description"] = json!("é".repeat(20_000));
    alert["tags"] = json!(vec!["tag"; 150]);
    let alert = parsed(&alert);
    assert!(alert.title.ends_with("characters cut)"));
    assert!(alert.description.unwrap().len() <= limits::LONG_TEXT);
    assert_eq!(alert.tags.len(), limits::TAGS);
    assert_eq!(alert.notes.len(), 3);
}

/// A DynamoDB item has 400 KB, and there is content that cannot be compressed.
#[test]
fn an_alert_whose_parts_keep_their_limits_is_bounded_as_a_whole() {
    let mut alert = good();
    for field in ["description", "runbook"] {
        alert[field] = json!("\"".repeat(limits::LONG_TEXT));
    }
    for field in ["tags", "logTypes"] {
        alert[field] = json!(vec!["t".repeat(limits::TAG); limits::TAGS]);
    }
    alert["alertContext"] = json!({
        "first": "a", "large": "x".repeat(150_000), "rest": "y".repeat(40_000), "last": "z",
    });
    let alert = parsed(&alert);
    let size = serde_json::to_string(&alert).unwrap().len();
    assert!(size <= limits::ALERT, "{size}");
    let context = alert.alert_context.to_map();
    assert_eq!(context["first"], "a");
    assert_eq!(context["rest"], "y".repeat(40_000));
    assert!(
        context["large"]
            .as_str()
            .unwrap()
            .ends_with("characters cut)")
    );
    assert_eq!(context["last"], "z");
    assert!(matches!(&alert.notes[..], [.., Note::Cut { field, .. }] if field == "alertContext"));
}

#[test]
fn an_alert_with_other_hints_or_another_severity_is_the_same_finding() {
    let alert = parsed(&with("alertId", json!("a")));
    let changed = |field: &str, value: Value| {
        let mut json = with("alertId", json!("a"));
        json[field] = value;
        parsed(&json)
    };
    for (field, value, same) in [
        ("severity", json!("CRITICAL"), true),
        ("routing", json!({"destinations": ["a"]}), true),
        ("tags", json!(["another"]), false),
        ("alertContext", json!({"another": 1}), false),
    ] {
        let other = changed(field, value);
        assert_eq!(alert.is_same_finding(&other), same, "{field}");
    }
}

/// Texts that detections really produce, and those that nobody should.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z]{0,20}", "\\\\u[d-f][0-9a-f]{3}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,8}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const FIELDS: [&str; 12] = [
    "title",
    "name",
    "alertId",
    "link",
    "description",
    "runbook",
    "tags",
    "logTypes",
    "alertContext",
    "routing",
    "version",
    "reference",
];

proptest! {
    #[test]
    fn any_text_is_an_alert_or_an_error(body in any::<String>()) {
        let _ = parse(&body);
    }

    #[test]
    fn any_json_is_an_alert_or_an_error(value in any_json()) {
        let _ = parse(&value.to_string());
    }

    #[test]
    fn no_optional_field_can_stop_an_alert(values in prop::collection::vec(any_json(), FIELDS.len())) {
        let mut alert = good();
        for (field, value) in FIELDS.iter().zip(values) {
            alert[*field] = value;
        }
        let alert = parsed(&alert);
        prop_assert!(!alert.title.is_empty() && !alert.title.contains('\n'));
        let json = serde_json::to_string(&alert).unwrap();
        prop_assert_eq!(serde_json::from_str::<Alert>(&json).unwrap(), alert);
    }
}

proptest! {
    // Each case is some megabytes of text.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn an_alert_is_always_small_enough_for_what_follows(
        long in "[\"\\\\é🔑x]{0,300}", times in 0usize..400, entries in 0usize..400,
    ) {
        let huge = long.repeat(times);
        let mut alert = good();
        for field in FIELDS {
            alert[field] = json!(huge);
        }
        alert["tags"] = json!(vec![&long; entries]);
        alert["routing"] = json!({"destinations": vec![&long; entries]});
        alert["alertContext"] = json!({"a": huge, "b": {"c": [huge]}});
        let alert = parsed(&alert);
        prop_assert!(serde_json::to_string(&alert).unwrap().len() < 450 * 1024);
        prop_assert!(Payload::of(&alert, alert.severity).to_json().len() < 450 * 1024);
    }
}

#[test]
fn an_id_is_checked_wherever_it_comes_from() {
    let read = |id: &str| serde_json::from_value::<crate::alert::AlertId>(id.into());
    assert_eq!(read("fine").unwrap().as_str(), "fine");
    for unfit in ["", "a\u{1b}[2J", "a\nb", &"x".repeat(10_000)] {
        assert!(read(unfit).is_err(), "{unfit:?}");
    }
}
