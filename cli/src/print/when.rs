//! Times for people.

use std::time::Duration;

use tocsin_core::Timestamp;

use super::view::view;

/// The moment: how long ago, or from now, on a terminal; otherwise as it is, to the
/// second.
pub(crate) fn when(moment: Timestamp) -> String {
    match view().now {
        Some(now) => relative(moment, now),
        None => time(moment).to_string(),
    }
}

/// A moment without its fraction of a second, which people seldom need.
pub(crate) fn time(moment: Timestamp) -> Timestamp {
    Timestamp::from_unix_millis(moment.unix_seconds() * 1_000).unwrap_or(moment)
}

/// `3 min ago`, `in 2 h`, `now`.
fn relative(moment: Timestamp, now: Timestamp) -> String {
    let (past, future) = (now.since(moment), moment.since(now));
    if past.max(future) < Duration::from_secs(1) {
        "now".to_owned()
    } else if past > Duration::ZERO {
        format!("{} ago", duration(past))
    } else {
        format!("in {}", duration(future))
    }
}

/// The duration in one unit, or two where the first is small: `850 ms`, `1.4 s`, `5 min`,
/// `1 h 20 min`, `3 d`.
pub(crate) fn duration(time: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        10..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => match seconds % HOUR / MINUTE {
            0 => format!("{} h", seconds / HOUR),
            minutes => format!("{} h {minutes} min", seconds / HOUR),
        },
        _ => match seconds % DAY / HOUR {
            hours @ 1.. if seconds < 3 * DAY => format!("{} d {hours} h", seconds / DAY),
            _ => format!("{} d", seconds / DAY),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (millis, shown) in [
            (7, "7 ms"),
            (1_449, "1.4 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (3_600_000, "1 h"),
            (4_800_000, "1 h 20 min"),
            (90_000_000, "1 d 1 h"),
            (900_000_000, "10 d"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), shown);
        }
    }

    #[test]
    fn times_are_relative_to_now() {
        let now: Timestamp = "2026-11-22T20:46:01.99Z".parse().unwrap();
        let at = |text: &str| relative(text.parse().unwrap(), now);
        assert_eq!(at("2026-11-22T20:46:01Z"), "now");
        assert_eq!(at("2026-11-22T20:45:51Z"), "10 s ago");
        assert_eq!(at("2026-11-22T20:48:02Z"), "in 2 min");
    }

    #[test]
    fn times_are_shown_to_the_second() {
        let moment = "2026-11-22T20:46:01.99062348Z".parse().unwrap();
        assert_eq!(time(moment).to_string(), "2026-11-22T20:46:01Z");
    }
}
