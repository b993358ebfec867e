//! Pages of lists and audits: the time range, the cursor, the time limit of a call.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tocsin_api_types::ApiError;
use tocsin_aws::Cursor;
use tocsin_core::Timestamp;

/// The range when no beginning is given.
const DEFAULT_RANGE: Duration = Duration::from_hours(24);

/// A time range, and where in it to continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// The beginning, inclusive.
    pub(crate) since: Timestamp,
    /// The end, exclusive.
    pub(crate) until: Timestamp,
    /// Where to continue, backwards in time.
    pub(crate) from: Cursor,
}

impl Range {
    pub(crate) fn read(
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        cursor: Option<&str>,
    ) -> Result<Self, ApiError> {
        let from = cursor.map(decode).transpose()?;
        // The next page of a list without an end must not begin with newer entries.
        let until = until
            .or_else(|| from.as_ref().map(|from| from.at))
            .unwrap_or_else(Timestamp::now);
        let since = since.unwrap_or_else(|| until.minus(DEFAULT_RANGE));
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

/// A cursor as the text that the client sends back.
pub(crate) fn encode(cursor: &Cursor) -> Result<String, ApiError> {
    let json = serde_json::to_vec(cursor).map_err(|error| ApiError::unavailable(&error))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn decode(cursor: &str) -> Result<Cursor, ApiError> {
    let json = URL_SAFE_NO_PAD.decode(cursor).ok();
    json.and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| ApiError::invalid("cursor", "must be the `cursor` of an earlier answer"))
}

/// The number of entries of a page.
pub(crate) fn limit(given: Option<u16>, default: u16, most: u16) -> Result<usize, ApiError> {
    let limit = given.unwrap_or(default);
    if (1..=most).contains(&limit) {
        Ok(limit.into())
    } else {
        Err(ApiError::invalid("limit", format!("must be 1 to {most}")))
    }
}

/// The time that one call may use.
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
    fn a_range_is_a_day_by_default() {
        let until = at("2026-01-02T00:00:00Z");
        let range = Range::read(None, Some(until), None).unwrap();
        assert_eq!(range.since, at("2026-01-01T00:00:00Z"));
        assert_eq!(range.from, Cursor::before(until));
        let error = Range::read(Some(until), Some(range.since), None).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("since"));
    }

    #[test]
    fn a_cursor_is_read_back_and_other_texts_are_refused() {
        let position = Cursor {
            at: at("2026-01-01T10:00:00.5Z"),
            after: Some(("a".to_owned(), "ALERT".to_owned())),
        };
        let text = encode(&position).unwrap();
        let since = at("2026-01-01T00:00:00Z");
        let range = Range::read(Some(since), None, Some(&text)).unwrap();
        assert_eq!((range.from, range.until), (position.clone(), position.at));
        for other in ["", "x", "bm8", "../.."] {
            let error = Range::read(None, None, Some(other)).unwrap_err();
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
