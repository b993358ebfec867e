//! The description on Data Center: wiki markup
//! (<https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all>).

use tocsin_core::alert::Severity;
use tocsin_core::escape::{escaped, escaped_within};
use tocsin_core::message::Message;
use tocsin_core::prose::Prose;
use tocsin_core::text::{Unit, with_kept_indent};

use super::{DESCRIPTION_LIMIT, FACT_LIMIT, REFERENCE_LIMIT, TITLE_LIMIT, long_title, rows, share};

/// The size of headings and of the lines between the parts, in characters.
const FRAME_SIZE: usize = 100;

pub(super) fn text(message: &Message<'_>) -> String {
    let panel = panel(message);
    let mut tail = Vec::new();
    tail.extend(table(message));
    if let Some(reference) = &message.reference {
        let reference = bounded(reference, REFERENCE_LIMIT);
        tail.push(format!("h3. Reference\n{reference}"));
    }

    let tail = tail.join("\n\n");
    let share = share(length(&panel) + length(&tail) + FRAME_SIZE);
    let mut parts = vec![panel];
    if let Some(description) = &message.description {
        parts.push(bounded(description, share));
    }
    if let Some(runbook) = &message.runbook {
        let runbook = bounded(runbook, share);
        parts.push(format!("h3. Runbook\n{runbook}"));
    }
    parts.push(tail);
    parts.retain(|part| !part.is_empty());
    let mut description = parts.join("\n\n");
    if let Some(context) = message.context_excerpt() {
        let room = DESCRIPTION_LIMIT.saturating_sub(length(&description));
        description.push_str(&escaped_within(&context, room, block));
    }
    description
}

fn length(text: &str) -> usize {
    Unit::Characters.length(text)
}

fn block(context: &str) -> String {
    let json = for_noformat(context);
    format!("\n\nh3. Context\n{{noformat}}\n{json}\n{{noformat}}")
}

fn panel(message: &Message<'_>) -> String {
    let colour = match message.severity {
        Severity::Critical | Severity::High => "#ffebe6",
        Severity::Medium => "#fffae6",
        Severity::Low => "#eae6ff",
        Severity::Info => "#deebff",
    };
    let title = long_title(message).map(|title| escaped_within(title, TITLE_LIMIT, escape));
    let link = message.link.as_deref().map(link);
    let link = link.map(|href| format!("[View the alert|{href}]"));
    let severity = Some(format!("*{}*", message.severity));
    let parts: Vec<String> = [severity, title, link].into_iter().flatten().collect();
    format!("{{panel:bgColor={colour}}}\n{}\n{{panel}}", parts.join(" "))
}

/// A link's target, with the characters encoded that make smileys and images.
fn link(url: &str) -> String {
    escaped(url, |c| match c {
        '!' => Some("%21"),
        '\'' => Some("%27"),
        '(' => Some("%28"),
        ')' => Some("%29"),
        _ => None,
    })
}

/// A link that shows its target, or text, in at most `limit` characters. Indentation
/// would be dropped; backticks and lists stay as they were written.
fn bounded(text: &Prose<'_>, limit: usize) -> String {
    if let Prose::Link(url) = text {
        let shown = format!("[{}]", link(url));
        if length(&shown) <= limit {
            return shown;
        }
    }
    escaped_within(text.as_str(), limit, |text| escape(&with_kept_indent(text)))
}

fn table(message: &Message<'_>) -> Option<String> {
    let rows: Vec<String> = rows(message)
        .iter()
        .map(|(label, value)| {
            format!(
                "||{label}|{}|",
                escaped_within(value, 3 * FACT_LIMIT, escape)
            )
        })
        .collect();
    (!rows.is_empty()).then(|| rows.join("\n"))
}

/// Escapes text. A backslash before punctuation disables macros, links, mentions
/// (`[~user]`), images, tables, lists and issue keys; an entity in place of it, smileys,
/// bare addresses and headings.
///
/// Atlassian's renderer unescapes `-#*_+?^~|%{}[]()!@` only (`BackslashEscapeRendererComponent`),
/// after links and headings were made, and keeps numeric entities (`HtmlEscaper`).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut line = String::new();
    for c in text.chars() {
        match c {
            // Two backslashes would be a line break.
            '\\' => out.push_str("&#92;"),
            // The markup decodes entities, which would change `&lt;` to another text.
            '&' => out.push_str("&amp;"),
            // Before these a backslash would be shown, in every ARN, address and time.
            ':' => out.push_str("&#58;"),
            ';' => out.push_str("&#59;"),
            '.' if is_block(&line) => out.push_str("&#46;"),
            '{' | '}' | '[' | ']' | '(' | ')' | '|' | '*' | '_' | '-' | '+' | '^' | '~' | '!'
            | '#' | '?' | '@' => {
                out.push('\\');
                out.push(c);
            }
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

/// Whether a line that begins with `line` and a full stop is a heading or a
/// quotation.
fn is_block(line: &str) -> bool {
    matches!(line, "bq" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// JSON for a `{noformat}` block, in which backslashes do not escape. Text that could
/// end the block or notify somebody occurs only in JSON strings, and is written with
/// their own escapes. The JSON keeps its meaning.
fn for_noformat(json: &str) -> String {
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
    fn markup_is_escaped() {
        for (text, escaped) in [
            (
                "[~admin] !https://e.example/x.png!",
                "\\[\\~admin\\] \\!https&#58;//e.example/x.png\\!",
            ),
            ("{noformat} {code}", "\\{noformat\\} \\{code\\}"),
            (
                "C:\\temp\\\\x &lt;",
                "C&#58;&#92;temp&#92;&#92;x &amp;lt&#59;",
            ),
            (
                "h1. a\n bq. b\nh7. c d.e",
                "h1&#46; a\n bq&#46; b\nh7. c d.e",
            ),
            (
                "||a|b| SEC-1 :) (!) ----",
                "\\|\\|a\\|b\\| SEC\\-1 &#58;\\) \\(\\!\\) \\-\\-\\-\\-",
            ),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    /// What the renderer shows without the backslash in front of it.
    const UNESCAPED: &str = "-#*_+?^~|%{}[]()!@";

    #[test]
    fn no_backslash_is_shown() {
        for c in ' '..='~' {
            let escaped = escape(&c.to_string());
            let of_backslash = escaped.strip_prefix('\\');
            assert!(
                of_backslash.is_none_or(|_| UNESCAPED.contains(c)),
                "{escaped}"
            );
        }
    }

    #[test]
    fn a_link_contains_no_smiley() {
        assert_eq!(
            link("https://h/a_(x)!%7Cb'"),
            "https://h/a_%28x%29%21%7Cb%27"
        );
    }

    #[test]
    fn indentation_is_kept() {
        let text = Prose::Text("Traceback:\n  File \"x\"\n    raise");
        let kept = "Traceback&#58;\n\u{a0}\u{a0}File \"x\"\n\u{a0}\u{a0}\u{a0}\u{a0}raise";
        assert_eq!(bounded(&text, 200), kept);
        let url = Prose::Link("https://h/a_(x)".to_owned());
        assert_eq!(bounded(&url, 200), "[https://h/a_%28x%29]");
    }

    #[test]
    fn a_context_cannot_end_its_block_and_keeps_its_meaning() {
        let value =
            serde_json::json!({"{noformat}": "{noformat}[~admin]{", "a": {}, "b": [{"c": 1}]});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let safe = for_noformat(&pretty);
        assert!(!safe.contains("{noformat") && !safe.contains("[~"));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            value
        );
    }
}
