//! The notes of a task: rich text, or plain text after a refusal.
//!
//! Rich text is well-formed XML with a few tags
//! (<https://developers.asana.com/docs/rich-text>). Asana refuses anything else
//! with 400. The notes use only the tags that are allowed for tasks, so no tables.

use tocsin_core::escape::{escaped, escaped_within};
use tocsin_core::message::Message;
use tocsin_core::prose::{Block, Marker, Prose, Span, blocks, spans};
use tocsin_core::text::{Unit, sanitize, truncate};
use url::Url;

/// The longest name of a task, in characters. Asana documents no limit.
pub(crate) const NAME_LIMIT: usize = 1_000;
/// The longest notes, in characters, tags included. Asana documents no limit.
pub(crate) const NOTES_LIMIT: usize = 60_000;
/// The longest description, and the longest runbook, in characters.
const LONG_TEXT_LIMIT: usize = 16_000;
/// The longest reference, fact, and list of tags, in characters.
const SHORT_TEXT_LIMIT: usize = 2_000;
/// The size of one heading and the `body` tags, in characters.
const FRAME_SIZE: usize = 100;

/// The name of the task.
pub(crate) fn name(message: &Message<'_>) -> String {
    escaped_within(&message.headline, NAME_LIMIT, inert)
}

/// The notes as rich text, `marker` as their last line.
pub(crate) fn rich(message: &Message<'_>, marker: &str) -> String {
    let mut html = head(message);
    let tail = tail(message);
    let used = length(&html) + length(&tail) + length(marker) + FRAME_SIZE;
    // Description and runbook get a third each at most, the context gets the rest.
    let share = (NOTES_LIMIT.saturating_sub(used) / 3).min(LONG_TEXT_LIMIT);
    if let Some(description) = &message.description {
        html.push_str("\n\n");
        html.push_str(&within(description, share));
    }
    if let Some(runbook) = &message.runbook {
        html.push_str("\n<h2>Runbook</h2>");
        html.push_str(&within(runbook, share));
    }
    html.push_str(&tail);
    if let Some(context) = message.context_excerpt() {
        let used = length(&html) + length(marker) + FRAME_SIZE;
        html.push_str(&escaped_within(
            &context,
            NOTES_LIMIT.saturating_sub(used),
            block,
        ));
    }
    format!("<body>{html}\n{marker}</body>")
}

/// Severity, title, link and marker as plain text.
pub(crate) fn plain(message: &Message<'_>, marker: &str) -> String {
    let link = message.link.as_deref().and_then(link);
    let link = link.map(|href| format!("\n{href}"));
    format!("{}{}\n\n{marker}", name(message), link.unwrap_or_default())
}

fn length(text: &str) -> usize {
    Unit::Characters.length(text)
}

/// Severity and link; the name of the task is the title.
fn head(message: &Message<'_>) -> String {
    let link = message.link.as_deref().and_then(link);
    let link = link.map(|href| anchor(href, "View the alert"));
    let link = link.map(|link| format!(" {link}")).unwrap_or_default();
    format!("<strong>{}</strong>{link}", message.severity)
}

/// The facts and the reference.
fn tail(message: &Message<'_>) -> String {
    let mut tail = String::new();
    let rows = message.rows();
    let items: Vec<String> = rows
        .iter()
        .map(|(label, value)| item(label, value))
        .collect();
    if !items.is_empty() {
        tail.push_str("\n<h2>Details</h2><ul>");
        tail.extend(items);
        tail.push_str("</ul>");
    }
    if let Some(reference) = &message.reference {
        tail.push_str("\n<h2>Reference</h2>");
        tail.push_str(&within(reference, SHORT_TEXT_LIMIT));
    }
    tail
}

fn item(label: &str, value: &str) -> String {
    let value = truncate(value, SHORT_TEXT_LIMIT / 2, Unit::Characters);
    let value = escaped_within(&value, SHORT_TEXT_LIMIT, escape);
    format!("<li><strong>{label}</strong>: {value}</li>")
}

fn block(context: &str) -> String {
    format!("\n<h2>Context</h2><pre>{}</pre>", escape(context))
}

fn anchor(href: &str, text: &str) -> String {
    // Of the characters that XML needs escaped, a link has only the ampersand.
    format!("<a href=\"{}\">{text}</a>", href.replace('&', "&amp;"))
}

/// The link, unless it leads to Asana: Asana turns such a link into a mention of
/// the user or task that it names.
fn link(url: &str) -> Option<&str> {
    Some(url).filter(|url| inert(url) == **url)
}

/// A link that shows its target, or a text with its lists and code, in at most `limit`
/// characters.
fn within(text: &Prose<'_>, limit: usize) -> String {
    if let Some(href) = text.link().and_then(link) {
        let shown = anchor(href, &escape(href));
        if length(&shown) <= limit {
            return shown;
        }
    }
    escaped_within(text.as_str(), limit, prose)
}

fn prose(text: &str) -> String {
    let parts = blocks(text).into_iter().map(|block| match block {
        Block::Lines(lines) => inline(lines),
        Block::Code(code) => format!("<pre>{}</pre>", escape(code)),
        Block::List(Marker::Bullets, items) => list("ul", &items),
        Block::List(Marker::Numbers(1), items) => list("ol", &items),
        // A list of Asana's begins with 1.
        Block::List(Marker::Numbers(first), items) => {
            let items = (first..).zip(&items);
            let items = items.map(|(number, item)| format!("{number}. {}", inline(item)));
            items.collect::<Vec<_>>().join("\n")
        }
    });
    parts.collect::<Vec<_>>().join("\n")
}

fn list(tag: &str, items: &[&str]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("<li>{}</li>", inline(item)))
        .collect();
    let items = items.concat();
    format!("<{tag}>{items}</{tag}>")
}

/// Text with its code. Where an address of Asana's would be made of pieces, all of it stays
/// as it was written.
fn inline(text: &str) -> String {
    let spans = spans(text);
    let joined: String = spans
        .iter()
        .map(|(Span::Text(text) | Span::Code(text))| *text)
        .collect();
    if spans.len() > 1 && inert(&joined) != joined {
        return escape(text);
    }
    let shown = spans.iter().map(|span| match span {
        Span::Text(text) => escape(text),
        Span::Code(code) => format!("<code>{}</code>", escape(code)),
    });
    shown.collect()
}

/// Text as the content of an element.
fn escape(text: &str) -> String {
    // XML cannot contain control characters and noncharacters, not even escaped.
    escaped(&inert(&sanitize(text)), |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

/// Splits Asana's own address with a zero-width space wherever it occurs: the URL of
/// a user or a task is a mention even in plain text, and notifies. In a disguised
/// URL, whose host is only visible once it is parsed, the space follows the scheme.
fn inert(text: &str) -> String {
    let mut split = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (length, insert_space) = if begins_with(rest, HOST) {
            ("asana".len(), true)
        } else if let Some(scheme) = disguised(rest) {
            (scheme, true)
        } else {
            (c.len_utf8(), false)
        };
        let (done, after) = rest.split_at(length);
        split.push_str(done);
        if insert_space {
            split.push('\u{200b}');
        }
        rest = after;
    }
    split
}

const HOST: &str = "asana.com";

fn begins_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|here| here.eq_ignore_ascii_case(start))
}

/// The length of the scheme, if `text` begins with a URL that leads to Asana in
/// disguise: `https://app.asana%2Ecom/`, or with full-width letters.
fn disguised(text: &str) -> Option<usize> {
    let scheme = ["https:", "http:"]
        .into_iter()
        .find(|scheme| begins_with(text, scheme))?
        .len();
    let authority = text.get(scheme..)?.strip_prefix("//")?;
    let ends = |c: char| matches!(c, '/' | '\\' | '?' | '#') || c.is_whitespace();
    let authority = authority.split(ends).next()?;
    if authority.to_ascii_lowercase().contains(HOST) {
        // `inert` splits the host name itself.
        return None;
    }
    let url = Url::parse(&format!("https://{authority}/")).ok()?;
    let host = url.host_str()?.trim_end_matches('.');
    let asana = host == HOST
        || host
            .strip_suffix(HOST)
            .is_some_and(|sub| sub.ends_with('.'));
    asana.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_mentions_mean_nothing() {
        for (text, escaped) in [
            (
                "</body><a data-asana-gid=\"1\"/>",
                "&lt;/body&gt;&lt;a data-asana-gid=\"1\"/&gt;",
            ),
            (
                "&amp; ]]> \u{0}\u{fffe}",
                "&amp;amp; ]]&gt; \u{fffd}\u{fffd}",
            ),
            (
                "https://app.Asana.com/0/1/",
                "https://app.Asana\u{200b}.com/0/1/",
            ),
            (
                "éasana.co asana.comasana.com",
                "éasana.co asana\u{200b}.comasana\u{200b}.com",
            ),
            (
                "see HTTPS://app.asana%2Ecom/0/1/, http://x@%61sana.com:80?",
                "see HTTPS:\u{200b}//app.asana%2Ecom/0/1/, http:\u{200b}//x@%61sana.com:80?",
            ),
            (
                "https://app.ａｓａｎａ。com/0/1/",
                "https:\u{200b}//app.ａｓａｎａ。com/0/1/",
            ),
            (
                "https://notasana%2Ecom/ https://asana%2Ecom.example/ https:/x https://%",
                "https://notasana%2Ecom/ https://asana%2Ecom.example/ https:/x https://%",
            ),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn a_link_to_asana_is_dropped() {
        for url in [
            "https://app.asana.com/0/123/",
            "https://app.asana%2Ecom/0/123/",
            "https://app%2eASANA%2ecom%2e/0/123/",
            "http://user@app.%61sana.com:8080/0/123/",
            "https://app.asana。com/0/123/",
            "https://app.ａｓａｎａ.com/0/123/",
        ] {
            assert_eq!(link(url), None, "{url}");
        }
        for url in [
            "https://notasana%2Ecom/",
            "https://app.asana%2Ecom.example/",
        ] {
            assert_eq!(link(url), Some(url));
        }
        assert_eq!(
            link("https://a.example/?a=1&b"),
            Some("https://a.example/?a=1&b")
        );
        assert_eq!(
            anchor("https://a.example/?a=1&b", "x"),
            "<a href=\"https://a.example/?a=1&amp;b\">x</a>"
        );
    }
}
