//! Points in time, and the AWSDateTime text form they arrive in.
//!
//! AWSDateTime is AppSync's scalar: an extended ISO 8601 date and time whose
//! offset is compulsory and may carry seconds. Producers also leave the seconds
//! of the time away and write up to nine fraction digits, so all of these are
//! one instant: `2020-10-13T03:35:24Z`, `2020-10-13T03:35:24.000000000Z`,
//! `2020-10-13T05:35:24+02:00`, `2020-10-13T05:35:24+02:00:00`.

mod parse;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, Time};

pub use parse::TimestampError;

/// An instant, with nanosecond precision, always held and written in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The current time of the system's clock.
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

    /// `None` beyond the years 0 to 9999.
    pub(crate) fn from_utc(time: OffsetDateTime) -> Option<Self> {
        (0..=9999).contains(&time.year()).then_some(Self(time))
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

    /// This instant plus `duration`; saturates at the end of the year 9999.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let duration = time::Duration::try_from(duration).unwrap_or(time::Duration::MAX);
        Self(self.0.saturating_add(duration))
    }

    /// This instant minus `duration`; saturates at the earliest instant.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let duration = time::Duration::try_from(duration).unwrap_or(time::Duration::MAX);
        Self(self.0.saturating_sub(duration))
    }

    /// The text form with all nine fraction digits: the order of such texts is that of
    /// their times.
    #[must_use]
    pub fn sortable(self) -> String {
        let whole = Self(self.0.replace_nanosecond(0).unwrap_or(self.0)).to_string();
        let seconds = whole.trim_end_matches('Z');
        format!("{seconds}.{:09}Z", self.0.nanosecond())
    }

    /// For people: `2020-10-13 03:35:24 UTC`, without fractions.
    #[must_use]
    pub fn readable(self) -> String {
        format!("{} UTC", self.sortable()[..19].replace('T', " "))
    }

    /// RFC 3339 in UTC without fractions.
    #[must_use]
    pub fn whole_seconds(self) -> String {
        format!("{}Z", &self.sortable()[..19])
    }

    /// The beginning of this day, in UTC.
    #[must_use]
    pub fn midnight(self) -> Self {
        Self(self.0.replace_time(Time::MIDNIGHT))
    }

    /// The day in UTC: `2026-11-22`.
    #[must_use]
    pub fn day(self) -> String {
        self.sortable()[..10].to_owned()
    }

    /// The time from `earlier` until this instant; zero if `earlier` is later.
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
        parse::parse(text).map(Self)
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
mod tests;
