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

#[test]
fn the_context_is_in_the_description_only_if_the_details_lack_some_of_it() {
    let shown = |context: Value, link: Value| {
        let mut json = full_json();
        json["alertContext"] = context;
        json["link"] = link;
        let body = plain().body(&alert(&json), Detail::Full);
        body["description"].as_str().unwrap().to_owned()
    };
    let link = json!("https://siem.example.com/1");
    let short = shown(json!({"ip": "198.51.100.7", "list": [1]}), link.clone());
    assert!(!short.contains("Context"), "{short}");
    let events = json!({"events": (0..400).collect::<Vec<_>>()});
    let long = shown(events.clone(), link);
    assert!(
        long.ends_with("… (380 more lines: open the alert)</pre>"),
        "{long}"
    );
    assert!(
        long.contains("<br>\u{a0}\u{a0}\u{a0}\u{a0}21,<br>"),
        "{long}"
    );
    let unlinked = shown(events, Value::Null);
    assert!(unlinked.contains("399<br>"), "{unlinked}");
}

#[test]
fn a_runbook_that_is_a_url_is_a_link_that_shows_its_target() {
    let mut json = full_json();
    json["runbook"] = json!("https://wiki.example.com/?a=1&b=2");
    json["description"] = json!("  see https://evil.example `code`");
    let body = plain().body(&alert(&json), Detail::Full);
    let shown = body["description"].as_str().unwrap();
    let href = "https://wiki.example.com/?a=1&amp;b=2";
    assert!(shown.contains(&format!("<b>Runbook</b><br><a href=\"{href}\">{href}</a>")));
    assert!(shown.contains("\u{a0}\u{a0}see https://evil.example `code`"));
}
