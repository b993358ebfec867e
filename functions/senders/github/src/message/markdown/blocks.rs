//! The lists, the code and the links of a text in Markdown.

use tocsin_core::prose::{Block, Marker, Span, blocks, spans};
use url::Url;

use super::{GAP, LONGEST_FENCE, escape, fenced, indented_by, longest_run, words};

/// A text with its lists and code; everything else in it is literal.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut after_list = false;
    for block in blocks(text) {
        let is_list = matches!(block, Block::List(..));
        if !out.is_empty() {
            // Markdown would make one list of two.
            out.push_str(if after_list && is_list {
                "\n\n<!-- -->\n\n"
            } else {
                "\n\n"
            });
        }
        out.push_str(&shown(&block));
        after_list = is_list;
    }
    out
}

fn shown(block: &Block<'_>) -> String {
    match block {
        Block::Lines(text) => lines(text).join("\n"),
        Block::Code(code) if longest_run(code) < LONGEST_FENCE => fenced(code, ""),
        Block::Code(code) => escape(code),
        Block::List(marker, items) => {
            let items = (0..).zip(items).map(|(at, item)| match marker {
                Marker::Bullets => self::item("- ", item),
                Marker::Numbers(first) => self::item(&format!("{}. ", first + at), item),
            });
            items.collect::<Vec<_>>().join("\n")
        }
    }
}

/// An item of a list; its further lines stand below its text.
fn item(mark: &str, text: &str) -> String {
    let own_indent = |line: &str| line.strip_prefix("  ").unwrap_or(line).to_owned();
    let text: Vec<String> = text.split('\n').map(own_indent).collect();
    let below = format!("\n{}", " ".repeat(mark.len()));
    format!("{mark}{}", lines(&text.join("\n")).join(&below))
}

fn lines(text: &str) -> Vec<String> {
    text.split('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let (mut escaped, text) = indented_by(line);
    let indent = escaped.len();
    for span in spans(text) {
        match span {
            Span::Text(text) => words(text, indent, &mut escaped),
            Span::Code(code) => {
                if escaped.ends_with('`') {
                    escaped.push(GAP);
                }
                escaped.extend(["`", code, "`"]);
            }
        }
    }
    escaped
}

/// A link that shows its target; only the target, as code, where GitHub would tell the
/// page behind it that it is linked from here.
pub(crate) fn link_to(url: &str) -> String {
    if is_noticed(url) {
        return format!("`{url}`");
    }
    // Markdown also decodes character references inside an address.
    format!("[`{url}`](<{}>)", url.replace('&', "&amp;"))
}

/// Whether a page of GitHub shows who links to it: issues, pull requests, discussions and
/// commits, on any host, since Enterprise Server has its own.
fn is_noticed(url: &str) -> bool {
    const NOTICED: [&str; 7] = [
        "issues",
        "pull",
        "pulls",
        "discussions",
        "commit",
        "commits",
        "compare",
    ];
    let Ok(url) = Url::parse(url) else {
        return true;
    };
    let mut segments = url.path_segments().into_iter().flatten();
    segments.any(|segment| {
        segment.contains('%') || NOTICED.contains(&segment.to_ascii_lowercase().as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_code_are_markdown_and_the_rest_is_literal() {
        for (text, shown) in [
            (
                "Run `aws *sts*`, then:\n1. Find `<@x>`\n   - deep\n2. # Revoke\n- a\n@b",
                "Run `aws *sts*`, then:\n\n1. Find `<@x>`\n   &nbsp;\\- deep\n2. \\# Revoke\n\n<!-- -->\n\n- a\n\n@\u{200b}b",
            ),
            (
                "```sh\naws `x`\n```\n`1a2b3c4``x`",
                "```\naws `x`\n```\n\n\\`\u{200b}`1a2b3c4`\\`\\`x\\`",
            ),
            ("1a2b3c4`x`", "`1a2b3c4`\u{200b}`x`"),
        ] {
            assert_eq!(prose(text), shown);
        }
    }

    #[test]
    fn a_link_shows_its_target_and_tells_nobody() {
        assert_eq!(
            link_to("https://wiki.example.com/?a=1&b=2"),
            "[`https://wiki.example.com/?a=1&b=2`](<https://wiki.example.com/?a=1&amp;b=2>)"
        );
        for url in [
            "https://github.com/o/r/issues/1",
            "https://ghes.example.com/o/r/PULL/1#x",
            "https://github.com/o/r/%69ssues/1",
        ] {
            assert_eq!(link_to(url), format!("`{url}`"));
        }
    }
}
