//! Fitting an alert into what a topic or a queue takes.

use serde_json::{Map, json};
use tocsin_core::alert::Payload;
use tocsin_core::provider::{Detail, FieldError};

use super::xml_safe;
use crate::AttemptInput;

/// The limits that SQS and SNS let a queue or a topic have.
const LIMITS: std::ops::RangeInclusive<usize> = 1_024..=1_048_576;

/// Checks a configured limit.
///
/// # Errors
///
/// Names the field.
pub fn check_limit(bytes: Option<usize>) -> Result<(), FieldError> {
    match bytes {
        Some(bytes) if !LIMITS.contains(&bytes) => Err(FieldError::new(
            "settings.maxMessageBytes",
            "must be from 1024 to 1048576, as the topic's or queue's own limit is",
        )),
        _ => Ok(()),
    }
}

/// Message attributes, all of them texts.
pub type Attributes = Vec<(&'static str, String)>;

/// The attributes by which subscribers and consumers choose.
#[must_use]
pub fn attributes(input: AttemptInput<'_>) -> Attributes {
    vec![
        ("severity", input.severity.to_string()),
        ("type", input.alert.alert_type.to_string()),
        ("alertId", input.alert.alert_id.to_string()),
    ]
}

/// What takes the message, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct SizeLimit {
    /// For the remark: `the queue`.
    pub name: &'static str,
    /// Bytes of message and attributes together.
    pub limit: usize,
}

/// A message, and what had to be left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncated {
    /// The message's text.
    pub text: String,
    /// What was left out, and why.
    pub remark: Option<String>,
}

/// The payload as it is; else without its context; else the least of it, which
/// goes out even where it is too much: the service then says so. `write` makes
/// the message of a payload, and must make less of it for [`Detail::Minimal`].
#[must_use]
pub fn fit(
    input: AttemptInput<'_>,
    detail: Detail,
    size_limit: SizeLimit,
    write: impl Fn(&Payload<'_>, Detail) -> String,
) -> Truncated {
    let write = |payload: &Payload<'_>, detail| xml_safe(write(payload, detail));
    let of = || Payload::of(input.alert, input.severity);
    let minimal = || Payload::minimal(input.alert, input.severity);
    if detail == Detail::Minimal {
        return Truncated {
            text: write(&minimal(), Detail::Minimal),
            remark: None,
        };
    }
    // The service counts names, types and values along with the message.
    let counted: usize = attributes(input)
        .iter()
        .map(|(name, value)| name.len() + "String".len() + value.len())
        .sum();
    let fits = |text: &str| text.len() + counted <= size_limit.limit;
    let whole = write(&of(), Detail::Full);
    if fits(&whole) {
        return Truncated {
            text: whole,
            remark: None,
        };
    }
    let notice = |what: &str| {
        format!(
            "{what} left out: the message would have had {} bytes, and {} takes {}",
            whole.len() + counted,
            size_limit.name,
            size_limit.limit
        )
    };
    let mut remark = String::new();
    for (payload, detail, what) in [
        (of(), Detail::Full, "alertContext was"),
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
        let context = Map::from_iter([("_truncated".to_owned(), json!(remark))]);
        let text = write(&payload.with_context(&context), detail);
        if fits(&text) {
            return Truncated {
                text,
                remark: Some(remark),
            };
        }
    }
    Truncated {
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
    fn limits_are_those_that_queues_and_topics_can_have() {
        for bytes in [None, Some(1_024), Some(262_144), Some(1_048_576)] {
            assert_eq!(check_limit(bytes), Ok(()), "{bytes:?}");
        }
        for bytes in [0, 1_023, 1_048_577, usize::MAX] {
            let error = check_limit(Some(bytes)).unwrap_err();
            assert_eq!(error.field, "settings.maxMessageBytes", "{bytes}");
        }
    }

    #[test]
    fn no_more_is_left_out_than_has_to_be() {
        let mut alert = full();
        alert.alert_context = Map::from_iter([("a".to_owned(), json!("c".repeat(10_000)))]);
        alert.description = Some("d".repeat(5_000));
        let delivery = delivery();
        let input = AttemptInput {
            alert: &alert,
            severity: alert.severity,
            delivery: &delivery,
            began_at: alert.created_at,
            settings: &Map::new(),
            secret_name: None,
            prior_attempt: PriorAttempt::NotDelivered,
        };
        let fitted = |limit| {
            let size_limit = SizeLimit {
                name: "the queue",
                limit,
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
        // Less than the least is not to be had, and not said to be.
        let least = fitted(1);
        assert!(least.text.len() < 1_024 && least.remark.is_some());
        assert!(!least.text.contains("_truncated"));
    }
}
