use super::*;
use crate::simulator::testing::{Call, but};

const CLOUD: &str = "/rest/api/3/issue";
const DATA_CENTER: &str = "/jira/rest/api/2/issue";

fn issue() -> Value {
    let text = json!([{"type": "text", "text": "x"}]);
    json!({
        "fields": {
            "project": {"key": "SEC"}, "issuetype": {"name": "Task"}, "summary": "[HIGH] x",
            "description": {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": text}]},
            "labels": ["security", "tocsin-1"], "priority": {"name": "High"}, "parent": {"key": "SEC-1"},
            "assignee": {"id": "557058:0f4c"}, "components": [{"name": "Detection"}],
            "customfield_10010": {"value": "SOC"},
        },
        "properties": [{"key": "tocsin.delivery", "value": {"alert": "alert-1"}}],
    })
}

fn cloud(path: &str, body: &Value) -> Call {
    // a@b.example:token
    Call::post(path, body).with("authorization", "Basic YUBiLmV4YW1wbGU6dG9rZW4=")
}

fn data_center(path: &str, body: &Value) -> Call {
    Call::post(path, body).with("authorization", "Bearer token")
}

fn wiki() -> Value {
    let issue = but(&issue(), "/fields/description", json!("{panel}x{panel}"));
    but(&issue, "/fields/assignee", json!({"name": "soc"}))
}

#[test]
fn issues_count_up_within_their_project() {
    let mut things = Things::default();
    let first = cloud(CLOUD, &issue()).to(answer, &mut things);
    assert_eq!(first.status, 201);
    assert_eq!(first.said()["key"], "SEC-1");
    assert_eq!(
        first.said()["self"],
        "http://127.0.0.1:4700/rest/api/3/issue/10000"
    );
    let second = data_center(DATA_CENTER, &wiki())
        .to(answer, &mut things)
        .said();
    assert_eq!(second["key"], "SEC-2");
    let other = but(&issue(), "/fields/project/key", json!("OPS"));
    assert_eq!(
        cloud(CLOUD, &other).to(answer, &mut things).said()["key"],
        "OPS-1"
    );

    let page = |asked: &Asked<'_>, things: &mut Things| super::page(asked, things);
    let shown = Call::get("/jira/browse/SEC-1").to(page, &mut things).said();
    assert_eq!(shown["thing"]["fields"]["summary"], "[HIGH] x");
    assert_eq!(Call::get("/browse/SEC-9").to(page, &mut things).status, 404);
}

#[test]
fn issues_are_found_by_their_label() {
    let mut things = Things::default();
    cloud(CLOUD, &issue()).to(answer, &mut things);
    cloud(CLOUD, &issue()).to(answer, &mut things);
    cloud(CLOUD, &but(&issue(), "/fields/labels", json!([]))).to(answer, &mut things);
    let jql = |text: &str| json!({"jql": text, "maxResults": 1, "fields": ["summary"]});
    let labelled = jql("project = \"SEC\" AND labels = \"tocsin-1\" ORDER BY created ASC");

    let found = cloud("/rest/api/3/search/jql", &labelled).to(answer, &mut things);
    assert_eq!(found.status, 200);
    assert_eq!(found.said()["issues"][0]["key"], "SEC-1");
    assert_eq!(found.said()["issues"].as_array().unwrap().len(), 1);
    assert_eq!(found.said()["isLast"], false);
    let found = data_center("/rest/api/2/search", &labelled)
        .to(answer, &mut things)
        .said();
    assert_eq!(found["total"], 2);

    let bare = json!({"jql": "labels = tocsin-1"});
    let found = cloud("/rest/api/3/search/jql", &bare)
        .to(answer, &mut things)
        .said();
    assert_eq!(found["issues"][0], json!({"id": "10000"}));
    let none = cloud("/rest/api/3/search/jql", &jql("labels = \"other\"")).to(answer, &mut things);
    assert_eq!(none.said()["issues"], json!([]));

    for (wrong, status) in [
        ("", 400),
        ("label = \"x\"", 400),
        ("labels ~ x", 400),
        ("labels = \"a\" OR x = \"b\"", 400),
    ] {
        let call = cloud("/rest/api/3/search/jql", &jql(wrong));
        assert_eq!(call.ask(answer).0, status, "{wrong}");
    }
    assert_eq!(cloud("/rest/api/3/search", &labelled).ask(answer).0, 410);
    assert_eq!(
        data_center("/rest/api/2/search/jql", &labelled)
            .ask(answer)
            .0,
        404
    );
}

#[test]
fn every_rule_of_a_field_refuses() {
    for (field, value) in [
        ("project", json!(null)),
        ("project", json!({"key": "lower"})),
        ("project", json!({"key": "ELEVENCHARS"})),
        ("issuetype", json!({})),
        ("summary", json!("")),
        ("summary", json!("two\nlines")),
        ("summary", json!("s".repeat(256))),
        ("description", json!("no document")),
        ("labels", json!(["with space"])),
        ("labels", json!(["l".repeat(256)])),
        ("labels", json!("one")),
        ("priority", json!("High")),
        ("assignee", json!({"name": "a data center's"})),
        ("components", json!(["Detection"])),
        ("parent", json!("SEC-1")),
        ("duedate", json!("2026-01-01")),
    ] {
        let body = but(&issue(), &format!("/fields/{field}"), value);
        let (status, said) = cloud(CLOUD, &body).ask(answer);
        assert_eq!(status, 400, "{field}");
        assert!(said["errors"][field].is_string(), "{field}: {said}");
    }
    let long = json!({"type": "doc", "version": 1, "content": [
        {"type": "codeBlock", "content": [{"type": "text", "text": "x".repeat(32_700)}]},
    ]});
    let (status, said) = cloud(CLOUD, &but(&issue(), "/fields/description", long)).ask(answer);
    assert_eq!(status, 400);
    assert!(
        said["errors"]["description"]
            .as_str()
            .unwrap()
            .contains("32,767")
    );
    let document = but(&issue(), "/fields/assignee", json!({"name": "soc"}));
    let (status, said) = data_center(DATA_CENTER, &document).ask(answer);
    assert_eq!(
        (status, &said["errors"]["description"]),
        (400, &json!("Operation value must be a string"))
    );
    let large = but(&issue(), "/properties/0/value", json!("x".repeat(32_769)));
    assert_eq!(cloud(CLOUD, &large).ask(answer).0, 400);
    let empty = json!({"type": "doc", "version": 1, "content": [{"type": "text", "text": "x"}]});
    let (status, said) = cloud(CLOUD, &but(&issue(), "/fields/description", empty)).ask(answer);
    assert_eq!(
        (status, &said["errorMessages"][0]),
        (400, &json!("INVALID_INPUT"))
    );
}

#[test]
fn every_rule_of_a_request_refuses() {
    let good = cloud(CLOUD, &issue());
    assert_eq!(good.clone().without("authorization").ask(answer).0, 401);
    assert_eq!(
        good.clone()
            .with("authorization", "Bearer token")
            .ask(answer)
            .0,
        401
    );
    assert_eq!(
        good.clone()
            .with("content-type", "text/plain")
            .ask(answer)
            .0,
        415
    );
    assert_eq!(good.clone().saying("{").ask(answer).0, 400);
    assert_eq!(good.ask(answer).0, 201);
    assert_eq!(
        data_center(DATA_CENTER, &wiki())
            .without("authorization")
            .ask(answer)
            .0,
        401
    );
    assert_eq!(cloud("/rest/api/4/issue", &issue()).ask(answer).0, 404);
}
