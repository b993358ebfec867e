//! Which part of the ledger a list or an audit looks at, and how far one call got.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tocsin_aws::Cursor;
use tocsin_core::Timestamp;

use crate::messages::ApiError;

/// What is looked at when no beginning is given.
const USUAL: Duration = Duration::from_hours(24);

/// A stretch of time, and where in it to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// At or after this,
    pub(crate) since: Timestamp,
    /// and before this.
    pub(crate) until: Timestamp,
    /// From here backwards.
    pub(crate) from: Cursor,
}

impl Span {
    pub(crate) fn read(
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        cursor: Option<&str>,
    ) -> Result<Self, ApiError> {
        let from = cursor.map(position).transpose()?;
        // A further page of a list without an end goes on where that one began.
        let until = until
            .or_else(|| from.as_ref().map(|from| from.at))
            .unwrap_or_else(Timestamp::now);
        let since = since.unwrap_or_else(|| until.minus(USUAL));
        if since > until {
            return Err(ApiError::invalid("since", "must not be later than `until`"));
        }
        Ok(Self {
            since,
            until,
            from: from.unwrap_or_else(|| Cursor::before(until)),
        })
    }
}

/// A position as a text that means nothing to anybody else.
pub(crate) fn cursor(position: &Cursor) -> Result<String, ApiError> {
    let json = serde_json::to_vec(position).map_err(|error| ApiError::unavailable(&error))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn position(cursor: &str) -> Result<Cursor, ApiError> {
    let json = URL_SAFE_NO_PAD.decode(cursor).ok();
    json.and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| ApiError::invalid("cursor", "must be the `cursor` of an earlier answer"))
}

/// How many entries a page may have.
pub(crate) fn limit(given: Option<u16>, usual: u16, most: u16) -> Result<usize, ApiError> {
    let limit = given.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        Ok(limit.into())
    } else {
        Err(ApiError::invalid("limit", format!("must be 1 to {most}")))
    }
}

/// How long one call may look around.
pub(crate) struct Budget {
    began: Instant,
    time: Duration,
}

impl Budget {
    pub(crate) fn of(time: Duration) -> Self {
        Self {
            began: Instant::now(),
            time,
        }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.began.elapsed() >= self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_span_is_a_day_unless_it_is_said() {
        let until = at("2026-01-02T00:00:00Z");
        let span = Span::read(None, Some(until), None).unwrap();
        assert_eq!(span.since, at("2026-01-01T00:00:00Z"));
        assert_eq!(span.from, Cursor::before(until));
        let error = Span::read(Some(until), Some(span.since), None).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("since"));
    }

    #[test]
    fn a_cursor_leads_back_and_nothing_else_is_one() {
        let position = Cursor {
            at: at("2026-01-01T10:00:00.5Z"),
            after: Some(("a".to_owned(), "ALERT".to_owned())),
        };
        let text = cursor(&position).unwrap();
        let since = at("2026-01-01T00:00:00Z");
        let span = Span::read(Some(since), None, Some(&text)).unwrap();
        assert_eq!((span.from, span.until), (position.clone(), position.at));
        for other in ["", "x", "bm8", "../.."] {
            let error = Span::read(None, None, Some(other)).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("cursor"), "{other}");
        }
    }

    #[test]
    fn pages_have_bounds() {
        assert_eq!(limit(None, 100, 500), Ok(100));
        assert_eq!(limit(Some(500), 100, 500), Ok(500));
        assert!(limit(Some(0), 100, 500).is_err() && limit(Some(501), 100, 500).is_err());
    }
}
