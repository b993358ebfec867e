//! From JSON to a request. What is wrong is said by the field's path and by what
//! would be right, never by what was found: it may be a secret in a wrong place.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ApiError, ErrorCode, Request};

/// Bytes of a request: what Lambda takes of a synchronous invoke.
pub(crate) const REQUEST_LIMIT: usize = 6 * 1024 * 1024;

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Names the field that is missing, unknown or of the wrong kind.
    pub fn read(request: Value) -> Result<Self, ApiError> {
        if size(&request) > REQUEST_LIMIT {
            return Err(whole("is larger than 6 MiB: send it in parts"));
        }
        let Value::Object(mut fields) = request else {
            return Err(whole("must be a JSON object with an `operation`"));
        };
        let names = Self::OPERATIONS.join(", ");
        let Some(Value::String(name)) = fields.shift_remove("operation") else {
            let problem = format!("`operation` is missing, or no text; it is one of {names}");
            return Err(ApiError::invalid("operation", problem));
        };
        Self::of_operation(&name, Value::Object(fields)).unwrap_or_else(|| {
            let problem = format!("`operation` must be one of {names}");
            Err(ApiError::invalid("operation", problem))
        })
    }
}

/// So that a request read by anyone is read by the same rules.
impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn whole(problem: &str) -> ApiError {
    ApiError {
        code: ErrorCode::Invalid,
        field: None,
        message: format!("the request {problem}"),
    }
}

/// What one operation takes.
pub(super) fn operation<T: DeserializeOwned>(fields: Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(fields).map_err(|error| {
        let said = error.inner().to_string();
        let path = error.path().to_string();
        let field = match (path.as_str(), named(&said)) {
            (".", Some(name)) => name.to_owned(),
            (".", None) => String::new(),
            (path, _) => path.to_owned(),
        };
        let problem = harmless(&said, &field);
        ApiError {
            code: ErrorCode::Invalid,
            field: (!field.is_empty()).then(|| field.clone()),
            message: if field.is_empty() {
                format!("the request cannot be read: {problem}")
            } else {
                format!("`{field}` is unusable: {problem}")
            },
        }
    })
}

/// The field that a message about the whole object names.
fn named(said: &str) -> Option<&str> {
    let rest = said.strip_prefix("missing field `");
    let rest = rest.or_else(|| said.strip_prefix("unknown field `"));
    rest?.split('`').next()
}

/// A reader's message without what it found.
fn harmless(said: &str, field: &str) -> String {
    let secret = field.split('.').any(|part| part == "secret");
    let names_fields = said.starts_with("missing field") || said.starts_with("unknown field");
    // The limits' own sentence says nothing but numbers.
    if !secret && (names_fields || said.starts_with("`retry.")) {
        return said.to_owned();
    }
    match said.rsplit_once("expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => "it is not of the form it must have; schema.json has its form".to_owned(),
    }
}

/// Bytes of a value as JSON.
pub(crate) fn size<T: Serialize>(value: &T) -> usize {
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
    // Counting does not fail; what does not serialise is too large for anything.
    match serde_json::to_writer(&mut counter, value) {
        Ok(()) => counter.0,
        Err(_) => usize::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(request: Value) -> ApiError {
        Request::read(request).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let add =
            |destination: Value| json!({"operation": "addDestination", "destination": destination});
        for (request, field, says) in [
            (
                json!({"operation": "listAlerts", "limit": "ten"}),
                "limit",
                "expected u16",
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
                "must be one of listDestinations",
            ),
            (json!({}), "operation", "`operation` is missing"),
        ] {
            let error = refusal(request.clone());
            assert_eq!(error.field.as_deref(), Some(field), "{request}: {error}");
            assert!(error.message.contains(says), "{request}: {error}");
            assert_eq!(error.code, ErrorCode::Invalid);
        }
        assert!(refusal(json!([])).message.contains("JSON object"));
    }

    #[test]
    fn ten_megabytes_are_refused() {
        let large = json!({"operation": "getAlert", "alertId": "x".repeat(10 * 1024 * 1024)});
        assert!(refusal(large).message.contains("larger than 6 MiB"));
    }

    #[test]
    fn nothing_that_was_given_is_repeated() {
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
            let error = refusal(request.clone());
            let told = format!("{error:?} {error}");
            assert!(!told.contains(PLANTED), "{request}: {told}");
        }
        let request = json!({
            "operation": "addDestination", "secret": {"token": PLANTED},
            "destination": {"displayName": "d", "type": "slack"},
        });
        assert!(!format!("{:?}", Request::read(request).unwrap()).contains(PLANTED));
    }
}
