//! The server as a whole, over a connection.

use std::time::{Duration, Instant};

use serde_json::json;

use super::*;

/// A simulator that is being served, and its address.
async fn served() -> (Simulator, String) {
    let simulator = Simulator::default();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let (address, serving) = simulator.listen(any_port).await.unwrap();
    tokio::spawn(serving);
    (simulator, format!("http://{address}"))
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

/// Posts to a webhook below `/hook/`, with a second for the answer.
async fn post_hook(base: &str) -> Result<u16, reqwest::Error> {
    let payload = json!({
        "id": "x", "createdAt": "x", "severity": "LOW", "type": "RULE", "link": null, "title": "x",
        "name": null, "alertId": "alert-1", "alertContext": {}, "description": null,
        "runbook": null, "tags": [], "version": null,
    });
    let answer = reqwest::Client::new()
        .post(format!("{base}/hook/x"))
        .header("content-type", "application/json")
        .timeout(Duration::from_secs(1))
        .body(payload.to_string())
        .send()
        .await?;
    let status = answer.status().as_u16();
    answer.bytes().await.map(|_| status)
}

#[tokio::test]
async fn every_mishap_befalls_the_connection_before_or_after_the_vendor_did_its_work() {
    let (simulator, base) = served().await;
    for late in [false, true] {
        for (mishap, times_out) in [("reset", false), ("hang", true), ("drip", true)] {
            let injection =
                json!({"path": "/hook", "about": "alert-1", "mishap": mishap, "late": late});
            simulator.inject(serde_json::from_value::<Injection>(injection).unwrap());
            let started = Instant::now();
            let error = post_hook(&base).await.unwrap_err();
            assert_eq!(error.is_timeout(), times_out, "{mishap}: {error:?}");
            assert_eq!(started.elapsed() > Duration::from_millis(900), times_out);
            let last = simulator.received().pop().unwrap();
            assert_eq!(last.is_accepted(), late, "{mishap}");
        }
    }
    assert_eq!(post_hook(&base).await.unwrap(), 200);
}

#[tokio::test]
async fn a_process_that_is_not_a_function_is_not_killed_and_the_fault_stays() {
    let (simulator, base) = served().await;
    let injection = json!({"path": "/hook", "mishap": "kill"});
    simulator.inject(serde_json::from_value::<Injection>(injection).unwrap());
    assert_eq!(post_hook(&base).await.unwrap(), 500);
    let left = get(&format!("{base}/_faults")).await;
    assert_eq!(left[0]["mishap"], "kill");
    let client = reqwest::Client::new();
    let removal = client.delete(format!("{base}/_faults?path=/hook"));
    assert_eq!(removal.send().await.unwrap().status(), 204);
    assert_eq!(post_hook(&base).await.unwrap(), 200);
}

#[tokio::test]
async fn counts_and_excerpts_are_of_what_holds_the_text() {
    let (simulator, base) = served().await;
    let limit = json!({"path": "/hook", "perSecond": 0.001, "retryAfter": 7});
    simulator.inject(serde_json::from_value::<Injection>(limit).unwrap());
    assert_eq!(post_hook(&base).await.unwrap(), 200);
    assert_eq!(post_hook(&base).await.unwrap(), 429);
    let count = get(&format!("{base}/_received/count?about=alert-1")).await;
    assert_eq!(count, json!({"received": 2, "accepted": 1}));
    let count = get(&format!("{base}/_received/count?about=alert-2")).await;
    assert_eq!(count, json!({"received": 0, "accepted": 0}));
    let all = get(&format!("{base}/_received?about=alert-1")).await;
    assert!(all[0]["at"].as_u64().unwrap() <= all[1]["at"].as_u64().unwrap());

    let event = json!({
        "routing_key": "0".repeat(32), "event_action": "trigger", "dedup_key": "key",
        "payload": {"summary": "alert-1", "source": "x", "severity": "info"},
    });
    post(&format!("{base}/v2/enqueue"), &[], &event).await;
    for (about, found) in [("alert-1", 1), ("alert-2", 0)] {
        let created = get(&format!("{base}/_created/pagerduty?about={about}")).await;
        assert_eq!(created.as_array().unwrap().len(), found);
    }
}
