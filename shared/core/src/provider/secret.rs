//! Credentials, and their redaction from texts.

use std::fmt;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::field_error::{FieldError, path};
use super::spelling::{MIN_LENGTH, spelled};
use crate::text::single_line;

/// The text that replaces a secret.
const REDACTED: &str = "[secret]";

/// The secret of a destination, as stored in Secrets Manager: one JSON object.
#[derive(Clone)]
pub struct Secrets(SecretString);

impl Secrets {
    /// Wraps the text of a secret.
    #[must_use]
    pub fn new(json: String) -> Self {
        Self(json.into())
    }

    /// The text, for writing it to the store.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether the two hold the same text.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }

    /// Reads the provider's own credential type.
    ///
    /// # Errors
    ///
    /// Names the field that is missing or wrong, never its value.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, FieldError> {
        let mut reader = serde_json::Deserializer::from_str(self.0.expose_secret());
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let field = path("secret", &error);
            // Most messages of serde quote the value that they found; this one does not.
            let message = error.inner().to_string();
            match message
                .strip_prefix("missing field `")
                .and_then(|rest| rest.split('`').next())
            {
                Some(name) => FieldError::new(format!("secret.{name}"), "is missing"),
                None => FieldError::new(field, "is unknown, or not of the form it must have"),
            }
        })
    }

    /// `text` with all values of this secret redacted, also where a cut leaves only the
    /// beginning of one.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut values = Vec::new();
        match serde_json::from_str(self.0.expose_secret()) {
            Ok(document) => collect(&document, &mut values),
            Err(_) => values.push(self.0.expose_secret().to_owned()),
        }
        redact(text, values)
    }
}

/// `text` without any of `values`, in whatever spelling they are there.
pub(super) fn redact(text: &str, mut values: Vec<String>) -> String {
    // Longest first, so that no part of a longer value is left.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    // One pass: a value may also occur in the replacement.
    while let Some(next) = rest.chars().next() {
        let found = values.iter().find_map(|value| spelled(value, rest));
        rest = if let Some(length) = found {
            redacted.push_str(REDACTED);
            &rest[length..]
        } else {
            redacted.push(next);
            &rest[next.len_utf8()..]
        };
    }
    redacted
}

/// The forms in which a response may repeat a header's value: whole, or without the
/// scheme before it (`Basic …`).
pub(super) fn of_header(value: &str, values: &mut Vec<String>) {
    values.extend(long(MIN_LENGTH, std::iter::once(value)));
    values.extend(long(MIN_LENGTH, value.split_whitespace().skip(1)));
}

/// All texts of a document, and parts of URLs, that are long enough to be secret, in the
/// forms in which a response may repeat them.
fn collect(document: &Value, values: &mut Vec<String>) {
    match document {
        Value::String(text) => {
            if let Ok(url) = Url::parse(text) {
                of_url(&url, values);
            }
            // The token of `Bearer …`, without the scheme before it.
            let words = text.split_whitespace().skip(1);
            values.extend(long(MIN_LENGTH, words));
            // Unchanged; on one line, as in failures; and as written in JSON.
            let json = document.to_string();
            let forms = [text.as_str(), &single_line(text), json.trim_matches('"')];
            values.extend(long(MIN_LENGTH, forms.into_iter()));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, values)),
        Value::Object(map) => map.values().for_each(|value| collect(value, values)),
        _ => {}
    }
}

/// The parts of a URL, as they are and decoded: by the rules of paths, and by those of
/// forms, where `+` is a space.
fn of_url(url: &Url, values: &mut Vec<String>) {
    let query = url.query().unwrap_or_default();
    let whole = [url.path(), query, url.username()];
    let segments = url.path().split('/');
    // Names of parameters are no secrets, and occur in other texts.
    let parameters = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    let parts = whole.into_iter().chain(url.password());
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    for part in parts.chain(segments).chain(parameters) {
        let (in_path, in_form) = (decoded(part), decoded(&part.replace('+', " ")));
        let forms = [part, &in_path, &in_form];
        values.extend(long(MIN_LENGTH, forms.into_iter()));
    }
}

/// Those of `texts` that have at least `least` bytes.
fn long<'a>(least: usize, texts: impl Iterator<Item = &'a str>) -> impl Iterator<Item = String> {
    texts
        .filter(move |text| text.len() >= least)
        .map(str::to_owned)
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets([secret])")
    }
}

/// A URL that is itself a credential, such as an incoming webhook's.
#[derive(Clone)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// The URL, for the request that goes to it.
    #[must_use]
    pub const fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}/[secret]",
            self.0.scheme(),
            self.0.host_str().unwrap_or_default()
        )
    }
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Url::parse(&text)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not a URL"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Credential {
        #[allow(dead_code, reason = "read by its Debug form")]
        webhook_url: SecretUrl,
        #[allow(dead_code, reason = "read by its Debug form")]
        token: Option<SecretString>,
    }

    const PLANTED: &str = "PLANTEDsecretPLANTED";

    #[test]
    fn no_error_and_no_debug_form_shows_a_secret() {
        for json in [
            format!("{{\"webhookUrl\": 7, \"x\": \"{PLANTED}\"}}"),
            format!("{{\"webhookUrl\": \"{PLANTED}\"}}"),
            format!("{{\"webhookUrl\": \"https://h/{PLANTED}\", \"{PLANTED}\": 1}}"),
            format!("{{\"webhookUrl\": \"https://h/{PLANTED}\", \"token\": [\"{PLANTED}\"]}}"),
            format!("\"{PLANTED}\""),
            PLANTED.to_owned(),
        ] {
            let secrets = Secrets::new(json.clone());
            let error = secrets.read::<Credential>().unwrap_err();
            // The key of an unknown field may be a misplaced value as well.
            assert!(!error.problem.contains(PLANTED), "{error}");
            assert!(!format!("{secrets:?}").contains(PLANTED));
        }
        let sound = Secrets::new(format!(
            "{{\"webhookUrl\": \"https://h/{PLANTED}\", \"token\": \"{PLANTED}\"}}"
        ));
        assert!(!format!("{:?}", sound.read::<Credential>().unwrap()).contains(PLANTED));
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = Secrets::new("{}".to_owned())
            .read::<Credential>()
            .unwrap_err();
        assert_eq!(error.to_string(), "`secret.webhookUrl` is missing");
    }

    #[test]
    fn every_part_of_a_secret_is_redacted_from_a_text() {
        let secrets = Secrets::new(
            r#"{"url": "https://example.com/hook/abc123?sig=xyz789", "headers": {"Authorization": "Bearer t0ken-t0ken"}}"#
                .to_owned(),
        );
        let text = "POST /hook/abc123?sig=xyz789 of https://example.com/hook/abc123?sig=xyz789 with Bearer t0ken-t0ken failed";
        let redacted = secrets.redact(text);
        for part in ["abc123", "xyz789", "t0ken"] {
            assert!(!redacted.contains(part), "{redacted}");
        }
        assert!(redacted.contains("failed"));
    }

    #[test]
    fn a_secret_is_redacted_in_every_form_a_response_may_give_it() {
        let secrets = Secrets::new(
            r#"{"url": "https://h/services/T1/PLANTED-PLANTED-1?sig=PLANTED-PLANTED-2&v=1", "key": "PLANTED\nPLANTED \"x\""}"#
                .to_owned(),
        );
        for said in [
            "no such hook: PLANTED-PLANTED-1",
            "the signature PLANTED-PLANTED-2 is not valid",
            "PLANTED\nPLANTED \"x\"",
            "PLANTED PLANTED \"x\"",
            r#"{"key":"PLANTED\nPLANTED \"x\""}"#,
            "what was cut: PLANTED-PLAN… (80 characters cut)",
            "what was cut: PLANTE…",
            // Two answers in one text, each with a cut of its own.
            "PLANTED-PLANTE… (9 characters cut) (without labels: PLANTED-PLANT… (3 characters cut))",
        ] {
            let redacted = secrets.redact(said);
            assert!(!redacted.contains("PLANTE"), "{redacted}");
            assert!(redacted.contains(REDACTED), "{redacted}");
        }
        let innocent = "there are no hooks here… (80 characters cut)";
        assert_eq!(secrets.redact(innocent), innocent);
    }

    #[test]
    fn short_parts_of_a_url_are_redacted_in_every_spelling() {
        let secrets = Secrets::new(
            r#"{"url": "https://h/hooks/PLANT1/a%2FPLANT%2b2?sig=PLANT+%2F3&code=PLANT%2B%3D4&v=1"}"#
                .to_owned(),
        );
        for said in [
            "no hook PLANT1 here",
            "a/PLANT+2, a%2FPLANT%2B2 and a%2fPLANT%2b2",
            "PLANT /3, PLANT+/3, PLANT+%2F3, PLANT%20%2F3 and PLANT+%2f3",
            "PLANT+=4, PLANT%2B%3D4 and PLANT%2b%3d4",
        ] {
            let redacted = secrets.redact(said);
            assert!(!redacted.contains("PLANT"), "{redacted}");
        }
        assert_eq!(secrets.redact("sig and code"), "sig and code");
    }

    /// Vendors quote what they got as JSON, in a page, or as a form.
    #[test]
    fn a_token_is_redacted_in_every_spelling() {
        let secrets = Secrets::new(r#"{"token": "PLANT/1+PLANT=&2~é"}"#.to_owned());
        for said in [
            r#"{"got":"PLANT\/1+PLANT=&2~é"}"#,
            r#"{"got":"PLANT\/1\u002BPLANT\u003D\u00262~\u00e9"}"#,
            "client_secret=PLANT%2F1%2BPLANT%3D%262%7E%C3%A9&scope=x",
            "encodeURIComponent: PLANT%2f1%2bPLANT%3d%262~%c3%a9",
            "<b>PLANT/1&#43;PLANT&#x3d;&amp;2~é</b>",
            r"PLANT\/1+PLANT=\u00262~… (9 characters cut)",
            "PLANT%2F1%2…",
        ] {
            let redacted = secrets.redact(said);
            assert!(!redacted.contains("PLANT"), "{redacted}");
            assert!(redacted.contains(REDACTED), "{redacted}");
        }
        for innocent in ["PLANT/2", "PLANT%2F", "a… b", "100 %… of &lt;"] {
            assert_eq!(secrets.redact(innocent), innocent);
        }
    }
}
