//! The data of a detection for the responder.

mod number;
mod tree;
mod within;

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use self::tree::{Node, into_map};

pub(super) use self::tree::Replaced;

/// A JSON object, kept as text.
///
/// As a tree of values it takes up to eighty times the memory of its text, and most
/// functions only pass it on. Copies share the text.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Context(Arc<RawValue>);

impl Context {
    /// The object as JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// Whether the object has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_json()[1..self.as_json().len() - 1]
            .trim()
            .is_empty()
    }

    /// The object's entries, for texts that people read: a number that a value cannot
    /// hold exactly is a text of its digits.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        match Node::read(self.as_json()).0 {
            Node::Object(entries) => into_map(entries),
            // It was checked to be an object.
            _ => Map::new(),
        }
    }

    /// The context in valid JSON: an object, or another value as its entry `value`. What
    /// cannot be kept is replaced in its place.
    pub(super) fn read(json: &str) -> (Self, Replaced) {
        let (node, replaced) = Node::read(json);
        let object = match node {
            Node::Object(_) => node,
            other => Node::Object(vec![("value".into(), other)]),
        };
        (Self::of(&object), replaced)
    }

    /// The context in at most `room` bytes: the longest values are cut first.
    pub(super) fn within(&self, room: usize) -> Self {
        Self::of(&Node::read(self.as_json()).0.within(room))
    }

    fn of(node: &Node<'_>) -> Self {
        let mut json = String::with_capacity(node.size());
        node.write(&mut json);
        // What a node writes is JSON.
        RawValue::from_string(json).map_or_else(|_| Self::default(), |raw| Self(Arc::from(raw)))
    }
}

/// Valid JSON as values, for texts that people read: a number that a value cannot hold
/// exactly is a text of its digits.
#[must_use]
pub fn exact_values(json: &str) -> Value {
    Node::read(json).0.into_value()
}

impl Default for Context {
    fn default() -> Self {
        Self::from(Map::new())
    }
}

impl From<Map<String, Value>> for Context {
    fn from(map: Map<String, Value>) -> Self {
        // Only maps with other keys than strings fail to be written.
        let raw = serde_json::value::to_raw_value(&map);
        Self(raw.map_or_else(|_| Arc::from(RawValue::NULL.to_owned()), Arc::from))
    }
}

impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') {
            Ok(Self(Arc::from(raw)))
        } else {
            Err(D::Error::custom("a context is a JSON object"))
        }
    }
}

impl JsonSchema for Context {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Context".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": true})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_context_reads_back_with_its_numbers_and_order() {
        for (text, empty) in [
            (r#"{"b":1.50,"a":[10000000000000000000000]}"#, false),
            ("{}", true),
            ("{ }", true),
        ] {
            let context: Context = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&context).unwrap(), text);
            assert_eq!(context.is_empty(), empty, "{text}");
        }
        let map = Map::from_iter([("b".to_owned(), json!(1)), ("a".to_owned(), json!("x"))]);
        let context = Context::from(map.clone());
        assert_eq!(context.to_map(), map);
        // Where it passes through a tree of values, too.
        let value = serde_json::to_value(&context).unwrap();
        assert_eq!(serde_json::from_value::<Context>(value).unwrap(), context);
    }

    #[test]
    fn only_an_object_is_a_context() {
        for text in ["[]", "null", "\"{}\"", "1"] {
            assert!(serde_json::from_str::<Context>(text).is_err(), "{text}");
        }
    }
}
