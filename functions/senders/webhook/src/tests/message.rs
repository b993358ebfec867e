use proptest::prelude::*;
use tocsin_core::alert::Severity;
use tocsin_testing::any_alert;

use super::*;

#[test]
fn payloads_of_the_samples() {
    for (name, alert) in samples() {
        let request = plain().request(&alert, Detail::Full);
        // The two largest have half a megabyte; their beginnings are enough.
        let shown: String = request.to_string().chars().take(6_000).collect();
        snapshot(&name, &shown);
    }
}

#[test]
fn a_request_has_the_headers_and_a_signature_with_each_key() {
    let request = signed().request(&full(), Detail::Minimal);
    snapshot("request_minimal", &request.to_string());
    let signatures = signed().exposed_header("webhook-signature");
    assert_eq!(signatures.split(' ').count(), 2);
}

#[test]
fn a_request_carries_the_access_token_that_was_asked_for() {
    let destination = oauth();
    snapshot(
        "token_request",
        &destination.token_request().unwrap().to_string(),
    );
    assert_eq!(
        destination.exposed_header("authorization"),
        "Bearer PLANTED"
    );
    assert!(plain().token_request().is_none());
}

proptest! {
    #[test]
    fn every_alert_makes_a_payload_of_all_keys(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            let payload: Value = plain().body(&alert, detail);
            prop_assert_eq!(payload.as_object().unwrap().len(), 13);
            prop_assert!(payload["tags"].is_array() && payload["alertContext"].is_object());
        }
    }
}
