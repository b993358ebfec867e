//! The description on Data Center: wiki markup
//! (<https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all>).

use tocsin_core::alert::Severity;
use tocsin_core::escape::{escaped, escaped_within};
use tocsin_core::link::web_url;
use tocsin_core::message::Message;
use tocsin_core::text::Unit;

use crate::description::{FACT, REFERENCE, TITLE, WHOLE, rows, share};

/// The room that headings and the lines between the parts take.
const FRAME: usize = 100;

pub(crate) fn text(message: &Message<'_>) -> String {
    let panel = panel(message);
    let mut end = Vec::new();
    if let Some(text) = message.reference {
        end.push(format!("h3. Reference\n{}", reference(text)));
    }
    end.extend(table(message));

    let end = end.join("\n\n");
    let share = share(length(&panel) + length(&end) + FRAME);
    let mut parts = vec![panel];
    if let Some(description) = message.description {
        parts.push(escaped_within(description, share, escape));
    }
    if let Some(runbook) = message.runbook {
        let runbook = escaped_within(runbook, share, escape);
        parts.push(format!("h3. Runbook\n{runbook}"));
    }
    parts.push(end);
    parts.retain(|part| !part.is_empty());
    let mut whole = parts.join("\n\n");
    if let Some(context) = &message.context {
        let room = WHOLE.saturating_sub(length(&whole));
        whole.push_str(&escaped_within(context, room, block));
    }
    whole
}

fn length(text: &str) -> usize {
    Unit::Characters.length(text)
}

fn block(context: &str) -> String {
    let json = inside(context);
    format!("\n\nh3. Context\n{{noformat}}\n{json}\n{{noformat}}")
}

fn panel(message: &Message<'_>) -> String {
    let colour = match message.severity {
        Severity::Critical | Severity::High => "#ffebe6",
        Severity::Medium => "#fffae6",
        Severity::Low => "#eae6ff",
        Severity::Info => "#deebff",
    };
    let title = escaped_within(message.title, TITLE, escape);
    let link = message
        .link
        .and_then(link)
        .map(|href| format!("\n[View the alert|{href}]"))
        .unwrap_or_default();
    format!(
        "{{panel:bgColor={colour}}}\n*{}* {title}{link}\n{{panel}}",
        message.severity
    )
}

/// A link's target, without the characters that make smileys and images.
fn link(text: &str) -> Option<String> {
    let escape = |c| match c {
        '!' => Some("%21"),
        '\'' => Some("%27"),
        '(' => Some("%28"),
        ')' => Some("%29"),
        _ => None,
    };
    web_url(text).map(|url| escaped(&url, escape))
}

fn reference(text: &str) -> String {
    match link(text) {
        Some(href) if href.len() <= REFERENCE => format!("[{href}]"),
        _ => escaped_within(text, REFERENCE, escape),
    }
}

fn table(message: &Message<'_>) -> Option<String> {
    let rows: Vec<String> = rows(message)
        .iter()
        .map(|(label, value)| format!("||{label}|{}|", escaped_within(value, 3 * FACT, escape)))
        .collect();
    (!rows.is_empty()).then(|| rows.join("\n"))
}

/// Text that means nothing but itself. A backslash takes the meaning from
/// punctuation: from macros, links, mentions (`[~user]`), images, tables, lists,
/// smileys, issue keys and bare addresses alike.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut line = String::new();
    for c in text.chars() {
        match c {
            // Two backslashes would be a line break.
            '\\' => out.push_str("&#92;"),
            // Entities are read, so that `&lt;` would come out as another text.
            '&' => out.push_str("&amp;"),
            '{' | '}' | '[' | ']' | '(' | ')' | '|' | '*' | '_' | '-' | '+' | '^' | '~' | '!'
            | '#' | '?' | ':' | ';' | '@' => {
                out.push('\\');
                out.push(c);
            }
            '.' if is_block(&line) => out.push_str("\\."),
            _ => out.push(c),
        }
        if c == '\n' {
            line.clear();
        } else if line.len() < 8 && !c.is_whitespace() {
            line.push(c);
        }
    }
    out
}

/// Whether a line that begins so, and goes on with a full stop, is a heading or
/// a quotation.
fn is_block(line: &str) -> bool {
    matches!(line, "bq" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// JSON inside `{noformat}`, where backslashes have no power. What could end the
/// block or notify somebody stands inside a JSON string, so it can be written as
/// an escape of that string: the JSON says the same as before.
fn inside(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('{', Some(next)) if !matches!(next, '\n' | '}') => safe.push_str("\\u007b"),
            ('[', Some('~')) => safe.push_str("\\u005b"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_means_nothing() {
        for (text, escaped) in [
            (
                "[~admin] !https://e.example/x.png!",
                "\\[\\~admin\\] \\!https\\://e.example/x.png\\!",
            ),
            ("{noformat} {code}", "\\{noformat\\} \\{code\\}"),
            ("C:\\temp\\\\x &lt;", "C\\:&#92;temp&#92;&#92;x &amp;lt\\;"),
            ("h1. a\n bq. b\nh7. c d.e", "h1\\. a\n bq\\. b\nh7. c d.e"),
            (
                "||a|b| SEC-1 :) (!) ----",
                "\\|\\|a\\|b\\| SEC\\-1 \\:\\) \\(\\!\\) \\-\\-\\-\\-",
            ),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn a_link_has_no_smiley() {
        assert_eq!(
            link("https://h/a_(x)!|b'").as_deref(),
            Some("https://h/a_%28x%29%21%7Cb%27")
        );
    }

    #[test]
    fn a_context_cannot_leave_its_block_and_says_the_same() {
        let value =
            serde_json::json!({"{noformat}": "{noformat}[~admin]{", "a": {}, "b": [{"c": 1}]});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let safe = inside(&pretty);
        assert!(!safe.contains("{noformat") && !safe.contains("[~"));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            value
        );
    }
}
