//! Reading AWSDateTime.

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// Why a text is not an AWSDateTime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The text does not have the form of one.
    #[error("expected a date and time such as 2020-10-13T03:35:24Z ({missing})")]
    Shape {
        /// What the text should have where it differs.
        missing: &'static str,
    },
    /// The form is right, but the time does not exist (a 30th of February).
    #[error("{part} is out of range")]
    Range {
        /// The part that is out of range.
        part: &'static str,
    },
}

/// Reads a text as a time in UTC.
pub(super) fn parse(text: &str) -> Result<OffsetDateTime, TimestampError> {
    let mut rest = Reader(text.as_bytes());
    let date = rest.date()?;
    rest.literal(b'T', "a T between date and time")?;
    let (time, leap) = rest.time()?;
    let offset = rest.offset()?;
    if !rest.0.is_empty() {
        return Err(TimestampError::Shape {
            missing: "nothing may follow the offset",
        });
    }
    let local = PrimitiveDateTime::new(date, time).assume_offset(offset);
    local
        .checked_to_offset(UtcOffset::UTC)
        .and_then(|utc| utc.checked_add(leap))
        .filter(|utc| (0..=9999).contains(&utc.year()))
        .ok_or(TimestampError::Range { part: "the year" })
}

/// Reads a text from the left; each method removes what it names from the front.
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

    /// The time of day, and what is to be added to it: a leap second (`:60`) is the first
    /// second of the next minute, as most clocks show it.
    fn time(&mut self) -> Result<(Time, Duration), TimestampError> {
        let hour = self.two("two digits of an hour")?;
        self.literal(b':', "a : after the hour")?;
        let minute = self.two("two digits of minutes")?;
        let (second, nanos) = if self.take_if(b':') {
            let second = self.two("two digits of seconds")?;
            (second, self.fraction()?)
        } else {
            (0, 0)
        };
        let (second, leap) = match second {
            60 => (59, Duration::SECOND),
            other => (other, Duration::ZERO),
        };
        Time::from_hms_nano(hour, minute, second, nanos)
            .map(|time| (time, leap))
            .map_err(|_| TimestampError::Range {
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
