//! Keys and certificates as PEM (RFC 7468), also in one line, as they are typed at a
//! prompt or written into an environment variable.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// One section of a PEM text.
#[derive(Clone, PartialEq, Eq)]
pub struct PemSection {
    /// What it is: `CERTIFICATE`, `RSA PRIVATE KEY`, …
    pub label: String,
    /// Its content, in DER.
    pub der: Vec<u8>,
}

impl PemSection {
    /// The sections of `text`, in order; `None` if there is none, or one is broken. Line
    /// breaks may be spaces, or the two characters `\n`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Vec<Self>> {
        let text = text.replace("\\n", "\n");
        let mut sections = Vec::new();
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once("-----BEGIN ") {
            let (label, after) = after.split_once("-----")?;
            let (body, after) = after.split_once("-----END ")?;
            rest = after.strip_prefix(label)?.strip_prefix("-----")?;
            let base64: String = body.split_whitespace().collect();
            sections.push(Self {
                label: label.to_owned(),
                der: STANDARD.decode(base64).ok()?,
            });
        }
        (!sections.is_empty()).then_some(sections)
    }

    /// Whether it is a private key that is not encrypted.
    #[must_use]
    pub fn is_private_key(&self) -> bool {
        ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"].contains(&self.label.as_str())
    }

    /// The section as text, with lines of 64 characters.
    #[must_use]
    pub fn to_text(&self) -> String {
        let base64 = STANDARD.encode(&self.der);
        let mut text = format!("-----BEGIN {}-----\n", self.label);
        // Base64 is ASCII, so every cut is between characters.
        for at in (0..base64.len()).step_by(64) {
            text.push_str(&base64[at..base64.len().min(at + 64)]);
            text.push('\n');
        }
        text + &format!("-----END {}-----\n", self.label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(label: &str, size: u8) -> PemSection {
        PemSection {
            label: label.to_owned(),
            der: (0..size).collect(),
        }
    }

    #[test]
    fn sections_are_read_in_every_spelling() {
        let both = [section("CERTIFICATE", 100), section("PRIVATE KEY", 48)];
        let text: String = both.iter().map(PemSection::to_text).collect();
        for text in [
            text.clone(),
            format!("subject=CN\n{text}"),
            text.replace('\n', "\r\n"),
            text.replace('\n', "\\n"),
            text.replace('\n', " "),
        ] {
            assert!(PemSection::parse(&text).as_deref() == Some(&both), "{text}");
        }
        assert!(!both[0].is_private_key() && both[1].is_private_key());
    }

    #[test]
    fn what_is_broken_is_not_read() {
        let whole = section("PRIVATE KEY", 48).to_text();
        for text in [
            "",
            "no key",
            &whole[..whole.len() - 20],
            &whole.replace("AAEC", "A!EC"),
            &whole.replace("END PRIVATE", "END PUBLIC"),
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
        ] {
            assert!(PemSection::parse(text).is_none(), "{text}");
        }
    }
}
