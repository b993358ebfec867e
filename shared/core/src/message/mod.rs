//! The content that every provider shows of an alert, in the order in which a person on
//! call needs it: the headline, what happened, the runbook, a few facts, the tags, and
//! last the context. Each provider gives it its own form.
//!
//! All texts here are plain. A provider escapes them by its own rules.

mod context;

use std::borrow::Cow;

pub use context::ContextText;

use crate::Timestamp;
use crate::alert::{Alert, Severity};
use crate::link::web_url;
use crate::prose::Prose;
use crate::provider::{Detail, Provider, RequestContext};
use crate::text::{shares, single_line};

/// An alert, laid out for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// `[HIGH] title`: one line. Nothing else of the message says the severity.
    pub headline: String,
    /// The title alone, one line.
    pub title: &'a str,
    /// The effective severity, from routing.
    pub severity: Severity,
    /// What the detection looks for.
    pub description: Option<Prose<'a>>,
    /// What the responder should do.
    pub runbook: Option<Prose<'a>>,
    /// Further reading about the finding.
    pub reference: Option<Prose<'a>>,
    /// At most four short facts, in the order in which they are shown.
    pub facts: Vec<Fact<'a>>,
    /// The id of the alert, by which `tocsin alerts show` finds it. Empty in the minimal
    /// form.
    pub alert_id: Cow<'a, str>,
    /// The page of the alert: a URL that [`web_url`] made.
    pub link: Option<String>,
    /// The tags of the detection.
    pub tags: &'a [String],
    /// The context as indented JSON; `None` when there is none.
    pub context: Option<ContextText>,
}

/// One fact: a label and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<'a> {
    /// The label: one or two words.
    pub label: &'static str,
    /// The value.
    pub value: FactValue<'a>,
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue<'a> {
    /// A text on one line, never empty.
    Text(Cow<'a, str>),
    /// A point in time, which some providers show in the zone of the reader.
    Time(Timestamp),
}

impl<'a> Message<'a> {
    /// The message of a request: full, or title, severity and link only.
    #[must_use]
    pub fn of<P: Provider + ?Sized>(context: &RequestContext<'a, P>) -> Self {
        let full = Self::new(context.alert, context.severity);
        match context.detail {
            Detail::Full => full,
            Detail::Minimal => Self {
                facts: Vec::new(),
                alert_id: Cow::Borrowed(""),
                description: None,
                runbook: None,
                reference: None,
                tags: &[],
                context: None,
                ..full
            },
        }
    }

    /// The full message of `alert` with its effective severity.
    #[must_use]
    pub fn new(alert: &'a Alert, severity: Severity) -> Self {
        let prose = |text: &'a Option<String>| text.as_deref().and_then(Prose::of);
        Self {
            headline: format!("[{severity}] {}", alert.title),
            title: &alert.title,
            severity,
            description: prose(&alert.description),
            runbook: prose(&alert.runbook),
            reference: prose(&alert.reference),
            facts: facts(alert),
            alert_id: one_line(alert.alert_id.as_str()),
            link: alert.link.as_deref().and_then(web_url),
            tags: &alert.tags,
            context: ContextText::of(&alert.alert_context),
        }
    }

    /// The tags on one line, separated by commas; `None` when there are none.
    #[must_use]
    pub fn tag_line(&self) -> Option<String> {
        let line = single_line(&self.tags.join(", "));
        (!line.is_empty()).then_some(line)
    }

    /// The facts, the id of the alert and the tags as labels and texts, for tables and
    /// lists that show all of them.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let facts = self.facts.iter();
        let mut rows: Vec<_> = facts.map(|fact| (fact.label, fact.value.text())).collect();
        if !self.alert_id.is_empty() {
            rows.push(("Alert id", Cow::Borrowed(&*self.alert_id)));
        }
        rows.extend(self.tag_line().map(|tags| ("Tags", Cow::Owned(tags))));
        rows
    }

    /// As much of the context as fits a screen if the link leads to the rest, and all of
    /// it otherwise: there is no other place for it.
    #[must_use]
    pub fn context_excerpt(&self) -> Option<Cow<'_, str>> {
        let context = self.context.as_ref()?;
        Some(match self.link {
            Some(_) => context.screen(),
            None => Cow::Borrowed(context.as_str()),
        })
    }
}

impl FactValue<'_> {
    /// The value as text; a time in UTC.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Time(time) => Cow::Owned(time.readable()),
        }
    }
}

/// How much of `room` description, runbook and context get that are so long: the context
/// gives way first, down to a quarter of the room, then the longer of the other two.
#[must_use]
pub fn divide(room: usize, [description, runbook, context]: [usize; 3]) -> [usize; 3] {
    let spare = room.saturating_sub(description + runbook);
    let context = context.min(spare.max(room / 4));
    let [description, runbook] = shares(room - context, [description, runbook]);
    [description, runbook, context]
}

fn facts(alert: &Alert) -> Vec<Fact<'_>> {
    let detection = match &alert.name {
        Some(name) if *name != alert.detection_id => {
            Cow::Owned(format!("{name} ({})", alert.detection_id))
        }
        _ => Cow::Borrowed(alert.detection_id.as_str()),
    };
    let text = |label, value: Cow<'_, str>| {
        let value = FactValue::Text(Cow::Owned(single_line(&value)));
        Fact { label, value }
    };
    let mut facts = vec![
        Fact {
            label: "Created",
            value: FactValue::Time(alert.created_at),
        },
        text("Detection", detection),
        text("Type", Cow::Borrowed(alert.alert_type.as_str())),
    ];
    if !alert.log_types.is_empty() {
        facts.push(text("Log types", Cow::Owned(alert.log_types.join(", "))));
    }
    let is_shown =
        |fact: &Fact<'_>| !matches!(&fact.value, FactValue::Text(text) if text.is_empty());
    facts.retain(is_shown);
    facts
}

/// A line break in a name or id would make one fact look like several.
fn one_line(text: &str) -> Cow<'_, str> {
    let line = single_line(text);
    if line == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::parse;

    #[test]
    fn a_message_says_the_effective_severity_once_and_few_facts() {
        let alert = parse(
            r#"{"id":"Okta.Lockout","name":"Lockout","createdAt":"2020-10-13T03:35:24.123456Z","severity":"LOW",
                "type":"RULE","title":"User locked out","alertId":"a1","logTypes":["Okta.SystemLog"],
                "runbook":" https://wiki.example.com/x ","description":" ",
                "alertContext":{"user":"a\u202eb"}}"#,
        )
        .unwrap();
        let message = Message::new(&alert, Severity::Critical);
        assert_eq!(message.headline, "[CRITICAL] User locked out");
        let rows: Vec<String> = message
            .rows()
            .iter()
            .map(|(label, value)| format!("{label}={value}"))
            .collect();
        assert_eq!(
            rows.join(";"),
            "Created=2020-10-13 03:35:24 UTC;Detection=Lockout (Okta.Lockout);Type=RULE;Log types=Okta.SystemLog;Alert id=a1"
        );
        let runbook = Prose::Link("https://wiki.example.com/x".to_owned());
        assert_eq!(message.runbook, Some(runbook));
        assert_eq!(message.description, None);
        assert_eq!(
            message.context.as_ref().map(ContextText::as_str),
            Some("{\n  \"user\": \"a\\u202eb\"\n}")
        );
    }

    #[test]
    fn a_fact_is_one_line() {
        let alert = parse(
            r#"{"id":"A","name":"Lockout\nAlert id: forged","createdAt":"2020-10-13T03:35:24Z","severity":"LOW",
                "type":"RULE","tags":["a\nb","c"],"logTypes":[""]}"#,
        )
        .unwrap();
        let message = Message::new(&alert, Severity::Low);
        assert_eq!(
            message.facts[1].value.text(),
            "Lockout Alert id: forged (A)"
        );
        assert_eq!(message.facts.len(), 3);
        assert_eq!(message.tag_line().as_deref(), Some("a b, c"));
    }

    #[test]
    fn the_context_gives_way_first_and_the_longer_text_next() {
        assert_eq!(divide(600, [100, 200, 300]), [100, 200, 300]);
        assert_eq!(divide(600, [100, 200, 900]), [100, 200, 300]);
        assert_eq!(divide(800, [900, 100, 900]), [500, 100, 200]);
        assert_eq!(divide(800, [100, 900, 900]), [100, 500, 200]);
        assert_eq!(divide(800, [900, 900, 900]), [300, 300, 200]);
        assert_eq!(divide(800, [900, 900, 0]), [400, 400, 0]);
        assert_eq!(divide(0, [9, 9, 9]), [0, 0, 0]);
    }

    #[test]
    fn a_context_is_shortened_only_if_a_link_leads_to_the_rest() {
        let json = |link: &str| {
            let list = vec!["1"; 60].join(",");
            format!(
                r#"{{"id":"A","createdAt":"2020-10-13T03:35:24Z","severity":"LOW","type":"RULE",
                    "link":{link},"alertContext":{{"list":[{list}]}}}}"#
            )
        };
        for (link, lines) in [("\"https://siem.example.com/1\"", 25), ("null", 64)] {
            let alert = parse(&json(link)).unwrap();
            let message = Message::new(&alert, Severity::Low);
            let excerpt = message.context_excerpt().unwrap();
            assert_eq!(excerpt.lines().count(), lines, "{excerpt}");
        }
    }
}
