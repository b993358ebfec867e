//! Requests and responses as plain values.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::entries::{Entries, Extent};
use super::field_error::FieldError;
use super::identity::ClientIdentity;
use super::{partial, secret};
use crate::Timestamp;
use crate::outcome::LONGEST_RETRY_AFTER;

/// The HTTP methods that providers need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads without a change.
    Get,
    /// Creates something, or sends a message.
    Post,
    /// Replaces or updates something.
    Put,
}

impl Method {
    /// The name in the request line: `POST`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// The URL of a request.
#[derive(Clone)]
pub enum Address {
    /// A URL that may be shown.
    Public(Url),
    /// A URL that is itself a credential.
    Secret(Url),
}

impl Address {
    /// The URL, for the client that calls it.
    #[must_use]
    pub const fn expose(&self) -> &Url {
        match self {
            Self::Public(url) | Self::Secret(url) => url,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(url) => write!(f, "{url}"),
            Self::Secret(url) => write!(
                f,
                "{}://{}/[secret]",
                url.scheme(),
                url.host_str().unwrap_or_default()
            ),
        }
    }
}

/// The value of a header.
#[derive(Clone)]
pub enum Header {
    /// A value that may be shown.
    Plain(String),
    /// A credential, which must not be shown.
    Secret(SecretString),
}

impl Header {
    /// The value, for the client that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(value) => value,
            Self::Secret(value) => value.expose_secret(),
        }
    }
}

impl Header {
    /// The value `Bearer token`.
    ///
    /// # Errors
    ///
    /// When the token in `field` cannot be a header value (see [`visible`]).
    pub fn bearer(field: &str, token: &SecretString) -> Result<Self, FieldError> {
        let token = visible(field, token)?;
        Ok(Self::Secret(format!("Bearer {token}").into()))
    }
}

/// The text of a credential for a header. It must be visible ASCII, without the line
/// break or space that often comes along when it is copied.
///
/// # Errors
///
/// Names `field`, never its value.
pub fn visible<'a>(field: &str, secret: &'a SecretString) -> Result<&'a str, FieldError> {
    /// In bytes: longer than any vendor's token, shorter than any server's header limit.
    const MAX_LENGTH: usize = 4_096;
    let text = secret.expose_secret();
    let fit = !text.is_empty()
        && text.len() <= MAX_LENGTH
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    fit.then_some(text).ok_or_else(|| {
        FieldError::new(field, "must be visible ASCII without spaces or line breaks")
    })
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(value) => value,
            Self::Secret(_) => "[secret]",
        })
    }
}

/// An HTTP request.
#[derive(Clone)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The URL, which may be a credential.
    pub address: Address,
    /// The headers in order, with names in lower case.
    pub headers: Vec<(String, Header)>,
    /// The exact bytes of the body.
    pub body: Vec<u8>,
    /// Parts of the body that must not be shown: some providers want the credential there.
    pub hidden: Vec<SecretString>,
    /// How long the request may take, if the destination has a limit of its own.
    pub time_limit: Option<Duration>,
    /// The certificate that the client presents if the server asks for one.
    pub identity: Option<ClientIdentity>,
    /// What is needed of a successful response, if that is a list.
    pub entries: Option<Entries>,
}

impl Request {
    /// `text` without the values of this request's secret headers, and without what is
    /// hidden of its body. A response may repeat a
    /// value that was derived from a secret, such as the base64 of a password, and is not
    /// part of the secret itself.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut values = Vec::new();
        for (_, header) in &self.headers {
            if let Header::Secret(value) = header {
                secret::of_header(value.expose_secret(), &mut values);
            }
        }
        for hidden in &self.hidden {
            secret::of_header(hidden.expose_secret(), &mut values);
        }
        secret::redact(text, values)
    }

    /// The body with its hidden parts masked.
    #[must_use]
    pub fn shown_body(&self) -> String {
        self.without_hidden(String::from_utf8_lossy(&self.body).into_owned())
    }

    fn without_hidden(&self, body: String) -> String {
        self.hidden.iter().fold(body, |body, secret| {
            body.replace(secret.expose_secret(), "[secret]")
        })
    }

    /// A POST of JSON, with the content type as its only header.
    #[must_use]
    pub fn post_json(address: Address, body: impl Into<Vec<u8>>) -> Self {
        Self::post(address, "application/json", body)
    }

    /// A POST with the content type as its only header.
    #[must_use]
    pub fn post(address: Address, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let content_type = Header::Plain(content_type.to_owned());
        Self {
            method: Method::Post,
            address,
            headers: vec![("content-type".to_owned(), content_type)],
            body: body.into(),
            hidden: Vec::new(),
            time_limit: None,
            entries: None,
            identity: None,
        }
    }

    /// A GET, without any headers.
    #[must_use]
    pub const fn get(address: Address) -> Self {
        Self {
            method: Method::Get,
            address,
            headers: Vec::new(),
            body: Vec::new(),
            hidden: Vec::new(),
            time_limit: None,
            entries: None,
            identity: None,
        }
    }

    /// The request, with `secret` masked wherever the body is shown.
    #[must_use]
    pub fn hiding(mut self, secret: SecretString) -> Self {
        self.hidden.push(secret);
        self
    }

    /// The request, of whose response only `entries` are kept.
    #[must_use]
    pub fn keeping(mut self, entries: Entries) -> Self {
        self.entries = Some(entries);
        self
    }

    /// The request with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: Header) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value));
        self
    }
}

/// Shows a request for people, with every secret masked: in previews and snapshots.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method.as_str(), self.address)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f)?;
        let body = match serde_json::from_slice::<serde_json::Value>(&self.body) {
            Ok(json) => format!("{json:#}"),
            Err(_) => String::from_utf8_lossy(&self.body).into_owned(),
        };
        f.write_str(&self.without_hidden(body))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Request({} {}, {} bytes)",
            self.method.as_str(),
            self.address,
            self.body.len()
        )
    }
}

/// An HTTP response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The headers in order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, up to [`RESPONSE_LIMIT`](super::RESPONSE_LIMIT); of a
    /// list, the [`Entries`] that the request names.
    pub body: Vec<u8>,
    /// How much of the body was read.
    pub extent: Extent,
    /// When the response was complete; `Retry-After` dates are relative to it.
    pub received_at: Timestamp,
}

impl Response {
    /// The first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; invalid UTF-8 is replaced by U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON; of a body that was cut off, the part before the cut. `Null` where
    /// it is not JSON at all.
    #[must_use]
    pub fn json(&self) -> Value {
        partial::read(&self.body)
    }

    /// The `Retry-After` header, in seconds or as a date (RFC 9110 §10.2.3),
    /// at most [`LONGEST_RETRY_AFTER`]; `None` when it is absent or unreadable.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        let wait = match value.parse::<f64>() {
            Ok(seconds) if seconds.is_nan() || seconds < 0.0 => return None,
            // Some providers send fractions; the bound also keeps the conversion safe.
            Ok(seconds) => {
                Duration::from_secs_f64(seconds.min(LONGEST_RETRY_AFTER.as_secs_f64()).ceil())
            }
            Err(_) => {
                let date = httpdate::parse_http_date(value).ok()?;
                let since_epoch = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
                let millis = i64::try_from(since_epoch.as_millis()).ok()?;
                Timestamp::from_unix_millis(millis)?.since(self.received_at)
            }
        };
        Some(wait.min(LONGEST_RETRY_AFTER))
    }

    /// The time until the moment in this (lower-case) header, which says when a rate limit
    /// is reset: in seconds since 1970 or as ISO 8601, bounded like
    /// [`Response::retry_after`].
    #[must_use]
    pub fn until(&self, name: &str) -> Option<Duration> {
        let value = self.header(name)?.trim();
        let moment = match value.parse::<i64>() {
            Ok(seconds) => Timestamp::from_unix_millis(seconds.checked_mul(1_000)?)?,
            Err(_) => value.parse().ok()?,
        };
        Some(moment.since(self.received_at).min(LONGEST_RETRY_AFTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_time_in_a_header_is_a_delay() {
        let wait = |value: &str| {
            let response = Response {
                status: 429,
                headers: vec![("x-reset".to_owned(), value.to_owned())],
                body: Vec::new(),
                extent: Extent::Whole,
                received_at: "2015-10-21T07:28:00Z".parse().unwrap(),
            };
            response.until("x-reset").map(|wait| wait.as_secs())
        };
        assert_eq!(wait("1445412540"), Some(60));
        assert_eq!(wait(" 2015-10-21T07:28:30Z "), Some(30));
        assert_eq!(wait("2015-10-21T07:28Z"), Some(0));
        assert_eq!(wait("1445412000"), Some(0));
        assert_eq!(wait("9999999999"), Some(3_600));
        for value in ["", "soon", "9223372036854775807"] {
            assert_eq!(wait(value), None, "{value}");
        }
    }

    #[test]
    fn a_credential_in_a_header_is_visible_ascii_and_not_shown() {
        let bearer = |token: &str| Header::bearer("secret.token", &token.to_owned().into());
        let header = bearer("t0ken-._~+/=").unwrap();
        assert_eq!(header.expose(), "Bearer t0ken-._~+/=");
        assert_eq!(header.to_string(), "[secret]");
        for token in ["", "a b", "PLANTED\n", "é", &"x".repeat(5_000)] {
            let Err(error) = bearer(token) else {
                panic!("{token}")
            };
            assert!(
                error
                    .to_string()
                    .starts_with("`secret.token` must be visible")
            );
        }
    }

    #[test]
    fn a_credential_in_the_body_is_sent_and_not_shown() {
        let address = Address::Public(Url::parse("https://example.com/x").unwrap());
        let request = Request::post_json(address, r#"{"key":"PLANTED","text":"t"}"#)
            .hiding("PLANTED".to_owned().into());
        assert!(request.body.windows(7).any(|part| part == b"PLANTED"));
        let shown = format!("{request} {request:?}");
        assert!(
            !shown.contains("PLANTED") && shown.contains("[secret]"),
            "{shown}"
        );
    }

    #[test]
    fn values_derived_from_a_secret_are_redacted() {
        let url = Url::parse("https://example.com/").unwrap();
        let basic = Header::Secret("Basic dXNlcjpQTEFOVEVE".to_owned().into());
        let request = Request::post_json(Address::Public(url), "{}").header("authorization", basic);
        let said = "you sent Basic dXNlcjpQTEFOVEVE, that is dXNlcjpQTEFOVEVE";
        assert!(!request.redact(said).contains("dXNlcjpQTEFOVEVE"));
    }
}
