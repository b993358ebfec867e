//! What every provider shows of an alert, before it is put into that provider's
//! form: one headline, the same facts in the same order, the context as text.
//!
//! All texts here are plain. A provider escapes them by its own rules.

use std::borrow::Cow;
use std::fmt::Write;

use url::{Position, Url};

use crate::alert::{Alert, Severity};
use crate::provider::{Form, Job, Provider};
use crate::text::single_line;

/// An alert, laid out for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// `[HIGH] title`: one line that says it all in a notification.
    pub headline: String,
    /// The title alone, one line.
    pub title: &'a str,
    /// The effective severity.
    pub severity: Severity,
    /// Label and value, in the order in which they are read.
    pub facts: Vec<Fact<'a>>,
    /// What the detection looks for.
    pub description: Option<&'a str>,
    /// What to do about it.
    pub runbook: Option<&'a str>,
    /// Further reading.
    pub reference: Option<&'a str>,
    /// Where to look at the alert; always `http` or `https`.
    pub link: Option<&'a str>,
    /// The detection's tags.
    pub tags: &'a [String],
    /// The context as indented JSON; `None` when there is none.
    pub context: Option<String>,
}

/// One line of the facts table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<'a> {
    /// What it is, in a word or two.
    pub label: &'static str,
    /// Its value, one line.
    pub value: Cow<'a, str>,
}

impl<'a> Message<'a> {
    /// The message of a job: whole, or title, severity and link only.
    #[must_use]
    pub fn of<P: Provider + ?Sized>(job: &Job<'a, P>) -> Self {
        let whole = Self::new(job.alert, job.severity);
        match job.form {
            Form::Full => whole,
            Form::Minimal => Self {
                facts: Vec::new(),
                description: None,
                runbook: None,
                reference: None,
                tags: &[],
                context: None,
                ..whole
            },
        }
    }

    /// The whole message of `alert` with its effective severity.
    #[must_use]
    pub fn new(alert: &'a Alert, severity: Severity) -> Self {
        Self {
            headline: format!("[{severity}] {}", alert.title),
            title: &alert.title,
            severity,
            facts: facts(alert, severity),
            description: alert.description.as_deref(),
            runbook: alert.runbook.as_deref(),
            reference: alert.reference.as_deref(),
            link: alert.link.as_deref(),
            tags: &alert.tags,
            context: context(alert),
        }
    }
}

fn facts(alert: &Alert, severity: Severity) -> Vec<Fact<'_>> {
    let detection = match &alert.name {
        Some(name) if *name != alert.detection_id => {
            Cow::Owned(format!("{name} ({})", alert.detection_id))
        }
        _ => Cow::Borrowed(alert.detection_id.as_str()),
    };
    let mut facts = vec![
        Fact::new("Severity", severity.as_str()),
        Fact::new("Type", alert.alert_type.as_str()),
        Fact::new("Detection", detection),
        Fact::new("Created", alert.created_at.to_string()),
        Fact::new("Alert id", alert.alert_id.as_str()),
    ];
    if !alert.log_types.is_empty() {
        facts.push(Fact::new("Log types", alert.log_types.join(", ")));
    }
    facts
}

impl<'a> Fact<'a> {
    fn new(label: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        let mut value = value.into();
        // Names and ids come as they are, and a line break would leave the table.
        if value.contains(char::is_whitespace) {
            value = Cow::Owned(single_line(&value));
        }
        Self { label, value }
    }
}

/// Indented JSON with what could hide or reorder text made visible. JSON escapes
/// C0 controls by itself; bidirectional ones it would print as they are.
fn context(alert: &Alert) -> Option<String> {
    if alert.alert_context.is_empty() {
        return None;
    }
    let json = serde_json::to_string_pretty(&alert.alert_context).ok()?;
    Some(crate::text::neutralise(&json).into_owned())
}

/// `text` as a link's target, when it is nothing but an `http` or `https` URL:
/// with everything percent-encoded that any markup could take for its own.
#[must_use]
pub fn web_link(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    // The brackets of an IPv6 address stay: they are part of the host.
    let (host, rest) = url.as_str().split_at(url[..Position::BeforePath].len());
    let mut link = host.to_owned();
    for c in rest.chars() {
        if c.is_ascii_alphanumeric() || "-._~/?#%&=+:;,@$*".contains(c) {
            link.push(c);
        } else {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(link, "%{byte:02X}");
            }
        }
    }
    Some(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::parse;

    #[test]
    fn a_message_says_the_effective_severity_and_who_spoke() {
        let alert = parse(
            r#"{"id":"Okta.Lockout","name":"Lockout","createdAt":"2020-10-13T03:35:24Z","severity":"LOW",
                "type":"RULE","title":"User locked out","alertId":"a1","logTypes":["Okta.SystemLog"],
                "alertContext":{"user":"a\u202eb"}}"#,
        )
        .unwrap();
        let message = Message::new(&alert, Severity::Critical);
        assert_eq!(message.headline, "[CRITICAL] User locked out");
        let facts: Vec<String> = message
            .facts
            .iter()
            .map(|fact| format!("{}={}", fact.label, fact.value))
            .collect();
        assert_eq!(
            facts.join(";"),
            "Severity=CRITICAL;Type=RULE;Detection=Lockout (Okta.Lockout);Created=2020-10-13T03:35:24Z;Alert id=a1;Log types=Okta.SystemLog"
        );
        assert_eq!(
            message.context.as_deref(),
            Some("{\n  \"user\": \"a\u{fffd}b\"\n}")
        );
    }

    #[test]
    fn a_link_holds_nothing_that_markup_reads() {
        let link = web_link(" https://a.example:8443/x(y)[z]|{w}!^\\`é'\"<b>?q=1&r=_#f ").unwrap();
        assert_eq!(
            link,
            "https://a.example:8443/x%28y%29%5Bz%5D%7C%7Bw%7D%21%5E/%60%C3%A9%27%22%3Cb%3E?q=1&r=_#f"
        );
        assert_eq!(web_link("http://[::1]/").as_deref(), Some("http://[::1]/"));
        for text in [
            "javascript:alert(1)",
            "see https://a.example",
            "ftp://a.example",
            "",
        ] {
            assert_eq!(web_link(text), None, "{text}");
        }
    }

    #[test]
    fn a_fact_is_one_line() {
        assert_eq!(Fact::new("Detection", "a\n\tb  c").value, "a b c");
    }
}
