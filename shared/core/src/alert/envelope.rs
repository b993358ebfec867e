//! The envelope that SNS puts around a message on its way to a queue, unless
//! the subscription asks for raw delivery.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::AlertError;
use super::fields::excerpt;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "Type", borrow)]
    kind: Cow<'a, str>,
    #[serde(rename = "TopicArn", borrow)]
    _topic: Cow<'a, str>,
    #[serde(rename = "Message", borrow)]
    message: Cow<'a, str>,
    // An alert that happens to have those three fields as well is still an alert.
    id: Option<IgnoredAny>,
    #[serde(rename = "analysisId")]
    analysis_id: Option<IgnoredAny>,
}

/// The message inside an SNS envelope, or `None` when `body` is not an envelope.
pub(super) fn message(body: &str) -> Result<Option<Cow<'_, str>>, AlertError> {
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(body) else {
        return Ok(None);
    };
    if envelope.id.is_some() || envelope.analysis_id.is_some() {
        return Ok(None);
    }
    match &*envelope.kind {
        "Notification" => Ok(Some(envelope.message)),
        kind => Err(AlertError::NotANotification {
            kind: excerpt(kind),
        }),
    }
}
