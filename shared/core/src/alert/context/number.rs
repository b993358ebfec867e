//! Numbers, digit by digit: 64 bits are fewer than what logs hold (IPv6 addresses as
//! integers, 38-digit decimals of databases).

use std::borrow::Cow;

use serde_json::Number;

/// The most characters of a number. Readers of other languages refuse longer ones
/// (Python: 4,300 digits).
const LONGEST: usize = 1_000;

/// The text of a JSON number, as it is passed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Digits<'a> {
    /// As a number, with every digit.
    Number(Cow<'a, str>),
    /// No reader takes it as a number: its magnitude or its length is too large.
    Text(&'a str),
}

/// The number as it is written again: in `serde_json`'s form where that has the same
/// value, otherwise as it came.
pub(super) fn rewritten(text: &str) -> Digits<'_> {
    if text.len() > LONGEST {
        return Digits::Text(text);
    }
    // A magnitude beyond that of `f64` is an error.
    match serde_json::from_str::<Number>(text) {
        Ok(number) => {
            let written = number.to_string();
            if written == text {
                Digits::Number(Cow::Borrowed(text))
            } else if Value::of(&written) == Value::of(text) {
                Digits::Number(Cow::Owned(written))
            } else {
                Digits::Number(Cow::Borrowed(text))
            }
        }
        Err(_) => Digits::Text(text),
    }
}

/// The number, where `serde_json` holds it exactly.
pub(super) fn exact(text: &str) -> Option<Number> {
    let number = serde_json::from_str::<Number>(text).ok()?;
    (Value::of(&number.to_string()) == Value::of(text)).then_some(number)
}

/// A decimal number without the freedom of its notation: 1.50, 15e-1 and 1.5 are equal.
#[derive(PartialEq, Eq)]
struct Value {
    is_negative: bool,
    /// Without zeros at either end.
    digits: String,
    exponent: i64,
}

impl Value {
    fn of(text: &str) -> Self {
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_end_matches('0');
        let dropped = all.len() - significant.len();
        let digits = significant.trim_start_matches('0').to_owned();
        let exponent = match exponent.parse::<i64>() {
            _ if digits.is_empty() => 0,
            // Both lengths are at most `LONGEST`.
            Ok(exponent) => exponent.saturating_add(dropped as i64 - fraction.len() as i64),
            Err(_) => i64::MIN,
        };
        Self {
            is_negative,
            digits,
            exponent,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_digit_is_kept() {
        for (given, expected) in [
            ("1", "1"),
            ("1.50", "1.5"),
            ("9e9", "9000000000.0"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709551616"),
            ("-9223372036854775809", "-9223372036854775809"),
            (
                "42540766411282592856903984951653826561",
                "42540766411282592856903984951653826561",
            ),
            ("0.1234567890123456789", "0.1234567890123456789"),
            ("1e-400", "1e-400"),
            ("0e5", "0.0"),
        ] {
            assert_eq!(rewritten(given), Digits::Number(expected.into()), "{given}");
        }
        for given in ["1e400", "-1e999", &"7".repeat(1_001)] {
            assert_eq!(rewritten(given), Digits::Text(given));
        }
    }

    #[test]
    fn only_exact_numbers_are_numbers_of_serde_json() {
        for (given, is_exact) in [
            ("1.50", true),
            ("-1", true),
            ("18446744073709551615", true),
            ("18446744073709551616", false),
            ("0.1234567890123456789", false),
            ("1e-400", false),
            ("1e400", false),
        ] {
            assert_eq!(exact(given).is_some(), is_exact, "{given}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_has_the_same_value(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?") {
            let Digits::Number(written) = rewritten(&text) else { panic!("{text}") };
            prop_assert!(Value::of(&written) == Value::of(&text), "{} {}", text, written);
        }
    }
}
