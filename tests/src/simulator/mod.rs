//! One server, one module for each vendor.
//!
//! | path | |
//! |---|---|
//! | `GET /_received` | everything that arrived, oldest first |
//! | `DELETE /_received` | forgets it |
//! | `PUT /_faults` | `{"path": prefix, "status": 503, "times": 2, "headers": {…}, "body": "…"}`: the next requests below that path are answered so |
//! | everything else | the vendors |

mod fault;
mod slack;
pub mod webhook;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use fault::Fault;

/// Requests of this size and more are refused before they are read.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// One request that arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Received {
    /// The vendor it was for: the name of a provider.
    pub provider: String,
    /// Path and query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The body, as JSON where it is some.
    pub body: Value,
    /// The status it was answered with.
    pub status: u16,
}

/// What the simulator remembers.
#[derive(Clone, Debug, Default)]
pub struct Simulator {
    received: Arc<Mutex<Vec<Received>>>,
    faults: Arc<Mutex<Vec<Fault>>>,
}

/// A vendor's answer to a request, before it is recorded.
struct Verdict {
    status: StatusCode,
    body: String,
}

impl Verdict {
    fn new(status: StatusCode, body: impl Into<String>) -> Self {
        Self {
            status,
            body: body.into(),
        }
    }
}

/// What a vendor looks at.
struct Asked<'a> {
    path: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

impl Asked<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body).ok()
    }
}

impl Simulator {
    /// Everything that arrived, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Has the next requests answered by a fault.
    pub fn inject(&self, fault: Fault) {
        self.faults.lock().unwrap().push(fault);
    }

    /// Serves on `address` until the task ends; gives the bound address.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub async fn listen(
        &self,
        address: SocketAddr,
    ) -> std::io::Result<(SocketAddr, impl Future<Output = ()> + Send + use<>)> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        let app = self.app();
        Ok((bound, async move {
            // Ends only when the listener breaks; then the tests that need it say so.
            let _ = axum::serve(listener, app).await;
        }))
    }

    fn app(&self) -> Router {
        Router::new()
            .route("/_received", get(list).delete(forget))
            .route("/_faults", put(inject))
            .fallback(vendor)
            .layer(middleware::from_fn_with_state(self.clone(), faulty))
            .layer(axum::extract::DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(self.clone())
    }

    fn record(&self, provider: &str, asked: &Asked<'_>, status: StatusCode) {
        let headers = asked
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let body = asked
            .json()
            .unwrap_or_else(|| Value::String(String::from_utf8_lossy(asked.body).into_owned()));
        self.received.lock().unwrap().push(Received {
            provider: provider.to_owned(),
            path: asked.path.to_owned(),
            headers,
            body,
            status: status.as_u16(),
        });
    }
}

async fn list(State(simulator): State<Simulator>) -> Json<Vec<Received>> {
    Json(simulator.received())
}

async fn forget(State(simulator): State<Simulator>) -> StatusCode {
    simulator.received.lock().unwrap().clear();
    StatusCode::NO_CONTENT
}

async fn inject(State(simulator): State<Simulator>, Json(fault): Json<Fault>) -> StatusCode {
    simulator.inject(fault);
    StatusCode::NO_CONTENT
}

/// Answers by an injected fault, if one is waiting for this path.
async fn faulty(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let fault = fault::take(&mut simulator.faults.lock().unwrap(), &path);
    match fault {
        Some(fault) => {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, BODY_LIMIT)
                .await
                .unwrap_or_default();
            let asked = Asked {
                path: &path,
                headers: &parts.headers,
                body: &body,
            };
            simulator.record("fault", &asked, fault.status());
            fault.into_response()
        }
        None => next.run(request).await,
    }
}

/// Finds the vendor by the path, as the vendors' own hosts would tell them apart.
async fn vendor(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => body,
        Err(_) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let asked = Asked {
        path,
        headers: &parts.headers,
        body: &body,
    };
    let (provider, verdict) = match path.split('/').nth(1).unwrap_or_default() {
        "services" => ("slack", slack::webhook(&asked)),
        "api" if path.starts_with("/api/chat.postMessage") => ("slack", slack::bot(&asked)),
        "hook" => ("webhook", webhook::receive(&asked)),
        _ => (
            "nobody",
            Verdict::new(StatusCode::NOT_FOUND, "no such vendor"),
        ),
    };
    simulator.record(provider, &asked, verdict.status);
    let kind = if verdict.body.starts_with('{') {
        "application/json"
    } else {
        "text/plain"
    };
    (verdict.status, [("content-type", kind)], verdict.body).into_response()
}
