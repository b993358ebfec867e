//! The alert itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::id::AlertId;
use super::kinds::{AlertType, Severity};
use super::limits;
use super::note::Note;
use crate::Timestamp;
use crate::text::{Unit, prefix};

/// What the detection itself said about where its alert should go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RoutingHints {
    /// The generated list: what `destinations()` returned for this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<String>>,
    /// The static list from the detection's metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_override: Option<Vec<String>>,
    /// What `severity()` returned: a severity, `DEFAULT`, or (by mistake) anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
}

/// One finding of one detection, bounded and fit to be shown.
///
/// Its JSON form is Tocsin's own alert form, so that what the ledger keeps can
/// be read, and put on the queue again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The detection that spoke.
    #[serde(rename = "id")]
    pub detection_id: String,
    /// The identity of this alert.
    pub alert_id: AlertId,
    /// When the detection made it.
    pub created_at: Timestamp,
    /// The static severity; routing decides the effective one.
    pub severity: Severity,
    /// What kind of detection spoke.
    #[serde(rename = "type")]
    pub alert_type: AlertType,
    /// One line; never empty.
    pub title: String,
    /// The detection's display name.
    pub name: Option<String>,
    /// Where to look at the alert: an `http` or `https` URL.
    pub link: Option<String>,
    /// What the detection looks for.
    pub description: Option<String>,
    /// What to do about it.
    pub runbook: Option<String>,
    /// Further reading.
    pub reference: Option<String>,
    /// The detection's version.
    pub version: Option<String>,
    /// The detection's tags.
    pub tags: Vec<String>,
    /// Kinds of logs the events came from.
    pub log_types: Vec<String>,
    /// Whatever the detection wants the responder to know.
    pub alert_context: Map<String, Value>,
    /// The detection's own wishes for routing.
    #[serde(default)]
    pub routing: RoutingHints,
    /// What was mended on the way in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl Alert {
    /// A short digest of what the alert says, whatever its id and routing: two
    /// messages with one digest are one alert that arrived twice.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let said = serde_json::json!([
            self.detection_id,
            self.created_at,
            self.severity,
            self.alert_type,
            self.title,
            self.name,
            self.link,
            self.description,
            self.runbook,
            self.reference,
            self.version,
            self.tags,
            self.log_types,
            self.alert_context,
        ]);
        let digest = Sha256::digest(said.to_string().as_bytes());
        // 128 bits: no two alerts of a lifetime meet by chance.
        hex::encode(&digest[..16])
    }

    /// The alert under an id of its own, for when its given one is already
    /// taken by a different alert. The same alert always gets the same id.
    #[must_use]
    pub fn with_derived_id(mut self) -> Self {
        let given = self.alert_id.0;
        let stem = prefix(&given, limits::ALERT_ID - 33, Unit::Bytes);
        self.alert_id = AlertId(format!("{stem}~"));
        let digest = self.fingerprint();
        self.alert_id.0.push_str(&digest);
        self.notes.push(Note::Rekeyed { given });
        self
    }
}
