//! JSON as a tree that keeps every digit, and whose depth is bounded.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::number::{Digits, exact, rewritten};
use crate::alert::limits;
use crate::text::Unit;

/// A JSON value. Texts are decoded; what can be borrowed is.
#[derive(Debug, PartialEq)]
pub(super) enum Node<'a> {
    /// `null`, a boolean or a number, as JSON text.
    Scalar(Cow<'a, str>),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Every key once, where it stood first, with the value that stood last.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Values that were replaced in their places while reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// Lists and objects nested deeper than [`limits::CONTEXT_DEPTH`].
    pub(crate) too_deep: usize,
    /// Numbers that no reader takes as a number: they are texts now.
    pub(crate) numbers: usize,
}

impl<'a> Node<'a> {
    /// Reads valid JSON text. Of invalid text it reads something, and never panics.
    pub(super) fn read(json: &'a str) -> (Self, Replaced) {
        let mut reader = Reader {
            json,
            at: 0,
            replaced: Replaced::default(),
        };
        let node = reader.value(0);
        (node, reader.replaced)
    }

    /// The size as compact JSON, bytes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Scalar(text) => text.len(),
            Self::Text(text) => text_size(text),
            Self::List(items) => 2 + between(items.iter().map(Self::size)),
            Self::Object(entries) => {
                let sizes = entries.iter();
                2 + between(sizes.map(|(key, value)| text_size(key) + 1 + value.size()))
            }
        }
    }

    /// Appends the value as compact JSON.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Scalar(text) => out.push_str(text),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(entries) => {
                out.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The value for texts that people read. A number that `serde_json` cannot hold
    /// exactly is a text of its digits.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Scalar(text) => match &*text {
                "null" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                number => {
                    exact(number).map_or_else(|| Value::String(number.to_owned()), Value::Number)
                }
            },
            Self::Text(text) => Value::String(text.into_owned()),
            Self::List(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Object(entries) => Value::Object(into_map(entries)),
        }
    }
}

pub(super) fn into_map(entries: Vec<(Cow<'_, str>, Node<'_>)>) -> Map<String, Value> {
    entries
        .into_iter()
        .map(|(key, value)| (key.into_owned(), value.into_value()))
        .collect()
}

/// The size of a text as a JSON string.
pub(super) fn text_size(text: &str) -> usize {
    2 + Unit::JsonBytes.length(text)
}

/// The sum of the sizes, and the commas between them.
fn between(sizes: impl ExactSizeIterator<Item = usize>) -> usize {
    let commas = sizes.len().saturating_sub(1);
    sizes.sum::<usize>() + commas
}

fn write_text(text: &str, out: &mut String) {
    // Writing a text as JSON does not fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

struct Reader<'a> {
    json: &'a str,
    at: usize,
    replaced: Replaced,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.json.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> Node<'a> {
        match self.peek() {
            Some(b'"') => Node::Text(self.text()),
            Some(b'[' | b'{') if depth >= limits::CONTEXT_DEPTH => self.too_deep(),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            _ => self.scalar(),
        }
    }

    /// Moves past a separator, and says whether another element follows.
    fn another(&mut self, end: u8) -> bool {
        loop {
            match self.peek() {
                Some(b',' | b':') => self.at += 1,
                Some(byte) if byte == end => {
                    self.at += 1;
                    return false;
                }
                // Not the end of this one: only in invalid text.
                Some(b']' | b'}') | None => return false,
                Some(_) => return true,
            }
        }
    }

    fn list(&mut self, depth: usize) -> Node<'a> {
        self.at += 1;
        let mut items = Vec::new();
        while self.another(b']') {
            items.push(self.value(depth + 1));
        }
        Node::List(items)
    }

    fn object(&mut self, depth: usize) -> Node<'a> {
        self.at += 1;
        let mut entries: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        let mut places = HashMap::new();
        while self.another(b'}') {
            let key = self.text();
            if self.peek() == Some(b':') {
                self.at += 1;
            }
            let value = self.value(depth + 1);
            if let Some(&place) = places.get(&key) {
                let (_, earlier): &mut (_, _) = &mut entries[place];
                *earlier = value;
            } else {
                places.insert(key.clone(), entries.len());
                entries.push((key, value));
            }
        }
        Node::Object(entries)
    }

    fn text(&mut self) -> Cow<'a, str> {
        #[derive(serde::Deserialize)]
        struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
        let start = self.at;
        self.skip_text();
        let json = self.json.get(start..self.at).unwrap_or_default();
        serde_json::from_str::<Text<'a>>(json).map_or(Cow::Borrowed(json), |text| text.0)
    }

    /// Moves past the string that begins here, or past one character.
    fn skip_text(&mut self) {
        let bytes = self.json.as_bytes();
        let is_text = bytes.get(self.at) == Some(&b'"');
        self.at += 1;
        if is_text {
            while let Some(&byte) = bytes.get(self.at)
                && byte != b'"'
            {
                self.at += if byte == b'\\' { 2 } else { 1 };
            }
            self.at = bytes.len().min(self.at + 1);
        }
    }

    fn scalar(&mut self) -> Node<'a> {
        let start = self.at;
        let rest = self.json.get(start..).unwrap_or_default();
        let end = rest.find([',', ']', '}', ' ', '\t', '\n', '\r', '"', '[', '{', ':']);
        let text = &rest[..end.unwrap_or(rest.len())];
        // Never stands still.
        self.at += text.len().max(1);
        if matches!(text, "null" | "true" | "false") {
            return Node::Scalar(Cow::Borrowed(text));
        }
        match rewritten(text) {
            Digits::Number(text) => Node::Scalar(text),
            Digits::Text(text) => {
                self.replaced.numbers += 1;
                Node::Text(Cow::Borrowed(text))
            }
        }
    }

    /// Moves past a list or an object without following its nesting.
    fn too_deep(&mut self) -> Node<'a> {
        let start = self.at;
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.skip_text();
                    continue;
                }
                b'[' | b'{' => open += 1,
                b']' | b'}' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                break;
            }
        }
        self.replaced.too_deep += 1;
        let size = self.at - start;
        let levels = limits::CONTEXT_DEPTH;
        Node::Text(format!("… ({size} bytes cut: nested deeper than {levels} levels)").into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(json: &str) -> String {
        let (node, _) = Node::read(json);
        let mut out = String::new();
        node.write(&mut out);
        assert_eq!(out.len(), node.size(), "{json}");
        out
    }

    #[test]
    fn json_is_written_compactly_with_every_digit() {
        for (given, expected) in [
            (
                r#" { "a" : [ 1 , 2.50 , "\u00e9\/" ] , "b" : { } } "#,
                r#"{"a":[1,2.5,"é/"],"b":{}}"#,
            ),
            (r#"{"a":1,"b":2,"a":[3]}"#, r#"{"a":[3],"b":2}"#),
            ("[12345678901234567890123]", "[12345678901234567890123]"),
            (r#"{"r":1e400,"s":"x"}"#, r#"{"r":"1e400","s":"x"}"#),
            ("[]", "[]"),
            ("null", "null"),
        ] {
            assert_eq!(written(given), expected);
        }
    }

    #[test]
    fn what_is_too_deep_is_replaced_in_its_place() {
        let levels = limits::CONTEXT_DEPTH;
        let deep = format!("[1,{}\"]\"{},2]", "[".repeat(levels), "]".repeat(levels));
        let (node, replaced) = Node::read(&deep);
        assert_eq!(replaced.too_deep, 1);
        let mut out = String::new();
        node.write(&mut out);
        assert!(
            out.contains("… (5 bytes cut: nested deeper than 100 levels)"),
            "{out}"
        );
        assert!(out.starts_with("[1,[") && out.ends_with("],2]"), "{out}");
        let endless = "[".repeat(200_000);
        assert_eq!(Node::read(&endless).1.too_deep, 1);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{},:\"\\\\0-9a-zé ]{0,60}") {
            let _ = Node::read(&text);
        }

        #[test]
        fn values_read_back(text in any::<String>(), number in any::<f64>(), whole in any::<i64>()) {
            let value = serde_json::json!({&text: [number, whole, {"t": &text, "n": null, "b": [true, false]}]});
            let json = value.to_string();
            let (node, replaced) = Node::read(&json);
            prop_assert_eq!(replaced, Replaced::default());
            prop_assert_eq!(node.into_value(), value);
        }
    }
}
