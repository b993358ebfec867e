//! On which lines of a YAML file the secrets of its destinations are named, for errors.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// The lines of a file.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Lines {
    #[serde(default)]
    destinations: Vec<Keys>,
}

/// The keys of an object in the file; no keys if it is not one.
#[derive(Debug, Default)]
struct Keys(BTreeMap<String, Spanned<Keys>>);

impl Lines {
    /// The lines of a file that has been parsed already. Whatever is not of the expected
    /// form has no lines.
    pub(crate) fn of(text: &str) -> Self {
        serde_saphyr::from_str(text).unwrap_or_default()
    }

    /// The line of a field, such as `secret.webhookUrl`, of the destination at this
    /// place in the file.
    pub(crate) fn line(&self, destination: usize, field: &str) -> Option<u64> {
        let mut keys = self.destinations.get(destination)?;
        let mut line = None;
        for key in field.split('.') {
            // A whole secret has its fields in another file.
            let Some(found) = keys.0.get(key) else { break };
            line = Some(found.referenced.line());
            keys = &found.value;
        }
        line
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            keys.insert(key, value);
        }
        Ok(Keys(keys))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keys, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Keys::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_unit<E>(self) -> Result<Keys, E> {
        Ok(Keys::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
destinations:
  - displayName: a
    type: slack
    enabled: true
    severities: [HIGH]
    settings: {x: 1, y: 1.5, z: -1, w: null}
    secret:
      webhookUrl:
        env: URL
      headers:
        Authorization: {file: x}
  - displayName: b
    secret: {env: B}
  - displayName: c
";

    #[test]
    fn a_field_has_the_line_of_its_reference() {
        let lines = Lines::of(FILE);
        for (destination, field, line) in [
            (0, "secret.webhookUrl", Some(9)),
            (0, "secret.headers.Authorization", Some(11)),
            (1, "secret", Some(13)),
            (2, "secret", None),
            (3, "secret", None),
        ] {
            assert_eq!(lines.line(destination, field), line, "{field}");
        }
        let json = r#"{"destinations": [
            {"displayName": "a", "secret": {"env": "X"}}]}"#;
        assert_eq!(Lines::of(json).line(0, "secret"), Some(2));
        assert_eq!(Lines::of("[").line(0, "secret"), None);
    }
}
