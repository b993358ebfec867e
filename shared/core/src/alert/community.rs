//! The queue form of Panther Community Edition: the same alert under other
//! names, with its routing at the top level.

use super::common::{Common, LONG, SHORT, TITLE};
use super::error::AlertError;
use super::fields::{Bound, Fields};
use super::limits;
use super::model::{Alert, RoutingHints};
use crate::Timestamp;
use crate::text::{Unit, single_line};

/// Whether these are the fields of that form.
pub(super) fn recognises(fields: &Fields<'_>) -> bool {
    fields.has("analysisId") && !fields.has("id")
}

pub(super) fn read(
    mut fields: Fields<'_>,
    sent_at: Option<Timestamp>,
) -> Result<Alert, AlertError> {
    let detection_id =
        fields.required_text("analysisId", Bound(limits::DETECTION_ID, Unit::Characters))?;
    // There, an empty list means that no list was given, whichever list it is.
    let given = |list: Option<Vec<String>>| list.filter(|names| !names.is_empty());
    let common = Common {
        detection_id: single_line(&detection_id),
        name: fields.text("analysisName", TITLE),
        description: fields.text("analysisDescription", LONG),
        alert_context: fields.context("context"),
        routing: RoutingHints {
            destinations: given(fields.list("destinations", limits::ROUTING_LIST)),
            destination_override: given(fields.list("outputIds", limits::ROUTING_LIST)),
            ..RoutingHints::default()
        },
        reference: fields.text("reference", SHORT),
    };
    common.complete(fields, sent_at)
}
