//! Questions of tests and the demo to the simulator itself, and how they inject faults.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{Created, Injection, Received, Simulator};

/// Which of all there is.
#[derive(Deserialize)]
pub(super) struct About {
    /// What holds this text; everything when it is empty.
    #[serde(default)]
    about: String,
}

/// Which injected faults.
#[derive(Deserialize)]
pub(super) struct Below {
    /// Those for paths that begin with this.
    #[serde(default)]
    path: String,
}

/// How much arrived.
#[derive(Serialize)]
pub(super) struct Count {
    received: usize,
    accepted: usize,
}

pub(super) async fn vendors() -> Json<Vec<&'static str>> {
    Json(Simulator::providers())
}

pub(super) async fn received(
    State(simulator): State<Simulator>,
    Query(which): Query<About>,
) -> Json<Vec<Received>> {
    Json(simulator.received_about(&which.about))
}

pub(super) async fn count(
    State(simulator): State<Simulator>,
    Query(which): Query<About>,
) -> Json<Count> {
    let all = simulator.received.lock().unwrap();
    let mut count = Count {
        received: 0,
        accepted: 0,
    };
    for one in all.iter().filter(|one| one.text.contains(&which.about)) {
        count.received += 1;
        count.accepted += usize::from(one.received.is_accepted());
    }
    Json(count)
}

pub(super) async fn forget(State(simulator): State<Simulator>) -> StatusCode {
    simulator.received.lock().unwrap().clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn created(
    State(simulator): State<Simulator>,
    Path(provider): Path<String>,
    Query(which): Query<About>,
) -> Json<Vec<Created>> {
    let things = simulator.things.lock().unwrap();
    Json(
        things
            .of(&provider)
            .filter(|one| one.thing.to_string().contains(&which.about))
            .cloned()
            .collect(),
    )
}

pub(super) async fn show(
    State(simulator): State<Simulator>,
    Path((provider, id)): Path<(String, String)>,
) -> Response {
    match simulator.created(&provider, &id) {
        Some(created) => Json(created).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(super) async fn inject(
    State(simulator): State<Simulator>,
    Json(injection): Json<Injection>,
) -> StatusCode {
    simulator.inject(injection);
    StatusCode::NO_CONTENT
}

pub(super) async fn injected(State(simulator): State<Simulator>) -> Json<Vec<Injection>> {
    Json(simulator.faults.lock().unwrap().all())
}

pub(super) async fn remove_faults(
    State(simulator): State<Simulator>,
    Query(which): Query<Below>,
) -> StatusCode {
    simulator.faults.lock().unwrap().remove_faults(&which.path);
    StatusCode::NO_CONTENT
}
