//! Fitting an alert into what a topic or a queue takes.

use serde_json::{Map, json};
use tocsin_core::alert::Payload;
use tocsin_core::provider::{FieldError, Form};

use super::xml_safe;
use crate::Work;

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
pub fn attributes(work: Work<'_>) -> Attributes {
    vec![
        ("severity", work.severity.to_string()),
        ("type", work.alert.alert_type.to_string()),
        ("alertId", work.alert.alert_id.to_string()),
    ]
}

/// What takes the message, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct Taker {
    /// For the remark: `the queue`.
    pub name: &'static str,
    /// Bytes of message and attributes together.
    pub limit: usize,
}

/// A message, and what had to be left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    /// The message's text.
    pub text: String,
    /// What was left out, and why.
    pub remark: Option<String>,
}

/// The payload as it is; else without its context; else the least of it, which
/// goes out even where it is too much: the service then says so. `write` makes
/// the message of a payload, and must make less of it for [`Form::Minimal`].
#[must_use]
pub fn fit(
    work: Work<'_>,
    form: Form,
    taker: Taker,
    write: impl Fn(&Payload<'_>, Form) -> String,
) -> Fitted {
    let write = |payload: &Payload<'_>, form| xml_safe(write(payload, form));
    let of = || Payload::of(work.alert, work.severity);
    let minimal = || Payload::minimal(work.alert, work.severity);
    if form == Form::Minimal {
        return Fitted {
            text: write(&minimal(), Form::Minimal),
            remark: None,
        };
    }
    // The service counts names, types and values along with the message.
    let counted: usize = attributes(work)
        .iter()
        .map(|(name, value)| name.len() + "String".len() + value.len())
        .sum();
    let fits = |text: &str| text.len() + counted <= taker.limit;
    let whole = write(&of(), Form::Full);
    if fits(&whole) {
        return Fitted {
            text: whole,
            remark: None,
        };
    }
    let notice = |what: &str| {
        format!(
            "{what} left out: the message would have had {} bytes, and {} takes {}",
            whole.len() + counted,
            taker.name,
            taker.limit
        )
    };
    let mut remark = String::new();
    for (payload, form, what) in [
        (of(), Form::Full, "alertContext was"),
        (
            minimal(),
            Form::Full,
            "alertContext, description, runbook and tags were",
        ),
        (
            minimal(),
            Form::Minimal,
            "alertContext, description, runbook and tags were",
        ),
    ] {
        remark = notice(what);
        let context = Map::from_iter([("_truncated".to_owned(), json!(remark))]);
        let text = write(&payload.with_context(&context), form);
        if fits(&text) {
            return Fitted {
                text,
                remark: Some(remark),
            };
        }
    }
    Fitted {
        text: write(&minimal(), Form::Minimal),
        remark: Some(remark),
    }
}

#[cfg(test)]
mod tests {
    use tocsin_core::delivery::Earlier;
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
        let work = Work {
            alert: &alert,
            severity: alert.severity,
            delivery: &delivery,
            settings: &Map::new(),
            secret_name: None,
            earlier: Earlier::NotArrived,
        };
        let fitted = |limit| {
            let taker = Taker {
                name: "the queue",
                limit,
            };
            fit(work, Form::Full, taker, |payload, _| payload.to_json())
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
