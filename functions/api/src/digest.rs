//! Whether a given secret is the one that is stored already, told without reading
//! that: by a salted digest beside the destination, which no answer shows.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use uuid::Uuid;

/// Makes digests with one salt.
pub(crate) struct SecretDigest {
    salt: String,
}

impl SecretDigest {
    /// With the salt of `known`, so that the same secret gives the same digest;
    /// with a new salt where there is none yet.
    pub(crate) fn like(known: Option<&str>) -> Self {
        let salt = known.and_then(|known| known.split_once(':'));
        Self {
            salt: match salt {
                Some((salt, _)) => salt.to_owned(),
                None => Uuid::new_v4().simple().to_string(),
            },
        }
    }

    /// The digest of a secret, whatever the order of its fields.
    pub(crate) fn of(&self, fields: &Map<String, Value>) -> String {
        let canonical = sorted(&Value::Object(fields.clone())).to_string();
        // HMAC takes keys of any length.
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
    fn the_same_secret_has_the_same_digest_and_only_that() {
        let one = fields(json!({"url": "https://PLANTED", "headers": {"a": "1", "b": "2"}}));
        let again = fields(json!({"headers": {"b": "2", "a": "1"}, "url": "https://PLANTED"}));
        let other = fields(json!({"url": "https://PLANTED", "headers": {"a": "1", "b": "3"}}));
        let stored = SecretDigest::like(None).of(&one);
        assert!(!stored.contains("PLANTED"));
        assert_eq!(SecretDigest::like(Some(&stored)).of(&again), stored);
        assert_ne!(SecretDigest::like(Some(&stored)).of(&other), stored);
        // Equal secrets of two destinations do not show that they are equal.
        assert_ne!(SecretDigest::like(None).of(&one), stored);
    }
}
