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
