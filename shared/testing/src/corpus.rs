//! The alerts of every provider's snapshots.

use serde_json::{Value, json};
use tocsin_core::alert::{Alert, AlertType, Severity, limits};

use crate::{HOSTILE, alert, bare, full, full_json};

/// Named alerts: plain ones, each severity and type, empty and over-long fields, fields
/// of exactly the longest size, many scripts, and hostile texts.
#[must_use]
pub fn samples() -> Vec<(String, Alert)> {
    let mut samples = vec![
        ("full".to_owned(), full()),
        ("bare".to_owned(), bare()),
        ("scripts".to_owned(), scripts()),
        ("at_limits".to_owned(), at_limits()),
        ("over_limits".to_owned(), over_limits()),
        ("hostile".to_owned(), hostile()),
    ];
    for severity in Severity::ALL {
        samples.push(changed("severity", severity.as_str()));
    }
    for alert_type in AlertType::ALL {
        samples.push(changed("type", alert_type.as_str()));
    }
    samples
}

/// Whether a provider keeps a snapshot of this sample. Those of the severities and types
/// differ in one word, which another test shows.
#[must_use]
pub fn has_snapshot(name: &str) -> bool {
    !name.starts_with("severity_") && !name.starts_with("type_")
}

/// The alert [`full`] with `text` in each of these fields.
#[must_use]
pub fn with_texts(fields: &[&str], text: &str) -> Alert {
    let mut json = full_json();
    for field in fields {
        json[field] = json!(text);
    }
    alert(&json)
}

fn changed(field: &str, value: &str) -> (String, Alert) {
    let mut json = full_json();
    json[field] = json!(value);
    (format!("{field}_{}", value.to_lowercase()), alert(&json))
}

fn scripts() -> Alert {
    let mut json = full_json();
    json["title"] = json!("Schlüssel 鍵 مفتاح ключ 🔑 👩‍💻");
    json["description"] = json!("多言語の説明。\nZweite Zeile.");
    json["tags"] = json!(["größe", "日本", "🔥"]);
    alert(&json)
}

/// The largest alert that comes in uncut.
fn at_limits() -> Alert {
    let mut json = full_json();
    json["title"] = json!(exactly("title ", limits::TITLE));
    json["description"] = json!(exactly("description & more\n", limits::LONG_TEXT));
    json["runbook"] = json!(exactly("runbook <step>\n", limits::LONG_TEXT));
    json["tags"] = json!(
        (0..limits::TAGS)
            .map(|n| exactly(&format!("tag-{n:03}-"), limits::TAG))
            .collect::<Vec<_>>()
    );
    // An entry has 13 bytes beside its value: two pairs of quotes, the key, colon and comma.
    let entries = limits::CONTEXT / 1_024;
    json["alertContext"] = (0..entries)
        .map(|n| (format!("key{n:04}"), json!(exactly("value ", 1_024 - 13))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    alert(&json)
}

/// Exactly `bytes` bytes of ASCII that do not end in a space.
fn exactly(piece: &str, bytes: usize) -> String {
    let mut text = piece.repeat(bytes / piece.len() + 1);
    text.truncate(bytes - 1);
    text.push('.');
    text
}

fn over_limits() -> Alert {
    let mut json = full_json();
    json["title"] = json!("🔑 title ".repeat(300));
    json["name"] = json!("name ".repeat(300));
    json["description"] = json!("description & more\n".repeat(3_000));
    json["runbook"] = json!("runbook <step>\n".repeat(3_000));
    json["reference"] = json!("reference ".repeat(200));
    json["tags"] = json!(
        (0..200)
            .map(|n| format!("tag-{n}-{}", "x".repeat(60)))
            .collect::<Vec<_>>()
    );
    json["alertContext"] = (0..400)
        .map(|n| (format!("key{n}"), json!("value ".repeat(85))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    alert(&json)
}

fn hostile() -> Alert {
    let all = HOSTILE.join("\n");
    let mut json = full_json();
    json["id"] = json!("^javascript:Evil.Detection -->");
    json["title"] = json!(HOSTILE[..8].join(" "));
    json["name"] = json!(HOSTILE[8]);
    json["alertId"] = json!("b90c^javascript:--><!channel>");
    json["description"] = json!(all);
    json["runbook"] = json!(all);
    json["reference"] = json!(HOSTILE[..12].join(" "));
    json["tags"] = json!(HOSTILE);
    json["logTypes"] = json!(HOSTILE);
    json["version"] = json!(HOSTILE[4..10].join(" "));
    json["link"] = json!("https://siem.example.com/a|b>c<d\"e)f]g");
    json["alertContext"] = HOSTILE
        .iter()
        .map(|text| ((*text).to_owned(), Value::from(*text)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    alert(&json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_at_the_limits_comes_in_uncut() {
        let alert = at_limits();
        assert_eq!(alert.title.chars().count(), limits::TITLE);
        for text in [alert.description, alert.runbook] {
            assert_eq!(text.as_deref().map(str::len), Some(limits::LONG_TEXT));
        }
        assert_eq!(alert.tags.len(), limits::TAGS);
        assert!(alert.tags.iter().all(|tag| tag.len() == limits::TAG));
        let context = alert.alert_context.as_json().len();
        let nearly = limits::CONTEXT - 1_024..=limits::CONTEXT;
        assert!(nearly.contains(&context), "{context}");
    }

    #[test]
    fn hostile_texts_come_in_unchanged() {
        let alert = hostile();
        assert!(
            alert
                .reference
                .is_some_and(|text| text.contains(HOSTILE[0]))
        );
        assert!(alert.version.is_some_and(|text| text.contains(HOSTILE[4])));
        assert!(alert.log_types.len() > HOSTILE.len() / 2);
    }
}
