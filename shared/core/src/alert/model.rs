//! The alert itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::context::Context;
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
    pub alert_context: Context,
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
        let content = (
            &self.detection_id,
            self.created_at,
            self.severity,
            self.alert_type,
            &self.title,
            &self.name,
            &self.link,
            &self.description,
            &self.runbook,
            &self.reference,
            &self.version,
            &self.tags,
            &self.log_types,
            &self.alert_context,
        );
        let mut digest = Digester(Sha256::new());
        // Writing into a digest does not fail, and these types always serialize.
        let _ = serde_json::to_writer(&mut digest, &content);
        let digest = digest.0.finalize();
        // 128 bits: no two different alerts have the same digest by chance.
        hex::encode(&digest[..16])
    }

    /// Whether this is the other alert once more, perhaps with other routing hints or
    /// another severity: all that the detection reports is the same.
    #[must_use]
    pub fn is_same_finding(&self, other: &Self) -> bool {
        let finding = |alert: &Self| Self {
            severity: Severity::Info,
            routing: RoutingHints::default(),
            notes: Vec::new(),
            ..alert.clone()
        };
        finding(self) == finding(other)
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

/// Digests what is written, so that the text of a large alert is never held as a whole.
struct Digester(Sha256);

impl std::io::Write for Digester {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::alert::parse;

    /// Alerts of stored items are compared by it, and ids are derived from it: it must
    /// not change between versions.
    #[test]
    fn the_fingerprint_is_the_digest_of_the_same_text_in_every_version() {
        let alert = parse(
            r#"{"id":"A.B","createdAt":"2020-10-13T03:35:24Z","severity":"LOW","type":"RULE","title":"t",
                "alertId":"x","tags":["a"],"alertContext":{"b":1.5,"a":{"c":null}},"routing":{"severity":"HIGH"}}"#,
        )
        .unwrap();
        assert_eq!(alert.fingerprint(), "99ebbd45e32418d7195aa96eab20eec4");
    }
}
