//! Reading requests. An error names the path of the field and what is expected
//! there, never what was found: it may be a secret in the wrong place.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use tocsin_core::provider::wanted;

use super::{ApiError, ErrorCode, Request};

/// The largest request in bytes: Lambda's limit for a synchronous invocation.
const REQUEST_LIMIT: usize = 6 * 1024 * 1024;

/// The field that holds an alert, in every operation that has one.
const ALERT: &str = "alert";

impl Request {
    /// Reads a request from its text. An alert in it is read as it would be from the
    /// queue: with all digits of its numbers, and however deep it is nested.
    ///
    /// # Errors
    ///
    /// As [`Request::read`], and when a field is nested too deeply.
    pub fn read_text(request: &RawValue) -> Result<Self, ApiError> {
        let Ok(texts) = serde_json::from_str::<BTreeMap<String, &RawValue>>(request.get()) else {
            return Self::read(Value::Null);
        };
        let mut fields = Map::new();
        for (name, text) in texts {
            let text = text.get();
            let value = if name == ALERT && text.starts_with('{') {
                Value::from(text)
            } else {
                serde_json::from_str(text).map_err(|error| {
                    ApiError::invalid(&name, format!("`{name}` cannot be read: {error}"))
                })?
            };
            fields.insert(name, value);
        }
        Self::read(Value::Object(fields))
    }

    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Names the field that is missing, unknown or of the wrong type.
    pub fn read(request: Value) -> Result<Self, ApiError> {
        if json_size(&request) > REQUEST_LIMIT {
            return Err(invalid_request("is larger than 6 MiB: send it in parts"));
        }
        let Value::Object(mut fields) = request else {
            return Err(invalid_request("must be a JSON object with an `operation`"));
        };
        let names = Self::OPERATIONS.join(", ");
        let Some(Value::String(name)) = fields.shift_remove("operation") else {
            let problem = format!("`operation` is missing, or is not a text; it is one of {names}");
            return Err(ApiError::invalid("operation", problem));
        };
        Self::of_operation(&name, Value::Object(fields)).unwrap_or_else(|| {
            let problem = format!("`operation` must be one of {names}");
            Err(ApiError::invalid("operation", problem))
        })
    }
}

/// Reads by the same rules wherever a request is read.
impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn invalid_request(problem: &str) -> ApiError {
    ApiError {
        code: ErrorCode::Invalid,
        field: None,
        message: format!("the request {problem}"),
    }
}

/// Reads the fields of one operation.
pub(super) fn operation<T: DeserializeOwned>(fields: Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(fields).map_err(|error| {
        let message = error.inner().to_string();
        let path = error.path().to_string();
        let field = match (path.as_str(), named_field(&message)) {
            (".", Some(name)) => name.to_owned(),
            (".", None) => String::new(),
            (path, _) => path.to_owned(),
        };
        let problem = without_values(&message, &field);
        ApiError {
            code: ErrorCode::Invalid,
            field: (!field.is_empty()).then(|| field.clone()),
            message: if field.is_empty() {
                format!("the request {problem}")
            } else {
                format!("`{field}` {problem}")
            },
        }
    })
}

/// The field that a message about the whole object names.
fn named_field(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("missing field `");
    let rest = rest.or_else(|| message.strip_prefix("unknown field `"));
    rest?.split('`').next()
}

/// The parser's message without the value that it found.
fn without_values(message: &str, field: &str) -> String {
    let secret = field.split('.').any(|part| part == "secret");
    let names_fields = message.starts_with("missing field") || message.starts_with("unknown field");
    // The message about retry limits holds only numbers.
    if !secret && (names_fields || message.starts_with("`retry.")) {
        return format!("is unusable: {message}");
    }
    match message.rsplit_once("expected ") {
        Some((_, expected)) => wanted(expected),
        None => "is unusable: it does not have the form that schema.json describes".to_owned(),
    }
}

/// The length of a value as JSON, in bytes.
#[must_use]
pub fn json_size<T: Serialize>(value: &T) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Counting does not fail; a value that cannot be written exceeds every limit.
    match serde_json::to_writer(&mut counter, value) {
        Ok(()) => counter.0,
        Err(_) => usize::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(request: Value) -> ApiError {
        Request::read(request).unwrap_err()
    }

    #[test]
    fn an_error_names_the_path_of_the_field() {
        let add =
            |destination: Value| json!({"operation": "addDestination", "destination": destination});
        for (request, field, says) in [
            (
                json!({"operation": "listAlerts", "limit": "ten"}),
                "limit",
                "must be a whole number",
            ),
            (json!({"operation": "getAlert"}), "alertId", "missing field"),
            (
                json!({"operation": "getAlert", "alertId": "a", "id": 1}),
                "id",
                "unknown field",
            ),
            (
                add(json!({"displayName": "d", "type": "slack", "severities": ["URGENT"]})),
                "destination.severities[0]",
                "expected one of `INFO`",
            ),
            (
                add(json!({"displayName": "d", "type": "slack", "retry": {"windowHours": 900}})),
                "destination.retry",
                "`retry.windowHours` must be 1 to 168",
            ),
            (
                json!({"operation": "listAlerts", "since": "yesterday"}),
                "since",
                "expected a date and time",
            ),
            (
                json!({"operation": "explode"}),
                "operation",
                "must be one of listProviders",
            ),
            (json!({}), "operation", "`operation` is missing"),
        ] {
            let error = refused(request.clone());
            assert_eq!(error.field.as_deref(), Some(field), "{request}: {error}");
            assert!(error.message.contains(says), "{request}: {error}");
            assert_eq!(error.code, ErrorCode::Invalid);
        }
        assert!(refused(json!([])).message.contains("JSON object"));
    }

    #[test]
    fn an_alert_is_read_as_from_the_queue() {
        let read = |text: &str| {
            let text = RawValue::from_string(text.to_owned()).unwrap();
            Request::read_text(&text)
        };
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let alert = format!(r#"{{"id": 12345678901234567890123, "alertContext": {deep}}}"#);
        let request = format!(
            r#"{{"operation": "previewMessage", "alert": {alert}, "to": {{"destination": "d"}}}}"#
        );
        let Request::PreviewMessage(preview) = read(&request).unwrap() else {
            panic!()
        };
        assert_eq!(preview.alert, Value::from(alert));
        let error = read(&format!(
            r#"{{"operation": "getAlert", "alertId": {deep}}}"#
        ))
        .unwrap_err();
        assert_eq!(error.field.as_deref(), Some("alertId"));
        assert!(error.message.contains("recursion limit"), "{error}");
        for text in ["[]", "7", r#"{"operation": "getAlert"}"#] {
            assert_eq!(
                read(text).unwrap_err(),
                refused(serde_json::from_str(text).unwrap()),
                "{text}"
            );
        }
    }

    #[test]
    fn ten_megabytes_are_refused() {
        let large = json!({"operation": "getAlert", "alertId": "x".repeat(10 * 1024 * 1024)});
        assert!(refused(large).message.contains("larger than 6 MiB"));
    }

    #[test]
    fn no_error_repeats_a_value() {
        const PLANTED: &str = "PLANTED-c0ffee";
        for request in [
            json!({"operation": PLANTED}),
            json!({"operation": "addDestination", "destination": PLANTED}),
            json!({"operation": "addDestination", "destination": {"displayName": "d", "type": [PLANTED]}}),
            json!({"operation": "addDestination", "destination": {"displayName": "d", "type": "slack"}, "secret": [PLANTED]}),
            json!({"operation": "addDestination", "destination": {"displayName": "d", "type": "slack", "severities": [PLANTED]}}),
            json!({"operation": "listAlerts", "since": PLANTED}),
            json!({"operation": "redriveDeadLetters", "queue": PLANTED, "which": "all"}),
            json!({"operation": "redriveDeadLetters", "queue": "alerts", "which": PLANTED}),
        ] {
            let error = refused(request.clone());
            let shown = format!("{error:?} {error}");
            assert!(!shown.contains(PLANTED), "{request}: {shown}");
        }
        let request = json!({
            "operation": "addDestination", "secret": {"token": PLANTED},
            "destination": {"displayName": "d", "type": "slack"},
        });
        assert!(!format!("{:?}", Request::read(request).unwrap()).contains(PLANTED));
    }
}
