use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn entries(list: List) -> Entries {
    Entries {
        list,
        containing: "needle".to_owned(),
    }
}

fn read(list: List, text: &str, piece: usize) -> (String, Extent) {
    let entries = entries(list);
    let mut reader = EntryReader::new(&entries);
    for piece in text.as_bytes().chunks(piece) {
        if reader.push(piece).is_break() {
            break;
        }
    }
    let (body, extent) = reader.finish();
    (String::from_utf8(body).unwrap(), extent)
}

#[test]
fn only_the_entries_with_the_text_are_kept() {
    let list = r#"[ {"a": "x"}, {"b": ["needle", {"c": "],\"["}]} , "needle", [[]], null ]"#;
    let kept = r#"{"b": ["needle", {"c": "],\"["}]}"#;
    for piece in [1, 2, 7, 1_000] {
        let (body, extent) = read(List::Root, list, piece);
        assert_eq!(extent, Extent::Whole);
        assert_eq!(body, format!(r#"[ {kept} , "needle"]"#));
        let object = format!(r#"{{"x": ["needle"], "y": {{"data": [1]}}, "data":{list}, "z"#);
        let (body, extent) = read(List::Field("data"), &object, piece);
        assert_eq!(extent, Extent::Whole);
        assert_eq!(body, format!(r#"{{"data":[ {kept} , "needle"]}}"#));
    }
}

#[test]
fn a_response_without_the_list_is_returned_as_it_is() {
    for text in [
        "",
        "<html>[1]",
        r#"{"data": {}}"#,
        r#"{"message": "[needle]"}"#,
        "null",
    ] {
        let (body, extent) = read(List::Field("data"), text, 3);
        assert_eq!((body.as_str(), extent), (text, Extent::Whole));
    }
    let (body, _) = read(List::Field("data"), &"x".repeat(LIST_LIMIT), 4_096);
    assert_eq!(body.len(), RESPONSE_LIMIT);
}

#[test]
fn what_was_not_read_is_told() {
    let list = r#"[{"a": "needle"}, {"b": 1}]"#;
    for end in 1..list.len() {
        let (body, extent) = read(List::Root, &list[..end], 5);
        assert_eq!(extent, Extent::Interrupted, "{end}");
        let kept: Vec<Value> = serde_json::from_str(&body).unwrap();
        // The entry counts when its end was seen.
        assert_eq!(kept.len(), usize::from(end > 16), "{end}");
    }
    let long = format!(r#"["needle", "{}needle"]"#, "x".repeat(ENTRY_LIMIT));
    let (body, extent) = read(List::Root, &long, 4_096);
    assert_eq!(
        (body.as_str(), extent),
        (r#"["needle"]"#, Extent::OverLimit(ENTRY_LIMIT))
    );
    let endless = format!("[{}", "0,".repeat(LIST_LIMIT));
    let (body, extent) = read(List::Root, &endless, 4_096);
    assert_eq!(
        (body.as_str(), extent),
        ("[]", Extent::OverLimit(LIST_LIMIT))
    );
}

#[test]
fn one_entry_is_in_memory_at_a_time() {
    // A tree of values of this list would take 300 MiB.
    let tiny = format!("[{}]", vec![r#"{"":0}"#; LIST_LIMIT / 7 - 1].join(","));
    let entries = entries(List::Root);
    let mut reader = EntryReader::new(&entries);
    for piece in tiny.as_bytes().chunks(16 * 1024) {
        let _ = reader.push(piece);
        let Entry::Held(entry) = &reader.entry else {
            panic!()
        };
        let held = entry.capacity() + reader.kept.capacity() + reader.head.capacity();
        assert!(held < 1_024, "{held}");
    }
    assert_eq!(reader.finish(), (b"[]".to_vec(), Extent::Whole));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<i32>().prop_map(Value::from),
        r#"[\[\]{},:"\\a é\n]{0,8}"#.prop_map(Value::from),
        Just(json!("a needle")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((r#"[a"\\\[]{0,3}|data"#, inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_keeps_what_a_parser_finds(
        list in prop::collection::vec(value(), 0..6),
        before in value(),
        piece in 1_usize..40,
    ) {
        let wanted: Vec<&Value> = list
            .iter()
            .filter(|entry| entry.to_string().contains("needle"))
            .collect();
        let (body, extent) = read(List::Root, &json!(list).to_string(), piece);
        prop_assert_eq!(extent, Extent::Whole);
        prop_assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!(wanted));
        let object = json!({"before": before, "data": list, "after": before});
        let (body, extent) = read(List::Field("data"), &object.to_string(), piece);
        prop_assert_eq!(extent, Extent::Whole);
        prop_assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({"data": wanted}));
    }
}
