//! Requests for the vendors' own tests.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::asked::{Asked, Verdict};
use super::created::Things;

/// A request under construction.
#[derive(Clone)]
pub(super) struct Call {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Call {
    pub(super) fn post(path: &str, body: &Value) -> Self {
        Self {
            method: Method::POST,
            body: body.to_string(),
            ..Self::get(path)
        }
        .with("content-type", "application/json")
    }

    pub(super) fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: String::new(),
        }
        .with("host", "127.0.0.1:4700")
    }

    /// The same as a PUT.
    pub(super) fn putting(mut self) -> Self {
        self.method = Method::PUT;
        self
    }

    /// Sets a header.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(
            HeaderName::from_static(name),
            HeaderValue::try_from(value).unwrap(),
        );
        self
    }

    /// Takes a header away.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// The same with another body, JSON or not.
    pub(super) fn saying(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    pub(super) fn to(
        &self,
        vendor: fn(&Asked<'_>, &mut Things) -> Verdict,
        things: &mut Things,
    ) -> Verdict {
        let asked = Asked {
            method: &self.method,
            path: &self.path,
            headers: &self.headers,
            body: self.body.as_bytes(),
        };
        vendor(&asked, things)
    }

    /// The status and the answer of a vendor that has created nothing yet.
    pub(super) fn ask(&self, vendor: fn(&Asked<'_>, &mut Things) -> Verdict) -> (u16, Value) {
        let verdict = self.to(vendor, &mut Things::default());
        (verdict.status.as_u16(), verdict.said())
    }
}

/// `body` with the value at `pointer` replaced, or added.
pub(super) fn but(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[key] = value;
    body
}
