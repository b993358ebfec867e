//! The message for a topic or a queue, as large as the receiver accepts.

use std::collections::HashMap;

use serde_json::{Map, json};
use tocsin_core::alert::Payload;
use tocsin_core::json::for_queue;
use tocsin_core::provider::Detail;

use crate::AttemptInput;

/// One message for an AWS messaging service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The topic's ARN or the queue's URL.
    pub to: String,
    /// The e-mail subject, where the service has one.
    pub subject: Option<String>,
    /// The body.
    pub body: String,
    /// The message attributes, all of the type `String`. Subscribers and consumers
    /// filter by them.
    pub attributes: Vec<(&'static str, String)>,
    /// The message group: required for FIFO, optional for fair queues.
    pub group_id: Option<String>,
    /// The deduplication id, for FIFO only.
    pub deduplication_id: Option<String>,
    /// What was left out, and why.
    pub remark: Option<String>,
}

/// Converts message attributes to the SDK's own type.
///
/// # Errors
///
/// The error of `make` for the first attribute that it cannot convert.
pub fn sdk_attributes<V, E>(
    attributes: &[(&'static str, String)],
    make: impl Fn(&str) -> Result<V, E>,
) -> Result<HashMap<String, V>, E> {
    attributes
        .iter()
        .map(|(name, value)| Ok(((*name).to_owned(), make(value)?)))
        .collect()
}

pub(super) fn attributes(input: AttemptInput<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("severity", input.severity.to_string()),
        ("type", input.alert.alert_type.to_string()),
        ("alertId", input.alert.alert_id.to_string()),
    ]
}

/// The size limit of a topic or queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizeLimit {
    /// The receiver, for the remark: `the queue`.
    pub(super) endpoint_name: &'static str,
    /// Bytes of message and attributes together.
    pub(super) bytes: usize,
}

/// A body that keeps to a size limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FittedBody {
    pub(super) text: String,
    /// What was left out, and why.
    pub(super) remark: Option<String>,
}

/// The body that `write` makes of the whole payload if it fits, else of the
/// payload without its context, else of the minimal payload. The last is sent even
/// if it is too large: then the service refuses it and says so.
pub(super) fn fit(
    input: AttemptInput<'_>,
    detail: Detail,
    size_limit: SizeLimit,
    write: impl Fn(&Payload<'_>, Detail) -> String,
) -> FittedBody {
    let write = |payload: &Payload<'_>, detail| for_queue(&write(payload, detail)).into_owned();
    let whole = || Payload::of(input.alert, input.severity);
    let minimal = || Payload::minimal(input.alert, input.severity);
    if detail == Detail::Minimal {
        return FittedBody {
            text: write(&minimal(), Detail::Minimal),
            remark: None,
        };
    }
    // The service counts the attributes' names, types and values as well.
    let attributes_size: usize = attributes(input)
        .iter()
        .map(|(name, value)| name.len() + "String".len() + value.len())
        .sum();
    let fits = |text: &str| text.len() + attributes_size <= size_limit.bytes;
    let text = write(&whole(), Detail::Full);
    if fits(&text) {
        return FittedBody { text, remark: None };
    }
    let full_size = text.len() + attributes_size;
    let notice = |what: &str| {
        format!(
            "{what} left out: the message would have had {full_size} bytes, and {} takes {}",
            size_limit.endpoint_name, size_limit.bytes
        )
    };
    let mut remark = String::new();
    for (payload, detail, what) in [
        (whole(), Detail::Full, "alertContext was"),
        (
            minimal(),
            Detail::Full,
            "alertContext, description, runbook and tags were",
        ),
        (
            minimal(),
            Detail::Minimal,
            "alertContext, description, runbook and tags were",
        ),
    ] {
        remark = notice(what);
        let context = Map::from_iter([("_truncated".to_owned(), json!(remark))]).into();
        let text = write(&payload.with_context(&context), detail);
        if fits(&text) {
            return FittedBody {
                text,
                remark: Some(remark),
            };
        }
    }
    FittedBody {
        text: write(&minimal(), Detail::Minimal),
        remark: Some(remark),
    }
}

#[cfg(test)]
mod tests {
    use tocsin_core::delivery::PriorAttempt;
    use tocsin_testing::{delivery, full};

    use super::*;

    #[test]
    fn only_what_does_not_fit_is_left_out() {
        let mut alert = full();
        alert.alert_context = Map::from_iter([("a".to_owned(), json!("c".repeat(10_000)))]).into();
        alert.description = Some("d".repeat(5_000));
        let delivery = delivery();
        let input = AttemptInput {
            alert: &alert,
            severity: alert.severity,
            delivery: &delivery,
            first_delivery: &delivery,
            began_at: alert.created_at,
            settings: &Map::new(),
            secret_name: None,
            prior_attempt: PriorAttempt::NotDelivered,
            detail: Detail::Full,
        };
        let fitted = |limit| {
            let size_limit = SizeLimit {
                endpoint_name: "the queue",
                bytes: limit,
            };
            fit(input, Detail::Full, size_limit, |payload, _| {
                payload.to_json()
            })
        };
        let has = |limit, what: &str| fitted(limit).text.contains(what);
        let (context, description) = ("cccc", "dddd");
        assert_eq!(fitted(20_000).remark, None);
        assert!(has(20_000, context) && has(20_000, description));
        assert!(!has(8_000, context) && has(8_000, description));
        let remark = fitted(8_000).remark.unwrap();
        assert!(remark.starts_with("alertContext was left out"), "{remark}");
        assert!(remark.ends_with("and the queue takes 8000"), "{remark}");
        assert!(has(8_000, "_truncated") && has(2_000, "_truncated"));
        assert!(!has(2_000, context) && !has(2_000, description));
        // The minimal payload is sent even if it is too large.
        let smallest = fitted(1);
        assert!(smallest.text.len() < 1_024 && smallest.remark.is_some());
        assert!(!smallest.text.contains("_truncated"));
    }
}
