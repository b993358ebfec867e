//! What is sent: the payload, with attributes to filter and order by.

use tocsin_core::provider::Form;
use tocsin_sender::Work;
use tocsin_sender::aws::{Attributes, Fitted, Taker, attributes, fifo_group, fit};

use crate::settings::{QueueKind, Settings, Target};

/// Bytes of message and attributes together: a queue's default limit. A payload
/// is under 450 KiB by the limits of an alert's entrance, so it always fits; a
/// queue of a lower limit has to say so in its destination, or refuses it.
const MESSAGE_LIMIT: usize = 1024 * 1024;

/// One message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The body.
    pub body: String,
    /// To filter and order by.
    pub attributes: Attributes,
    /// For FIFO queues, and fair ones.
    pub group_id: Option<String>,
    /// FIFO queues only.
    pub deduplication_id: Option<String>,
    /// What had to be left out.
    pub remark: Option<String>,
}

pub(crate) fn build(work: Work<'_>, settings: &Settings, target: &Target, form: Form) -> Letter {
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
    Letter {
        body: text,
        attributes: attributes(work),
        group_id,
        deduplication_id,
        remark,
    }
}
