//! What is sent: the payload, with attributes to filter and order by.

use tocsin_core::provider::Detail;
use tocsin_sender::AttemptInput;
use tocsin_sender::messaging::{Outgoing, SizeLimit, Truncated, attributes, fifo_group, fit};

use crate::settings::{QueueKind, Settings, Target};

/// Bytes of message and attributes together: a queue's default limit. A payload
/// is under 450 KiB by the limits of an alert's entrance, so it always fits; a
/// queue of a lower limit has to say so in its destination, or refuses it.
const MESSAGE_LIMIT: usize = 1024 * 1024;

pub(crate) fn build(
    input: AttemptInput<'_>,
    settings: &Settings,
    target: &Target,
    detail: Detail,
) -> Outgoing {
    let size_limit = SizeLimit {
        name: "the queue",
        limit: settings.max_message_bytes.unwrap_or(MESSAGE_LIMIT),
    };
    let Truncated { text, remark } = fit(input, detail, size_limit, |payload, _| payload.to_json());
    let (group_id, deduplication_id) = match target.kind {
        QueueKind::Standard => (settings.message_group_id.clone(), None),
        QueueKind::Fifo => (
            Some(fifo_group(
                settings.message_group_id.as_deref(),
                &input.alert.detection_id,
            )),
            Some(input.delivery.to_string()),
        ),
    };
    Outgoing {
        to: settings.queue_url.to_string(),
        subject: None,
        body: text,
        attributes: attributes(input),
        group_id,
        deduplication_id,
        remark,
    }
}
