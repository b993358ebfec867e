use super::*;
use proptest::prelude::*;

#[test]
fn harmless_text_is_left_alone() {
    let text = "Schlüssel 鍵 🔑\tand a\nnewline, 👩‍💻 joined";
    assert!(matches!(sanitize(text), Cow::Borrowed(same) if same == text));
}

#[test]
fn what_hides_or_reorders_becomes_visible() {
    assert_eq!(sanitize("a\0b\u{1b}[31m"), "a\u{fffd}b\u{fffd}[31m");
    assert_eq!(sanitize("invoice\u{202e}fdp.exe"), "invoice\u{fffd}fdp.exe");
    assert_eq!(
        sanitize("x\u{ffff}\u{fdd0}\u{1fffe}y"),
        "x\u{fffd}\u{fffd}\u{fffd}y"
    );
    assert_eq!(sanitize("a\r\nb\rc\u{2028}d"), "a\nb\nc\nd");
}

#[test]
fn invisible_characters_become_visible_and_joiners_stay_where_they_belong() {
    for (given, expected) in [
        ("pay\u{200b}pal\u{2060}", "pay\u{fffd}pal\u{fffd}"),
        (
            "a\u{e0041}\u{e0042}b\u{ad}c\u{3164}d",
            "a\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}d",
        ),
        ("mal\u{fff9}lo\u{fffb}ry", "mal\u{fffd}lo\u{fffd}ry"),
        ("SKIP\u{200d}", "SKIP\u{fffd}"),
        ("a\u{200d}b\u{200c}c", "a\u{fffd}b\u{fffd}c"),
        ("x\u{fe0f}", "x\u{fffd}"),
        ("1\u{fe0f}92.0.2\u{fe0e}", "1\u{fffd}92.0.2\u{fffd}"),
    ] {
        assert_eq!(sanitize(given), expected);
        assert!(hides(given));
        assert_eq!(sanitize(expected), expected);
    }
    for kept in [
        "👨\u{200d}👩\u{200d}👧 and 👩🏽\u{200d}💻",
        "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
    ] {
        assert_eq!(sanitize(kept), kept);
    }
    assert!(!hides("a\r\nb\u{2028}c"));
}

#[test]
fn a_joiner_beside_a_replaced_character_is_replaced_too() {
    let dangling = "x\u{fe0f}\u{200d}👩 \u{202e}\u{200c}م";
    assert_eq!(sanitize(dangling), "x\u{fffd}\u{fffd}👩 \u{fffd}\u{fffd}م");
}

#[test]
fn hidden_characters_can_be_escaped_instead() {
    let hides = "a\u{202e}\u{1b}\r\u{2028}\n\t👩\u{200d}💻";
    assert_eq!(
        escape_hidden(hides, char::escape_default),
        "a\\u{202e}\\u{1b}\\r\\u{2028}\n\t👩\u{200d}💻"
    );
    let harmless = escape_hidden("é\n", char::escape_default);
    assert!(matches!(harmless, Cow::Borrowed("é\n")));
}

#[test]
fn a_cut_says_how_much_was_cut() {
    let text = "x".repeat(2000);
    let cut = truncate(&text, 1000, Unit::Characters);
    assert!(cut.ends_with("… (1023 characters cut)"), "{}", &cut[960..]);
    assert_eq!(Unit::Characters.length(&cut), 1000);
    assert_eq!(truncate("short", 5, Unit::Bytes), "short");
    assert_eq!(truncate("shorter", 5, Unit::Bytes), "sh…");
    assert_eq!(truncate("shorter", 2, Unit::Bytes), "");
}

#[test]
fn a_line_is_one_sanitized_line_of_bounded_length() {
    assert_eq!(line(" a\r\nb\u{202e}\tc ", 10), "a b\u{fffd} c");
    assert_eq!(line("abcdef", 3), "ab…");
}

#[test]
fn every_line_is_indented() {
    assert_eq!(
        indented("a\n\nSeverity: INFO\n"),
        "  a\n  \n  Severity: INFO"
    );
}

#[test]
fn clipping_marks_the_end() {
    assert_eq!(clipped("abcdef", 6), "abcdef");
    assert_eq!(clipped("abcdefg", 6), "abcde…");
    assert_eq!(clipped("🔑🔑🔑", 4), "🔑…");
    assert_eq!(clipped("ab", 1), "…");
    assert_eq!(clipped("ab", 0), "");
}

#[test]
fn as_much_is_rendered_as_fits() {
    let twice = |text: &str| text.repeat(2);
    let rendered = |text, limit| fit(text, limit, twice, |made: &String| made.len());
    assert_eq!(rendered("abc", 6), "abcabc");
    assert_eq!(rendered("abcdefgh", 10), "ab…ab…");
    assert_eq!(rendered("abc", 0), "");
    let framed = |text: &str| format!("<{text}>");
    assert_eq!(fit("abc", 1, framed, |made: &String| made.len()), "<>");
}

#[test]
fn emoji_count_as_two_utf16_units_and_four_bytes() {
    assert_eq!(Unit::Characters.length("🔑"), 2);
    assert_eq!(Unit::Bytes.length("🔑"), 4);
    assert_eq!(prefix("🔑🔑", 3, Unit::Characters), "🔑");
}

proptest! {
    #[test]
    fn json_units_count_what_serde_json_writes(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        let nested = serde_json::to_string(&json).unwrap();
        prop_assert_eq!(Unit::JsonBytes.length(&text) + 2, json.len());
        prop_assert_eq!(Unit::JsonCharacters.length(&text) + 2, json.encode_utf16().count());
        // The quotes around are 1 byte each when written, 2 when nested, and 1 more around all.
        prop_assert_eq!(Unit::NestedJsonBytes.length(&text) + 6, nested.len());
    }

    #[test]
    fn a_cut_keeps_its_limit_and_the_beginning(
        text in "\\PC{0,200}", limit in 0usize..120, bytes in any::<bool>()
    ) {
        let unit = if bytes { Unit::Bytes } else { Unit::Characters };
        let cut = truncate(&text, limit, unit);
        prop_assert!(unit.length(&cut) <= limit);
        if unit.length(&text) > limit {
            let kept = cut.split('…').next().unwrap_or_default();
            prop_assert!(text.starts_with(kept));
        } else {
            prop_assert_eq!(&cut, &text);
        }
    }

    #[test]
    fn sanitizing_twice_changes_nothing_more(text in any::<String>()) {
        let once = sanitize(&text).into_owned();
        prop_assert_eq!(sanitize(&once).into_owned(), once.clone());
        prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    }
}

#[test]
fn a_cut_leaves_no_joiner_without_its_partner() {
    let family = "👨\u{200d}👩\u{200d}👧".repeat(40);
    for limit in 2..80 {
        for cut in [
            truncate(&family, limit, Unit::Characters),
            clipped(&family, limit),
        ] {
            assert_eq!(sanitize(&cut), cut, "{limit}");
        }
    }
}

#[test]
fn indentation_is_kept_with_no_break_spaces() {
    assert_eq!(
        with_kept_indent("{\n  \"a  b\": 1\n\tx\n}"),
        "{\n\u{a0}\u{a0}\"a  b\": 1\n\u{a0}\u{a0}\u{a0}\u{a0}x\n}"
    );
}

#[test]
fn short_texts_leave_their_room_to_long_ones() {
    assert_eq!(shares(100, [10, 20, 30]), [10, 20, 30]);
    assert_eq!(shares(100, [10, 200, 300]), [10, 45, 45]);
    assert_eq!(shares(100, [500, 20, 500]), [40, 20, 40]);
    assert_eq!(shares(0, [5, 5]), [0, 0]);
    assert_eq!(shares(7, [5, 0, 9]), [3, 0, 4]);
}
