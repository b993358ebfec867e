//! One server, one module for each vendor.
//!
//! | path | |
//! |---|---|
//! | `GET /_vendors` | the providers whose vendors there are |
//! | `GET /_received` | everything that arrived, oldest first; `?about=…` only what holds this text |
//! | `GET /_received/count` | how many that are, and how many were accepted; `?about=…` likewise |
//! | `DELETE /_received` | forgets it |
//! | `GET /_created/<provider>` | all that a vendor created; `?about=…` only what holds this text |
//! | `GET /_created/<provider>/<id>` | what a vendor created, by any of its ids |
//! | `PUT /_faults` | `{"path": prefix, "status": 503, "times": 2, "headers": {…}, "body": "…", "late": false}`: the next requests below that path are answered so |
//! | | `{"path": prefix, "mishap": "reset", "times": 2, "late": true}`: or get no proper answer, see [`Mishap`] |
//! | | `{"path": prefix, "perSecond": 1, "retryAfter": 5}`: or are too many, see [`Limit`] |
//! | `GET /_faults` | what is injected and not used up |
//! | `DELETE /_faults?path=prefix` | removes it |
//! | everything else | the vendors, see [`vendors`] |

mod asana;
mod asked;
mod control;
mod created;
mod fault;
pub mod github;
mod jira;
mod opsgenie;
mod pagerduty;
mod rules;
mod servicenow;
mod slack;
pub mod teams;
#[cfg(test)]
mod testing;
mod vendors;
pub mod webhook;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

pub use created::Created;
pub use fault::{Breakage, Fault, Injection, Limit, Mishap};

use crate::wire::{Connection, FaultyListener};
use asked::Asked;
use created::Things;
use fault::{AppliedFault, Injections};

/// Requests of this size and more are refused before they are read.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// The vendor's name of requests that no vendor saw.
const NO_VENDOR: &str = "fault";

/// The status of requests that got no answer.
const NO_ANSWER: u16 = 0;

/// One request that arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Received {
    /// When, in milliseconds since 1970.
    #[serde(default)]
    pub at: u64,
    /// The vendor it was for: the name of a provider; `fault` if a fault kept it
    /// from them.
    pub provider: String,
    /// Path and query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The body, as JSON where it is some.
    pub body: Value,
    /// The status it was answered with; 0 if it was not.
    pub status: u16,
}

impl Received {
    /// Whether a vendor accepted it, even if its answer was lost.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.provider != NO_VENDOR && (200..300).contains(&self.status)
    }
}

/// A request, and its body as text to search in.
#[derive(Clone, Debug)]
struct Kept {
    received: Received,
    text: String,
}

/// What the simulator remembers.
#[derive(Clone, Debug, Default)]
pub struct Simulator {
    received: Arc<Mutex<Vec<Kept>>>,
    faults: Arc<Mutex<Injections>>,
    things: Arc<Mutex<Things>>,
}

impl Simulator {
    /// Everything that arrived, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received_about("")
    }

    /// What arrived and holds this text, oldest first.
    #[must_use]
    pub fn received_about(&self, about: &str) -> Vec<Received> {
        let all = self.received.lock().unwrap();
        all.iter()
            .filter(|one| one.text.contains(about))
            .map(|one| one.received.clone())
            .collect()
    }

    /// What a vendor created, by any of its ids: the latest, if there are several.
    #[must_use]
    pub fn created(&self, provider: &str, id: &str) -> Option<Created> {
        self.things.lock().unwrap().find(provider, id).cloned()
    }

    /// The names of the providers whose vendors the simulator plays.
    #[must_use]
    pub fn providers() -> Vec<&'static str> {
        vendors::providers()
    }

    /// Makes the vendors answer requests with a fault, or not at all.
    pub fn inject(&self, fault: impl Into<Injection>) {
        self.faults.lock().unwrap().add(fault.into());
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
        let app = self
            .app()
            .into_make_service_with_connect_info::<Connection>();
        Ok((bound, async move {
            // Ends only when the listener breaks; then the tests that need it say so.
            let _ = axum::serve(FaultyListener(listener), app).await;
        }))
    }

    fn app(&self) -> Router {
        Router::new()
            .fallback(vendor)
            .layer(middleware::from_fn_with_state(self.clone(), faulty))
            .route("/_vendors", get(control::vendors))
            .route("/_received", get(control::received).delete(control::forget))
            .route("/_received/count", get(control::count))
            .route("/_created/{provider}", get(control::created))
            .route("/_created/{provider}/{*id}", get(control::show))
            .route(
                "/_faults",
                get(control::injected)
                    .put(control::inject)
                    .delete(control::remove_faults),
            )
            .layer(axum::extract::DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(self.clone())
    }

    fn record(&self, provider: &str, asked: &Asked<'_>, status: u16) {
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
        let received = Received {
            at: now(),
            provider: provider.to_owned(),
            path: asked.path.to_owned(),
            headers,
            body,
            status,
        };
        let text = String::from_utf8_lossy(asked.body).into_owned();
        self.received.lock().unwrap().push(Kept { received, text });
    }
}

fn now() -> u64 {
    // After 1970, and before the year 500,000,000.
    (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as u64
}

/// Answers by an injected fault, if there is one for such a request.
async fn faulty(
    State(simulator): State<Simulator>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let text = String::from_utf8_lossy(&body);
    let fault = simulator.faults.lock().unwrap().take(&path, &text);
    let unseen = |status: u16| {
        let asked = Asked {
            method: &parts.method,
            path: &path,
            headers: &parts.headers,
            body: &body,
        };
        simulator.record(NO_VENDOR, &asked, status);
    };
    match fault {
        Some(AppliedFault::Fault(fault)) if !fault.late => {
            unseen(fault.status().as_u16());
            fault.into_response()
        }
        Some(AppliedFault::Limit(limit)) => {
            unseen(StatusCode::TOO_MANY_REQUESTS.as_u16());
            limit.into_response()
        }
        Some(AppliedFault::Breakage(breakage)) => {
            let answer = if breakage.late {
                let request = Request::from_parts(parts, body.into());
                Some(next.run(request).await)
            } else {
                unseen(NO_ANSWER);
                None
            };
            let befallen = breakage.mishap.befall(&connection, answer).await;
            befallen.unwrap_or_else(|reason| {
                // It did not happen: the fault stays, and the test sees it among the unused.
                simulator.inject(Injection::Breakage(breakage));
                (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response()
            })
        }
        Some(AppliedFault::Fault(late)) => {
            let request = Request::from_parts(parts, body.into());
            next.run(request).await;
            late.into_response()
        }
        None => next.run(Request::from_parts(parts, body.into())).await,
    }
}

/// Passes a request to the vendor that its path belongs to.
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
    simulator.record(provider, &asked, verdict.status.as_u16());
    verdict.into_response()
}

#[cfg(test)]
mod tests;
