//! The certificate with which a client identifies itself to a server (mutual TLS).

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::field_error::FieldError;
use super::pem::PemSection;

/// A certificate with its chain, and its private key.
#[derive(Clone)]
pub struct ClientIdentity(SecretString);

impl ClientIdentity {
    /// Reads `certificate` and `key`, which are PEM. Whether they belong together is known
    /// to who uses them.
    ///
    /// # Errors
    ///
    /// Names the field, of these two, that is not what it must be.
    pub fn read(
        (certificate_field, certificate): (&str, &SecretString),
        (key_field, key): (&str, &SecretString),
    ) -> Result<Self, FieldError> {
        let certificates = PemSection::parse(certificate.expose_secret()).unwrap_or_default();
        if certificates.is_empty() || certificates.iter().any(|one| one.label != "CERTIFICATE") {
            return Err(FieldError::new(
                certificate_field,
                "must be the client certificate as PEM, with the certificates of its chain after it",
            ));
        }
        let keys = PemSection::parse(key.expose_secret()).unwrap_or_default();
        // A file of an elliptic curve's key may begin with the name of the curve.
        let mut private = keys.iter().filter(|one| one.is_private_key());
        let (Some(private), None) = (private.next(), private.next()) else {
            return Err(FieldError::new(
                key_field,
                "must be the private key of the certificate as PEM, not encrypted",
            ));
        };
        let pem: String = certificates
            .iter()
            .chain([private])
            .map(PemSection::to_text)
            .collect();
        Ok(Self(pem.into()))
    }

    /// The certificates and the key as one PEM text, for the client that presents them.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity([secret])")
    }
}
