use tocsin_core::alert::Severity;

use super::*;

#[test]
fn issues_of_the_samples_on_cloud() {
    for (name, alert) in samples() {
        let mut body = cloud().body(&alert, Detail::Full);
        let description = body["fields"]["description"].take();
        // One node a line: indented, a document has a thousand lines.
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
        snapshot(&format!("cloud_{name}"), &shown);
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
fn issues_of_the_samples_on_data_center() {
    for (name, alert) in samples() {
        let request = data_center().request(&alert, Detail::Full);
        let body = data_center().body(&alert, Detail::Full);
        let shown = format!(
            "{} {}\n{}\n\n{}",
            request.method.as_str(),
            request.address,
            body["fields"]["summary"].as_str().unwrap(),
            body["fields"]["description"].as_str().unwrap(),
        );
        let shown: String = shown.chars().take(9_000).collect();
        snapshot(&format!("data_center_{name}"), &shown);
    }
}

#[test]
fn requests() {
    let full_cloud = cloud().request(&full(), Detail::Full);
    snapshot("request_cloud_full", &full_cloud.to_string());
    for (name, destination) in [("cloud", cloud()), ("data_center", data_center())] {
        let minimal = destination.request(&full(), Detail::Minimal);
        snapshot(&format!("request_{name}_minimal"), &minimal.to_string());
    }
}

#[test]
fn a_lookup_searches_for_the_label_of_the_created_issue() {
    for (name, destination) in [("cloud", cloud()), ("data_center", data_center())] {
        let lookup = destination.lookup(&full()).unwrap();
        snapshot(&format!("lookup_{name}"), &lookup.to_string());
        let body = destination.body(&full(), Detail::Full);
        let labels = body["fields"]["labels"].as_array().unwrap();
        let label = labels.last().and_then(Value::as_str).unwrap();
        assert!(
            String::from_utf8(lookup.body).unwrap().contains(label),
            "{label}"
        );
    }
}

#[test]
fn a_severity_without_a_priority_gets_the_projects_default() {
    let mut destination = cloud();
    destination.settings.priority = Some(Priority::BySeverity(
        [(Severity::Low, "Low".to_owned())].into(),
    ));
    let body = destination.body(&full(), Detail::Full);
    assert_eq!(body["fields"]["priority"], Value::Null);
}

/// A person copies addresses, ARNs and times out of the issue.
#[test]
fn data_center_shows_no_stray_backslash() {
    let mut alert = tocsin_core::alert::parse(include_str!("cases/jira-dc-iocs.json")).unwrap();
    // The summary has the title as it is.
    alert.description = Some(alert.title.clone());
    let body = data_center().body(&alert, Detail::Full);
    let description = body["fields"]["description"].as_str().unwrap();
    for stray in ["\\:", "\\;", "\\."] {
        assert!(!description.contains(stray), "{stray}: {description}");
    }
    let shown = description
        .replace("&#58;", ":")
        .replace("&#59;", ";")
        .replace('\\', "");
    assert!(shown.contains("arn:aws:iam::123456789012:role/x; https://a.example:8443/p"));
}
