//! Applying flags to the description of a destination.

use anyhow::Context;
use serde_json::{Map, Value};
use tocsin_api_types::FallbackDraft;
use tocsin_core::provider::form::Form;

use crate::args::{Changes, List};
use crate::document;
use crate::usage::Usage;

impl Changes {
    /// Applies the flags to `fields`, a destination as files describe it. With the
    /// provider's form, settings are read by their kind; without it, or if the form
    /// lacks them, as JSON or text.
    pub(super) fn apply(
        &self,
        fields: &mut Map<String, Value>,
        form: Option<&Form>,
    ) -> anyhow::Result<()> {
        if let Some(name) = &self.name {
            fields.insert("displayName".to_owned(), name.clone().into());
        }
        set_list(
            fields,
            "severities",
            List::entries::<Vec<_>>(&self.severities),
        );
        set_list(
            fields,
            "alertTypes",
            List::entries::<Vec<_>>(&self.alert_types),
        );
        set_list(fields, "logTypes", List::entries::<Vec<_>>(&self.log_types));
        self.apply_fallback(fields)?;
        self.apply_settings(fields, form)?;
        self.apply_retry(fields);
        Ok(())
    }

    fn apply_fallback(&self, fields: &mut Map<String, Value>) -> anyhow::Result<()> {
        let before = match fields.shift_remove("fallback") {
            None => None,
            Some(form) => serde_json::from_value::<Option<FallbackDraft>>(form)
                .context("`fallback` cannot be read")?,
        };
        let after_minutes = before.as_ref().and_then(|one| one.after_minutes);
        let name = match &self.fallback {
            None => before.map(|one| one.destination),
            Some(List::None) => None,
            Some(List::One(name)) => Some(name.clone()),
        };
        let Some(destination) = name else {
            if matches!(self.fallback_after, Some(List::One(_))) {
                return Err(Usage::error(
                    "--fallback-after needs a fallback: give one with --fallback",
                ));
            }
            return Ok(());
        };
        let draft = FallbackDraft {
            destination,
            after_minutes: match self.fallback_after {
                None => after_minutes,
                Some(List::None) => None,
                Some(List::One(minutes)) => Some(minutes),
            },
        };
        fields.insert("fallback".to_owned(), serde_json::to_value(draft)?);
        Ok(())
    }

    fn apply_settings(
        &self,
        fields: &mut Map<String, Value>,
        form: Option<&Form>,
    ) -> anyhow::Result<()> {
        if self.settings.is_empty() && self.settings_file.is_none() {
            return Ok(());
        }
        let mut settings = match (&self.settings_file, fields.get("settings")) {
            (Some(file), _) => document::parse_one(&file.read()?)?,
            (None, Some(Value::Object(settings))) => settings.clone(),
            (None, _) => Map::new(),
        };
        for setting in &self.settings {
            let value = match form.and_then(|one| one.setting(&setting.key)) {
                // A text can look like a number.
                Some(field) if setting.value != "null" => field.read(&setting.value),
                _ => setting.json(),
            };
            if value.is_null() {
                settings.shift_remove(&setting.key);
            } else {
                settings.insert(setting.key.clone(), value);
            }
        }
        fields.insert("settings".to_owned(), settings.into());
        Ok(())
    }

    fn apply_retry(&self, fields: &mut Map<String, Value>) {
        let mut limits = match fields.shift_remove("retry") {
            Some(Value::Object(limits)) => limits,
            _ => Map::new(),
        };
        set_limit(&mut limits, "windowHours", self.retry_hours.as_ref());
        set_limit(&mut limits, "mostAttempts", self.most_attempts.as_ref());
        if !limits.is_empty() {
            fields.insert("retry".to_owned(), limits.into());
        }
    }
}

fn set_list<T: ToString>(fields: &mut Map<String, Value>, key: &str, entries: Option<Vec<T>>) {
    if let Some(entries) = entries {
        let entries: Value = entries.iter().map(ToString::to_string).collect();
        fields.insert(key.to_owned(), entries);
    }
}

fn set_limit<T: Copy + Into<Value>>(
    limits: &mut Map<String, Value>,
    key: &str,
    given: Option<&List<T>>,
) {
    match given {
        None => {}
        Some(List::None) => {
            limits.shift_remove(key);
        }
        Some(List::One(limit)) => {
            limits.insert(key.to_owned(), (*limit).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command, DestinationsCommand};
    use clap::Parser;
    use serde_json::json;
    use tocsin_core::provider::form::FormField;

    fn form() -> Form {
        Form {
            settings: vec![
                FormField::list("projects", "Projects"),
                FormField::text("issueType", "Type"),
                FormField::text("assignee", "Assignee"),
            ],
            auth_methods: Vec::new(),
        }
    }

    fn changed(flags: &[&str], from: &Value) -> Value {
        try_change(flags, from).unwrap()
    }

    fn try_change(flags: &[&str], from: &Value) -> anyhow::Result<Value> {
        let line = ["tocsin", "destinations", "edit", "x"].iter().chain(flags);
        let Command::Destinations(DestinationsCommand::Edit(args)) =
            Args::try_parse_from(line).unwrap().command
        else {
            panic!("that is `edit`");
        };
        assert_eq!(args.changes.any(), !flags.is_empty());
        let mut fields = from.as_object().unwrap().clone();
        args.changes.apply(&mut fields, Some(&form()))?;
        Ok(fields.into())
    }

    #[test]
    fn a_fallback_has_a_name_and_perhaps_a_time() {
        let timed =
            |name: &str, minutes: u16| json!({"destination": name, "afterMinutes": minutes});
        for (before, flags, after) in [
            (json!(null), &["--fallback", "b"][..], json!("b")),
            (
                json!(null),
                &["--fallback", "b", "--fallback-after", "10"],
                timed("b", 10),
            ),
            (json!("b"), &["--fallback-after", "10"], timed("b", 10)),
            (timed("b", 10), &["--fallback", "c"], timed("c", 10)),
            (timed("b", 10), &["--fallback-after", "none"], json!("b")),
            (timed("b", 10), &["--fallback", "none"], json!(null)),
            (timed("b", 10), &["--name", "x"], timed("b", 10)),
            (json!(null), &["--fallback-after", "none"], json!(null)),
        ] {
            let changed = changed(flags, &json!({"fallback": before}));
            let fallback = changed.get("fallback").cloned().unwrap_or_default();
            assert_eq!(fallback, after, "{flags:?}");
        }
        let error = try_change(&["--fallback-after", "10"], &json!({})).unwrap_err();
        assert!(error.is::<Usage>(), "{error}");
    }

    #[test]
    fn flags_change_what_they_name() {
        let from = json!({
            "displayName": "a", "type": "asana", "severities": ["LOW"], "fallback": "b",
            "settings": {"projects": ["1"], "assignee": "me"}, "retry": {"windowHours": 2},
        });
        assert_eq!(changed(&[], &from), from);
        let flags = [
            "--name",
            "c",
            "--severity",
            "high,CRITICAL",
            "--fallback",
            "none",
            "--setting",
            "projects=12,34",
            "--setting",
            "assignee=null",
            "--retry-hours",
            "none",
            "--most-attempts",
            "3",
        ];
        assert_eq!(
            changed(&flags, &from),
            json!({
                "displayName": "c", "type": "asana", "severities": ["HIGH", "CRITICAL"],
                "settings": {"projects": ["12", "34"]}, "retry": {"mostAttempts": 3},
            })
        );
        let emptied = changed(&["--severity", "none", "--retry-hours", "none"], &from);
        assert_eq!(emptied["severities"], json!([]));
        assert_eq!(emptied.get("retry"), None);
    }

    #[test]
    fn names_that_look_like_numbers_stay_names() {
        let from = json!({"type": "jira"});
        let settings = &changed(
            &[
                "--setting",
                "issueType=10001",
                "--setting",
                "labels=[\"a\"]",
            ],
            &from,
        )["settings"];
        assert_eq!(*settings, json!({"issueType": "10001", "labels": ["a"]}));
    }
}
