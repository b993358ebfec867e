//! YAML, block by block. What must not be shown is escaped, in keys and values alike:
//! with quotes, which a serializer leaves out where YAML does not need them.

use serde_json::{Map, Value};
use tocsin_core::text::{escape_hidden, sanitize};

/// Words that readers of one version of YAML or another do not take as texts.
const RESERVED: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// The longest key without a mark, in characters: YAML 1.2.2, section 8.2.2.
const MOST_OF_A_KEY: usize = 1_000;

/// The value as a YAML document.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => entries(map, 0, &mut out),
        Value::Array(items) if !items.is_empty() => list(items, 0, &mut out),
        other => {
            after(other, 0, &mut out);
            out = out.trim_start().to_owned();
        }
    }
    out
}

/// The entries of an object. The first one follows what is on the line already.
fn entries(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            begin(indent, out);
        }
        self::key(key, indent, out);
        after(value, indent, out);
    }
}

/// A key with its colon.
fn key(key: &str, indent: usize, out: &mut String) {
    let key = scalar(key);
    // A longer key needs a mark, and its colon a line.
    if key.chars().count() > MOST_OF_A_KEY {
        out.push_str("? ");
        out.push_str(&key);
        out.push('\n');
        begin(indent, out);
    } else {
        out.push_str(&key);
    }
    out.push(':');
}

/// As [`entries`], for a list.
fn list(items: &[Value], indent: usize, out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            begin(indent, out);
        }
        out.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                out.push(' ');
                entries(map, indent + 2, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push(' ');
                list(items, indent + 2, out);
            }
            other => after(other, indent, out),
        }
    }
}

/// A value after a key or a dash, with the line's end.
fn after(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            begin(indent + 2, out);
            entries(map, indent + 2, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            begin(indent, out);
            list(items, indent, out);
        }
        Value::String(text) if is_literal(text) => literal(text, indent + 2, out),
        Value::String(text) => line(&scalar(text), out),
        // Numbers and words, and the empty list and object, are written as in JSON.
        other => line(&other.to_string(), out),
    }
}

fn line(scalar: &str, out: &mut String) {
    out.push(' ');
    out.push_str(scalar);
    out.push('\n');
}

fn begin(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// A text on one line: as it is, or in quotes. YAML reads JSON's escapes, except of
/// characters beyond U+FFFF: those are two halves, which YAML does not put together.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let escape = |c: char| match c as u32 {
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    escape_hidden(&Value::from(text).to_string(), escape).into_owned()
}

/// Whether a text needs no quotes in any version of YAML.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == '_');
    let simple = |c: char| c.is_alphanumeric() || "_-./@+=:() ".contains(c);
    let separates = text.contains(": ") || text.ends_with([':', ' ']);
    begins
        && text.chars().all(simple)
        && !separates
        && !RESERVED.contains(&text.to_lowercase().as_str())
        && each_is_visible(text)
}

/// Whether a text of several lines can be written as such.
fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let no_end = |line: &str| line.ends_with(' ');
    body.contains('\n')
        && !body.starts_with(['\n', ' '])
        && !body.ends_with('\n')
        && !body.contains('\t')
        && !body.lines().any(no_end)
        && each_is_visible(text)
}

fn literal(text: &str, indent: usize, out: &mut String) {
    out.push_str(if text.ends_with('\n') {
        " |\n"
    } else {
        " |-\n"
    });
    for line in text.lines() {
        if !line.is_empty() {
            begin(indent, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Whether each character can be shown, whatever stands beside it.
fn each_is_visible(text: &str) -> bool {
    let mut buffer = [0; 4];
    text.chars().all(|c| {
        let alone = c.encode_utf8(&mut buffer);
        sanitize(alone) == *alone
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::hostile::{self, is_safe};
    use serde_json::json;

    fn read_back(value: &Value) -> String {
        let text = document(value);
        let back: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| {
            panic!("{text}\n{error}");
        });
        assert_eq!(back, *value, "{text}");
        assert!(is_safe(&text) && !text.contains('\t'), "{text}");
        text
    }

    #[test]
    fn it_is_read_back_unchanged() {
        read_back(&json!({
            "number": "1204567890123456", "no": "no", "null": null, "empty": "", "list": [1, "2", []],
            "nested": {"url": "https://example.com/?a=b#c", "lines": "one\ntwo\n", "colon": "a: b"},
            "lists": [[1, [2, {}]], [{"a": [{"b": "c"}], "d": "x\n\ny"}], {"e": {"f": []}}],
            "numbers": [1.5, -2, 0, 1e300], "date": "2026-01-01", "~": true, "- a": "# b", "": "'",
            "key: 1": "a\tb", "%": "\\ \" \n", "é": "Équipe 🔑", "trailing": "a \nb", "spaces": " a\n b",
        }));
        for value in [
            json!([]),
            json!({}),
            json!("a"),
            json!(null),
            json!([{}, 1]),
        ] {
            read_back(&value);
        }
    }

    #[test]
    fn it_is_readable() {
        let value = json!({"destinations": [
            {"displayName": "soc chat", "severities": ["HIGH"], "settings": {"text": "a\n b\n"}},
            {"displayName": "x", "logTypes": []},
        ]});
        assert_eq!(
            document(&value),
            "destinations:\n- displayName: soc chat\n  severities:\n  - HIGH\n  settings:\n    \
             text: |\n      a\n       b\n- displayName: x\n  logTypes: []\n"
        );
    }

    #[test]
    fn what_must_not_be_shown_is_escaped_in_keys_and_values() {
        let text = read_back(&json!({
            "a\u{202e}b": "c\u{1b}[31m\u{9b}\u{7f}\u{200b}\u{feff}\u{fff9}",
            "x": ["\u{2028}\u{85}\r", "SKIP\u{200d}", "e\u{e0041}", "\u{115f}", "می\u{200c}", "1\u{fe0f}"],
        }));
        assert!(
            text.starts_with(
                "\"a\\u202eb\": \"c\\u001b[31m\\u009b\\u007f\\u200b\\ufeff\\ufff9\"\n"
            ),
            "{text}"
        );
        assert!(text.contains("\"e\\U000e0041\""), "{text}");
    }

    #[test]
    fn a_long_key_is_marked() {
        let long = "k".repeat(1_100);
        let text =
            read_back(&json!({"a": [{long.as_str(): {"b": 1}, "c": "d"}], long.as_str(): []}));
        assert!(
            text.contains(&format!("- ? {long}\n  :\n    b: 1\n  c: d\n")),
            "{text}"
        );
    }

    #[test]
    fn joiners_stay_where_they_belong() {
        let text = read_back(&json!(["👩\u{200d}💻", "می\u{200c}خواهم", "می\u{200c}"]));
        assert_eq!(
            text,
            "- \"👩\u{200d}💻\"\n- \"می\u{200c}خواهم\"\n- \"می\\u200c\"\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn every_text_is_read_back(
            key in hostile::text(),
            text in hostile::text(),
            more in "[ \\-:#a\n\t'\"\\\\|>&*!%@`{}\\[\\],?]*",
        ) {
            read_back(&json!({key: [&text, &more], &more: more, "deep": {"text": text}}));
            read_back(&json!(text));
        }
    }
}
