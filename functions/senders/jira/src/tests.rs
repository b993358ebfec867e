mod answers;
mod limits;
mod settings;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::provider::{Detail, Secrets, read_settings};
use tocsin_testing::{delivery, full, samples};

use super::*;

const KEY: &str = "SEC-7";

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

fn secret(json: &Value) -> Secret {
    Secrets::new(json.to_string()).read().unwrap()
}

fn cloud() -> (Settings, Secret) {
    let settings = settings(&json!({
        "deployment": "cloud", "siteUrl": "https://example.atlassian.net",
        "projectKey": "SEC", "issueType": "Task", "labels": ["security"],
        "priority": {"CRITICAL": "Highest", "HIGH": "High"},
        "assignee": "557058:0f4c1c3e-0000-4000-8000-d0c5c0ffee00",
        "parent": "SEC-1", "components": ["Detection"], "customFields": {"customfield_10010": {"value": "SOC"}},
    }));
    (
        settings,
        secret(&json!({"email": "bot@example.com", "apiToken": "PLANTED"})),
    )
}

fn data_center() -> (Settings, Secret) {
    let settings = settings(&json!({
        "deployment": "dataCenter", "siteUrl": "https://tools.example.com/jira/",
        "projectKey": "SEC", "issueType": "10002", "assignee": "jdoe", "priority": "High",
    }));
    (settings, secret(&json!({"token": "PLANTED"})))
}

fn with_context<T>(
    alert: &Alert,
    detail: Detail,
    destination: &(Settings, Secret),
    then: impl FnOnce(&RequestContext<'_, Jira>) -> T,
) -> T {
    let delivery = delivery();
    then(&RequestContext {
        alert,
        severity: alert.severity,
        delivery: &delivery,
        detail,
        began_at: "2020-10-13T03:35:24Z".parse().unwrap(),
        now: "2020-10-13T03:35:30Z".parse().unwrap(),
        settings: &destination.0,
        secret: &destination.1,
    })
}

fn request_of(alert: &Alert, detail: Detail, destination: &(Settings, Secret)) -> Request {
    let jira = Jira::default();
    jira.check(&destination.0, &destination.1).unwrap();
    with_context(alert, detail, destination, |context| {
        jira.request(context).unwrap()
    })
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        received_at: "2015-10-21T07:28:00Z".parse().unwrap(),
    }
}

#[test]
fn what_cloud_gets() {
    for (name, alert) in samples() {
        let mut body = body(&request_of(&alert, Detail::Full, &cloud()));
        let description = body["fields"]["description"].take();
        // One node a line: whole, a document is a thousand lines of brackets.
        let nodes: Vec<String> = description["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| {
                if node["type"] == "table" {
                    rows(node)
                } else {
                    node.to_string()
                }
            })
            .collect();
        let shown = format!("{body:#}\n\n{}", nodes.join("\n"));
        let shown: String = shown.chars().take(9_000).collect();
        insta::assert_snapshot!(format!("cloud_{name}"), shown);
    }
}

fn rows(table: &Value) -> String {
    let rows = table["content"].as_array().unwrap();
    rows.iter()
        .map(|row| format!("  {row}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_data_center_gets() {
    for (name, alert) in samples() {
        let request = request_of(&alert, Detail::Full, &data_center());
        let fields = &body(&request)["fields"];
        let shown = format!(
            "{} {}\n{}\n\n{}",
            request.method.as_str(),
            request.address,
            fields["summary"].as_str().unwrap(),
            fields["description"].as_str().unwrap(),
        );
        let shown: String = shown.chars().take(9_000).collect();
        insta::assert_snapshot!(format!("data_center_{name}"), shown);
    }
}

#[test]
fn the_minimal_form_keeps_title_severity_and_link_and_what_a_project_requires() {
    let alert = full();
    insta::assert_snapshot!(
        "cloud_whole",
        request_of(&alert, Detail::Full, &cloud()).to_string()
    );
    insta::assert_snapshot!(
        "cloud_minimal",
        request_of(&alert, Detail::Minimal, &cloud()).to_string()
    );
    insta::assert_snapshot!(
        "data_center_minimal",
        request_of(&alert, Detail::Minimal, &data_center()).to_string()
    );
}

#[test]
fn a_search_asks_for_the_label_that_the_creation_gave() {
    for (name, destination) in [("cloud", cloud()), ("data_center", data_center())] {
        let search = with_context(&full(), Detail::Full, &destination, |context| {
            Jira::default().lookup(context)
        });
        let search = search.unwrap().unwrap();
        insta::assert_snapshot!(format!("search_{name}"), search.to_string());
        let created = request_of(&full(), Detail::Full, &destination);
        let labels = body(&created)["fields"]["labels"].clone();
        let label = labels
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            String::from_utf8(search.body).unwrap().contains(&label),
            "{label}"
        );
    }
}

#[test]
fn no_credential_is_ever_shown() {
    for destination in [cloud(), data_center()] {
        let request = request_of(&full(), Detail::Full, &destination);
        let shown = format!("{request:?} {request} {destination:?}");
        assert!(
            !shown.contains("PLANTED") && !shown.contains("UExBTlRFR"),
            "{shown}"
        );
        let sent = request
            .headers
            .iter()
            .find(|(name, _)| name == "authorization")
            .unwrap();
        assert!(
            ["Basic Ym90QGV4YW1wbGUuY29tOlBMQU5URUQ=", "Bearer PLANTED"].contains(&sent.1.expose())
        );
    }
}
