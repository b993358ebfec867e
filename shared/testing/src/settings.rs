//! The table of valid and invalid destinations of a provider, `src/tests/settings.json`.
//!
//! ```json
//! {
//!   "valid": [{"settings": {…}, "secret": {…}}, …],
//!   "invalid": [{"settings": {…}, "secret": {…}, "field": "…", "problem": "…"}, …]
//! }
//! ```
//!
//! An invalid row changes the members of the first valid destination, or of the one
//! with the index `base`; `null` removes a member. `field` is the field that the error
//! must name, and `problem` a part of its text. A provider without a secret has `null`.

use std::fmt::Write;

use serde_json::{Map, Value};
use tocsin_core::provider::{FieldError, Provider, Secrets, read_settings};
use tocsin_sender::messaging::{AwsProvider, OwnEndpoints, check_settings};

type Checked = Result<(), FieldError>;

/// The valid destinations of a table: settings and secret.
///
/// # Panics
///
/// If `table` does not have the form above.
#[must_use]
pub fn valid_destinations(table: &str) -> Vec<(Map<String, Value>, Option<Secrets>)> {
    let table: Value = serde_json::from_str(table).expect("a JSON table");
    entries(&table, "valid").iter().map(destination).collect()
}

/// Checks a provider over HTTP with its table.
///
/// # Panics
///
/// If a valid destination is rejected, or an invalid one is accepted, is rejected for
/// another field, or has its secret in the error. Lists all such rows.
pub fn check_provider_settings<P: Provider>(provider: &P, table: &str) {
    check_table(table, |settings, secret| {
        let settings: P::Settings = read_settings(settings)?;
        let none = Secrets::new("{}".to_owned());
        let secret: P::Secret = secret.unwrap_or(&none).read()?;
        provider.check(&settings, &secret)
    });
}

/// Checks an AWS provider with its table.
///
/// # Panics
///
/// As [`check_provider_settings`].
pub fn check_messaging_settings<P: AwsProvider>(table: &str) {
    check_table(table, |settings, secret| {
        assert!(secret.is_none(), "an AWS provider has no secret");
        check_settings::<P>(settings, &OwnEndpoints::default())
    });
}

fn check_table(table: &str, check: impl Fn(&Map<String, Value>, Option<&Secrets>) -> Checked) {
    let mut wrong = String::new();
    for (settings, secret) in valid_destinations(table) {
        if let Err(error) = check(&settings, secret.as_ref()) {
            let _ = writeln!(wrong, "valid, but rejected: {settings:?}: {error}");
        }
    }
    let table: Value = serde_json::from_str(table).expect("a JSON table");
    let valid = entries(&table, "valid");
    for row in entries(&table, "invalid") {
        let base = row["base"].as_u64().unwrap_or_default();
        let base = usize::try_from(base).expect("an index");
        let mut changed = valid.get(base).expect("a valid destination").clone();
        merge(&mut changed["settings"], &row["settings"]);
        merge(&mut changed["secret"], &row["secret"]);
        let (settings, secret) = destination(&changed);
        if let Err(problem) = judge(row, check(&settings, secret.as_ref())) {
            let _ = writeln!(wrong, "{problem}: {row}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Whether a row was rejected as it says.
fn judge(row: &Value, checked: Checked) -> Result<(), String> {
    let Err(error) = checked else {
        return Err("invalid, but accepted".to_owned());
    };
    let problem = row["problem"].as_str().unwrap_or_default();
    if row["field"] != error.field.as_str() || !error.problem.contains(problem) {
        return Err(format!("rejected for another reason, {error}"));
    }
    if error.to_string().contains("PLANTED") {
        return Err(format!("the error contains the secret, {error}"));
    }
    Ok(())
}

fn destination(entry: &Value) -> (Map<String, Value>, Option<Secrets>) {
    let settings = entry["settings"].as_object().expect("settings");
    let secret = &entry["secret"];
    let secret = (!secret.is_null()).then(|| Secrets::new(secret.to_string()));
    (settings.clone(), secret)
}

fn entries<'a>(table: &'a Value, name: &str) -> &'a [Value] {
    let entries = table[name].as_array().expect("a list");
    assert!(!entries.is_empty(), "the table has no {name} rows");
    entries
}

fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => {
                let members = into.as_object_mut().expect("an object");
                members.shift_remove(name);
            }
            value => into[name] = value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{
        "valid": [{"settings": {"name": "x"}, "secret": {"key": "PLANTED"}}],
        "invalid": [{"settings": {"name": null}, "field": "settings.name", "problem": "missing"}]
    }"#;

    fn rejected(field: &str, problem: &str) -> Checked {
        Err(FieldError::new(field, problem))
    }

    #[test]
    fn a_table_that_holds_passes() {
        check_table(TABLE, |settings, _| match settings.get("name") {
            Some(_) => Ok(()),
            None => rejected("settings.name", "is missing"),
        });
    }

    #[test]
    fn every_way_not_to_hold_is_told() {
        let row = serde_json::json!({"field": "settings.name", "problem": "missing"});
        for (checked, told) in [
            (Ok(()), "accepted"),
            (rejected("settings", "is missing"), "another reason"),
            (rejected("settings.name", "is long"), "another reason"),
            (
                rejected("settings.name", "missing PLANTED"),
                "contains the secret",
            ),
        ] {
            let problem = judge(&row, checked).unwrap_err();
            assert!(problem.contains(told), "{problem}");
        }
        assert_eq!(judge(&row, rejected("settings.name", "is missing")), Ok(()));
    }
}
