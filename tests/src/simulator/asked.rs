//! What a vendor is asked, and what it answers.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::form_urlencoded;

/// What a vendor looks at.
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    /// Path and query.
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl Asked<'_> {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body).ok()
    }

    /// The body, when it is a JSON object.
    pub(super) fn object(&self) -> Option<Value> {
        self.json().filter(Value::is_object)
    }

    pub(super) fn is_post(&self) -> bool {
        *self.method == Method::POST
    }

    pub(super) fn is_put(&self) -> bool {
        *self.method == Method::PUT
    }

    pub(super) fn is_get(&self) -> bool {
        *self.method == Method::GET
    }

    /// Whether the body says that it is JSON.
    pub(super) fn brings_json(&self) -> bool {
        let kind = self.header("content-type").split(';').next();
        kind.unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("application/json")
    }

    /// Whether the caller takes JSON.
    pub(super) fn takes_json(&self) -> bool {
        self.header("accept").split(',').any(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind == "*/*" || kind == "application/*" || kind.ends_with("json")
        })
    }

    /// The path without the query.
    pub(super) fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The parts of the path.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.route()
            .split('/')
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// One parameter of the query, decoded.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.path.split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// One field of a body that is a form, decoded.
    pub(super) fn form(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body)
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// What follows the scheme in the `authorization` header.
    pub(super) fn credential(&self, scheme: &str) -> Option<&str> {
        let (known, rest) = self.header("authorization").split_once(' ')?;
        let rest = rest.trim();
        (known.eq_ignore_ascii_case(scheme) && !rest.is_empty()).then_some(rest)
    }

    /// User name and password of Basic authentication.
    pub(super) fn basic(&self) -> Option<(String, String)> {
        let pair = STANDARD.decode(self.credential("Basic")?).ok()?;
        let pair = String::from_utf8(pair).ok()?;
        let (user, password) = pair.split_once(':')?;
        let whole = !user.is_empty() && !password.is_empty();
        whole.then(|| (user.to_owned(), password.to_owned()))
    }

    /// Where the simulator was called: `http://127.0.0.1:4700`.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.header("host"))
    }

    /// Where what was created can be looked at.
    pub(super) fn page(&self, provider: &str, id: &str) -> String {
        format!("{}/_created/{provider}/{id}", self.base())
    }
}

/// A vendor's answer to a request, before it is recorded.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Verdict {
    pub(super) fn new(status: StatusCode, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// An answer in JSON.
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, body.to_string())
    }

    /// No body at all.
    pub(super) fn bare(status: StatusCode) -> Self {
        Self::new(status, "")
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl IntoResponse for Verdict {
    fn into_response(self) -> Response {
        let kind = match self.body.chars().next() {
            Some('{' | '[') => "application/json",
            _ => "text/plain",
        };
        let empty = self.body.is_empty();
        let mut response = (self.status, self.body).into_response();
        response.headers_mut().remove("content-type");
        if !empty {
            response
                .headers_mut()
                .insert("content-type", HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

#[cfg(test)]
impl Verdict {
    /// The body, as JSON where it is some.
    pub(super) fn said(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| Value::String(self.body.clone()))
    }

    pub(super) fn has(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}
