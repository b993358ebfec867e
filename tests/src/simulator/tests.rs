//! The server as a whole, over a connection.

use serde_json::json;
use tokio::net::TcpListener;

use super::*;

/// A simulator that is being served, and its address.
async fn served() -> (Simulator, String) {
    let simulator = Simulator::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let app = simulator.app();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (simulator, base)
}

async fn get(url: &str) -> Value {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// Posts; gives the status and the answer.
async fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let mut request = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn what_an_answer_points_at_is_what_was_created() {
    let (simulator, base) = served().await;
    let issue = json!({"title": "x", "body": "alert-1"});
    let github = [("authorization", "Bearer t"), ("user-agent", "tocsin")];
    let (status, made) = post(&format!("{base}/repos/octo/alerts/issues"), &github, &issue).await;
    assert_eq!(status, 201);
    let shown = get(made["html_url"].as_str().unwrap()).await;
    assert_eq!(shown["thing"]["body"], "alert-1");

    let task = json!({"data": {"name": "alert-1", "projects": ["1"]}});
    let asana = [("authorization", "Bearer t")];
    let (_, made) = post(&format!("{base}/api/1.0/tasks"), &asana, &task).await;
    let shown = get(made["data"]["permalink_url"].as_str().unwrap()).await;
    assert_eq!(shown["thing"]["name"], "alert-1");

    let incident = json!({"short_description": "x", "correlation_id": "alert-1"});
    let key = [("x-sn-apikey", "k")];
    let (_, made) = post(&format!("{base}/api/now/table/incident"), &key, &incident).await;
    let sys_id = made["result"]["sys_id"].as_str().unwrap();
    let shown = get(&format!(
        "{base}/nav_to.do?uri=incident.do%3Fsys_id%3D{sys_id}"
    ))
    .await;
    assert_eq!(shown["thing"]["correlation_id"], "alert-1");

    let known: Vec<_> = simulator
        .received()
        .iter()
        .map(|one| one.provider.clone())
        .collect();
    assert_eq!(known, ["github", "asana", "servicenow", "servicenow"]);
    let missing = reqwest::get(format!("{base}/_created/jira/SEC-1"))
        .await
        .unwrap();
    assert_eq!(missing.status(), 404);
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_vendor_did_its_work() {
    let (simulator, base) = served().await;
    for (late, known) in [(false, false), (true, true)] {
        let mut fault: Fault =
            serde_json::from_value(json!({"path": "/v2/enqueue", "status": 502})).unwrap();
        fault.late = late;
        simulator.inject(fault);
        let key = format!("alert-{late}");
        let event = json!({
            "routing_key": "0".repeat(32), "event_action": "trigger", "dedup_key": key,
            "payload": {"summary": "x", "source": "x", "severity": "info"},
        });
        let (status, _) = post(&format!("{base}/v2/enqueue"), &[], &event).await;
        assert_eq!(status, 502);
        assert_eq!(
            simulator.created("pagerduty", &key).is_some(),
            known,
            "{late}"
        );
    }
}
