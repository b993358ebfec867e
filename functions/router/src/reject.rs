//! Records that can never be dealt with, on their way to a dead-letter queue with
//! the reason attached.

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use tocsin_aws::{MESSAGE_LIMIT, Message, Queue};

use crate::records::{FailedRecords, Record};

/// Why a record can never be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// A short name.
    pub(crate) code: &'static str,
    /// A sentence.
    pub(crate) detail: String,
}

/// Sends records to a dead-letter queue, with the reasons.
pub(crate) async fn reject(
    queue: &Queue,
    rejected: Vec<(Record, Reason)>,
    failed: &mut FailedRecords,
) {
    let mut letters: Vec<(String, Message)> = Vec::new();
    for (record, reason) in rejected {
        tracing::warn!(
            message.id = record.message_id,
            reason = reason.code,
            detail = reason.detail,
            "the record is rejected and goes to the dead-letter queue"
        );
        match dead_letter(&record.message_id, &record.body, &reason) {
            Some(letter) => letters.push((record.message_id, letter)),
            None => failed.add(
                &record.message_id,
                &"there is no room beside its body for the reason of its rejection; SQS itself will move it to the dead-letter queue",
            ),
        }
    }
    let messages: Vec<_> = letters.iter().map(|(_, letter)| letter.clone()).collect();
    let sent = queue.send(&messages).await;
    for ((message_id, _), sent) in letters.iter().zip(sent) {
        if let Err(error) = sent {
            failed.add(message_id, &error);
        }
    }
}

/// The dead letter of a record.
///
/// Body and attributes share SQS's limit of 1 MiB, so a body at that limit is
/// compressed to make room. `None` when it does not even fit then: the caller
/// leaves such a record to SQS's own redrive, which moves it whole.
fn dead_letter(message_id: &str, body: &str, reason: &Reason) -> Option<Message> {
    let attributes = vec![
        ("tocsinReason", reason.code.to_owned()),
        ("tocsinDetail", allowed(&reason.detail)),
        ("tocsinMessageId", message_id.to_owned()),
    ];
    let plain = Message {
        body: body.to_owned(),
        attributes,
        delay: Duration::ZERO,
    };
    // SQS refuses empty bodies, and would not have delivered one.
    if plain.size() <= MESSAGE_LIMIT && !body.is_empty() {
        return Some(plain);
    }
    let mut packed = Message {
        body: compressed(body)?,
        ..plain
    };
    packed
        .attributes
        .push(("tocsinEncoding", "gzip+base64".to_owned()));
    (packed.size() <= MESSAGE_LIMIT).then_some(packed)
}

fn compressed(body: &str) -> Option<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).ok()?;
    Some(STANDARD.encode(encoder.finish().ok()?))
}

/// Without characters that SQS refuses in an attribute, and never empty.
fn allowed(text: &str) -> String {
    let shown = tocsin_core::text::sanitize(text);
    let cut = tocsin_core::text::truncate(&shown, 1_000, tocsin_core::text::Unit::Bytes);
    if cut.is_empty() {
        "unknown".to_owned()
    } else {
        cut.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    fn reason() -> Reason {
        Reason {
            code: "NotJson",
            detail: "the message is not JSON\u{0}".to_owned(),
        }
    }

    #[test]
    fn a_dead_letter_keeps_the_body_and_says_why() {
        let letter = dead_letter("m1", "not json", &reason()).unwrap();
        assert_eq!(letter.body, "not json");
        assert_eq!(
            letter.attributes,
            [
                ("tocsinReason", "NotJson".to_owned()),
                ("tocsinDetail", "the message is not JSON\u{fffd}".to_owned()),
                ("tocsinMessageId", "m1".to_owned()),
            ]
        );
    }

    #[test]
    fn a_body_at_the_limit_is_compressed_and_whole() {
        let body = "x".repeat(MESSAGE_LIMIT);
        let letter = dead_letter("m1", &body, &reason()).unwrap();
        assert!(letter.size() <= MESSAGE_LIMIT);
        let packed = STANDARD.decode(&letter.body).unwrap();
        let mut unpacked = String::new();
        GzDecoder::new(&packed[..])
            .read_to_string(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, body);
    }

    #[test]
    fn a_body_that_cannot_be_made_to_fit_is_left_to_sqs() {
        let mut seed = 1u64;
        let noise: String = std::iter::repeat_with(|| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            char::from(33 + (seed % 94) as u8)
        })
        .take(MESSAGE_LIMIT)
        .collect();
        assert_eq!(dead_letter("m1", &noise, &reason()), None);
    }
}
