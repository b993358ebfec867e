//! Answers that a test orders instead of the vendor's own.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// An answer for the next requests below a path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// Requests whose path begins with this.
    pub path: String,
    /// And whose body holds this, such as an alert's id: tests run side by side.
    #[serde(default)]
    pub about: String,
    /// The status to answer with.
    pub status: u16,
    /// How many requests.
    #[serde(default = "once")]
    pub times: usize,
    /// Headers to answer with.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body to answer with.
    #[serde(default)]
    pub body: String,
    /// Whether the vendor does first what it was asked: then only its own answer
    /// is lost, as when a connection breaks too late.
    #[serde(default)]
    pub late: bool,
}

fn once() -> usize {
    1
}

impl Fault {
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.body).into_response();
        for (name, value) in self.headers {
            let name = axum::http::HeaderName::try_from(name);
            let value = axum::http::HeaderValue::try_from(value);
            if let (Ok(name), Ok(value)) = (name, value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Takes one use of the first fault for such a request.
pub(super) fn take(faults: &mut Vec<Fault>, path: &str, body: &str) -> Option<Fault> {
    let at = faults
        .iter()
        .position(|fault| path.starts_with(&fault.path) && body.contains(&fault.about))?;
    let fault = faults[at].clone();
    faults[at].times = faults[at].times.saturating_sub(1);
    if faults[at].times == 0 {
        faults.remove(at);
    }
    Some(fault)
}
