//! Whether a given secret equals the stored one, decided without reading the stored
//! one: by a salted digest that is kept beside the destination and never answered.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use uuid::Uuid;

/// Computes digests with one salt.
pub(crate) struct SecretDigest {
    salt: String,
}

impl SecretDigest {
    /// With the salt of a known digest, so that the same secret gives the same digest,
    /// or with a new salt.
    pub(crate) fn with_salt_of(known: Option<&str>) -> Self {
        let salt = known.and_then(|known| known.split_once(':'));
        Self {
            salt: match salt {
                Some((salt, _)) => salt.to_owned(),
                None => Uuid::new_v4().simple().to_string(),
            },
        }
    }

    /// The digest of a secret. The order of its fields does not matter.
    pub(crate) fn of(&self, fields: &Map<String, Value>) -> String {
        let canonical = sorted(&Value::Object(fields.clone())).to_string();
        // HMAC accepts keys of any length.
        let mac = Hmac::<Sha256>::new_from_slice(self.salt.as_bytes())
            .map(|mac| mac.chain_update(canonical).finalize().into_bytes());
        let digest = mac.map(hex::encode).unwrap_or_default();
        format!("{}:{digest}", self.salt)
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members.into_iter();
            Value::Object(
                members
                    .map(|(name, one)| (name.clone(), sorted(one)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(json: Value) -> Map<String, Value> {
        let Value::Object(fields) = json else {
            panic!()
        };
        fields
    }

    #[test]
    fn only_the_same_secret_has_the_same_digest() {
        let one = fields(json!({"url": "https://PLANTED", "headers": {"a": "1", "b": "2"}}));
        let again = fields(json!({"headers": {"b": "2", "a": "1"}, "url": "https://PLANTED"}));
        let other = fields(json!({"url": "https://PLANTED", "headers": {"a": "1", "b": "3"}}));
        let stored = SecretDigest::with_salt_of(None).of(&one);
        assert!(!stored.contains("PLANTED"));
        assert_eq!(SecretDigest::with_salt_of(Some(&stored)).of(&again), stored);
        assert_ne!(SecretDigest::with_salt_of(Some(&stored)).of(&other), stored);
        // The digests of two destinations do not show that their secrets are equal.
        assert_ne!(SecretDigest::with_salt_of(None).of(&one), stored);
    }
}
