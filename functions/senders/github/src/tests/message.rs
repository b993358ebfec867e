use super::*;

#[test]
fn issues_of_the_samples() {
    for (name, alert) in samples() {
        let issue = plain().body(&alert, Detail::Full);
        let shown = format!(
            "{}\n\n{}",
            issue["title"].as_str().unwrap(),
            issue["body"].as_str().unwrap()
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
    snapshot("lookup", &plain().lookup(&full()).unwrap().to_string());
}

#[test]
fn a_lookup_begins_before_the_first_attempt() {
    for (created, since) in [
        ("2020-10-13T03:35:24.5Z", "2020-10-13T03:25:24Z"),
        // Longer ago than retries go on, or in the future of a wrong clock.
        ("2020-10-01T00:00:00Z", "2020-10-11T03:35:30Z"),
        ("2030-01-01T00:00:00Z", "2020-10-11T03:35:30Z"),
    ] {
        let mut json = full_json();
        json["createdAt"] = json!(created);
        let lookup = plain().lookup(&tocsin_testing::alert(&json)).unwrap();
        let (_, actual) = lookup.address.expose().query_pairs().nth(1).unwrap();
        assert_eq!(actual, since);
    }
}
