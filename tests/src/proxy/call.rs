//! Which service is called, and for what.

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A call of a function to AWS.
#[derive(Debug)]
pub(super) struct Call {
    /// As the signature names it: `dynamodb`, `sqs`, `lambda`, `secretsmanager` …
    pub(super) service: String,
    /// As the service's documentation names it.
    pub(super) operation: String,
    /// Path and body, to search in.
    pub(super) text: String,
}

impl Call {
    pub(super) fn of(parts: &Parts, body: &[u8]) -> Self {
        let header = |name: &str| {
            let value = parts.headers.get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or("")
        };
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let body = String::from_utf8_lossy(body);
        let service = signed_for(header("authorization")).unwrap_or("unsigned");
        Self {
            service: service.to_owned(),
            operation: operation(header("x-amz-target"), path, &body).to_owned(),
            text: format!("{path}\n{body}"),
        }
    }

    /// `service.operation`
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.service, self.operation)
    }

    /// What a service answers to too many calls.
    pub(super) fn throttled(&self) -> Response {
        match self.service.as_str() {
            "lambda" => refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
            "dynamodb" => refusal(
                StatusCode::BAD_REQUEST,
                "ProvisionedThroughputExceededException",
            ),
            _ => refusal(StatusCode::BAD_REQUEST, "ThrottlingException"),
        }
    }

    /// What a service answers that accepts an asynchronous invocation or messages.
    pub(super) fn accepted(&self, body: &[u8]) -> Response {
        if self.service == "lambda" {
            return StatusCode::ACCEPTED.into_response();
        }
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let receipt = match asked["Entries"].as_array() {
            Some(entries) => {
                let all: Vec<_> = entries.iter().map(|one| receipt(&one["Id"])).collect();
                json!({"Successful": all, "Failed": []})
            }
            None => receipt(&Value::Null),
        };
        axum::Json(receipt).into_response()
    }
}

/// SQS's receipt for one message that it did not keep.
fn receipt(id: &Value) -> Value {
    json!({"Id": id, "MessageId": "swallowed by a test", "MD5OfMessageBody": ""})
}

/// What a service in trouble answers.
pub(super) fn unavailable() -> Response {
    refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
}

/// The service in `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
fn signed_for(authorization: &str) -> Option<&str> {
    let (_, scope) = authorization.split_once("Credential=")?;
    scope.split(',').next()?.split('/').nth(3)
}

/// From `x-amz-target`, the query protocol's `Action`, or Lambda's path.
fn operation<'a>(target: &'a str, path: &str, body: &'a str) -> &'a str {
    if let Some((_, operation)) = target.rsplit_once('.') {
        return operation;
    }
    if path.ends_with("/invocations") {
        return "Invoke";
    }
    let mut fields = body.split('&');
    fields
        .find_map(|field| field.strip_prefix("Action="))
        .unwrap_or("unknown")
}

fn refusal(status: StatusCode, code: &'static str) -> Response {
    let said = json!({"__type": code, "message": "injected by a test"});
    let mut response = (status, axum::Json(said)).into_response();
    let headers = response.headers_mut();
    headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}
