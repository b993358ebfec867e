//! Control of the simulator and of the fault proxy.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tocsin_tests::simulator::Received;

/// One of the two, by its address.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    base: String,
    client: reqwest::Client,
}

/// How much arrived at the simulator.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(crate) struct Count {
    pub(crate) received: usize,
}

impl Control {
    pub(crate) fn new(base: impl Into<String>) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            base: base.into(),
            client,
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.client.get(format!("{}{path}", self.base)).send();
        let bytes = answer.await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    pub(crate) async fn inject(&self, injection: &Value) {
        let request = self.client.put(format!("{}/_faults", self.base));
        let answer = request
            .header("content-type", "application/json")
            .body(injection.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 204, "{injection}");
    }

    pub(crate) async fn remove_faults(&self, query: &str) {
        let request = self.client.delete(format!("{}/_faults?{query}", self.base));
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    /// The injected faults about this that are not used up.
    pub(crate) async fn left(&self, about: &str) -> Vec<Value> {
        let all: Vec<Value> = self.get("/_faults").await;
        all.into_iter()
            .filter(|one| one.to_string().contains(about))
            .collect()
    }

    pub(crate) async fn received(&self, about: &str) -> Vec<Received> {
        self.get(&format!("/_received?about={about}")).await
    }

    pub(crate) async fn count(&self, about: &str) -> Count {
        self.get(&format!("/_received/count?about={about}")).await
    }

    pub(crate) async fn created(&self, provider: &str, about: &str) -> Vec<Value> {
        self.get(&format!("/_created/{provider}?about={about}"))
            .await
    }

    /// Calls of functions to AWS so far.
    pub(crate) async fn calls(&self) -> BTreeMap<String, u64> {
        self.get("/_counts").await
    }
}
