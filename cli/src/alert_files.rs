//! Files with alerts: JSON objects one after the other, one for each line, or in arrays.

use serde_json::Deserializer;
use serde_json::value::RawValue;
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, parse_sent};

use crate::args::Input;

/// The largest message in bytes: SQS's limit.
pub(crate) const MESSAGE_LIMIT: usize = 1024 * 1024;

/// An alert of a file.
#[derive(Debug)]
pub(crate) struct Found {
    /// The file, and which of its alerts this is, if it has several.
    pub(crate) place: String,
    /// Its text, as it would be put on the queue.
    pub(crate) body: String,
    /// The alert, or what is wrong with it.
    pub(crate) alert: Result<Alert, String>,
}

/// The alerts of a file.
///
/// # Errors
///
/// When the file cannot be read.
pub(crate) fn read(file: &Input) -> anyhow::Result<Vec<Found>> {
    let bodies = split(&file.read()?);
    let several = bodies.len() > 1;
    let found = bodies.into_iter().zip(1..).map(|(body, number)| Found {
        place: if several {
            format!("{file}, alert {number}")
        } else {
            file.to_string()
        },
        alert: parse(&body),
        body,
    });
    Ok(found.collect())
}

fn parse(body: &str) -> Result<Alert, String> {
    if body.len() > MESSAGE_LIMIT {
        return Err(format!(
            "it has {} bytes, and the alerts queue takes at most 1 MiB",
            body.len()
        ));
    }
    parse_sent(body, Timestamp::now()).map_err(|error| error.to_string())
}

/// The texts of the alerts. What is not JSON is one text: the router reads some of it.
fn split(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let values: Result<Vec<Box<RawValue>>, _> = Deserializer::from_str(text).into_iter().collect();
    let Ok(values) = values else {
        return by_line(text);
    };
    let mut texts = Vec::new();
    for value in values {
        match serde_json::from_str::<Vec<Box<RawValue>>>(value.get()) {
            Ok(items) => texts.extend(items.iter().map(|item| item.get().to_owned())),
            Err(_) => texts.push(value.get().to_owned()),
        }
    }
    texts
}

/// Lines that each look like an object: near-JSON such as `NaN` is for the router to read.
fn by_line(text: &str) -> Vec<String> {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let is_object = |line: &&str| line.trim().starts_with('{') && line.trim().ends_with('}');
    if lines.iter().all(is_object) {
        lines.into_iter().map(str::to_owned).collect()
    } else {
        vec![text.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_have_several_alerts() {
        for (text, expected) in [
            (r#"{"a": 1}"#, vec![r#"{"a": 1}"#]),
            (
                "{\"a\": 1}\n{\"b\": 2}\n",
                vec![r#"{"a": 1}"#, r#"{"b": 2}"#],
            ),
            (
                "{\"a\":\n 1}{\"b\": 2}",
                vec!["{\"a\":\n 1}", r#"{"b": 2}"#],
            ),
            (
                r#"[{"a": 1}, {"b": [2]}]"#,
                vec![r#"{"a": 1}"#, r#"{"b": [2]}"#],
            ),
            ("\u{feff}{\"a\": 1}", vec![r#"{"a": 1}"#]),
            // Every digit stays.
            (
                r#"[{"a": 12345678901234567890123}]"#,
                vec![r#"{"a": 12345678901234567890123}"#],
            ),
            (
                "{\"a\": NaN}\n{\"b\": 1}",
                vec![r#"{"a": NaN}"#, r#"{"b": 1}"#],
            ),
            ("{\"a\": NaN,\n\"b\": 1}", vec!["{\"a\": NaN,\n\"b\": 1}"]),
            ("[]", vec![]),
            ("no JSON", vec!["no JSON"]),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }
}
