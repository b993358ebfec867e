//! Whether a given secret equals the stored one, decided without reading the stored
//! one: by a digest that is kept beside the destination and never answered.
//!
//! Secrets can be passwords, which are guessed. So the digest is slow (Argon2id), for
//! those who can read the table, and is compared only when a change is written (see
//! `write`), for those who may invoke the API: a wrong guess replaces the secret.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::{Map, Value};
use tocsin_core::provider::Secrets;

/// Memory of one digest, in KiB. With [`PASSES`] the second of the settings that OWASP's
/// cheat sheet on password storage gives as equal; it fits into the API's memory many
/// times. One digest takes 30 ms in a release build, and the API has a whole vCPU, so that
/// 500 destinations, the most of one file, fit into the time of one call.
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over the memory.
const PASSES: u32 = 2;

/// A salted digest of a secret, as a PHC string: with its algorithm, its costs and its
/// salt, so that it can be verified after these costs have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretDigest(String);

/// Why there is no digest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DigestError {
    /// The costs are out of range.
    #[error("the costs of a secret's digest are wrong: {0}")]
    Costs(argon2::Error),
    /// There is no memory, or no random salt.
    #[error("the digest of the secret could not be computed: {0}")]
    Failed(argon2::password_hash::Error),
}

impl SecretDigest {
    /// The digest of a secret, with a new salt. It blocks for as long as it computes:
    /// on threads of their own several would need the memory at the same time.
    pub(crate) fn of(secret: &Secrets) -> Result<Self, DigestError> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(DigestError::Costs)?;
        let digest = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password(secret.expose().as_bytes())
            .map_err(DigestError::Failed)?;
        Ok(Self(digest.to_string()))
    }

    /// The stored digest. `None` for one of version 0.1.0, which is fast to guess: the
    /// stored secret then counts as unknown.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        let digest = PasswordHash::new(text).ok()?;
        (digest.algorithm.as_str() == "argon2id").then(|| Self(text.to_owned()))
    }

    /// Whether it is the digest of this secret.
    pub(crate) fn is_of(&self, secret: &Secrets) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|digest| {
            let secret = secret.expose().as_bytes();
            Argon2::default().verify_password(secret, &digest).is_ok()
        })
    }

    /// The text to store.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// A secret with these fields. Two with the same fields are the same text, in whatever
/// order the fields were given.
pub(crate) fn canonical(fields: &Map<String, Value>) -> Secrets {
    Secrets::new(sorted(&Value::Object(fields.clone())).to_string())
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

    fn secret(json: &Value) -> Secrets {
        canonical(json.as_object().unwrap())
    }

    #[test]
    fn only_the_same_secret_has_the_digest() {
        let one = secret(&json!({"url": "https://PLANTED", "headers": {"a": "1", "b": "2"}}));
        let again = secret(&json!({"headers": {"b": "2", "a": "1"}, "url": "https://PLANTED"}));
        let other = secret(&json!({"url": "https://PLANTED", "headers": {"a": "1", "b": "3"}}));
        let digest = SecretDigest::of(&one).unwrap();
        let text = digest.clone().into_text();
        assert!(
            text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{text}"
        );
        assert!(!text.contains("PLANTED"));
        let stored = SecretDigest::stored(&text).unwrap();
        assert!(stored.is_of(&one) && stored.is_of(&again));
        assert!(!stored.is_of(&other));
        // The digests of two destinations do not show that their secrets are equal.
        assert_ne!(SecretDigest::of(&one).unwrap(), digest);
    }

    #[test]
    fn a_digest_with_other_costs_is_verified() {
        let cheap = Params::new(16, 1, 1, None).unwrap();
        let one = secret(&json!({"token": "PLANTED"}));
        let text = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap)
            .hash_password(one.expose().as_bytes())
            .unwrap()
            .to_string();
        assert!(SecretDigest::stored(&text).unwrap().is_of(&one));
    }

    #[test]
    fn a_digest_of_version_0_1_0_is_unknown() {
        let hmac = "7a0b0b5c1f0e4b8e9f05a3ad4a9b0d11:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(SecretDigest::stored(hmac), None);
        assert_eq!(SecretDigest::stored(""), None);
    }
}
