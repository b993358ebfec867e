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

/// Retries go on for up to 168 hours, and only the first attempt may have created the
/// issue.
#[test]
fn a_lookup_begins_before_the_first_attempt() {
    for (began_at, since) in [
        ("2020-10-13T03:35:24.5Z", "2020-10-13T03:25:24Z"),
        // Five days before this attempt.
        ("2020-10-08T03:35:30Z", "2020-10-08T03:25:30Z"),
    ] {
        let lookup = plain().lookup_since(&full(), began_at);
        let (_, actual) = lookup.address.expose().query_pairs().nth(1).unwrap();
        assert_eq!(actual, since);
    }
}
