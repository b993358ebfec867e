//! What is sent: the payload, with attributes to filter and order by.

use tocsin_core::provider::Form;
use tocsin_sender::Work;
use tocsin_sender::aws::{Fitted, Outgoing, Taker, attributes, fifo_group, fit};

use crate::settings::{QueueKind, Settings, Target};

/// Bytes of message and attributes together: a queue's default limit. A payload
/// is under 450 KiB by the limits of an alert's entrance, so it always fits; a
/// queue of a lower limit has to say so in its destination, or refuses it.
const MESSAGE_LIMIT: usize = 1024 * 1024;

pub(crate) fn build(work: Work<'_>, settings: &Settings, target: &Target, form: Form) -> Outgoing {
    let taker = Taker {
        name: "the queue",
        limit: settings.max_message_bytes.unwrap_or(MESSAGE_LIMIT),
    };
    let Fitted { text, remark } = fit(work, form, taker, |payload, _| payload.to_json());
    let (group_id, deduplication_id) = match target.kind {
        QueueKind::Standard => (settings.message_group_id.clone(), None),
        QueueKind::Fifo => (
            Some(fifo_group(
                settings.message_group_id.as_deref(),
                &work.alert.detection_id,
            )),
            Some(work.delivery.to_string()),
        ),
    };
    Outgoing {
        to: settings.queue_url.to_string(),
        subject: None,
        body: text,
        attributes: attributes(work),
        group_id,
        deduplication_id,
        remark,
    }
}
