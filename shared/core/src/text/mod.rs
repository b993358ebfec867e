//! Texts from outside, made safe to show: control, bidirectional and invisible characters
//! are replaced, lengths bounded, cuts marked.
//!
//! Escaping for markup is in [`crate::escape`].

mod hidden;

use std::borrow::Cow;
use std::fmt::{Display, Write};

use hidden::is_hidden;
use sha2::{Digest, Sha256};

/// What a length limit counts. Vendors mean different things by "characters".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// UTF-8 bytes, as AWS and Microsoft Teams count.
    Bytes,
    /// The larger of code points and UTF-16 units: safe where the vendor does not say which.
    Characters,
    /// As [`Unit::Characters`], of the text as written in JSON: for limits on whole messages.
    JsonCharacters,
    /// As [`Unit::Bytes`], of the text as written in JSON.
    JsonBytes,
    /// As [`Unit::JsonBytes`], where that JSON is itself a string inside another JSON.
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

/// Replaces what could hide or reorder text by U+FFFD: control characters (except
/// newline and tab), bidirectional overrides and isolates, invisible characters (except
/// joiners where emoji and scripts need them), and noncharacters. Line separators of any
/// kind become a plain newline.
#[must_use]
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if shown(text).all(|(c, shown)| shown == Some(c)) {
        return Cow::Borrowed(text);
    }
    let unified = text.replace("\r\n", "\n");
    let visible = shown(&unified).map(|(_, c)| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    Cow::Owned(visible.collect())
}

/// `text` with an escape for each character that [`sanitize`] would replace, line
/// separators other than newline included: for readers who have to see which it was, and
/// for formats whose escapes mean the character.
#[must_use]
pub fn escape_hidden<E: Display>(text: &str, escape: impl Fn(char) -> E) -> Cow<'_, str> {
    if shown(text).all(|(c, shown)| shown == Some(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (c, shown) in shown(text) {
        if shown == Some(c) {
            out.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", escape(c));
        }
    }
    Cow::Owned(out)
}

/// Whether [`sanitize`] replaces more than line separators.
#[must_use]
pub fn hides(text: &str) -> bool {
    shown(text).any(|(_, shown)| shown.is_none())
}

/// Each character with the one to show for it, or `None` where it must not be shown.
fn shown(text: &str) -> impl Iterator<Item = (char, Option<char>)> {
    let mut before = None;
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = rest.next()?;
        // Most texts, and most characters of the others.
        let shown = if matches!(c, ' '..='~') {
            Some(c)
        } else if is_hidden(before, c, rest.peek().copied()) {
            None
        } else {
            visible_form(c)
        };
        // What is replaced has nothing to join.
        before = shown;
        Some((c, shown))
    })
}

/// The character to show for `c`, whatever stands beside it.
fn visible_form(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        // Bidirectional controls make text look different from what it is ("Trojan Source").
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

/// Every line of `text` behind two spaces, so that none passes for a line of the message
/// around it. For plain text, where nothing else can tell the two apart.
#[must_use]
pub fn indented(text: &str) -> String {
    format!("  {}", text.trim_end().replace('\n', "\n  "))
}

/// `text` with no-break spaces for the white space at the beginning of its lines, four for
/// a tab: for formats that drop spaces there.
#[must_use]
pub fn with_kept_indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let rest = line.trim_start_matches([' ', '\t']);
        for c in line[..line.len() - rest.len()].chars() {
            out.push_str(if c == '\t' {
                "\u{a0}\u{a0}\u{a0}\u{a0}"
            } else {
                "\u{a0}"
            });
        }
        out.push_str(rest);
    }
    out
}

/// `room` divided among texts of these lengths: the short ones get what they need, the
/// long ones the same of the rest.
#[must_use]
pub fn shares<const N: usize>(room: usize, lengths: [usize; N]) -> [usize; N] {
    let mut order: Vec<usize> = (0..N).collect();
    order.sort_by_key(|at| lengths[*at]);
    let mut shares = [0; N];
    let mut left = room;
    for (done, at) in order.into_iter().enumerate() {
        shares[at] = lengths[at].min(left / (N - done));
        left -= shares[at];
    }
    shares
}

/// One sanitized line of at most `limit` characters; a cut is marked.
#[must_use]
pub fn line(text: &str, limit: usize) -> String {
    let shown = single_line(&sanitize(text));
    truncate(&shown, limit, Unit::Characters).into_owned()
}

/// Cuts `text` to `limit` units. A marker, within the limit, says how much was cut:
/// `… (1234 characters cut)`, or `…` where the limit is too small for that. The result
/// is empty where it is too small for either.
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
    let kept = beginning(text, room, unit);
    if announce {
        let cut = text[kept.len()..].chars().count();
        Cow::Owned(format!("{kept}{}", marker(cut)))
    } else if limit >= unit.of('…') {
        Cow::Owned(format!("{kept}…"))
    } else {
        Cow::Borrowed("")
    }
}

/// `text`, or its beginning within `limit` characters with nothing but `…` for
/// the rest: for values that are not prose, such as tags.
#[must_use]
pub fn clipped(text: &str, limit: usize) -> Cow<'_, str> {
    if Unit::Characters.length(text) <= limit {
        return Cow::Borrowed(text);
    }
    let Some(room) = limit.checked_sub(Unit::Characters.of('…')) else {
        return Cow::Borrowed("");
    };
    Cow::Owned(format!("{}…", beginning(text, room, Unit::Characters)))
}

/// The longest beginning within `limit` units that does not end in a joiner or selector:
/// before the mark of a cut it belongs to nothing, and could count as hidden.
fn beginning(text: &str, limit: usize, unit: Unit) -> &str {
    prefix(text, limit, unit).trim_end_matches(['\u{200c}', '\u{200d}', '\u{fe0e}', '\u{fe0f}'])
}

/// Renders as much of `text` as keeps `size` within `limit`: all of it, or a
/// [`truncate`]d beginning. Escaping makes texts longer, and a provider counts the
/// escaped form. Where nothing fits, this is the rendering of the empty text.
pub fn fit<T>(
    text: &str,
    limit: usize,
    render: impl Fn(&str) -> T,
    size: impl Fn(&T) -> usize,
) -> T {
    // No rendering is shorter than its text, so a text far beyond the limit need not be
    // rendered to know that it does not fit.
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

fn marker(cut: usize) -> String {
    format!("… ({cut} characters cut)")
}

/// An identifier in place of a text that cannot be one: 32 hexadecimal digits, the same
/// for the same text.
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
mod tests;
