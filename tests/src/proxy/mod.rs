//! # The fault proxy
//!
//! Passes every request of a function on to the emulator of AWS, unchanged, so
//! that signatures and permissions hold as without it, except for those that a
//! test tells it to spoil.
//!
//! | path | |
//! |---|---|
//! | `PUT /_faults` | `{"service": "dynamodb", "operation": "BatchExecute", "about": ["INSERT", "alert-1"], "times": 1, "action": "killAfter"}`, see [`ServiceFault`]; `"forSeconds": 60` in place of `times` |
//! | `GET /_faults` | those that have not happened, or not as often as wanted, oldest first |
//! | `DELETE /_faults?about=…` | removes those about this |
//! | `GET /_counts` | calls so far, by `service.operation` |
//! | everything else | AWS |

mod call;
mod fault;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use reqwest::{Client, redirect, retry};
use serde::Deserialize;

pub use fault::{Action, ServiceFault, Span};

use crate::process::kill_peer;
use crate::wire::{Connection, FaultyListener};
use call::Call;
use fault::Faults;

/// More than any function sends: Lambda takes 6 MB, SQS 1 MiB.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// Stands between the functions and the emulator.
#[derive(Clone, Debug)]
pub struct Proxy {
    emulator: String,
    client: Client,
    faults: Arc<Mutex<Faults>>,
    counts: Arc<Mutex<BTreeMap<String, u64>>>,
}

/// Why a request could not be passed on.
#[derive(Debug, thiserror::Error)]
enum NotPassed {
    #[error("the request could not be read: {0}")]
    Unreadable(#[from] axum::Error),
    #[error("the emulator did not answer: {0}")]
    NoAnswer(#[from] reqwest::Error),
    #[error("the function could not be killed: {0}")]
    NotKilled(#[from] crate::process::NotKilled),
}

impl Proxy {
    /// A proxy before the emulator at this address, such as `http://127.0.0.1:4566`.
    ///
    /// # Errors
    ///
    /// When the system lets no HTTP client be made.
    pub fn new(emulator: impl Into<String>) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .build()?;
        Ok(Self {
            emulator: emulator.into(),
            client,
            faults: Arc::default(),
            counts: Arc::default(),
        })
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
        let app = Router::new()
            .route("/_faults", put(inject).get(injected).delete(remove_faults))
            .route("/_counts", get(counts))
            .fallback(pass)
            .with_state(self.clone())
            .into_make_service_with_connect_info::<Connection>();
        Ok((bound, async move {
            // Ends only when the listener breaks; then nothing on the stack works.
            let _ = axum::serve(FaultyListener(listener), app).await;
        }))
    }

    /// Has calls spoiled.
    pub fn inject(&self, fault: ServiceFault) {
        self.faults.lock().unwrap().add(fault);
    }

    async fn pass(&self, connection: &Connection, request: Request) -> Result<Response, NotPassed> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, BODY_LIMIT).await?;
        let call = Call::of(&parts, &body);
        self.count(&call);
        let fault = self.faults.lock().unwrap().take(&call);
        let Some(fault) = fault else {
            return self.forward(parts, body).await;
        };
        match fault.action {
            Action::Unavailable => Ok(call::unavailable()),
            Action::Throttle => Ok(call.throttled()),
            Action::Swallow => Ok(call.accepted(&body)),
            Action::Hang => std::future::pending().await,
            Action::Reset => {
                connection.reset();
                Ok(StatusCode::OK.into_response())
            }
            Action::Lose => {
                let answer = self.forward(parts, body).await?;
                connection.reset();
                Ok(answer)
            }
            Action::KillBefore => {
                self.kill(connection, fault)?;
                Ok(StatusCode::OK.into_response())
            }
            Action::KillAfter => {
                let answer = self.forward(parts, body).await?;
                self.kill(connection, fault)?;
                Ok(answer)
            }
        }
    }

    /// Kills the function that called. If that fails the fault stays, and the test
    /// sees it among the unused.
    fn kill(&self, connection: &Connection, fault: ServiceFault) -> Result<(), NotPassed> {
        kill_peer(connection).inspect_err(|_| self.inject(fault))?;
        Ok(())
    }

    fn count(&self, call: &Call) {
        *self.counts.lock().unwrap().entry(call.name()).or_default() += 1;
    }

    /// The emulator's answer. The `host` header goes on as it is: it is signed.
    async fn forward(&self, parts: Parts, body: Bytes) -> Result<Response, NotPassed> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers;
        headers.remove(header::CONNECTION);
        headers.remove(header::TRANSFER_ENCODING);
        let answer = self
            .client
            .request(parts.method, format!("{}{path}", self.emulator))
            .headers(headers)
            .body(body)
            .send()
            .await?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        for connection in [header::CONNECTION, header::TRANSFER_ENCODING] {
            response.headers_mut().remove(connection);
        }
        *response.body_mut() = answer.bytes().await?.into();
        Ok(response)
    }
}

async fn pass(
    State(proxy): State<Proxy>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    proxy
        .pass(&connection, request)
        .await
        .unwrap_or_else(|error| {
            eprintln!("{error}");
            (StatusCode::BAD_GATEWAY, error.to_string()).into_response()
        })
}

/// Which faults.
#[derive(Deserialize)]
struct About {
    about: String,
}

async fn inject(State(proxy): State<Proxy>, Json(fault): Json<ServiceFault>) -> StatusCode {
    proxy.inject(fault);
    StatusCode::NO_CONTENT
}

async fn injected(State(proxy): State<Proxy>) -> Json<Vec<ServiceFault>> {
    Json(proxy.faults.lock().unwrap().unused())
}

async fn remove_faults(State(proxy): State<Proxy>, Query(which): Query<About>) -> StatusCode {
    proxy.faults.lock().unwrap().remove_faults(&which.about);
    StatusCode::NO_CONTENT
}

async fn counts(State(proxy): State<Proxy>) -> Json<BTreeMap<String, u64>> {
    Json(proxy.counts.lock().unwrap().clone())
}

#[cfg(test)]
mod tests;
