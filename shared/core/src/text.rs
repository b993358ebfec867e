//! Text that came from outside, made fit to show: control and bidirectional
//! characters neutralised, lengths bounded, every cut visible as a cut.
//!
//! Escaping is each provider's own business (its rules differ); what is here is
//! what all of them share.

use std::borrow::Cow;
use std::fmt::Write;

use sha2::{Digest, Sha256};

/// What a length limit counts. Vendors say "characters" and mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// UTF-8 bytes, as AWS and Microsoft Teams count.
    Bytes,
    /// The larger of code points and UTF-16 units: safe where the vendor does not say which.
    Characters,
    /// As [`Unit::Characters`], of the text as it stands in JSON: for limits on whole messages.
    JsonCharacters,
    /// As [`Unit::Bytes`], of the text as it stands in JSON.
    JsonBytes,
    /// As [`Unit::JsonBytes`], where that JSON is itself kept as a string of another JSON.
    NestedJsonBytes,
}

impl Unit {
    /// The length of `text` in this unit.
    #[must_use]
    pub fn length(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            _ => text.chars().map(|c| self.of(c)).sum(),
        }
    }

    fn of(self, c: char) -> usize {
        match self {
            Self::Bytes => c.len_utf8(),
            Self::Characters => c.len_utf16(),
            Self::JsonCharacters => escape_length(c).unwrap_or(c.len_utf16()),
            Self::JsonBytes => escape_length(c).unwrap_or(c.len_utf8()),
            // The backslash of an escape becomes two, and so does what it escapes
            // when that is a quote or a backslash.
            Self::NestedJsonBytes => match c {
                '"' | '\\' => 4,
                _ => escape_length(c).map_or(c.len_utf8(), |length| length + 1),
            },
        }
    }
}

/// How long the escape is that JSON needs for `c`, if it needs one (RFC 8259 §7,
/// written as `serde_json` does).
const fn escape_length(c: char) -> Option<usize> {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => Some(2),
        '\0'..='\u{1f}' => Some(6),
        _ => None,
    }
}

/// Replaces what could hide or reorder text by U+FFFD: control characters
/// (except newline and tab), bidirectional overrides and isolates, and
/// noncharacters. Line separators of any kind become a plain newline.
#[must_use]
pub fn neutralise(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| visible_form(c) != Some(c)) {
        return Cow::Borrowed(text);
    }
    let unified = text.replace("\r\n", "\n");
    Cow::Owned(
        unified
            .chars()
            .map(|c| visible_form(c).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// The character to show for `c`, or `None` where it must not be shown at all.
fn visible_form(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        // Bidirectional controls let text read other than it is ("Trojan Source").
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            None
        }
        // Noncharacters and the byte-order mark: XML and SQS refuse the former.
        '\u{fdd0}'..='\u{fdef}' | '\u{feff}' => None,
        _ if c.is_control() || (c as u32) & 0xfffe == 0xfffe => None,
        _ => Some(c),
    }
}

/// One line: runs of white space become one space, the ends are trimmed.
#[must_use]
pub fn single_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` as a URL fit to be a link's target, when it is nothing else than an
/// `http` or `https` URL. What RFC 3986 does not allow in a URL, and could end
/// or alter a link in some markup, is percent-encoded.
#[must_use]
pub fn web_url(text: &str) -> Option<String> {
    let text = text.trim();
    let url = url::Url::parse(text).ok()?;
    let one_word = !text.contains(char::is_whitespace);
    if !one_word || !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c) {
            encoded.push(c);
        } else {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    Some(encoded)
}

/// Cuts `text` to `limit` units. What was cut is announced in its place, within
/// the limit: `… (1234 characters cut)`; a limit too small for that ends in `…`,
/// and one too small for even that gives nothing.
#[must_use]
pub fn truncate(text: &str, limit: usize, unit: Unit) -> Cow<'_, str> {
    let length = unit.length(text);
    if length <= limit {
        return Cow::Borrowed(text);
    }
    // The widest the marker can get: every character of the text is cut.
    let widest = marker(text.chars().count());
    let (room, announce) = match limit.checked_sub(unit.length(&widest)) {
        Some(room) => (room, true),
        None => (limit.saturating_sub(unit.of('…')), false),
    };
    let kept = prefix(text, room, unit);
    if announce {
        let cut = text[kept.len()..].chars().count();
        Cow::Owned(format!("{kept}{}", marker(cut)))
    } else if limit >= unit.of('…') {
        Cow::Owned(format!("{kept}…"))
    } else {
        Cow::Borrowed("")
    }
}

/// What `render` makes of as much of `text` as keeps `size` within `limit`: of all
/// of it, or of a [`truncate`]d beginning. Escaping makes texts longer, and only
/// the escaped form is what a provider counts. Where not even nothing fits, it is
/// what `render` makes of nothing.
pub fn fit<T>(
    text: &str,
    limit: usize,
    render: impl Fn(&str) -> T,
    size: impl Fn(&T) -> usize,
) -> T {
    // No rendering is shorter than its text: what is far beyond the limit is
    // not worth rendering in order to find that out.
    let mut most = Unit::Characters.length(text);
    if most <= limit {
        let whole = render(text);
        if size(&whole) <= limit {
            return whole;
        }
    }
    most = most.min(limit);
    let mut best = render("");
    let mut least = 0;
    while least < most {
        let middle = (least + most).div_ceil(2);
        let candidate = render(&truncate(text, middle, Unit::Characters));
        if size(&candidate) <= limit {
            best = candidate;
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    best
}

/// `text` escaped, at most `limit` characters long after that.
pub fn escape_within(text: &str, limit: usize, escape: impl Fn(&str) -> String) -> String {
    fit(text, limit, escape, |escaped: &String| {
        Unit::Characters.length(escaped)
    })
}

fn marker(cut: usize) -> String {
    format!("… ({cut} characters cut)")
}

/// A stand-in for a text that cannot be used as an identifier: 32 hexadecimal
/// digits, the same for the same text.
#[must_use]
pub fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}

/// The longest prefix of whole characters within `limit` units.
#[must_use]
pub fn prefix(text: &str, limit: usize, unit: Unit) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += unit.of(c);
        if used > limit {
            return &text[..at];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn harmless_text_is_left_alone() {
        let text = "Schlüssel 鍵 🔑\tand a\nnewline, 👩‍💻 joined";
        assert!(matches!(neutralise(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn what_hides_or_reorders_becomes_visible() {
        assert_eq!(neutralise("a\0b\u{1b}[31m"), "a\u{fffd}b\u{fffd}[31m");
        assert_eq!(
            neutralise("invoice\u{202e}fdp.exe"),
            "invoice\u{fffd}fdp.exe"
        );
        assert_eq!(
            neutralise("x\u{ffff}\u{fdd0}\u{1fffe}y"),
            "x\u{fffd}\u{fffd}\u{fffd}y"
        );
        assert_eq!(neutralise("a\r\nb\rc\u{2028}d"), "a\nb\nc\nd");
    }

    #[test]
    fn a_cut_says_how_much_was_cut() {
        let text = "x".repeat(2000);
        let cut = truncate(&text, 1000, Unit::Characters);
        assert!(cut.ends_with("… (1023 characters cut)"), "{}", &cut[960..]);
        assert_eq!(Unit::Characters.length(&cut), 1000);
        assert_eq!(truncate("short", 5, Unit::Bytes), "short");
        assert_eq!(truncate("shorter", 5, Unit::Bytes), "sh…");
        assert_eq!(truncate("shorter", 2, Unit::Bytes), "");
    }

    #[test]
    fn emoji_count_as_two_utf16_units_and_four_bytes() {
        assert_eq!(Unit::Characters.length("🔑"), 2);
        assert_eq!(Unit::Bytes.length("🔑"), 4);
        assert_eq!(prefix("🔑🔑", 3, Unit::Characters), "🔑");
    }

    #[test]
    fn only_a_whole_web_url_is_one_and_cannot_end_a_link() {
        assert_eq!(
            web_url(" https://h/a?b=1&c=%20#d ").as_deref(),
            Some("https://h/a?b=1&c=%20#d")
        );
        assert_eq!(
            web_url("https://h/a|b>c<d\"é").as_deref(),
            Some("https://h/a%7Cb%3Ec%3Cd%22%C3%A9")
        );
        for text in [
            "",
            "h",
            "javascript:alert(1)",
            "https://",
            "see https://h/a",
            "https://h/a b",
            "https://h/a\nb",
        ] {
            assert_eq!(web_url(text), None, "{text}");
        }
    }

    #[test]
    fn what_escaping_adds_counts_too() {
        let escape = |text: &str| text.replace('&', "&amp;");
        assert_eq!(escape_within("a&b", 7, escape), "a&amp;b");
        let cut = escape_within(&"&".repeat(500), 100, escape);
        assert!(cut.ends_with("… (485 characters cut)"), "{cut}");
        assert_eq!(Unit::Characters.length(&cut), 97);
        assert_eq!(escape_within("&&", 4, escape), "…");
        assert_eq!(escape_within("&&", 0, escape), "");
    }

    proptest! {
        #[test]
        fn json_units_count_what_serde_json_writes(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let nested = serde_json::to_string(&json).unwrap();
            prop_assert_eq!(Unit::JsonBytes.length(&text) + 2, json.len());
            prop_assert_eq!(Unit::JsonCharacters.length(&text) + 2, json.encode_utf16().count());
            // The quotes around are 1 byte each when written, 2 when nested, and 1 more around all.
            prop_assert_eq!(Unit::NestedJsonBytes.length(&text) + 6, nested.len());
        }

        #[test]
        fn an_escaped_cut_keeps_its_limit(text in "[&a🔑]{0,300}", limit in 0usize..400) {
            let escape = |text: &str| text.replace('&', "&amp;");
            let cut = escape_within(&text, limit, escape);
            prop_assert!(Unit::Characters.length(&cut) <= limit);
            prop_assert!(!cut.replace("&amp;", "").contains('&'));
        }

        #[test]
        fn a_cut_keeps_its_limit_and_the_beginning(
            text in "\\PC{0,200}", limit in 0usize..120, bytes in any::<bool>()
        ) {
            let unit = if bytes { Unit::Bytes } else { Unit::Characters };
            let cut = truncate(&text, limit, unit);
            prop_assert!(unit.length(&cut) <= limit);
            if unit.length(&text) > limit {
                let kept = cut.split('…').next().unwrap_or_default();
                prop_assert!(text.starts_with(kept));
            } else {
                prop_assert_eq!(&cut, &text);
            }
        }

        #[test]
        fn neutralising_twice_changes_nothing_more(text in any::<String>()) {
            let once = neutralise(&text).into_owned();
            prop_assert_eq!(neutralise(&once).into_owned(), once.clone());
            prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}
