//! Destinations as code: the YAML that `apply` takes, `export` writes, and `route`
//! reads without a stack. JSON is YAML as well.

use std::collections::BTreeSet;

use anyhow::{Context, anyhow, bail};
use serde_json::{Map, Value};
use tocsin_api_types::{DestinationDraft, DestinationReport};
use tocsin_core::destination::{Destination, DestinationId, Destinations, ProviderName};

use crate::print::{self, Text, text};

/// The key of the list of destinations.
const DESTINATIONS: &str = "destinations";

/// The key of the reference to a destination's secret.
const SECRET: &str = "secret";

/// The comment at the beginning of an exported file.
const HEAD: &str = "\
# The destinations of a Tocsin stack, for `tocsin destinations apply`.
# Secrets stay where they are; `apply --help` says how to name new ones.
";

/// A destination of a file.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its description.
    pub(crate) draft: DestinationDraft,
    /// The reference to its secret, as [`crate::secret::References`] reads it.
    pub(crate) secret: Value,
}

/// The destinations of a file.
pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<Entry>> {
    let document: Value = yaml(text)?;
    let Value::Object(mut fields) = document else {
        bail!("it must have the key `{DESTINATIONS}`, with a list of destinations");
    };
    let Some(Value::Array(list)) = fields.shift_remove(DESTINATIONS) else {
        bail!("it must have the key `{DESTINATIONS}`, with a list of destinations");
    };
    if let Some(other) = fields.keys().next() {
        bail!("the key `{other}` is not known; only `{DESTINATIONS}` is");
    }
    entries(list)
}

/// The description of one destination.
pub(crate) fn parse_one(text: &str) -> anyhow::Result<Map<String, Value>> {
    match yaml(text)? {
        Value::Object(fields) => Ok(fields),
        _ => bail!("it must have keys such as displayName and type"),
    }
}

/// Destinations to route to: a file of `apply`, or the output of
/// `list --output json`.
pub(crate) fn routable(text: &str) -> anyhow::Result<Destinations> {
    let entries = match yaml(text)? {
        Value::Array(list) if list.iter().all(|one| one.get("destinationId").is_some()) => {
            let read = |one| serde_json::from_value::<Destination>(one).map_err(Into::into);
            return list.into_iter().map(read).collect();
        }
        Value::Array(list) => entries(list)?,
        _ => parse(text)?,
    };
    entries
        .into_iter()
        .map(|entry| destination(entry.draft, None))
        .collect()
}

/// The destination that a draft describes, as routing needs it.
pub(crate) fn destination(
    draft: DestinationDraft,
    earlier: Option<&Destination>,
) -> anyhow::Result<Destination> {
    let id = earlier.map_or_else(DestinationId::generate, |one| one.destination_id);
    let provider = ProviderName::new(&draft.provider)?;
    Ok(draft.into_destination(id, provider))
}

fn yaml(text: &str) -> anyhow::Result<Value> {
    // The lines around an error can hold secrets.
    serde_saphyr::from_str(text)
        .map_err(|error| anyhow!("{}", error.without_snippet().to_string().trim_end()))
}

fn entries(list: Vec<Value>) -> anyhow::Result<Vec<Entry>> {
    let mut names = BTreeSet::new();
    let mut entries = Vec::new();
    for (at, one) in list.into_iter().enumerate() {
        let name = one.get("displayName").and_then(Value::as_str);
        let which = match name {
            Some(name) => format!("destination {} ({name:?})", at + 1),
            None => format!("destination {}", at + 1),
        };
        let entry = entry(one).context(which)?;
        if !names.insert(entry.draft.display_name.clone()) {
            bail!("two destinations are named {:?}", entry.draft.display_name);
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Separates a destination of a file from its secret.
fn entry(one: Value) -> anyhow::Result<Entry> {
    let Value::Object(mut fields) = one else {
        bail!("must have keys such as displayName and type");
    };
    let secret = fields.shift_remove(SECRET).unwrap_or_default();
    let draft = serde_json::from_value(Value::Object(fields))?;
    Ok(Entry { draft, secret })
}

/// The file that describes these destinations.
pub(crate) fn write(all: &[DestinationReport]) -> anyhow::Result<Text> {
    let list: Vec<Value> = all.iter().map(entry_of).collect::<Result<_, _>>()?;
    let document = Map::from_iter([(DESTINATIONS.to_owned(), list.into())]);
    let head = Text::lines(HEAD.lines().map(|line| text!("{}", line)));
    Ok(text!("{}\n{}", head, print::yaml(&document)?))
}

fn entry_of(report: &DestinationReport) -> anyhow::Result<Value> {
    let mut fields = description(report)?;
    if report.destination.secret_name.is_some() {
        fields.insert(SECRET.to_owned(), "keep".into());
    }
    Ok(fields.into())
}

/// A destination as a file describes it, without defaults.
pub(crate) fn description(report: &DestinationReport) -> anyhow::Result<Map<String, Value>> {
    let mut draft = DestinationDraft::from(report.destination.clone());
    if let (Some(fallback), Some(name)) = (&mut draft.fallback, &report.fallback_name) {
        fallback.destination.clone_from(name);
    }
    let Value::Object(mut fields) = serde_json::to_value(draft)? else {
        bail!("a destination is not an object");
    };
    fields.retain(|key, value| match value {
        Value::Bool(enabled) => !(key == "enabled" && *enabled),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        other => !other.is_null(),
    });
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tocsin_core::destination::{Enabled, Fallback};

    const FILE: &str = "\
destinations:
  - displayName: soc-chat
    type: slack
    severities: [MEDIUM, HIGH]
    secret: {webhookUrl: {env: SLACK_URL}}
  - displayName: fan-out
    type: sns
    enabled: false
    settings:
      topicArn: arn:aws:sns:us-east-1:123456789012:alerts
    fallback: {destination: soc-chat, afterMinutes: 30}
    retry: {windowHours: 48}
";

    fn refusal(text: &str) -> String {
        format!("{:#}", parse(text).unwrap_err())
    }

    #[test]
    fn a_file_is_read() {
        let entries = parse(FILE).unwrap();
        assert_eq!(entries[0].draft.display_name, "soc-chat");
        assert_eq!(
            entries[0].secret,
            json!({"webhookUrl": {"env": "SLACK_URL"}})
        );
        assert_eq!(entries[1].draft.enabled, Enabled::No);
        let fallback = entries[1].draft.fallback.as_ref().unwrap();
        assert_eq!(fallback.destination, "soc-chat");
        assert_eq!(fallback.after_minutes, Some(30));
        assert_eq!(entries[1].secret, Value::Null);
    }

    #[test]
    fn errors_name_the_key() {
        for (text, named) in [
            ("", "`destinations`"),
            ("- displayName: x", "`destinations`"),
            ("destinations: []\nversion: 1", "`version`"),
            (
                "destinations: [{type: slack}]",
                "destination 1: missing field `displayName`",
            ),
            (
                "destinations: [{displayName: a, type: slack, severitys: []}]",
                "(\"a\"): unknown field `severitys`",
            ),
            (
                "destinations: [{displayName: a, type: slack, severities: [URGENT]}]",
                "URGENT",
            ),
            (
                "destinations:\n- {displayName: a, type: x}\n- {displayName: a, type: x}",
                "two destinations are named \"a\"",
            ),
            ("destinations:\n  - displayName: [", "line"),
        ] {
            let message = refusal(text);
            assert!(message.contains(named), "{text:?}: {message}");
        }
    }

    #[test]
    fn an_error_does_not_show_the_lines_around_it() {
        let text = "destinations:\n  - displayName: a\n    token: PLANTED\n    bad: [\n";
        let message = refusal(text);
        assert!(
            message.contains("line") && !message.contains("PLANTED"),
            "{message}"
        );
    }

    fn report(name: &str) -> DestinationReport {
        let entry = parse(FILE)
            .unwrap()
            .into_iter()
            .find(|one| one.draft.display_name == name)
            .unwrap();
        let mut destination = destination(entry.draft, None).unwrap();
        destination.secret_name = (name == "soc-chat").then(|| "tocsin/slack/1".to_owned());
        destination.fallback = (name == "fan-out").then(|| Fallback {
            destination_id: DestinationId::generate(),
            after_minutes: Some(30),
        });
        DestinationReport {
            fallback_name: (name == "fan-out").then(|| "soc-chat".to_owned()),
            ..serde_json::from_value(serde_json::to_value(destination).unwrap()).unwrap()
        }
    }

    #[test]
    fn an_exported_file_is_read_back_unchanged() {
        let text = write(&[report("soc-chat"), report("fan-out")]).unwrap();
        let text = text.as_str();
        assert!(!text.contains("tocsin/slack/1"), "{text}");
        let back = parse(text).unwrap();
        assert_eq!(back[0].secret, json!("keep"));
        assert_eq!(back[1].secret, Value::Null);
        for (entry, was) in back.iter().zip(parse(FILE).unwrap()) {
            let (now, then) = (&entry.draft, &was.draft);
            assert_eq!(
                serde_json::to_value(now).unwrap(),
                serde_json::to_value(then).unwrap()
            );
        }
    }

    #[test]
    fn files_and_lists_can_be_routed_to() {
        let file = routable(FILE).unwrap();
        assert_eq!(file.iter().count(), 2);
        let listed = serde_json::to_string(&[report("soc-chat").destination]).unwrap();
        let listed = routable(&listed).unwrap();
        assert_eq!(listed.iter().next().unwrap().display_name, "soc-chat");
    }
}
