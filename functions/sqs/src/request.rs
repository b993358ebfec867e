//! What is sent: the payload, with attributes to filter and order by.

use tocsin_core::alert::Payload;
use tocsin_core::provider::Form;
use tocsin_sender::Work;
use tocsin_sender::aws::fifo_group;

use crate::settings::{QueueKind, Settings, Target};

/// One message to send. A payload is under 450 KiB by the limits of an alert's
/// entrance, so it always fits SQS's 1 MiB; a queue may have a lower limit of
/// its own, and then refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) body: String,
    pub(crate) attributes: Vec<(&'static str, String)>,
    pub(crate) group_id: Option<String>,
    /// FIFO queues only.
    pub(crate) deduplication_id: Option<String>,
}

pub(crate) fn build(work: Work<'_>, settings: &Settings, target: &Target, form: Form) -> Letter {
    let payload = match form {
        Form::Full => Payload::of(work.alert, work.severity),
        Form::Minimal => Payload::minimal(work.alert, work.severity),
    };
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
        body: xml_safe(payload.to_json()),
        attributes: vec![
            ("severity", work.severity.to_string()),
            ("type", work.alert.alert_type.to_string()),
            ("alertId", work.alert.alert_id.to_string()),
        ],
        group_id,
        deduplication_id,
    }
}

/// SQS takes the characters of XML 1.0 only. JSON escapes control characters, and
/// what is left (U+FFFE and U+FFFF, from a context) becomes U+FFFD.
fn xml_safe(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        json.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
    } else {
        json
    }
}
