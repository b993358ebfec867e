//! Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tocsin_core::provider::FieldError;

/// A symmetric signing key.
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    /// Parses `whsec_` and base64. The specification requires 24 to 64 bytes.
    pub(crate) fn parse(field: &str, text: &SecretString) -> Result<Self, FieldError> {
        let key = text
            .expose_secret()
            .strip_prefix("whsec_")
            .and_then(|base64| STANDARD.decode(base64).ok())
            .filter(|key| (24..=64).contains(&key.len()))
            .and_then(|key| Hmac::new_from_slice(&key).ok());
        key.map(Self).ok_or_else(|| {
            FieldError::new(
                field,
                "must be whsec_ followed by the base64 of 24 to 64 random bytes",
            )
        })
    }

    /// One entry of the `webhook-signature` header.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mac = self
            .0
            .clone()
            .chain_update(format!("{id}.{timestamp}."))
            .chain_update(body)
            .finalize();
        format!("v1,{}", STANDARD.encode(mac.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the repository of the specification.
    #[test]
    fn the_example_of_the_specification_is_reproduced() {
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into();
        let signature = Key::parse("k", &key).unwrap().sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_malformed_key_is_rejected() {
        for text in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_!!",
        ] {
            assert!(Key::parse("k", &text.to_owned().into()).is_err(), "{text}");
        }
    }
}
