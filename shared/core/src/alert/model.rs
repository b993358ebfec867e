//! The alert itself.

use std::borrow::Cow;

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

/// What a deduplication key begins with that is a hash.
const HASHED: &str = "sha256:";

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
    /// Set on an alert that a person sent again: then the list is that person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resent: Option<Resent>,
}

/// Which alert was sent again, and by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resent {
    /// The id of the original alert.
    pub of: String,
    /// Who sent it again, by their own account.
    pub by: String,
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

    /// The id that the alert came with. Updates of one finding have the same one; the
    /// ledger knows all but the first by a derived id.
    #[must_use]
    pub fn given_id(&self) -> &str {
        let given = self.notes.iter().find_map(|note| match note {
            Note::Rekeyed { given } => Some(given.as_str()),
            _ => None,
        });
        given.unwrap_or_else(|| self.alert_id.as_str())
    }

    /// Whether a different alert came with the same id before this one.
    #[must_use]
    pub fn is_update(&self) -> bool {
        self.given_id() != self.alert_id.as_str()
    }

    /// The key by which a provider recognizes the finding: the given id, unchanged if it
    /// has at most `limit` bytes (71 or more) and only `allowed` characters, otherwise
    /// `sha256:` and its hash. A given id that looks like a hash is hashed, too, so that
    /// no two ids have the same key. It is the same for all updates and all attempts.
    #[must_use]
    pub fn deduplication_key(&self, limit: usize, allowed: impl Fn(char) -> bool) -> Cow<'_, str> {
        let given = self.given_id();
        let is_literal =
            given.len() <= limit && given.chars().all(allowed) && !given.starts_with(HASHED);
        if is_literal {
            Cow::Borrowed(given)
        } else {
            Cow::Owned(format!("{HASHED}{}", hex::encode(Sha256::digest(given))))
        }
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
    use serde_json::json;

    use super::*;
    use crate::alert::parse;

    fn with_id(id: &str) -> Alert {
        let json = json!({
            "id": "A.B", "createdAt": "2020-10-13T03:35:24Z", "severity": "LOW", "type": "RULE",
            "alertId": id,
        });
        parse(&json.to_string()).unwrap()
    }

    #[test]
    fn all_updates_of_a_finding_have_its_given_id() {
        let first = with_id("case-gd-1");
        assert_eq!((first.given_id(), first.is_update()), ("case-gd-1", false));
        let update = first.with_derived_id();
        assert!(update.alert_id.as_str().starts_with("case-gd-1~"));
        assert_eq!((update.given_id(), update.is_update()), ("case-gd-1", true));
        assert_eq!(update.deduplication_key(255, |_| true), "case-gd-1");
        // A sender reads it from the ledger, or from an invocation.
        let json = serde_json::to_string(&update).unwrap();
        assert_eq!(serde_json::from_str::<Alert>(&json).unwrap(), update);
        // A derived id may have lost the end of a long one.
        let long = "x".repeat(limits::ALERT_ID);
        let update = with_id(&long).with_derived_id();
        assert_eq!(update.given_id(), long);
    }

    #[test]
    fn a_key_is_the_id_or_its_hash_and_never_looks_like_the_other() {
        let key = |id: &str, limit| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == ':';
            with_id(id).deduplication_key(limit, allowed).into_owned()
        };
        assert_eq!(key("a:b", 100), "a:b");
        let hashed = key("a^b", 100);
        assert!(hashed.starts_with("sha256:361740d1"), "{hashed}");
        assert_eq!(hashed.len(), 71);
        assert_eq!(key(&"x".repeat(101), 100).len(), 71);
        let looks_hashed = key(&hashed, 100);
        assert!(looks_hashed.starts_with(HASHED) && looks_hashed != hashed);
    }

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
