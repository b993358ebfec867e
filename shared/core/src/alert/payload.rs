//! The form in which `webhook`, `sqs` and `sns` destinations receive an alert.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde::Serialize;

use super::context::Context;
use super::id::AlertId;
use super::kinds::{AlertType, Severity};
use super::model::Alert;
use crate::Timestamp;
use crate::json::for_queue;

/// Panther's destination payload: these keys in this order, none ever left out;
/// `tags` and `alertContext` are never null.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload<'a> {
    id: &'a str,
    created_at: Timestamp,
    severity: Severity,
    #[serde(rename = "type")]
    alert_type: AlertType,
    link: Option<&'a str>,
    title: &'a str,
    name: Option<&'a str>,
    alert_id: &'a AlertId,
    alert_context: &'a Context,
    description: Option<&'a str>,
    runbook: Option<&'a str>,
    tags: &'a [String],
    version: Option<&'a str>,
}

impl<'a> Payload<'a> {
    /// The payload of `alert`, with the severity that routing came to.
    #[must_use]
    pub fn of(alert: &'a Alert, effective: Severity) -> Self {
        Self {
            id: &alert.detection_id,
            created_at: alert.created_at,
            severity: effective,
            alert_type: alert.alert_type,
            link: alert.link.as_deref(),
            title: &alert.title,
            name: alert.name.as_deref(),
            alert_id: &alert.alert_id,
            alert_context: &alert.alert_context,
            description: alert.description.as_deref(),
            runbook: alert.runbook.as_deref(),
            tags: &alert.tags,
            version: alert.version.as_deref(),
        }
    }

    /// The same keys with everything long or unusual emptied: for receivers that
    /// refused the whole.
    #[must_use]
    pub fn minimal(alert: &'a Alert, effective: Severity) -> Self {
        static NO_CONTEXT: LazyLock<Context> = LazyLock::new(Context::default);
        Self {
            alert_context: &NO_CONTEXT,
            description: None,
            runbook: None,
            tags: &[],
            ..Self::of(alert, effective)
        }
    }

    /// The same payload with another context, for where the alert's own is too large.
    #[must_use]
    pub const fn with_context(self, alert_context: &'a Context) -> Self {
        Self {
            alert_context,
            ..self
        }
    }

    /// The payload as compact JSON, in the characters that a queue takes.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and maps with string keys: there is nothing to fail on.
        let json = serde_json::to_string(self).unwrap_or_default();
        match for_queue(&json) {
            Cow::Borrowed(_) => json,
            Cow::Owned(escaped) => escaped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_in_their_order_and_are_never_left_out() {
        let alert = crate::alert::parse(
            r#"{"id":"A.B","createdAt":"2020-10-13T03:35Z","severity":"low","type":"RULE","title":"t",
                "alertId":"x","tags":null,"alertContext":null,"reference":"not in the payload"}"#,
        )
        .unwrap();
        assert_eq!(
            Payload::of(&alert, Severity::High).to_json(),
            r#"{"id":"A.B","createdAt":"2020-10-13T03:35:00Z","severity":"HIGH","type":"RULE","link":null,"title":"t","name":null,"alertId":"x","alertContext":{},"description":null,"runbook":null,"tags":[],"version":null}"#
        );
    }
}
