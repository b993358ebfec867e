//! The proxy as a whole, in front of a simple server in place of the emulator.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::*;

const SIGNATURE: &str =
    "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/dynamodb/aws4_request, Signature=x";

/// Says what it was asked, and of whom.
async fn echo(headers: HeaderMap, body: String) -> Json<Value> {
    let host = headers[header::HOST].to_str().unwrap();
    Json(json!({"host": host, "body": body}))
}

/// A proxy that is being served, and its address.
async fn served() -> (Proxy, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let emulator = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(echo);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let proxy = Proxy::new(emulator).unwrap();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let (address, serving) = proxy.listen(any_port).await.unwrap();
    tokio::spawn(serving);
    (proxy, format!("http://{address}"))
}

async fn call(base: &str, operation: &str, body: &str) -> Result<(u16, Value), reqwest::Error> {
    let answer = Client::new()
        .post(base)
        .header("authorization", SIGNATURE)
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .timeout(std::time::Duration::from_secs(1))
        .body(body.to_owned())
        .send()
        .await?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

fn fault(json: Value) -> ServiceFault {
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn a_call_without_a_fault_passes_unchanged_and_is_counted() {
    let (proxy, base) = served().await;
    let injection = json!({
        "service": "dynamodb", "operation": "BatchExecute", "about": ["INSERT", "alert-1"],
        "action": "unavailable", "times": 1,
    });
    proxy.inject(fault(injection.clone()));
    let host = base.trim_start_matches("http://");
    for (operation, body) in [
        ("GetItem", "INSERT alert-1"),
        ("BatchExecuteStatement", "INSERT alert-2"),
    ] {
        let (status, said) = call(&base, operation, body).await.unwrap();
        assert_eq!((status, said), (200, json!({"host": host, "body": body})));
    }
    let left = serde_json::to_value(proxy.faults.lock().unwrap().unused()).unwrap();
    assert_eq!(left, json!([injection]));
    let spoiled = call(&base, "BatchExecuteStatement", "INSERT alert-1").await;
    assert_eq!(spoiled.unwrap().0, 503);
    let (status, _) = call(&base, "BatchExecuteStatement", "INSERT alert-1")
        .await
        .unwrap();
    assert_eq!(status, 200);
    let counts = proxy.counts.lock().unwrap().clone();
    assert_eq!(counts["dynamodb.GetItem"], 1);
    assert_eq!(counts["dynamodb.BatchExecuteStatement"], 3);
}

#[tokio::test]
async fn every_action_has_its_effect() {
    let (proxy, base) = served().await;
    for (action, status) in [("unavailable", 503), ("throttle", 400), ("killAfter", 502)] {
        proxy.inject(fault(
            json!({"service": "dynamodb", "action": action, "times": 1}),
        ));
        assert_eq!(
            call(&base, "Scan", "x").await.unwrap().0,
            status,
            "{action}"
        );
    }
    // Nothing was killed, so the fault is still there.
    let left = proxy.faults.lock().unwrap().unused();
    assert_eq!(left[0].action, Action::KillAfter);
    proxy.faults.lock().unwrap().0.clear();
    for (action, times_out) in [("hang", true), ("reset", false), ("lose", false)] {
        proxy.inject(fault(
            json!({"service": "dynamodb", "action": action, "times": 1}),
        ));
        let error = call(&base, "Scan", "x").await.unwrap_err();
        assert_eq!(error.is_timeout(), times_out, "{action}: {error:?}");
    }
}

/// The service that is served here would repeat what it was asked.
#[tokio::test]
async fn what_is_swallowed_is_accepted_and_does_not_reach_the_service() {
    let (proxy, base) = served().await;
    proxy.inject(fault(
        json!({"service": "dynamodb", "action": "swallow", "times": 2}),
    ));
    let batch = json!({"Entries": [{"Id": "0"}, {"Id": "1"}]}).to_string();
    let (status, said) = call(&base, "SendMessageBatch", &batch).await.unwrap();
    assert_eq!(status, 200);
    let ids: Vec<_> = said["Successful"].as_array().unwrap().iter().collect();
    assert_eq!((&ids[0]["Id"], &ids[1]["Id"]), (&json!("0"), &json!("1")));
    let (_, said) = call(&base, "SendMessage", "{}").await.unwrap();
    assert!(said["MessageId"].is_string(), "{said}");
    assert!(proxy.faults.lock().unwrap().unused().is_empty());
}

#[tokio::test]
async fn a_fault_ends_by_the_clock_or_by_hand() {
    let (proxy, base) = served().await;
    let lasting = |seconds: f64| {
        fault(json!({
            "service": "dynamodb", "about": ["x"], "action": "throttle", "forSeconds": seconds,
        }))
    };
    proxy.inject(lasting(0.3));
    assert_eq!(proxy.faults.lock().unwrap().unused().len(), 1);
    assert_eq!(call(&base, "Scan", "x").await.unwrap().0, 400);
    assert!(proxy.faults.lock().unwrap().unused().is_empty());
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(call(&base, "Scan", "x").await.unwrap().0, 200);
    proxy.inject(lasting(60.0));
    assert_eq!(call(&base, "Scan", "x").await.unwrap().0, 400);
    let removal = Client::new().delete(format!("{base}/_faults?about=x"));
    assert_eq!(removal.send().await.unwrap().status(), 204);
    assert_eq!(call(&base, "Scan", "x").await.unwrap().0, 200);
}
