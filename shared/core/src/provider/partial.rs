//! JSON that may be cut off: responses are read up to a limit, and the part before the
//! cut is often all that is needed.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads as much of `json` as is complete.
pub(super) fn read(json: &[u8]) -> Value {
    let mut value = Value::Null;
    let mut reader = serde_json::Deserializer::from_slice(json);
    // An error only says where the text ended; `value` has the part before that.
    let _ = Slot(&mut value).deserialize(&mut reader);
    value
}

/// Stores each value as soon as it is read, so that a later error cannot discard it.
struct Slot<'a>(&'a mut Value);

impl<'de> DeserializeSeed<'de> for Slot<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slot<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        *self.0 = value.into();
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        *self.0 = value.into();
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        *self.0 = value.into();
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        *self.0 = Number::from_f64(value).map_or(Value::Null, Value::Number);
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        *self.0 = value.into();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        *self.0 = Value::Array(Vec::new());
        let Value::Array(list) = self.0 else {
            return Ok(());
        };
        loop {
            let mut item = Value::Null;
            let read = items.next_element_seed(Slot(&mut item));
            if matches!(read, Ok(Some(())) | Err(_)) {
                list.push(item);
            }
            if read?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        *self.0 = Value::Object(Map::new());
        let Value::Object(map) = self.0 else {
            return Ok(());
        };
        while let Some(key) = members.next_key::<String>()? {
            members.next_value_seed(Slot(map.entry(key).or_insert(Value::Null)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_whole_text_is_read_as_it_is() {
        let value = json!({"a": [1, -2, 1.5, "é", null, true], "b": {"c": {}}, "d": []});
        assert_eq!(read(value.to_string().as_bytes()), value);
    }

    #[test]
    fn what_was_complete_before_the_cut_is_kept() {
        let whole = r#"[{"number": 7, "body": "first"}, {"number": 8, "body": "second"}]"#;
        let cut = read(&whole.as_bytes()[..whole.len() - 8]);
        assert_eq!(
            cut,
            json!([{"number": 7, "body": "first"}, {"number": 8, "body": null}])
        );
        // Wherever the cut is, also inside a character, nothing panics and nothing is made up.
        let text = r#"{"key": "SEC-1", "é": ["🔑", {"a": -1.5e3}]}"#;
        for end in 0..text.len() {
            let value = read(&text.as_bytes()[..end]);
            assert!(["SEC-1", ""].contains(&value["key"].as_str().unwrap_or_default()));
        }
    }

    #[test]
    fn a_text_that_is_not_json_is_null() {
        for text in ["", "<html>", "nul", "\u{feff}{}", "\"cut"] {
            assert_eq!(read(text.as_bytes()), Value::Null, "{text}");
        }
        // Nesting beyond serde_json's bound ends the reading, not the process.
        assert!(read("[".repeat(100_000).as_bytes()).is_array());
    }
}
