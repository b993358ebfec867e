//! Points in time, and the AWSDateTime text form they arrive in.
//!
//! AWSDateTime is AppSync's scalar: an extended ISO 8601 date and time whose
//! offset is compulsory and may carry seconds. Producers also leave the seconds
//! of the time away and write up to nine fraction digits, so all of these are
//! one instant: `2020-10-13T03:35:24Z`, `2020-10-13T03:35:24.000000000Z`,
//! `2020-10-13T05:35:24+02:00`, `2020-10-13T05:35:24+02:00:00`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// An instant, with nanosecond precision, always held and written in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// Why a text is no AWSDateTime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The text does not have the shape of one.
    #[error("expected a date and time such as 2020-10-13T03:35:24Z ({missing})")]
    Shape {
        /// What was looked for where the text went wrong.
        missing: &'static str,
    },
    /// The shape is right, but there is no such moment (a 30th of February).
    #[error("{part} is out of range")]
    Range {
        /// The part that no calendar or clock has.
        part: &'static str,
    },
}

impl Timestamp {
    /// The present, by the system's clock.
    #[must_use]
    pub fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// From milliseconds since 1970-01-01T00:00:00Z; `None` beyond the year 9999.
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
            .ok()
            .map(Self)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        // Years 0–9999 are under 2^48 ms, so the conversion cannot fail.
        i64::try_from(self.0.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or(i64::MAX)
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// This instant and `duration` more; at the end of time, the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let duration = time::Duration::try_from(duration).unwrap_or(time::Duration::MAX);
        Self(self.0.saturating_add(duration))
    }

    /// This instant and `duration` less; at the beginning of time, that.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let duration = time::Duration::try_from(duration).unwrap_or(time::Duration::MAX);
        Self(self.0.saturating_sub(duration))
    }

    /// The same text form with all nine fraction digits: sorted as texts, such
    /// texts are sorted by time.
    #[must_use]
    pub fn sortable(self) -> String {
        let whole = Self(self.0.replace_nanosecond(0).unwrap_or(self.0)).to_string();
        let seconds = whole.trim_end_matches('Z');
        format!("{seconds}.{:09}Z", self.0.nanosecond())
    }

    /// The beginning of its day, in UTC.
    #[must_use]
    pub fn midnight(self) -> Self {
        Self(self.0.replace_time(Time::MIDNIGHT))
    }

    /// Its day in UTC: `2026-11-22`.
    #[must_use]
    pub fn day(self) -> String {
        self.sortable()[..10].to_owned()
    }

    /// How long from `earlier` until this instant; zero if it lies behind.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0 - earlier.0).unwrap_or(Duration::ZERO)
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC: as many fraction digits as there are, none for a whole second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )?;
        if t.nanosecond() != 0 {
            let digits = format!("{:09}", t.nanosecond());
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = Reader(text.as_bytes());
        let date = rest.date()?;
        rest.literal(b'T', "a T between date and time")?;
        let time = rest.time()?;
        let offset = rest.offset()?;
        if !rest.0.is_empty() {
            return Err(TimestampError::Shape {
                missing: "nothing may follow the offset",
            });
        }
        let local = PrimitiveDateTime::new(date, time).assume_offset(offset);
        local
            .checked_to_offset(UtcOffset::UTC)
            .filter(|utc| (0..=9999).contains(&utc.year()))
            .map(Self)
            .ok_or(TimestampError::Range { part: "the year" })
    }
}

/// Reads a text from the left; each method takes what it names off the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take_if(&mut self, wanted: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn literal(&mut self, wanted: u8, missing: &'static str) -> Result<(), TimestampError> {
        if self.take_if(wanted) {
            Ok(())
        } else {
            Err(TimestampError::Shape { missing })
        }
    }

    fn digits(&mut self, count: usize, missing: &'static str) -> Result<u16, TimestampError> {
        let (digits, rest) = self
            .0
            .split_at_checked(count)
            .filter(|(digits, _)| digits.iter().all(u8::is_ascii_digit))
            .ok_or(TimestampError::Shape { missing })?;
        self.0 = rest;
        Ok(digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
    }

    fn two(&mut self, missing: &'static str) -> Result<u8, TimestampError> {
        // Two digits are at most 99.
        self.digits(2, missing).map(|number| number as u8)
    }

    fn date(&mut self) -> Result<Date, TimestampError> {
        let year = self.digits(4, "four digits of a year")?;
        self.literal(b'-', "a - after the year")?;
        let month = self.two("two digits of a month")?;
        self.literal(b'-', "a - after the month")?;
        let day = self.two("two digits of a day")?;
        let month =
            Month::try_from(month).map_err(|_| TimestampError::Range { part: "the month" })?;
        Date::from_calendar_date(i32::from(year), month, day)
            .map_err(|_| TimestampError::Range { part: "the day" })
    }

    fn time(&mut self) -> Result<Time, TimestampError> {
        let hour = self.two("two digits of an hour")?;
        self.literal(b':', "a : after the hour")?;
        let minute = self.two("two digits of minutes")?;
        let (second, nanos) = if self.take_if(b':') {
            let second = self.two("two digits of seconds")?;
            (second, self.fraction()?)
        } else {
            (0, 0)
        };
        Time::from_hms_nano(hour, minute, second, nanos).map_err(|_| TimestampError::Range {
            part: "the time of day",
        })
    }

    fn fraction(&mut self) -> Result<u32, TimestampError> {
        if !self.take_if(b'.') {
            return Ok(0);
        }
        let length = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=9).contains(&length) {
            return Err(TimestampError::Shape {
                missing: "one to nine fraction digits",
            });
        }
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let value = digits
            .iter()
            .fold(0u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        Ok(value * 10u32.pow(9 - length as u32))
    }

    fn offset(&mut self) -> Result<UtcOffset, TimestampError> {
        const MISSING: &str = "an offset: Z, ±hh:mm or ±hh:mm:ss";
        if self.take_if(b'Z') {
            return Ok(UtcOffset::UTC);
        }
        let sign: i8 = if self.take_if(b'+') {
            1
        } else {
            self.literal(b'-', MISSING)?;
            -1
        };
        let hours = self.two(MISSING)?;
        self.literal(b':', MISSING)?;
        let minutes = self.two(MISSING)?;
        let seconds = if self.take_if(b':') {
            self.two(MISSING)?
        } else {
            0
        };
        // ISO 8601 clocks differ by less than a day; 18 h is the widest any library takes.
        if hours > 18 || minutes > 59 || seconds > 59 {
            return Err(TimestampError::Range { part: "the offset" });
        }
        UtcOffset::from_hms(
            sign * hours as i8,
            sign * minutes as i8,
            sign * seconds as i8,
        )
        .map_err(|_| TimestampError::Range { part: "the offset" })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_the_design_is_the_same_instant() {
        for form in [
            "2020-10-13T03:35:00Z",
            "2020-10-13T03:35Z",
            "2020-10-13T03:35:00.0Z",
            "2020-10-13T03:35:00.000000000Z",
            "2020-10-13T05:35:00+02:00",
            "2020-10-13T05:35+02:00",
            "2020-10-12T21:35:00.000-06:00",
            "2020-10-13T03:35:30+00:00:30",
        ] {
            let parsed: Timestamp = form.parse().unwrap();
            assert_eq!(parsed.to_string(), "2020-10-13T03:35:00Z", "{form}");
        }
    }

    #[test]
    fn fractions_keep_their_value_and_lose_their_zeros() {
        for (form, shown) in [
            ("2020-10-13T03:35:24.1Z", "2020-10-13T03:35:24.1Z"),
            ("2020-10-13T03:35:24.120Z", "2020-10-13T03:35:24.12Z"),
            (
                "2020-10-13T03:35:24.123456789Z",
                "2020-10-13T03:35:24.123456789Z",
            ),
            (
                "2020-10-13T03:35:24.000000001Z",
                "2020-10-13T03:35:24.000000001Z",
            ),
        ] {
            assert_eq!(form.parse::<Timestamp>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_such_date_says_where_it_went_wrong() {
        for (form, said) in [
            ("", "four digits of a year"),
            ("yesterday", "four digits of a year"),
            ("2020-10-13", "a T between"),
            ("2020-10-13 03:35:24Z", "a T between"),
            ("2020-10-13T03:35:24", "an offset"),
            ("2020-10-13T03:35:24.Z", "one to nine fraction digits"),
            (
                "2020-10-13T03:35:24.1234567890Z",
                "one to nine fraction digits",
            ),
            ("2020-10-13T03:35:24z", "an offset"),
            ("2020-10-13T03:35:24ZZ", "nothing may follow"),
            ("2020-13-13T03:35:24Z", "the month is out of range"),
            ("2021-02-29T03:35:24Z", "the day is out of range"),
            ("2020-10-13T24:35:24Z", "the time of day is out of range"),
            ("2020-10-13T03:35:60Z", "the time of day is out of range"),
            ("2020-10-13T03:35:24+19:00", "the offset is out of range"),
            ("0000-01-01T00:00:00+10:00", "the year is out of range"),
            ("２０２０-10-13T03:35:24Z", "four digits of a year"),
        ] {
            let error = form.parse::<Timestamp>().unwrap_err().to_string();
            assert!(error.contains(said), "{form:?}: {error}");
        }
    }

    #[test]
    fn differences_never_go_below_zero() {
        let early: Timestamp = "2020-10-13T03:35:24Z".parse().unwrap();
        let late = early.plus(Duration::from_millis(1500));
        assert_eq!(late.since(early), Duration::from_millis(1500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.unix_millis() - early.unix_millis(), 1500);
    }

    proptest! {
        #[test]
        fn any_text_is_an_instant_or_an_error(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }

        #[test]
        fn what_is_written_reads_back(millis in -60_000_000_000_000i64..250_000_000_000_000) {
            let instant = Timestamp::from_unix_millis(millis).unwrap();
            prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
            prop_assert_eq!(instant.unix_millis(), millis);
        }
    }

    #[test]
    fn sortable_texts_are_sorted_by_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let times = [
            at("2026-01-01T23:59:59.999999999Z"),
            at("2026-01-02T00:00:00Z"),
            at("2026-01-02T00:00:00.12Z"),
            at("2026-01-02T00:00:00.123Z"),
            at("2026-01-02T00:00:01Z"),
        ];
        let texts = times.map(Timestamp::sortable);
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts[1], "2026-01-02T00:00:00.000000000Z");
        for (time, text) in times.iter().zip(&texts) {
            assert_eq!(at(text), *time);
        }
        assert_eq!(times[1].minus(Duration::from_nanos(1)), times[0]);
        assert_eq!(
            (times[4].midnight(), times[4].day()),
            (times[1], "2026-01-02".to_owned())
        );
    }
}
