//! A plan of changes as text: `+` is added, `~` is changed, `-` is deleted.

use serde_json::{Map, Value};
use tocsin_api_types::{ApplyReport, Change, ChangeKind, ChangeResult, SecretChange};

use crate::print::{Named, Style, Text, text};

/// The planned changes.
impl Named for ApplyReport {
    /// The destinations that change.
    fn names(&self) -> Option<Vec<String>> {
        let all = self.changes.iter();
        let changed = all.filter(|one| one.kind != ChangeKind::Unchanged);
        Some(changed.map(|one| one.display_name.clone()).collect())
    }
}

pub(super) fn render_plan(report: &ApplyReport) -> Text {
    let mut lines: Vec<Text> = report.changes.iter().flat_map(change).collect();
    lines.push(summary(report));
    Text::lines(lines)
}

/// The result of a plan that was printed before.
pub(super) fn render_result(report: &ApplyReport) -> Text {
    let failures = report.changes.iter().filter_map(|one| match &one.result {
        ChangeResult::Failed(error) => Some(text!(
            "{} {:?}: {}",
            Style::Error.paint("failed"),
            one.display_name,
            error
        )),
        ChangeResult::Planned | ChangeResult::Nothing | ChangeResult::Done => None,
    });
    let done = report
        .changes
        .iter()
        .filter(|one| one.result == ChangeResult::Done)
        .count();
    let mut lines: Vec<_> = failures.collect();
    lines.push(text!(
        "Done: {}. Lists find them at once, severities within 30 seconds.",
        crate::print::count(done, "change", "changes")
    ));
    Text::lines(lines)
}

fn change(change: &Change) -> Vec<Text> {
    let name = &change.display_name;
    match &change.kind {
        ChangeKind::Unchanged => Vec::new(),
        ChangeKind::Delete => vec![Style::Error.paint(text!("- {}", name))],
        ChangeKind::Add { secret } => {
            let with = match secret {
                SecretChange::None | SecretChange::Kept => "",
                SecretChange::Set | SecretChange::Replaced => ", with its secret",
            };
            vec![Style::Success.paint(text!("+ {}{}", name, with))]
        }
        ChangeKind::Update { fields, secret } => {
            let mut lines = vec![Style::Pending.paint(text!("~ {}", name))];
            lines.extend(
                fields
                    .iter()
                    .map(|one| difference(&one.field, &one.before, &one.after)),
            );
            match secret {
                SecretChange::None | SecretChange::Kept => {}
                SecretChange::Set => lines.push(text!("    secret: set")),
                SecretChange::Replaced => lines.push(text!("    secret: replaced")),
            }
            lines
        }
    }
}

fn summary(report: &ApplyReport) -> Text {
    let count = |wanted: fn(&ChangeKind) -> bool| {
        report
            .changes
            .iter()
            .filter(|one| wanted(&one.kind))
            .count()
    };
    let unchanged = count(|kind| matches!(kind, ChangeKind::Unchanged));
    if unchanged == report.changes.len() {
        return text!("No change: {} up to date.", unchanged);
    }
    text!(
        "Plan: {} to add, {} to change, {} to delete, {} unchanged.",
        count(|kind| matches!(kind, ChangeKind::Add { .. })),
        count(|kind| matches!(kind, ChangeKind::Update { .. })),
        count(|kind| matches!(kind, ChangeKind::Delete)),
        unchanged
    )
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
    use serde_json::json;

    fn plain(text: &Text) -> String {
        anstream::adapter::strip_str(text.as_str()).to_string()
    }

    #[test]
    fn a_plan_is_readable() {
        let report: ApplyReport = serde_json::from_value(json!({
            "dryRun": true,
            "changes": [
                {"displayName": "new", "change": "add", "secret": "set", "result": {"state": "planned"}},
                {"displayName": "other", "change": "update", "secret": "replaced", "result": {"state": "planned"},
                 "fields": [{"field": "settings.projectKey", "before": "SEC", "after": "SOC"},
                            {"field": "severities", "before": null, "after": ["HIGH"]}]},
                {"displayName": "same", "change": "unchanged", "result": {"state": "nothing"}},
                {"displayName": "old", "change": "delete", "result": {"state": "planned"}},
            ],
        }))
        .unwrap();
        assert_eq!(
            plain(&render_plan(&report)),
            "+ new, with its secret\n\
             ~ other\n    settings.projectKey: \"SEC\" → \"SOC\"\n    severities: nothing → [\"HIGH\"]\n    secret: replaced\n\
             - old\n\
             Plan: 1 to add, 1 to change, 1 to delete, 1 unchanged."
        );
    }

    #[test]
    fn failed_changes_are_named() {
        let report: ApplyReport = serde_json::from_value(json!({
            "dryRun": false,
            "changes": [
                {"displayName": "a", "change": "delete", "result": {"state": "done"}},
                {"displayName": "b", "change": "delete",
                 "result": {"state": "failed", "error": {"code": "UNAVAILABLE", "message": "too busy"}}},
            ],
        }))
        .unwrap();
        let text = plain(&render_result(&report));
        assert!(
            text.starts_with("failed \"b\": too busy\nDone: 1 change."),
            "{text}"
        );
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
