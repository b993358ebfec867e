//! Alerts to start from, and any alert that can come in.

use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_core::alert::{Alert, AlertType, Severity, parse};
use tocsin_core::delivery::DeliveryId;
use tocsin_core::destination::DestinationId;

use crate::HOSTILE;

/// An alert with every field set.
#[must_use]
pub fn full() -> Alert {
    alert(&full_json())
}

/// The JSON of [`full`], whose fields a test can change.
#[must_use]
pub fn full_json() -> Value {
    json!({
        "id": "AWS.CloudTrail.SuspiciousIP",
        "createdAt": "2020-10-13T03:35:24Z",
        "severity": "HIGH",
        "type": "RULE",
        "link": "https://siem.example.com/alerts/b90c19e66e160e194a5b3b94ec27fb7c",
        "title": "Traffic from a suspicious address: 198.51.100.7",
        "name": "Monitor Suspicious IPs",
        "alertId": "b90c19e66e160e194a5b3b94ec27fb7c",
        "alertContext": {"ip": "198.51.100.7", "count": 12, "accounts": ["123456789012"]},
        "description": "An address on the watch list used the API.",
        "runbook": "Find the principal.\nRevoke its sessions.",
        "reference": "https://docs.example.com/watch-list",
        "tags": ["aws", "network"],
        "logTypes": ["AWS.CloudTrail"],
        "version": "3"
    })
}

/// An alert with only the required fields.
#[must_use]
pub fn bare() -> Alert {
    alert(&json!({
        "id": "Bare", "createdAt": "2020-10-13T03:35:24Z", "severity": "INFO", "type": "POLICY",
    }))
}

/// The alert in `json`.
///
/// # Panics
///
/// If `json` is not an alert.
#[must_use]
pub fn alert(json: &Value) -> Alert {
    parse(&json.to_string()).expect("the test's JSON is an alert")
}

/// The delivery of [`full`] to a fixed destination.
///
/// # Panics
///
/// Never: the destination's id is a UUID.
#[must_use]
pub fn delivery() -> DeliveryId {
    DeliveryId::of(&full().alert_id, destination())
}

/// The delivery of an update to the same destination. Alerts that are not updates share
/// [`delivery`], so that their snapshots can be compared.
pub(crate) fn delivery_of(alert: &Alert) -> DeliveryId {
    if alert.is_update() {
        DeliveryId::of(&alert.alert_id, destination())
    } else {
        delivery()
    }
}

fn destination() -> DestinationId {
    DestinationId::parse("7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11").expect("a UUID")
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<String>(),
        2 => (0..HOSTILE.len()).prop_map(|at| HOSTILE[at].to_owned()),
        1 => ("[a-z<>&@\\[\\]*`\"' 鍵🔑é\n]{1,40}", 1usize..1_500).prop_map(|(piece, times)| piece.repeat(times)),
    ]
}

/// Any alert that can come in, with texts of any kind and length.
pub fn any_alert() -> impl Strategy<Value = Alert> {
    let texts = prop::collection::vec(prop::option::of(any_text()), 7);
    let tags = prop::collection::vec(any_text(), 0..120);
    (0usize..5, 0usize..8, texts, tags, any_text()).prop_map(
        |(severity, alert_type, texts, tags, context)| {
            alert(&json!({
                "id": texts[0].as_deref().filter(|text| !text.trim().is_empty()).unwrap_or("Any"),
                "createdAt": "2020-10-13T03:35:24Z",
                "severity": Severity::ALL[severity].as_str(),
                "type": AlertType::ALL[alert_type].as_str(),
                "title": texts[1], "name": texts[2], "alertId": texts[3], "description": texts[4],
                "runbook": texts[5], "reference": texts[6],
                "link": "https://siem.example.com/alerts/1?a=<b>|c",
                "tags": tags, "logTypes": tags.iter().take(3).collect::<Vec<_>>(),
                "alertContext": {context.as_str(): {"nested": [context]}, "plain": 7},
            }))
        },
    )
}
