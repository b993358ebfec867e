//! Escapes text from outside for GitHub's Markdown.
//!
//! Two layers give text a meaning. Backslashes escape Markdown itself
//! (<https://github.github.com/gfm/>). Afterwards GitHub turns `@name`, `#1`,
//! addresses, commit hashes and `:emoji:` in the *rendered* text into mentions,
//! references, links and pictures, where backslashes no longer help: a zero-width space
//! splits these, or they are written as code, which GitHub leaves alone
//! (<https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls>).
//! Addresses and hashes are what people copy from an alert, so they are code and never
//! split; the zero-width space stands only where a mention or a reference would begin.

mod blocks;
mod reference;

pub(crate) use blocks::{link_to, prose};
use reference::{emoji_begins, is_reference, is_token_char};

/// Splits what GitHub would read as a mention or a reference.
const GAP: char = '\u{200b}';

/// Escapes text of several lines, and keeps its line breaks.
pub(crate) fn escape(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// Escapes a title. GitHub does not read Markdown in it, but mentions, references and
/// emoji. Commit hashes are not linked there.
pub(crate) fn title(text: &str) -> String {
    let mut split = String::with_capacity(text.len());
    let mut before = Last::default();
    for (at, c) in text.char_indices() {
        split.push(c);
        let rest = &text[at + c.len_utf8()..];
        let is_mail = c == '@' && before.last().is_some_and(char::is_alphanumeric);
        let joined = joins(c, &before, rest.chars().next()) && !is_mail;
        if joined || (c == ':' && emoji_begins(rest)) {
            split.push(GAP);
        }
        before.push(c);
    }
    split
}

/// A block of code that cannot be ended by `text`. Of JSON with many backticks in a row
/// these are written as JSON escapes: a longer fence would leave too little room.
pub(crate) fn fenced(text: &str, language: &str) -> String {
    let longest = longest_run(text);
    if longest >= LONGEST_FENCE {
        // In JSON a backtick occurs only in strings, where this escape means the same.
        return fenced(&text.replace('`', "\\u0060"), language);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}")
}

/// The longest run of backticks that a fence is made longer than.
const LONGEST_FENCE: usize = 16;

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn line(line: &str) -> String {
    let (mut escaped, text) = indented_by(line);
    let indent = escaped.len();
    words(text, indent, &mut escaped);
    escaped
}

/// The indentation of a line, written so that it stays, and the text behind it.
fn indented_by(line: &str) -> (String, &str) {
    let text = line.trim_start_matches([' ', '\t']);
    (indent(&line[..line.len() - text.len()]), text)
}

/// Adds the words of `text` to a line whose text begins at `begin`.
fn words(text: &str, begin: usize, escaped: &mut String) {
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            escaped.push(' ');
        }
        if is_address(word) {
            if escaped.ends_with('`') {
                escaped.push(GAP);
            }
            escaped.extend(["`", word, "`"]);
        } else {
            inline(word, escaped.len() == begin, escaped);
        }
    }
}

/// Indentation that Markdown does not read as a block of code.
fn indent(white: &str) -> String {
    let width: usize = white.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum();
    "&nbsp;".repeat(width.min(40))
}

/// Whether a word contains an address that can be written as code. Readers can copy
/// it there, and GitHub neither links it nor reads it as a reference to an issue.
fn is_address(word: &str) -> bool {
    (word.contains("://") || starts_www(word)) && !word.contains(['`', '|', '\t'])
}

fn starts_www(word: &str) -> bool {
    word.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("www."))
}

fn inline(word: &str, first: bool, escaped: &mut String) {
    let mut before = Last::default();
    let mut rest = word;
    let mut number = first;
    while let Some(c) = rest.chars().next() {
        if let Some(token) = reference_at(rest, &before) {
            if escaped.ends_with('`') {
                // Two backticks in a row could be read as one mark.
                escaped.push(GAP);
            }
            escaped.extend(["`", token, "`"]);
            number = false;
            token.chars().for_each(|c| before.push(c));
            rest = &rest[token.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let begins = first && before.is_empty();
        match c {
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '$' => {
                escaped.extend(['\\', c]);
            }
            // These would begin a list, a rule, a heading's underline or a table.
            '-' | '+' | '=' | ':' if begins => escaped.extend(['\\', c]),
            '.' | ')' if number && !before.is_empty() => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
        if joins(c, &before, rest.chars().next()) {
            escaped.push(GAP);
        }
        number &= c.is_ascii_digit();
        before.push(c);
    }
}

/// The token at the beginning of `rest`, if GitHub would read a part of it as a commit or
/// an emoji.
fn reference_at<'a>(rest: &'a str, before: &Last) -> Option<&'a str> {
    if before.last().is_some_and(is_token_char) {
        return None;
    }
    let end = rest.find(|c| !is_token_char(c)).unwrap_or(rest.len());
    // The end of a sentence is not part of it.
    let token = rest[..end].trim_end_matches('.');
    is_reference(token).then_some(token)
}

/// Whether GitHub would read `c` and the next character as the beginning of a mention
/// (`@name`), a reference (`#1`, `GH-1`) or an address (`https://`, `www.`).
fn joins(c: char, before: &Last, next: Option<char>) -> bool {
    match c {
        '@' => next.is_some_and(|next| next.is_alphanumeric() || "-_.".contains(next)),
        '#' => next.is_some_and(char::is_numeric),
        ':' => next == Some('/'),
        '-' => before.ends_with("gh") && next.is_some_and(|next| next.is_ascii_digit()),
        'w' | 'W' => before.ends_with("w") && matches!(next, Some('w' | 'W')),
        _ => false,
    }
}

/// The last two characters, in lower case.
#[derive(Default)]
struct Last(String);

impl Last {
    fn push(&mut self, c: char) {
        if self.0.chars().count() > 1 {
            self.0.remove(0);
        }
        self.0.push(c.to_ascii_lowercase());
    }

    fn ends_with(&self, end: &str) -> bool {
        self.0.ends_with(end)
    }

    fn last(&self) -> Option<char> {
        self.0.chars().next_back()
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        for (text, escaped) in [
            ("plain text, 100% & more.", "plain text, 100% &amp; more."),
            (
                "@octocat a@b.c, x@y @ 2@.A",
                "@\u{200b}octocat `a@b.c`, `x@y` @ 2@\u{200b}.A",
            ),
            (
                "#1 o/r#2 GH-3 gh-x C# #a",
                "\\#\u{200b}1 o/r\\#\u{200b}2 GH-\u{200b}3 gh-x C\\# \\#a",
            ),
            ("[a](https://e.example)", "`[a](https://e.example)`"),
            (
                "![a b](https://e.example)",
                "\\!\\[a `b](https://e.example)`",
            ),
            (
                "see `https://e.example`",
                "see \\`https:\u{200b}//e.example\\`",
            ),
            (
                "a|www.e.example Www.e.example",
                "a\\|ww\u{200b}w.e.example `Www.e.example`",
            ),
            ("<b>x</b> <!-- y -->", "\\<b\\>x\\</b\\> \\<\\!-- y --\\>"),
            (
                "    code\n\tcode",
                "&nbsp;&nbsp;&nbsp;&nbsp;code\n&nbsp;&nbsp;&nbsp;&nbsp;code",
            ),
            (
                "- a\n+ b\n1. c\n2) d\n===\n:-:",
                "\\- a\n\\+ b\n1\\. c\n2\\) d\n\\===\n\\:-:",
            ),
            ("1.5 and (2)", "1\\.5 and (2)"),
            ("a-b c_d $x$ ~~~", "a-b c\\_d \\$x\\$ \\~\\~\\~"),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn commits_and_emoji_are_code() {
        for (text, escaped) in [
            ("see 1a2b3c4, 1a2b3c4.", "see `1a2b3c4`, `1a2b3c4`."),
            ("o/r@1a2b3c4d", "`o/r@1a2b3c4d`"),
            (
                "2001:db8:a::1 fe80::1 de:ad:be:ef:00:01 00:1A:2B:CD:4E:5F",
                "`2001:db8:a::1` `fe80::1` `de:ad:be:ef:00:01` `00:1A:2B:CD:4E:5F`",
            ),
            (
                "`1a2b3c4` (d41d8cd98f00b204e9800998ecf8427e)",
                "\\`\u{200b}`1a2b3c4`\\` (`d41d8cd98f00b204e9800998ecf8427e`)",
            ),
            (
                "id b90c19e6-1e66-4e16-8e19-4a5b3b94ec27",
                "id `b90c19e6-1e66-4e16-8e19-4a5b3b94ec27`",
            ),
            (
                "arn:aws:iam::123456789012:user/a",
                "`arn:aws:iam::123456789012:user/a`",
            ),
            (
                ":skull: a:100:b :+1: **:x:**",
                "`:skull:` `a:100:b` `:+1:` \\*\\*`:x:`\\*\\*",
            ),
            // Words, short numbers, times, and hashes that are no commit's.
            ("defaced 123456 03:35:24", "defaced 123456 03:35:24"),
            ("x1a2b3c4d 1a2b3c4z", "x1a2b3c4d 1a2b3c4z"),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn a_title_mentions_nobody() {
        assert_eq!(
            title("[HIGH] @a #1 gh-2 *x* :skull: 03:35:24 1a2b3c4"),
            "[HIGH] @\u{200b}a #\u{200b}1 gh-\u{200b}2 *x* :\u{200b}skull: 03:35:24 1a2b3c4"
        );
        for copied in [
            "a@b.c # C#x",
            "fe80::1 2001:db8:85a3::8a2e de:ad:be:ef:00:01",
        ] {
            assert_eq!(title(copied), copied);
        }
    }

    #[test]
    fn a_fence_is_longer_than_anything_inside() {
        assert_eq!(fenced("{}", "json"), "```json\n{}\n```");
        assert_eq!(fenced("\"````\"", "json"), "`````json\n\"````\"\n`````");
        let long = fenced(&format!("\"{}\"", "`".repeat(500)), "json");
        assert!(long.starts_with("```json\n\"\\u0060\\u0060"), "{long}");
    }
}
