//! The notes of a task: rich text, or plain text after a refusal.
//!
//! Rich text is well-formed XML of a few tags
//! (<https://developers.asana.com/docs/rich-text>); anything else is answered
//! with 400. Only tags that stand in that list for tasks are used, no tables.

use tocsin_core::escape::{escaped, escaped_within};
use tocsin_core::link::web_url;
use tocsin_core::message::Message;
use tocsin_core::text::{Unit, sanitize, truncate};
use url::Url;

/// The longest name of a task; Asana does not document its limit.
pub(crate) const NAME: usize = 1_000;
/// The longest notes, tags included; not documented either.
pub(crate) const NOTES: usize = 60_000;
/// The description of the detection, and its runbook likewise.
const LONG: usize = 16_000;
/// The title, the reference, one fact, and all tags together.
const SHORT: usize = 2_000;
/// The room that one heading and the body's own tags take.
const FRAME: usize = 100;

/// The name of the task.
pub(crate) fn name(message: &Message<'_>) -> String {
    escaped_within(&message.headline, NAME, inert)
}

/// The notes as rich text, `marker` as their last line.
pub(crate) fn rich(message: &Message<'_>, marker: &str) -> String {
    let mut html = head(message);
    let end = end(message);
    let taken = length(&html) + length(&end) + length(marker) + FRAME;
    // A third each at most; the context has the rest.
    let share = (NOTES.saturating_sub(taken) / 3).min(LONG);
    if let Some(description) = message.description {
        html.push_str("\n\n");
        html.push_str(&escaped_within(description, share, escape));
    }
    if let Some(runbook) = message.runbook {
        html.push_str("\n<h2>Runbook</h2>");
        html.push_str(&escaped_within(runbook, share, escape));
    }
    html.push_str(&end);
    if let Some(context) = &message.context {
        let taken = length(&html) + length(marker) + FRAME;
        html.push_str(&escaped_within(context, NOTES.saturating_sub(taken), block));
    }
    format!("<body>{html}\n{marker}</body>")
}

/// Severity, title, link and marker as plain text.
pub(crate) fn plain(message: &Message<'_>, marker: &str) -> String {
    let link = message.link.and_then(link).map(|href| format!("\n{href}"));
    format!("{}{}\n\n{marker}", name(message), link.unwrap_or_default())
}

fn length(text: &str) -> usize {
    Unit::Characters.length(text)
}

fn head(message: &Message<'_>) -> String {
    let title = escaped_within(message.title, SHORT, escape);
    let link = message
        .link
        .and_then(link)
        .map(|href| anchor(&href, "View the alert"));
    let link = link.map(|link| format!("\n{link}")).unwrap_or_default();
    format!("<strong>{}</strong> {title}{link}", message.severity)
}

/// The reference and the facts.
fn end(message: &Message<'_>) -> String {
    let mut end = String::new();
    if let Some(reference) = message.reference {
        end.push_str("\n<h2>Reference</h2>");
        end.push_str(&match link(reference) {
            Some(href) if href.len() <= SHORT => anchor(&href, &escape(&href)),
            _ => escaped_within(reference, SHORT, escape),
        });
    }
    let mut items: Vec<String> = message
        .facts
        .iter()
        .map(|fact| item(fact.label, &fact.value))
        .collect();
    items.extend(message.tag_line().map(|tags| item("Tags", &tags)));
    if !items.is_empty() {
        end.push_str("\n<h2>Details</h2><ul>");
        end.extend(items);
        end.push_str("</ul>");
    }
    end
}

fn item(label: &str, value: &str) -> String {
    let value = truncate(value, SHORT / 2, Unit::Characters);
    let value = escaped_within(&value, SHORT, escape);
    format!("<li><strong>{label}</strong>: {value}</li>")
}

fn block(context: &str) -> String {
    format!("\n<h2>Context</h2><pre>{}</pre>", escape(context))
}

fn anchor(href: &str, text: &str) -> String {
    // Of what a tag could end at, `web_url` leaves the ampersand.
    format!("<a href=\"{}\">{text}</a>", href.replace('&', "&amp;"))
}

/// A link, unless it leads into Asana: such a link would be shown as, and be, a
/// mention of what it leads to.
fn link(text: &str) -> Option<String> {
    web_url(text).filter(|href| inert(href) == *href)
}

/// Text as the content of an element.
fn escape(text: &str) -> String {
    // XML has no form for control characters and noncharacters, escaped or not.
    escaped(&inert(&sanitize(text)), |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

/// Parts Asana's own address wherever it stands: the URL of a user or a task is a
/// mention even in plain text, and notifies. Written in other ways, the host is only
/// seen once a URL is read, and that is parted behind its scheme.
fn inert(text: &str) -> String {
    let mut parted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (kept, part) = if begins_with(rest, HOST) {
            ("asana".len(), true)
        } else if let Some(scheme) = disguised(rest) {
            (scheme, true)
        } else {
            (c.len_utf8(), false)
        };
        let (done, after) = rest.split_at(kept);
        parted.push_str(done);
        if part {
            parted.push('\u{200b}');
        }
        rest = after;
    }
    parted
}

const HOST: &str = "asana.com";

fn begins_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|here| here.eq_ignore_ascii_case(start))
}

/// The length of the scheme of a URL that `text` begins with, if it leads into
/// Asana and does not say so: `https://app.asana%2Ecom/`, or in full-width letters.
fn disguised(text: &str) -> Option<usize> {
    let scheme = ["https:", "http:"]
        .into_iter()
        .find(|scheme| begins_with(text, scheme))?
        .len();
    let authority = text.get(scheme..)?.strip_prefix("//")?;
    let ends = |c: char| matches!(c, '/' | '\\' | '?' | '#') || c.is_whitespace();
    let authority = authority.split(ends).next()?;
    if authority.to_ascii_lowercase().contains(HOST) {
        // Parted there.
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
    fn a_link_into_asana_is_none() {
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
            assert_eq!(link(url).as_deref(), Some(url));
        }
        assert_eq!(
            link("https://a.example/?a=1&b").as_deref(),
            Some("https://a.example/?a=1&b")
        );
        assert_eq!(
            anchor("https://a.example/?a=1&b", "x"),
            "<a href=\"https://a.example/?a=1&amp;b\">x</a>"
        );
    }
}
