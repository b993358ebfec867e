use super::*;

#[test]
fn alerts_of_the_samples() {
    for (name, alert) in samples() {
        let request = plain().request(&alert, Detail::Full);
        snapshot(&name, &request.to_string());
    }
}

#[test]
fn the_minimal_form_has_title_severity_link_and_responders() {
    let configured = fixture(&json!({
        "region": "jsm",
        "responders": [{"type": "team", "id": "4513b7ea"}, {"type": "user", "username": "a@example.com"}],
        "priorities": {"HIGH": "P1"},
    }));
    let request = configured.request(&full(), Detail::Minimal);
    snapshot("request_minimal", &request.to_string());
}
