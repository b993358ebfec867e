use super::*;

#[test]
fn events_of_the_samples() {
    for (name, alert) in samples() {
        let request = plain().request(&alert, Detail::Full);
        // The largest one has a quarter of a megabyte; its beginning is enough.
        let shown: String = request.to_string().chars().take(6_000).collect();
        snapshot(&name, &shown);
    }
}

#[test]
fn the_minimal_form_has_title_severity_and_link() {
    let configured = fixture(&json!({"region": "eu", "source": "acme-prod", "group": "secops"}));
    let request = configured.request(&full(), Detail::Minimal);
    snapshot("request_minimal", &request.to_string());
    let event = configured.body(&full(), Detail::Full);
    assert_eq!(event["payload"]["group"], "secops");
    assert_eq!(event["payload"]["source"], "acme-prod");
}

#[test]
fn a_runbook_that_is_a_url_is_a_link() {
    let texts = |runbook: &str| -> Vec<String> {
        let mut json = full_json();
        json["runbook"] = json!(runbook);
        let event = plain().body(&alert(&json), Detail::Full);
        let links = event["links"].as_array().unwrap().iter();
        links
            .filter(|link| link["text"] == "Runbook")
            .map(|link| link["href"].as_str().unwrap().to_owned())
            .collect()
    };
    let url = "https://wiki.example.com/runbooks/1";
    assert_eq!(texts(url), [url]);
    for none in ["see https://wiki.example.com", "javascript:alert(1)"] {
        assert!(texts(none).is_empty());
    }
}

#[test]
fn a_person_reads_description_and_runbook_before_the_context() {
    let event = plain().body(&full(), Detail::Full);
    let details = event["payload"]["custom_details"].as_object().unwrap();
    let keys: Vec<&str> = details.keys().map(String::as_str).collect();
    assert_eq!(keys[..3], ["description", "runbook", "reference"]);
    assert_eq!(keys.last(), Some(&"alertContext"));
}

#[test]
fn the_deduplication_key_is_the_given_id_or_its_hash() {
    let given = "b90c19e66e160e194a5b3b94ec27fb7c";
    for alert in [full(), full().with_derived_id()] {
        assert_eq!(plain().body(&alert, Detail::Full)["dedup_key"], given);
    }
    let mut json = full_json();
    json["alertId"] = json!("x".repeat(256));
    let key = &plain().body(&alert(&json), Detail::Full)["dedup_key"];
    let key = key.as_str().unwrap();
    assert!(key.starts_with("sha256:") && key.len() == 71, "{key}");
}
