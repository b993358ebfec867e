//! One server, one module for each vendor.
//!
//! | path | |
//! |---|---|
//! | `GET /_received` | everything that arrived, oldest first |
//! | `DELETE /_received` | forgets it |
//! | `GET /_created/<provider>/<id>` | what a vendor created, by any of its ids |
//! | `PUT /_faults` | `{"path": prefix, "status": 503, "times": 2, "headers": {…}, "body": "…", "late": false}`: the next requests below that path are answered so |
//! | everything else | the vendors, see [`vendors`] |

mod asana;
mod asked;
mod created;
mod fault;
mod github;
mod jira;
mod opsgenie;
mod pagerduty;
mod rules;
mod servicenow;
mod slack;
mod teams;
#[cfg(test)]
mod testing;
mod vendors;
pub mod webhook;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use created::Created;
pub use fault::Fault;

use asked::Asked;
use created::Things;

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
    things: Arc<Mutex<Things>>,
}

impl Simulator {
    /// Everything that arrived, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What a vendor created, by any of its ids: the latest, if there are several.
    #[must_use]
    pub fn created(&self, provider: &str, id: &str) -> Option<Created> {
        self.things.lock().unwrap().find(provider, id).cloned()
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
            .route("/_created/{provider}/{*id}", get(show))
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

async fn show(
    State(simulator): State<Simulator>,
    Path((provider, id)): Path<(String, String)>,
) -> Response {
    match simulator.created(&provider, &id) {
        Some(created) => Json(created).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn inject(State(simulator): State<Simulator>, Json(fault): Json<Fault>) -> StatusCode {
    simulator.inject(fault);
    StatusCode::NO_CONTENT
}

/// Answers by an injected fault, if one is waiting for this path.
async fn faulty(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let text = String::from_utf8_lossy(&body);
    let fault = fault::take(&mut simulator.faults.lock().unwrap(), &path, &text);
    match fault {
        Some(fault) if !fault.late => {
            let asked = Asked {
                method: &parts.method,
                path: &path,
                headers: &parts.headers,
                body: &body,
            };
            simulator.record("fault", &asked, fault.status());
            fault.into_response()
        }
        late_or_none => {
            let request = Request::from_parts(parts, body.clone().into());
            let answer = next.run(request).await;
            late_or_none.map_or(answer, IntoResponse::into_response)
        }
    }
}

/// Has the vendor answer whose path it is.
async fn vendor(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => body,
        Err(_) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let asked = Asked {
        method: &parts.method,
        path,
        headers: &parts.headers,
        body: &body,
    };
    let (provider, verdict) = vendors::answer(&asked, &mut simulator.things.lock().unwrap());
    simulator.record(provider, &asked, verdict.status);
    verdict.into_response()
}

#[cfg(test)]
mod tests;
