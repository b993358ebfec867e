use proptest::prelude::*;
use tocsin_core::alert::Severity;
use tocsin_core::text::{Unit, sanitize};
use tocsin_testing::any_alert;

use super::*;
use crate::message::SIZE_LIMIT;

/// A delete character has one byte, and three once it is visible.
#[test]
fn a_context_that_grows_is_cut_with_a_notice() {
    let mut json = full_json();
    json["alertContext"] = (0..10)
        .map(|n| (format!("key{n}"), json!("\u{7f}".repeat(20_000))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let request = plain().request(&alert(&json), Detail::Full);
    assert!(request.body.len() <= SIZE_LIMIT, "{}", request.body.len());
    let event: Value = serde_json::from_slice(&request.body).unwrap();
    let details = &event["payload"]["custom_details"];
    assert_eq!(
        details["_notice"],
        "alertContext was cut to fit PagerDuty's size limit"
    );
    assert_eq!(details["alertContext"]["key9"], "… (60002 bytes cut)");
    assert_eq!(
        details["runbook"],
        "Find the principal.\nRevoke its sessions."
    );
}

proptest! {
    #[test]
    fn every_alert_fits_and_has_only_known_fields(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            let request = plain().request(&alert, detail);
            prop_assert!(request.body.len() <= SIZE_LIMIT);
            let text = String::from_utf8(request.body.clone()).unwrap();
            prop_assert_eq!(sanitize(&text), text.as_str(), "nothing hides or reorders");
            let event: Value = serde_json::from_slice(&request.body).unwrap();
            let keys: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
            prop_assert!(keys.iter().all(|key| [
                "routing_key", "event_action", "dedup_key", "client", "client_url", "payload", "links",
            ].contains(key)), "{:?}", keys);
            prop_assert_eq!(&event["routing_key"], PLANTED);
            prop_assert_eq!(&event["event_action"], "trigger");
            let key = event["dedup_key"].as_str().unwrap();
            prop_assert!(Unit::Characters.length(key) <= 255 && !key.is_empty());
            let payload = &event["payload"];
            let summary = payload["summary"].as_str().unwrap();
            prop_assert!(Unit::Characters.length(summary) <= 1_024 && !summary.contains('\n'));
            prop_assert!(["critical", "error", "warning", "info"].contains(&payload["severity"].as_str().unwrap()));
            prop_assert!(detail == Detail::Full || event.get("links").or(event.get("client_url")).is_none());
            let details = payload["custom_details"].as_object().into_iter().flatten();
            prop_assert!(details.clone().all(|(_, value)| !value.is_null()));
            for link in event["links"].as_array().into_iter().flatten() {
                prop_assert!(link["href"].as_str().unwrap().starts_with("http"));
            }
        }
    }
}
