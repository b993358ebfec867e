//! Labels and times that detections really send: an alert is worth more than those.

use time::OffsetDateTime;

use super::kinds::{AlertType, Severity};
use crate::Timestamp;

/// The severity that a source means by this text: a name of ours, of syslog, of an
/// incident scale (`sev1`, `P2`) or a number from 0 to 10 as `GuardDuty` and CVSS give.
pub(super) fn severity(text: &str) -> Option<Severity> {
    let text = text.trim();
    if let Ok(severity) = text.parse() {
        return Some(severity);
    }
    if let Ok(number) = text.parse::<f64>() {
        return by_number(number);
    }
    let word: String = text
        .to_ascii_lowercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    // `[Critical]`, or with an invisible character that came along.
    if let Ok(severity) = word.parse() {
        return Some(severity);
    }
    Some(match word.as_str() {
        "informational" | "information" | "notice" | "debug" | "none" | "sev5" | "s5" | "p5"
        | "severity5" => Severity::Info,
        "minor" | "sev4" | "s4" | "p4" | "severity4" => Severity::Low,
        "warning" | "warn" | "moderate" | "med" | "sev3" | "s3" | "p3" | "severity3" => {
            Severity::Medium
        }
        "error" | "err" | "major" | "important" | "severe" | "sev2" | "s2" | "p2" | "severity2" => {
            Severity::High
        }
        "crit" | "fatal" | "emergency" | "emerg" | "alert" | "urgent" | "sev0" | "s0" | "p0"
        | "severity0" | "sev1" | "s1" | "p1" | "severity1" => Severity::Critical,
        _ => return None,
    })
}

/// The bands of `GuardDuty` (from 1 to 10), which are those of CVSS 3: below 1 is none.
fn by_number(number: f64) -> Option<Severity> {
    match number {
        _ if !(0.0..=10.0).contains(&number) => None,
        _ if number < 1.0 => Some(Severity::Info),
        _ if number < 4.0 => Some(Severity::Low),
        _ if number < 7.0 => Some(Severity::Medium),
        _ if number < 9.0 => Some(Severity::High),
        _ => Some(Severity::Critical),
    }
}

/// The alert type by its name with spaces or dashes for the underscores.
pub(super) fn alert_type(text: &str) -> Option<AlertType> {
    text.trim().replace([' ', '-'], "_").parse().ok()
}

/// The time that a text or number means that is not in our form: without an offset (UTC
/// is taken), with a space for the `T`, a date alone, or the time since 1970.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    since_1970(text).or_else(|| date_and_time(text))
}

fn date_and_time(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = match rest.strip_prefix(['T', 't', ' ', '_']) {
        Some(time) => time.trim(),
        None if rest.is_empty() => "00:00:00",
        None => return None,
    };
    let time = time.to_ascii_uppercase().replace(',', ".");
    let time = time
        .strip_suffix("UTC")
        .or_else(|| time.strip_suffix("GMT"))
        .map_or(time.clone(), |time| format!("{}Z", time.trim_end()));
    let (clock, offset) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time.as_str(), "Z"),
    };
    // `+0200` and `+02` are `+02:00`.
    let offset = match offset.len() {
        3 => format!("{offset}:00"),
        5 if !offset.contains(':') => format!("{}:{}", &offset[..3], &offset[3..]),
        _ => offset.to_owned(),
    };
    // Nine fraction digits are the finest that is kept.
    let clock = match clock.trim_end().split_once('.') {
        Some((seconds, fraction)) if fraction.len() > 9 => {
            format!("{seconds}.{}", fraction.get(..9)?)
        }
        _ => clock.trim_end().to_owned(),
    };
    format!("{date}T{clock}{offset}").parse().ok()
}

/// Seconds, or thousandths, millionths or billionths of these: told apart by their size, as
/// times between 2001 and 2286 are. Other numbers are not such times: dates as digits
/// (`20260302224109`), counts since 1601 or the year 1.
fn since_1970(text: &str) -> Option<Timestamp> {
    let number: f64 = text.parse().ok()?;
    let per_second = match number {
        1e9..1e10 => 1e9,
        1e12..1e13 => 1e6,
        1e15..1e16 => 1e3,
        1e18..1e19 => 1.0,
        _ => return None,
    };
    let nanos = match text.parse::<i128>() {
        Ok(whole) => whole * per_second as i128,
        // Microseconds are exact in a fraction of seconds.
        Err(_) => (number * per_second / 1e3).round() as i128 * 1_000,
    };
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
    Timestamp::from_utc(time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn severities_of_many_sources_are_read() {
        for (text, expected) in [
            ("Informational", Some(Severity::Info)),
            ("warning", Some(Severity::Medium)),
            ("sev1", Some(Severity::Critical)),
            ("SEV-2", Some(Severity::High)),
            ("p4", Some(Severity::Low)),
            ("CRITICAL\u{200b}", Some(Severity::Critical)),
            ("[Low]", Some(Severity::Low)),
            ("0", Some(Severity::Info)),
            ("2", Some(Severity::Low)),
            ("5.3", Some(Severity::Medium)),
            ("8", Some(Severity::High)),
            ("8.9", Some(Severity::High)),
            ("9.5", Some(Severity::Critical)),
            ("11", None),
            ("-1", None),
            ("NaN", None),
            ("blue", None),
            ("", None),
        ] {
            assert_eq!(severity(text), expected, "{text}");
        }
    }

    #[test]
    fn times_of_many_sources_are_read() {
        for (text, expected) in [
            ("2026-03-02T22:41:09.123456", "2026-03-02T22:41:09.123456Z"),
            (
                "2026-03-02 22:41:09.123456+00:00",
                "2026-03-02T22:41:09.123456Z",
            ),
            ("2026-03-02 22:41:09,5 UTC", "2026-03-02T22:41:09.5Z"),
            ("2026-03-02t22:41:09z", "2026-03-02T22:41:09Z"),
            ("2026-03-02T22:41:09+0200", "2026-03-02T20:41:09Z"),
            (
                "2026-03-02T22:41:09.1234567891Z",
                "2026-03-02T22:41:09.123456789Z",
            ),
            ("2026-03-02", "2026-03-02T00:00:00Z"),
            ("1772491269", "2026-03-02T22:41:09Z"),
            ("1772491269.5", "2026-03-02T22:41:09.5Z"),
            ("1772491269123", "2026-03-02T22:41:09.123Z"),
            ("1772491269123456", "2026-03-02T22:41:09.123456Z"),
            ("1.772491269e9", "2026-03-02T22:41:09Z"),
        ] {
            assert_eq!(
                time(text).map(|time| time.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in [
            "now",
            "",
            "7",
            "Mon, 02 Mar 2026",
            "2026-13-02",
            "1e99",
            "20260302224109",
            "133867608690000000",
            "639081492690000000",
            "NaN",
            "é-é-é-éé é",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", digits in "[-+0-9.eTZ: ]{0,40}") {
            let _ = (severity(&text), time(&text), severity(&digits), time(&digits));
        }
    }
}
