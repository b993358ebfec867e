//! The stack's provider simulator and its fault proxy.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::Stack;
use super::waiting::TIME_LIMIT;
use crate::proxy::ServiceFault;
use crate::simulator::{Injection, Received};

impl Stack {
    /// The URL of a path of the simulator.
    #[must_use]
    pub fn simulator(&self, path: &str) -> String {
        format!("{}{path}", self.simulator)
    }

    /// The requests that the simulator received about an alert.
    pub async fn received(&self, alert_id: &str) -> Vec<Received> {
        let answer = reqwest::get(self.simulator("/_received")).await.unwrap();
        let all: Vec<Received> = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        all.into_iter()
            .filter(|one| one.body.to_string().contains(alert_id))
            .collect()
    }

    /// The requests that the simulator received about something, once they are `enough`.
    pub async fn received_when(
        &self,
        about: &str,
        enough: impl Fn(&[Received]) -> bool,
    ) -> Vec<Received> {
        let started = Instant::now();
        while started.elapsed() < TIME_LIMIT {
            let received = self.received(about).await;
            if enough(&received) {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the simulator did not receive what was expected about {about} in {TIME_LIMIT:?}");
    }

    /// Makes the simulator answer the next requests with a fault.
    pub async fn inject(&self, fault: &(impl Clone + Into<Injection>)) {
        put(self.simulator("/_faults"), &fault.clone().into()).await;
    }

    /// Removes the simulator's faults for paths that begin with this.
    pub async fn remove_faults(&self, path: &str) {
        delete(self.simulator(&format!("/_faults?path={path}"))).await;
    }

    /// Makes calls of functions to AWS fail.
    pub async fn spoil(&self, fault: &ServiceFault) {
        put(proxy("/_faults"), fault).await;
    }

    /// Removes the faults of calls about this.
    pub async fn unspoil(&self, about: &str) {
        delete(proxy(&format!("/_faults?about={about}"))).await;
    }
}

fn proxy(path: &str) -> String {
    let port = &Stack::file("proxy.json")["port"];
    format!("http://127.0.0.1:{port}{path}")
}

async fn delete(address: String) {
    let answer = reqwest::Client::new().delete(address).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}

async fn put(address: String, fault: &impl Serialize) {
    let answer = reqwest::Client::new()
        .put(address)
        .header("content-type", "application/json")
        .body(serde_json::to_string(fault).unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
}
