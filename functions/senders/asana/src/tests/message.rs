use super::*;

#[test]
fn tasks_of_the_samples() {
    for (name, alert) in samples() {
        let task = task(&alert, Detail::Full);
        let shown = format!(
            "{}\n\n{}",
            task["name"].as_str().unwrap(),
            task["html_notes"].as_str().unwrap()
        );
        let shown: String = shown.chars().take(9_000).collect();
        snapshot(&name, &shown);
    }
}

#[test]
fn requests() {
    let request = |detail| configured().request(&full(), detail).to_string();
    snapshot("request_full", &request(Detail::Full));
    snapshot("request_minimal", &request(Detail::Minimal));
    snapshot("lookup", &configured().lookup(&full()).unwrap().to_string());
}

/// Retries go on for up to 168 hours, and only the first attempt may have created the
/// task.
#[test]
fn a_lookup_begins_before_the_first_attempt() {
    let lookup = plain().lookup_since(&full(), "2020-10-08T03:35:30Z");
    let mut query = lookup.address.expose().query_pairs();
    let (_, since) = query.find(|(name, _)| name == "modified_since").unwrap();
    assert_eq!(since, "2020-10-08T03:25:30Z");
}
