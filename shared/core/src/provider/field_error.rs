//! Errors about a destination's settings and secret, and how settings are read.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A field of a destination's settings or secret that is wrong. Never contains the
/// value, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct FieldError {
    /// The path of the field: `settings.topicArn`, `secret.webhookUrl`.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl FieldError {
    /// An error about `field`; the message reads as `` `field` problem ``.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// Reads a destination's settings.
///
/// # Errors
///
/// Names the field that is missing, unknown or of the wrong kind.
pub fn read_settings<T: DeserializeOwned>(settings: &Map<String, Value>) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(Value::Object(settings.clone())).map_err(|error| {
        let problem = problem(&error.inner().to_string());
        FieldError::new(path("settings", &error), problem)
    })
}

/// The message of a serde error without the value it found, which may be a secret in the
/// wrong place: names of fields, and what was expected, are enough.
fn problem(message: &str) -> String {
    if message.starts_with("missing field") || message.starts_with("unknown field") {
        return format!("is unusable: {message}");
    }
    match message.rsplit_once("expected ") {
        Some((_, expected)) => wanted(expected),
        None => "is not of the form it must have".to_owned(),
    }
}

/// What a field must be, in the words of people; `expected` is what a parser calls it.
#[must_use]
pub fn wanted(expected: &str) -> String {
    let kind = match expected {
        "a sequence" => "a list, such as [\"one\", \"two\"]",
        "a string" | "string or map" => "a text",
        "a map" => "an object",
        "a boolean" => "true or false",
        "u8" | "u16" | "u32" | "u64" | "usize" | "a nonzero u8" | "a nonzero u16" => {
            "a whole number"
        }
        other if other.starts_with("struct ") => "an object",
        other => return format!("is unusable: expected {other}"),
    };
    format!("must be {kind}")
}

/// The path of a serde error below `root`; errors of the root object name their field.
pub(super) fn path<E>(root: &str, error: &serde_path_to_error::Error<E>) -> String {
    match error.path().to_string().as_str() {
        "." => root.to_owned(),
        path => format!("{root}.{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_errors_name_the_field() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        struct Settings {
            #[serde(rename = "topicArn")]
            _topic_arn: String,
        }
        let read = |json: Value| {
            let Value::Object(map) = json else { panic!() };
            read_settings::<Settings>(&map).unwrap_err().to_string()
        };
        assert_eq!(
            read(serde_json::json!({})),
            "`settings` is unusable: missing field `topicArn`"
        );
        assert!(
            read(serde_json::json!({"topicArn": 7}))
                .starts_with("`settings.topicArn` must be a text")
        );
        assert!(
            read(serde_json::json!({"topicArn": "x", "typo": 1})).contains("unknown field `typo`")
        );
        assert_eq!(
            read(serde_json::json!({"topicArn": ["Bearer PLANTED"]})),
            "`settings.topicArn` must be a text"
        );
    }
}
