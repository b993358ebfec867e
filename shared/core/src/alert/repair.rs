//! What encoders write although JSON does not know it.
//!
//! Python's `json.dumps` writes `NaN`, `Infinity` and `-Infinity` for numbers that a log
//! may well hold (`1e999`), and templates that put a log line into a string leave line
//! breaks, tabs and the backslashes of Windows paths as they are. Who writes into the log
//! must not be able to hide the alert about it that way.

use std::borrow::Cow;

/// `json` with numbers that JSON does not know as strings, and with control characters
/// and backslashes in strings that escape nothing as escapes; and what was not JSON in it,
/// if anything. Valid JSON stays as it is.
pub(super) fn repaired(json: Cow<'_, str>) -> (Cow<'_, str>, Option<String>) {
    let has_words = json.contains("NaN") || json.contains("Infinity");
    if !has_words && !json.bytes().any(|byte| byte < b' ' || byte == b'\\') {
        return (json, None);
    }
    let mut scan = Scan {
        json: &json,
        out: String::new(),
        copied: 0,
        has_words: false,
        has_controls: false,
        has_backslashes: false,
    };
    scan.run();
    let found = [
        (scan.has_words, "NaN or Infinity as a number"),
        (scan.has_controls, "control characters in a string"),
        (scan.has_backslashes, "backslashes that escape nothing"),
    ];
    let found: Vec<_> = found.iter().filter(|(is_there, _)| *is_there).collect();
    if found.is_empty() {
        return (json, None);
    }
    let what: Vec<_> = found.iter().map(|(_, what)| *what).collect();
    let whole = scan.out + &json[scan.copied..];
    (Cow::Owned(whole), Some(what.join(", and ")))
}

struct Scan<'a> {
    json: &'a str,
    out: String,
    copied: usize,
    has_words: bool,
    has_controls: bool,
    has_backslashes: bool,
}

impl Scan<'_> {
    fn run(&mut self) {
        let bytes = self.json.as_bytes();
        let mut in_string = false;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += match (in_string, byte) {
                (true, b'\\') => self.backslash(at),
                (_, b'"') => {
                    in_string = !in_string;
                    1
                }
                (true, 0..b' ') => {
                    self.has_controls = true;
                    self.replace(at, 1, &format!("\\u{byte:04x}"));
                    1
                }
                (false, b'N' | b'I' | b'-') => self.word(at),
                _ => 1,
            };
        }
    }

    /// The length of the escape at this place in a string, or of the backslash alone.
    fn backslash(&mut self, at: usize) -> usize {
        let rest = &self.json.as_bytes()[at + 1..];
        let is_escape = match rest.first() {
            Some(b'u') => rest
                .get(1..5)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
            Some(byte) => b"\"\\/bfnrt".contains(byte),
            None => true,
        };
        if is_escape {
            return 2;
        }
        self.has_backslashes = true;
        self.replace(at, 1, "\\\\");
        1
    }

    /// The length of what is at this place outside of strings.
    fn word(&mut self, at: usize) -> usize {
        let rest = &self.json.as_bytes()[at..];
        let words = ["NaN", "Infinity", "-Infinity"];
        let Some(word) = words.iter().find(|word| rest.starts_with(word.as_bytes())) else {
            return 1;
        };
        self.has_words = true;
        self.replace(at, word.len(), &format!("\"{word}\""));
        word.len()
    }

    fn replace(&mut self, at: usize, length: usize, by: &str) {
        // All of these places are between characters.
        self.out.push_str(&self.json[self.copied..at]);
        self.out.push_str(by);
        self.copied = at + length;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_outside_of_strings_become_strings() {
        for (given, expected) in [
            (
                r#"{"a":NaN,"b":[-Infinity, Infinity]}"#,
                r#"{"a":"NaN","b":["-Infinity", "Infinity"]}"#,
            ),
            (
                r#"{"a":"NaN \" Infinity","NaN":-1}"#,
                r#"{"a":"NaN \" Infinity","NaN":-1}"#,
            ),
            (
                "{\n\t\"a\":\"x\ny\tz\"}",
                "{\n\t\"a\":\"x\\u000ay\\u0009z\"}",
            ),
            ("NaN", "\"NaN\""),
            (
                r#"{"a":"C:\Users\x41\u12","b":"\\ \n \u00e9 \""}"#,
                r#"{"a":"C:\\Users\\x41\\u12","b":"\\ \n \u00e9 \""}"#,
            ),
        ] {
            assert_eq!(repaired(given.into()).0, expected);
        }
    }

    proptest! {
        #[test]
        fn valid_json_stays_as_it_is(text in any::<String>(), pretty in any::<bool>()) {
            let value = serde_json::json!({&text: ["NaN", &text], "Infinity": -1});
            let json = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let (same, what) = repaired(json.as_str().into());
            prop_assert_eq!(what, None);
            prop_assert_eq!(&same, json.as_str());
        }

        #[test]
        fn no_text_panics(text in "[\"\\\\NaIinfty\\-\n é]{0,40}") {
            let _ = repaired(text.as_str().into());
        }
    }
}
