use super::*;

#[test]
fn incidents_and_events_of_the_samples() {
    for (mode, destination) in [("incident", incidents()), ("event", events())] {
        for (name, alert) in samples() {
            let request = destination.request(&alert, Detail::Full);
            snapshot(&format!("{mode}_{name}"), &request.to_string());
        }
    }
}

#[test]
fn minimal_forms_keep_the_fields_that_a_policy_may_require() {
    let configured = fixture(&json!({
        "instance": "https://gsa.servicenowservices.com",
        "assignmentGroup": "287ebd7da9fe198100f92cc8d1d2154e",
        "callerId": "6816f79cc0a8016401c5a33be04be441",
        "category": "security",
        "contactType": "monitoring",
        "fields": {"u_team": "SecOps", "cmdb_ci": "27d32778c0a8000b00db970eeaa60f16"},
    }));
    let request = configured.request(&full(), Detail::Minimal);
    snapshot("request_incident_minimal", &request.to_string());
    let configured = fixture(&json!({
        "mode": "event", "instanceUrl": "https://support.example.com",
        "source": "SIEM", "node": "web-1.example.com",
    }));
    let request = configured.request(&full(), Detail::Minimal);
    snapshot("request_event_minimal", &request.to_string());
}

#[test]
fn only_incidents_have_a_lookup() {
    let request = incidents().lookup(&full()).unwrap();
    snapshot("lookup", &request.to_string());
    assert!(events().lookup(&full()).is_none());
}
