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

/// The routing that the detection asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RoutingHints {
    /// The generated list, from `destinations()`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<String>>,
    /// The static list from the detection's metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_override: Option<Vec<String>>,
    /// The generated severity, from `severity()`: a severity, `DEFAULT`, or (by mistake)
    /// any other text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
}

/// One finding of one detection, bounded and sanitized.
///
/// Its JSON form is Tocsin's own alert form, so that an alert from the ledger can be put
/// on the alerts queue again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The id of the detection.
    #[serde(rename = "id")]
    pub detection_id: String,
    /// The identity of this alert.
    pub alert_id: AlertId,
    /// When the detection raised the alert.
    pub created_at: Timestamp,
    /// The static severity; routing decides the effective one.
    pub severity: Severity,
    /// The kind of the detection.
    #[serde(rename = "type")]
    pub alert_type: AlertType,
    /// The title: one line, never empty.
    pub title: String,
    /// The display name of the detection.
    pub name: Option<String>,
    /// The page of the alert: an `http` or `https` URL.
    pub link: Option<String>,
    /// What the detection looks for.
    pub description: Option<String>,
    /// What the responder should do.
    pub runbook: Option<String>,
    /// Further reading about the finding.
    pub reference: Option<String>,
    /// The version of the detection.
    pub version: Option<String>,
    /// The tags of the detection.
    pub tags: Vec<String>,
    /// The log types of the events that matched.
    pub log_types: Vec<String>,
    /// Data of the detection for the responder.
    pub alert_context: Map<String, Value>,
    /// The routing that the detection asks for.
    #[serde(default)]
    pub routing: RoutingHints,
    /// The changes that normalized the alert when it was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl Alert {
    /// A digest of the alert without its id and routing (32 hexadecimal digits): two
    /// messages with the same digest are one alert that arrived twice.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let content = serde_json::json!([
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
        let digest = Sha256::digest(content.to_string().as_bytes());
        // 128 bits: no two different alerts have the same digest by chance.
        hex::encode(&digest[..16])
    }

    /// The alert with a derived id, where its given one belongs to a different alert.
    /// The same alert always gets the same id.
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
