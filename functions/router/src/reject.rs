//! Records that can never be processed. They go to a dead-letter queue, with the reason
//! as message attributes.

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use tocsin_aws::{MESSAGE_LIMIT, Message, Queue};

use crate::invocation::Invocation;
use crate::records::Record;

/// Why a record can never be processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// A short name, such as `MissingField`: the attribute `tocsinReason`.
    pub(crate) code: &'static str,
    /// A sentence for people: the attribute `tocsinDetail`.
    pub(crate) detail: String,
}

/// Sends records to a dead-letter queue, with the reasons of their rejection. The
/// invocation raises an alert about them at its end.
pub(crate) async fn reject(
    queue: &Queue,
    rejected: Vec<(Record, Rejection)>,
    invocation: &mut Invocation,
) {
    let Invocation {
        failed,
        rejected: reasons,
        ..
    } = invocation;
    let mut dead_letters: Vec<(String, Message)> = Vec::new();
    for (record, rejection) in rejected {
        tracing::warn!(
            message.id = record.message_id,
            reason = rejection.code,
            detail = rejection.detail,
            "record {} is rejected ({}) and goes to the dead-letter queue",
            record.message_id,
            rejection.code
        );
        reasons.insert(rejection.code);
        match dead_letter(&record.message_id, &record.body, &rejection) {
            Some(message) => dead_letters.push((record.message_id, message)),
            None => failed.add(
                &record.message_id,
                &"its body leaves no room for the reason of the rejection; after its last receive SQS itself moves it to the dead-letter queue",
            ),
        }
    }
    let (message_ids, messages): (Vec<_>, Vec<_>) = dead_letters.into_iter().unzip();
    let sent = queue.send(&messages).await;
    for (message_id, sent) in message_ids.into_iter().zip(sent) {
        if let Err(error) = sent {
            failed.add(&message_id, &error);
        }
    }
}

/// The dead letter of a record.
///
/// Body and attributes share SQS's limit of 1 MiB, so a body at that limit is
/// compressed to make room. `None` when even the compressed body does not fit: such a
/// record is left to SQS's own redrive, which moves it unchanged.
fn dead_letter(message_id: &str, body: &str, rejection: &Rejection) -> Option<Message> {
    let attributes = vec![
        ("tocsinReason", rejection.code.to_owned()),
        ("tocsinDetail", allowed(&rejection.detail)),
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

/// A text that SQS accepts as an attribute: no forbidden characters, at most 1,000
/// bytes, never empty.
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
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn rejection() -> Rejection {
        Rejection {
            code: "NotJson",
            detail: "the message is not JSON\u{0}".to_owned(),
        }
    }

    #[test]
    fn a_dead_letter_keeps_the_body_and_says_why() {
        let message = dead_letter("m1", "not json", &rejection()).unwrap();
        assert_eq!(message.body, "not json");
        assert_eq!(
            message.attributes,
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
        let message = dead_letter("m1", &body, &rejection()).unwrap();
        assert!(message.size() <= MESSAGE_LIMIT);
        let packed = STANDARD.decode(&message.body).unwrap();
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
        assert_eq!(dead_letter("m1", &noise, &rejection()), None);
    }
}
