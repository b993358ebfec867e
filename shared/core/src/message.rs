//! The content that every provider shows of an alert: one headline, the same facts in
//! the same order, the context as text. Each provider gives it its own form.
//!
//! All texts here are plain. A provider escapes them by its own rules.

use std::borrow::Cow;

use crate::alert::{Alert, Severity};
use crate::json::indented;
use crate::provider::{Detail, Provider, RequestContext};
use crate::text::{Unit, single_line, truncate};

/// An alert, laid out for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// `[HIGH] title`: one line, for notifications.
    pub headline: String,
    /// The title alone, one line.
    pub title: &'a str,
    /// The effective severity, from routing.
    pub severity: Severity,
    /// Labels and values, in the order in which they are shown.
    pub facts: Vec<Fact<'a>>,
    /// What the detection looks for.
    pub description: Option<&'a str>,
    /// What the responder should do.
    pub runbook: Option<&'a str>,
    /// Further reading about the finding.
    pub reference: Option<&'a str>,
    /// The page of the alert; always `http` or `https`.
    pub link: Option<&'a str>,
    /// The tags of the detection.
    pub tags: &'a [String],
    /// The context as indented JSON; `None` when there is none.
    pub context: Option<String>,
}

/// One line of the facts table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<'a> {
    /// The label: one or two words.
    pub label: &'static str,
    /// The value on one line.
    pub value: Cow<'a, str>,
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
            context: (!alert.alert_context.is_empty())
                .then(|| indented(&alert.alert_context.to_map())),
        }
    }

    /// The tags on one line, separated by commas; `None` when there are none.
    #[must_use]
    pub fn tag_line(&self) -> Option<String> {
        let line = single_line(&self.tags.join(", "));
        (!line.is_empty()).then_some(line)
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
    /// Makes the value one line: a line break in a name or id would make one fact look
    /// like several.
    fn new(label: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        let mut value = value.into();
        let line = single_line(&value);
        if line != value {
            value = Cow::Owned(line);
        }
        Self { label, value }
    }
}

/// The long texts of a message, which are cut where the message as a whole must not
/// exceed a limit. Blank ones are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts<'a> {
    /// What the detection looks for.
    pub description: Option<Cow<'a, str>>,
    /// What the responder should do.
    pub runbook: Option<Cow<'a, str>>,
    /// The context as indented JSON.
    pub context: Option<Cow<'a, str>>,
}

impl<'a> Texts<'a> {
    /// The long texts of `message`, uncut.
    #[must_use]
    pub fn of(message: &'a Message<'_>) -> Self {
        let shown = |text: &'a str| (!text.trim().is_empty()).then(|| Cow::Borrowed(text.trim()));
        Self {
            description: message.description.and_then(shown),
            runbook: message.runbook.and_then(shown),
            context: message.context.as_deref().and_then(shown),
        }
    }

    /// One character of each text that is there, to measure the message around them.
    #[must_use]
    pub fn least(&self) -> Self {
        self.cut(1, 1, 1, Unit::Characters)
    }

    /// Each of them cut to its own limit.
    fn cut(&self, description: usize, runbook: usize, context: usize, unit: Unit) -> Self {
        let cut = |text: &Option<Cow<'a, str>>, limit| {
            let text = text.as_deref()?;
            let cut = truncate(text, limit, unit).into_owned();
            (!cut.is_empty()).then_some(Cow::Owned(cut))
        };
        Self {
            description: cut(&self.description, description),
            runbook: cut(&self.runbook, runbook),
            context: cut(&self.context, context),
        }
    }

    /// All texts together cut to `room`, description and runbook to `most` each: the
    /// context first, down to a quarter of the room, then the longer of the other two,
    /// then both. Each text is cut once, so that its marker states the true length.
    #[must_use]
    pub fn fit(&self, room: usize, most: usize, unit: Unit) -> Self {
        let length = |text: &Option<Cow<'_, str>>| text.as_deref().map_or(0, |t| unit.length(t));
        let description = length(&self.description).min(most);
        let runbook = length(&self.runbook).min(most);
        let context = length(&self.context);
        let spare = room.saturating_sub(description + runbook);
        let context = context.min(spare.max(room / 4));
        let left = room - context;
        let half = left / 2;
        let runbook = runbook.min(half.max(left.saturating_sub(description)));
        let description = description.min(left - runbook);
        self.cut(description, runbook, context, unit)
    }
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
            Some("{\n  \"user\": \"a\\u202eb\"\n}")
        );
    }

    #[test]
    fn a_fact_is_one_line() {
        let alert = parse(
            r#"{"id":"A","name":"Lockout\nAlert id: forged","createdAt":"2020-10-13T03:35:24Z","severity":"LOW",
                "type":"RULE","tags":["a\nb","c"]}"#,
        )
        .unwrap();
        let message = Message::new(&alert, Severity::Low);
        assert_eq!(message.facts[2].value, "Lockout Alert id: forged (A)");
        assert_eq!(message.tag_line().as_deref(), Some("a b, c"));
    }

    #[test]
    fn the_context_gives_way_first_and_the_longer_text_next() {
        let text = |length: usize| Some(Cow::Owned("x".repeat(length)));
        let sizes = |description, runbook, context, room| {
            let texts = Texts {
                description: text(description),
                runbook: text(runbook),
                context: text(context),
            };
            let fitted = texts.fit(room, 800, Unit::Characters);
            [fitted.description, fitted.runbook, fitted.context]
                .map(|text| text.map_or(0, |text| text.chars().count()))
        };
        assert_eq!(sizes(100, 200, 300, 600), [100, 200, 300]);
        assert_eq!(sizes(100, 200, 900, 600), [100, 200, 300]);
        assert_eq!(sizes(900, 100, 900, 800), [500, 100, 200]);
        assert_eq!(sizes(100, 900, 900, 800), [100, 500, 200]);
        assert_eq!(sizes(900, 900, 900, 800), [300, 300, 200]);
        assert_eq!(sizes(900, 900, 0, 800), [400, 400, 0]);
        assert_eq!(sizes(9, 9, 9, 0), [0, 0, 0]);
        assert_eq!(sizes(900, 9, 0, 2_000), [800, 9, 0]);
    }

    proptest::proptest! {
        #[test]
        fn fitted_texts_keep_within_their_room(
            texts in proptest::collection::vec("[a\"\n\\\\鍵🔑]{0,300}", 3), room in 0usize..700
        ) {
            let mut texts = texts.into_iter().map(|text| Some(Cow::Owned(text)));
            let texts = Texts {
                description: texts.next().flatten(),
                runbook: texts.next().flatten(),
                context: texts.next().flatten(),
            };
            for unit in [Unit::JsonCharacters, Unit::NestedJsonBytes] {
                let fitted = texts.fit(room, 500, unit);
                let all = [fitted.description, fitted.runbook, fitted.context];
                let length: usize = all.iter().flatten().map(|text| unit.length(text)).sum();
                proptest::prop_assert!(length <= room);
            }
        }
    }
}
