//! Messages as sources really send them, and as those write them who would rather that
//! nobody is alerted. `cases/` holds them byte by byte.

use super::*;

/// A message that arrived a minute after its alert was raised.
fn case(body: &str) -> Alert {
    let sent_at = "2026-03-02T22:42:09Z".parse().unwrap();
    parse_sent(body, sent_at).unwrap_or_else(|error| panic!("{body}: {error}"))
}

macro_rules! case {
    ($name:literal) => {
        case(include_str!(concat!("cases/", $name, ".json")))
    };
}

fn said(alert: &Alert) -> String {
    let notes: Vec<_> = alert.notes.iter().map(ToString::to_string).collect();
    notes.join("; ")
}

#[test]
fn numbers_keep_every_digit() {
    let alert = case!("bigint");
    assert_eq!(alert.notes, []);
    let payload = Payload::of(&alert, alert.severity).to_json();
    let text = crate::json::indented(&alert.alert_context.to_map());
    for digits in [
        "18446744073709551615",
        "3544790567247868102",
        "42540766411282592856903984951653826561",
        "-9223372036854775809",
        "0.1234567890123456789",
    ] {
        assert!(payload.contains(&format!(":{digits}")), "{payload}");
        assert!(text.contains(digits), "{text}");
    }
    // On the way through the ledger and an invocation, too.
    let stored = serde_json::to_string(&alert).unwrap();
    assert_eq!(serde_json::from_str::<Alert>(&stored).unwrap(), alert);
}

#[test]
fn only_a_value_that_cannot_be_kept_is_replaced() {
    let alert = case!("hugefloat");
    let context = alert.alert_context.to_map();
    assert_eq!(context["rate"], "1e400");
    assert_eq!(context["ip"], "198.51.100.7");
    assert_eq!(context["user"], "alice@example.com");
    assert!(said(&alert).contains("out of the range of numbers"));

    let alert = case!("deep");
    assert_eq!(alert.alert_context.to_map()["keep"], "me");
    assert!(said(&alert).contains("nested too deeply"));
}

#[test]
fn numbers_that_json_does_not_know_are_texts() {
    for (alert, field, value) in [
        (case!("nan"), "score", "NaN"),
        (case!("nan"), "upper", "Infinity"),
        (case!("nan-in-sns"), "score", "NaN"),
        (
            case!("nan-in-sns"),
            "text",
            "NaN stays NaN, \"Infinity\" too",
        ),
    ] {
        assert_eq!(alert.alert_context.to_map()[field], value);
        assert_eq!(alert.alert_context.to_map()["ip"], "198.51.100.7");
        assert!(said(&alert).contains("NaN or Infinity"), "{}", said(&alert));
    }
    let alert = case!("infinity");
    assert!(alert.alert_context.as_json().contains("\"-Infinity\""));
}

#[test]
fn a_byte_order_mark_does_not_stop_an_alert() {
    assert_eq!(case!("bom").detection_id, "Win.Logon");
    let envelope = json!({
        "Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t",
        "Message": include_str!("cases/bom.json"),
    });
    assert_eq!(case(&envelope.to_string()).detection_id, "Win.Logon");
}

#[test]
fn an_id_of_null_is_none() {
    let alert = case!("nul-id-community");
    assert_eq!(alert.detection_id, "Okta.Lockout");
    assert_eq!(alert.name.as_deref(), Some("Lockout"));
}

#[test]
fn times_are_read_as_they_are_meant() {
    for (alert, time) in [
        (case!("iso-no-tz"), "2026-03-02T22:41:09.123456Z"),
        (case!("space-tz"), "2026-03-02T22:41:09.123456Z"),
        (case!("epoch"), "2026-03-02T22:41:09Z"),
    ] {
        assert_eq!(alert.created_at.to_string(), time);
        assert!(matches!(&alert.notes[..], [Note::ReadAs { field, .. }] if field == "createdAt"));
    }
    let leap = parsed(&with("createdAt", json!("2016-12-31T23:59:60Z")));
    assert_eq!(leap.created_at.to_string(), "2017-01-01T00:00:00Z");
    assert_eq!(leap.notes, []);
}

#[test]
fn a_time_that_cannot_be_read_is_that_of_the_queue() {
    for unreadable in [json!("yesterday"), json!({"at": 1}), Value::Null] {
        let alert = case(&with("createdAt", unreadable.clone()).to_string());
        assert_eq!(alert.created_at.to_string(), "2026-03-02T22:42:09Z");
        assert!(
            said(&alert).contains("the time it was sent"),
            "{unreadable}"
        );
    }
}

#[test]
fn labels_are_read_as_they_are_meant() {
    let alert = case!("severity-informational");
    assert_eq!(alert.severity, Severity::Info);
    assert_eq!(
        said(&alert),
        "`severity` was \"Informational\" and was read as INFO"
    );
    for (given, expected) in [
        (json!(8), Severity::High),
        (json!(2.5), Severity::Low),
        (json!("sev1"), Severity::Critical),
        (json!("chartreuse"), Severity::High),
        (json!({"level": "low"}), Severity::High),
        (Value::Null, Severity::High),
        (json!(" "), Severity::High),
    ] {
        let alert = parsed(&with("severity", given.clone()));
        assert_eq!(alert.severity, expected, "{given}");
        assert!(matches!(&alert.notes[..], [Note::ReadAs { .. }]));
    }
    for (given, expected) in [
        ("scheduled rule", crate::alert::AlertType::ScheduledRule),
        ("NOISE", crate::alert::AlertType::Rule),
    ] {
        let alert = parsed(&with("type", json!(given)));
        assert_eq!(alert.alert_type, expected);
        assert!(matches!(&alert.notes[..], [Note::ReadAs { .. }]));
    }
    assert_eq!(parsed(&with("id", json!(7))).detection_id, "7");
}

#[test]
fn a_title_of_two_lines_is_one_line_without_a_note() {
    let alert = case!("newline-title");
    assert_eq!(
        alert.title,
        "Run failed: Traceback (most recent call last) line 1"
    );
    assert_eq!(alert.notes, []);
}

#[test]
fn a_link_leads_where_it_says() {
    let alert = case!("link-odd");
    assert_eq!(
        alert.link.as_deref(),
        Some("https://siem.example/alerts/a%20b?x=1&y=%3Cz%3E|%22q%22#f")
    );
    let alert = case!("link-userinfo");
    assert_eq!(alert.link.as_deref(), Some("https://evil.example/"));
    assert!(said(&alert).contains("without user name and password"));
}

#[test]
fn the_longest_value_is_cut_and_the_others_arrive_whole() {
    let body = include_str!("cases/first-value-long.json");
    let given: Value = serde_json::from_str(body).unwrap();
    let longer = body.replacen("AAAA", &"A".repeat(5_000), 1);
    for body in [body, &longer] {
        let context = case(body).alert_context.to_map();
        for (key, value) in given["alertContext"].as_object().unwrap() {
            assert!(context[key] == *value || key == "userAgent", "{key}");
        }
        assert!(context["userAgent"].as_str().unwrap().starts_with("AAAA"));
    }
    assert!(said(&case(&longer)).contains("`alertContext` was cut"));
}

#[test]
fn what_is_invisible_becomes_visible() {
    let alert = case!("invisible");
    assert_eq!(
        alert.title,
        "pay\u{fffd}pal\u{fffd} \u{fffd}\u{fffd} login\u{fffd} \u{fffd} x"
    );
    let description = alert.description.as_deref().unwrap();
    assert!(description.contains("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} stays"));
    assert!(description.contains("\u{645}\u{6cc}\u{200c}\u{62e}"));
    let shown = crate::json::indented(&alert.alert_context.to_map());
    assert!(
        shown.contains(r#""u\u200bser": "mal\ufff9lo\ufffbry""#),
        "{shown}"
    );
}

#[test]
fn an_id_of_two_lines_is_one_line() {
    let alert = case!("forged-terminal-line");
    assert_eq!(alert.detection_id, "Atk.Det DELIVERED forged line");
    let shown = crate::json::indented(&alert.alert_context.to_map());
    assert!(!crate::text::hides(&shown), "{shown}");
}

#[test]
fn noncharacters_can_be_sent_again() {
    let alert = case!("noncharacters");
    let body = serde_json::to_string(&alert).unwrap();
    let body = crate::json::for_queue(&body);
    assert!(!body.contains(['\u{fffe}', '\u{ffff}']));
    assert_eq!(case(&body), alert);
}

/// A value as encoders write it: JSON, and what they write besides.
fn near_json() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any_json().prop_map(|value| value.to_string()),
        1 => Just("NaN".to_owned()),
        1 => Just("-Infinity".to_owned()),
        1 => Just("1e999".to_owned()),
        1 => "-?[1-9][0-9]{0,60}(\\.[0-9]{1,30})?",
        1 => (1usize..300).prop_map(|levels| "[".repeat(levels) + &"]".repeat(levels)),
        1 => prop_oneof![0usize..300, 150_000usize..250_000].prop_map(|length| format!("\"{}\"", "x".repeat(length))),
        1 => Just(r#""\ud800""#.to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_small_value_that_goes_in_comes_out(
        id in near_json(), severity in near_json(), kind in near_json(), created_at in near_json(),
        strange in prop::collection::vec(near_json(), 0..6),
        small in prop::collection::btree_map("[a-z]{1,8}", "[ -~]{0,60}", 1..20),
        pretty in any::<bool>(), bom in any::<bool>(),
    ) {
        let mut entries: Vec<_> = strange
            .iter()
            .enumerate()
            .map(|(at, value)| format!("\"#{at}\":{value}"))
            .collect();
        entries.extend(small.iter().map(|(key, value)| format!("{}:{}", json!(key), json!(value))));
        let space = if pretty { "\n\t" } else { "" };
        let bom = if bom { "\u{feff}" } else { "" };
        let body = format!(
            "{bom}{{{space}\"id\":\"A\",\"severity\":{severity},\"type\":{kind},\"createdAt\":{created_at},\
            {space}\"name\":{id},\"alertContext\":{{{}}}}}",
            entries.join(",")
        );
        let sent_at = "2026-03-02T22:42:09Z".parse().unwrap();
        let alert = parse_sent(&body, sent_at).unwrap();
        let context = alert.alert_context.to_map();
        for (key, value) in &small {
            prop_assert_eq!(&context[key], value);
        }
    }
}
