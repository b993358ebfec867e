//! The texts that authors of detections write for people: description, runbook and
//! reference.
//!
//! Whether such a text is a link is decided here, for every provider: it is one if all of
//! it is one web URL. A link shows its target, so it cannot pretend to lead elsewhere.
//! All other text is literal. Of its markup two things are read, which can forge nothing:
//! code in backticks, and lists. Providers that can show these do; the others show the
//! text as it was written.

use url::Url;

use crate::link::web_url;

/// A text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prose<'a> {
    /// All of it is one URL, which [`web_url`] made safe to follow and to show.
    Link(String),
    /// Anything else, without blanks around it; never empty.
    Text(&'a str),
}

/// A part of a text. The parts follow each other on lines of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// Lines as they are, with blank ones between paragraphs.
    Lines(&'a str),
    /// A list.
    List(Marker, Vec<&'a str>),
    /// Lines between two fences of three backticks.
    Code(&'a str),
}

/// How the items of a list are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// With bullets.
    Bullets,
    /// With numbers that follow each other, from this one.
    Numbers(u32),
}

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span<'a> {
    /// Text as it is.
    Text(&'a str),
    /// What stood between two backticks; without backticks and line breaks, never blank.
    Code(&'a str),
}

impl<'a> Prose<'a> {
    /// The prose in `text`; `None` if that is blank.
    #[must_use]
    pub fn of(text: &'a str) -> Option<Self> {
        let text = text.trim_end().trim_start_matches('\n');
        if text.trim().is_empty() {
            return None;
        }
        // A user name before the host looks like a host: `https://bank.example@evil.example`.
        let has_user = |url: &String| {
            Url::parse(url).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
        };
        Some(match web_url(text).filter(|url| !has_user(url)) {
            Some(url) => Self::Link(url),
            None => Self::Text(text),
        })
    }

    /// The text as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Link(url) => url,
            Self::Text(text) => text,
        }
    }

    /// The URL, if it is one.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        match self {
            Self::Link(url) => Some(url),
            Self::Text(_) => None,
        }
    }
}

/// The blocks of `text`, in their order. They contain all of it but the marks of lists,
/// fences, and blank lines around lists and code.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines_begin = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if let Some((block, length)) = code(rest).or_else(|| list(rest)) {
            push_lines(&mut blocks, &text[lines_begin..at]);
            blocks.push(block);
            at += length;
            lines_begin = at;
        } else {
            at += line_length(rest);
        }
    }
    push_lines(&mut blocks, &text[lines_begin..]);
    blocks
}

fn push_lines<'a>(blocks: &mut Vec<Block<'a>>, text: &'a str) {
    let text = text.trim_end().trim_start_matches('\n');
    if !text.trim().is_empty() {
        blocks.push(Block::Lines(text));
    }
}

/// The bytes of the first line, with its line break.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

/// The code at the beginning of `text` and its length with both fences. A fence that is
/// not closed is text.
fn code(text: &str) -> Option<(Block<'_>, usize)> {
    const FENCE: &str = "```";
    let opening = line_length(text);
    let info = text[..opening].strip_prefix(FENCE)?;
    if info.contains('`') {
        return None;
    }
    let mut at = opening;
    while at < text.len() {
        let length = line_length(&text[at..]);
        if text[at..at + length].trim_end() == FENCE {
            let code = text[opening..at].trim_end_matches('\n');
            return (!code.trim().is_empty()).then_some((Block::Code(code), at + length));
        }
        at += length;
    }
    None
}

/// The list at the beginning of `text` and its length. An item goes on in lines that are
/// indented.
fn list(text: &str) -> Option<(Block<'_>, usize)> {
    let (marker, _) = mark(text)?;
    let mut items = Vec::new();
    let mut at = 0;
    while let Some((found, width)) = mark(&text[at..]) {
        if !follows(marker, found, items.len()) {
            break;
        }
        let begin = at + width;
        at += line_length(&text[at..]);
        while is_continued(&text[at..]) {
            at += line_length(&text[at..]);
        }
        items.push(text[begin..at].trim());
    }
    Some((Block::List(marker, items), at))
}

/// Whether a line goes on with the item before it.
fn is_continued(text: &str) -> bool {
    let line = &text[..line_length(text)];
    line.starts_with("  ") && !line.trim().is_empty()
}

fn follows(first: Marker, found: Marker, count: usize) -> bool {
    match (first, found) {
        (Marker::Bullets, Marker::Bullets) => true,
        (Marker::Numbers(first), Marker::Numbers(found)) => {
            u32::try_from(count).is_ok_and(|count| first.checked_add(count) == Some(found))
        }
        _ => false,
    }
}

/// The mark of an item at the beginning of `text`, and its length with the space.
fn mark(text: &str) -> Option<(Marker, usize)> {
    let line = text[..line_length(text)].trim_end();
    for bullet in ["- ", "* ", "• "] {
        if line.starts_with(bullet) {
            return Some((Marker::Bullets, bullet.len()));
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    // More digits are a date or an id.
    if !(1..=3).contains(&digits) || (digits > 1 && line.starts_with('0')) {
        return None;
    }
    let (number, rest) = line.split_at(digits);
    let is_mark = rest.starts_with(". ") || rest.starts_with(") ");
    let number = number
        .parse()
        .ok()
        .filter(|number| *number > 0 && is_mark)?;
    Some((Marker::Numbers(number), digits + 2))
}

/// The pieces of `text`. Backticks that are not a pair around something on one line, and
/// several in a row, are text.
#[must_use]
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let mut text_begins = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let open = at + found;
        let run = text[open..].len() - text[open..].trim_start_matches('`').len();
        let after = open + run;
        match closing(&text[after..]) {
            Some(length) if run == 1 => {
                if text_begins < open {
                    spans.push(Span::Text(&text[text_begins..open]));
                }
                spans.push(Span::Code(&text[after..after + length]));
                at = after + length + 1;
                text_begins = at;
            }
            _ => at = after,
        }
    }
    if text_begins < text.len() {
        spans.push(Span::Text(&text[text_begins..]));
    }
    spans
}

/// The length of the code before the single backtick that closes it.
fn closing(rest: &str) -> Option<usize> {
    let length = rest.find(['`', '\n'])?;
    let is_closed = rest[length..].starts_with('`') && !rest[length + 1..].starts_with('`');
    (is_closed && !rest[..length].trim().is_empty()).then_some(length)
}

#[cfg(test)]
mod tests;
