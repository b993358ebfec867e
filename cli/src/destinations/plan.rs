//! A plan of changes as text: `+` is added, `~` is changed, `-` is deleted.

use serde_json::{Map, Value};
use tocsin_api_types::{ChangeKind, ChangeResult, SecretChange};

use super::sources::{Plan, SentField, SourcedChange, secret_change};
use crate::print::{Named, Style, Text, text};

impl Named for Plan {
    /// The destinations that change.
    fn names(&self) -> Option<Vec<String>> {
        let all = self.changes.iter().map(|one| &one.change);
        let changed = all.filter(|one| one.kind != ChangeKind::Unchanged);
        Some(changed.map(|one| one.display_name.clone()).collect())
    }
}

/// The planned changes.
pub(super) fn render_plan(plan: &Plan) -> Text {
    let mut lines: Vec<Text> = plan.changes.iter().flat_map(change).collect();
    lines.push(summary(plan));
    Text::lines(lines)
}

/// The result of a plan that was printed before.
pub(super) fn render_result(result: &Plan) -> Text {
    let changes = || result.changes.iter().map(|one| &one.change);
    let failures = changes().filter_map(|one| match &one.result {
        ChangeResult::Failed(error) => Some(text!(
            "{} {:?}: {}",
            Style::Error.paint("failed"),
            one.display_name,
            error
        )),
        ChangeResult::Planned | ChangeResult::Nothing | ChangeResult::Done => None,
    });
    let mut lines: Vec<_> = failures.collect();
    let done = changes()
        .filter(|one| one.result == ChangeResult::Done)
        .count();
    if done == 0 && lines.is_empty() {
        return nothing_to_change(result);
    }
    lines.push(text!(
        "Done: {}. Lists find them at once, severities within 30 seconds.",
        crate::print::count(done, "change", "changes")
    ));
    Text::lines(lines)
}

fn change(one: &SourcedChange) -> Vec<Text> {
    let name = &one.change.display_name;
    let mut lines = match &one.change.kind {
        ChangeKind::Unchanged => return Vec::new(),
        ChangeKind::Delete => vec![Style::Error.paint(text!("- {}", name))],
        ChangeKind::Add { secret } => {
            let with = match secret {
                SecretChange::None | SecretChange::Kept => "",
                SecretChange::Set | SecretChange::Replaced => ", with its secret",
            };
            vec![Style::Success.paint(text!("+ {}{}", name, with))]
        }
        ChangeKind::Update { fields, .. } => {
            let mut lines = vec![Style::Pending.paint(text!("~ {}", name))];
            lines.extend(
                fields
                    .iter()
                    .map(|one| difference(&one.field, &one.before, &one.after)),
            );
            lines
        }
    };
    let sent = one.secret_fields.iter();
    lines.extend(sent.map(|field| text!("    {}", field.line())));
    if let ChangeKind::Update { secret, .. } = &one.change.kind {
        lines.extend(secret_note(*secret, &one.secret_fields));
    }
    lines
}

/// What happens to the secret of a destination that exists.
fn secret_note(secret: SecretChange, sent: &[SentField]) -> Option<Text> {
    match secret {
        SecretChange::None | SecretChange::Kept => None,
        SecretChange::Set => Some(text!("    secret: set")),
        SecretChange::Replaced if sent.iter().any(SentField::has_value) => {
            Some(text!("    secret: replaced, unless it is the stored one"))
        }
        SecretChange::Replaced => Some(text!("    secret: replaced")),
    }
}

/// Whether nothing else changes than perhaps the secret.
fn has_only_a_secret(one: &SourcedChange) -> bool {
    let ChangeKind::Update { fields, .. } = &one.change.kind else {
        return false;
    };
    fields.is_empty()
        && secret_change(&one.change.kind) == SecretChange::Replaced
        && one.secret_fields.iter().any(SentField::has_value)
}

fn summary(plan: &Plan) -> Text {
    let count = |wanted: fn(&SourcedChange) -> bool| {
        let all = plan.changes.iter();
        all.filter(|one| wanted(one)).count()
    };
    let unchanged = count(|one| matches!(one.change.kind, ChangeKind::Unchanged));
    if unchanged == plan.changes.len() {
        return nothing_to_change(plan);
    }
    let compared = match count(has_only_a_secret) {
        0 => text!(""),
        number => text!(", {} whose secret is compared", number),
    };
    text!(
        "Plan: {} to add, {} to change, {} to delete, {} unchanged{}.",
        count(|one| matches!(one.change.kind, ChangeKind::Add { .. })),
        count(|one| matches!(one.change.kind, ChangeKind::Update { .. }) && !has_only_a_secret(one)),
        count(|one| matches!(one.change.kind, ChangeKind::Delete)),
        unchanged,
        compared
    )
}

fn nothing_to_change(plan: &Plan) -> Text {
    text!("No change: {} up to date.", plan.changes.len())
}

/// The differences between two descriptions, setting by setting.
pub(super) fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Text> {
    compare("", before, after)
}

fn compare(prefix: &str, before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Text> {
    let mut keys: Vec<_> = before.keys().collect();
    keys.extend(after.keys().filter(|key| !before.contains_key(*key)));
    let mut lines = Vec::new();
    for key in keys {
        let (was, is) = (before.get(key), after.get(key));
        let path = format!("{prefix}{key}");
        let none = Map::new();
        match (was, is) {
            _ if was == is => {}
            (Some(Value::Object(was)), None) if prefix.is_empty() => {
                lines.extend(compare(&format!("{path}."), was, &none));
            }
            (None, Some(Value::Object(is))) if prefix.is_empty() => {
                lines.extend(compare(&format!("{path}."), &none, is));
            }
            (Some(Value::Object(was)), Some(Value::Object(is))) => {
                lines.extend(compare(&format!("{path}."), was, is));
            }
            _ => lines.push(difference(
                &path,
                was.unwrap_or(&Value::Null),
                is.unwrap_or(&Value::Null),
            )),
        }
    }
    lines
}

fn difference(field: &str, before: &Value, after: &Value) -> Text {
    let side = |value: &Value| match value {
        Value::Null => text!("nothing"),
        value => Text::json(&value.to_string()),
    };
    text!(
        "    {}: {} → {}",
        field,
        Style::Error.paint(side(before)),
        Style::Success.paint(side(after))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destinations::sources::Sources;
    use crate::secret::{Source, SourcedField};
    use serde_json::json;

    fn plain(text: &Text) -> String {
        anstream::adapter::strip_str(text.as_str()).to_string()
    }

    fn plan(report: Value, sources: &[(&str, &str, Source)]) -> Plan {
        let mut all = Sources::default();
        for (name, field, source) in sources {
            let field = (*field).to_owned();
            let source = source.clone();
            all.add(name, vec![SourcedField { field, source }]);
        }
        all.with(serde_json::from_value(report).unwrap())
    }

    fn env(name: &str) -> Source {
        Source::Env(name.to_owned())
    }

    #[test]
    fn a_plan_is_readable() {
        let plan = plan(
            json!({"dryRun": true, "changes": [
                {"displayName": "new", "change": "add", "secret": "set", "result": {"state": "planned"},
                 "secretHosts": ["hooks.slack.com"]},
                {"displayName": "other", "change": "update", "secret": "replaced", "result": {"state": "planned"},
                 "fields": [{"field": "settings.projectKey", "before": "SEC", "after": "SOC"},
                            {"field": "severities", "before": null, "after": ["HIGH"]}],
                 "secretHosts": ["jira.example.com:8443", "login.example.com"]},
                {"displayName": "given", "change": "update", "secret": "replaced", "fields": [],
                 "result": {"state": "planned"}, "secretHosts": ["events.pagerduty.com"]},
                {"displayName": "named", "change": "update", "secret": "replaced", "fields": [],
                 "result": {"state": "planned"}},
                {"displayName": "shared", "change": "update", "secret": "set", "fields": [],
                 "result": {"state": "planned"}, "secretHosts": ["jira.example.com"]},
                {"displayName": "same", "change": "unchanged", "result": {"state": "nothing"}},
                {"displayName": "old", "change": "delete", "result": {"state": "planned"}},
            ]}),
            &[
                ("new", "secret.webhookUrl", env("SOC_CHAT_URL")),
                (
                    "other",
                    "secret.token",
                    Source::File("secrets/jira".to_owned()),
                ),
                ("given", "secret.routingKey", env("ON_CALL\n- all")),
                (
                    "named",
                    "secret",
                    Source::SecretsManager("tocsin/slack/x".to_owned()),
                ),
                (
                    "shared",
                    "secret",
                    Source::SecretsManager("tocsin/jira/x".to_owned()),
                ),
                ("same", "secret.x", env("KEPT")),
            ],
        );
        assert_eq!(
            plain(&render_plan(&plan)),
            "+ new, with its secret\n    secret.webhookUrl: env SOC_CHAT_URL → hooks.slack.com\n\
             ~ other\n    settings.projectKey: \"SEC\" → \"SOC\"\n    severities: nothing → [\"HIGH\"]\n    \
             secret.token: file secrets/jira → jira.example.com:8443, login.example.com\n    \
             secret: replaced, unless it is the stored one\n\
             ~ given\n    secret.routingKey: env \"ON_CALL\\n- all\" → events.pagerduty.com\n    \
             secret: replaced, unless it is the stored one\n\
             ~ named\n    secret: secretsManager tocsin/slack/x → the address in this secret\n    \
             secret: replaced\n\
             ~ shared\n    secret: secretsManager tocsin/jira/x → jira.example.com, and the address in this secret if it holds one\n    \
             secret: set\n\
             - old\n\
             Plan: 1 to add, 3 to change, 1 to delete, 1 unchanged, 1 whose secret is compared."
        );
        let json = serde_json::to_value(&plan).unwrap();
        assert_eq!(json["dryRun"], true);
        assert_eq!(json["changes"][0]["change"], "add");
        assert_eq!(
            json["changes"][0]["secretFields"],
            json!([{"field": "secret.webhookUrl", "source": {"env": "SOC_CHAT_URL"}, "hosts": ["hooks.slack.com"]}])
        );
        assert_eq!(json["changes"][5].get("secretFields"), None);
    }

    #[test]
    fn an_older_stack_reports_no_hosts() {
        let plan = plan(
            json!({"dryRun": true, "changes": [
                {"displayName": "new", "change": "add", "secret": "set", "result": {"state": "planned"}},
            ]}),
            &[("new", "secret.webhookUrl", env("URL"))],
        );
        let text = plain(&render_plan(&plan));
        let line = "secret.webhookUrl: env URL → hosts that this stack does not report";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_result_names_failures_and_what_was_done() {
        let failed = plan(
            json!({"dryRun": false, "changes": [
                {"displayName": "a", "change": "delete", "result": {"state": "done"}},
                {"displayName": "b", "change": "delete",
                 "result": {"state": "failed", "error": {"code": "UNAVAILABLE", "message": "too busy"}}},
            ]}),
            &[],
        );
        let text = plain(&render_result(&failed));
        assert!(
            text.starts_with("failed \"b\": too busy\nDone: 1 change."),
            "{text}"
        );
        // Its secret was the stored one.
        let same = plan(
            json!({"dryRun": false, "changes": [
                {"displayName": "a", "change": "unchanged", "result": {"state": "nothing"}},
            ]}),
            &[("a", "secret.x", env("X"))],
        );
        assert_eq!(plain(&render_result(&same)), "No change: 1 up to date.");
    }

    #[test]
    fn descriptions_are_compared_by_their_settings() {
        let before =
            json!({"displayName": "a", "severities": ["LOW"], "settings": {"x": 1, "y": {"z": 1}}});
        let after = json!({"displayName": "a", "settings": {"x": 2, "y": {"z": 1, "w": 2}}, "retry": {"windowHours": 2}});
        let lines: Vec<_> = differences(before.as_object().unwrap(), after.as_object().unwrap())
            .iter()
            .map(plain)
            .collect();
        assert_eq!(
            lines,
            [
                "    severities: [\"LOW\"] → nothing",
                "    settings.x: 1 → 2",
                "    settings.y.w: nothing → 2",
                "    retry.windowHours: nothing → 2",
            ]
        );
        assert!(differences(before.as_object().unwrap(), before.as_object().unwrap()).is_empty());
    }
}
