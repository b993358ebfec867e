//! The fields of one JSON object, read one by one, so that an unusable field
//! costs itself and not the alert.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::error::AlertError;
use super::limits;
use super::note::Note;
use crate::text::{Unit, prefix, sanitize, truncate};

/// An object's unread fields, and the notes about those that were changed while reading.
pub(super) struct Fields<'a> {
    /// Put before a field's name in errors and notes: `routing.` or nothing.
    path: &'static str,
    raw: HashMap<String, &'a RawValue>,
    pub(super) notes: Vec<Note>,
}

/// How a text is bounded.
#[derive(Clone, Copy)]
pub(super) struct Bound(pub(super) usize, pub(super) Unit);

impl<'a> Fields<'a> {
    /// The fields of the object in `json`.
    pub(super) fn of(json: &'a str) -> Result<Self, AlertError> {
        serde_json::from_str(json)
            .map(|raw| Self {
                path: "",
                raw,
                notes: Vec::new(),
            })
            .map_err(|error| match error.classify() {
                serde_json::error::Category::Data => AlertError::NotObject {
                    found: kind(json.trim_start()),
                },
                _ => AlertError::NotJson {
                    detail: error.to_string(),
                },
            })
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.raw.contains_key(field)
    }

    /// The field's raw JSON; `None` when it is absent or null.
    fn get(&self, field: &str) -> Option<&'a RawValue> {
        self.raw
            .get(field)
            .copied()
            .filter(|value| value.get() != "null")
    }

    fn name(&self, field: &str) -> String {
        format!("{}{field}", self.path)
    }

    /// A text that must be present and not blank.
    pub(super) fn required(&mut self, field: &'static str) -> Result<Cow<'a, str>, AlertError> {
        let raw = self.get(field).ok_or(AlertError::Missing { field })?;
        let text = string(raw).ok_or_else(|| AlertError::WrongKind {
            field,
            expected: "a string",
            found: kind(raw.get()),
        })?;
        if text.trim().is_empty() {
            return Err(AlertError::Missing { field });
        }
        Ok(text)
    }

    /// A required text, bounded and sanitized.
    pub(super) fn required_text(
        &mut self,
        field: &'static str,
        bound: Bound,
    ) -> Result<String, AlertError> {
        let text = self.required(field)?;
        Ok(self.fit(field, &text, bound))
    }

    /// A text that may be absent. Numbers and booleans are read as texts, anything else
    /// is left out.
    pub(super) fn text(&mut self, field: &str, bound: Bound) -> Option<String> {
        let raw = self.get(field)?;
        let Some(text) = scalar(raw) else {
            self.set_aside(
                field,
                format!("expected a string, found {}", kind(raw.get())),
            );
            return None;
        };
        (!text.trim().is_empty()).then(|| self.fit(field, &text, bound))
    }

    /// A list of texts that may be absent (`None`). A single text counts as a
    /// list of one; entries that are not texts are left out.
    pub(super) fn list(&mut self, field: &str, most: usize) -> Option<Vec<String>> {
        let raw = self.get(field)?;
        let entries: Vec<&RawValue> = match serde_json::from_str(raw.get()) {
            Ok(entries) => entries,
            Err(_) if string(raw).is_some() => vec![raw],
            Err(_) => {
                self.set_aside(
                    field,
                    format!("expected a list of strings, found {}", kind(raw.get())),
                );
                return None;
            }
        };
        let mut texts = Vec::with_capacity(entries.len().min(most));
        for entry in entries.iter().take(most) {
            match scalar(entry) {
                Some(text) => texts.push(self.fit(field, &text, Bound(limits::TAG, Unit::Bytes))),
                None => self.set_aside(
                    field,
                    format!("expected strings in the list, found {}", kind(entry.get())),
                ),
            }
        }
        if entries.len() > most {
            let field = self.name(field);
            self.notes.push(Note::Cut {
                field,
                was: entries.len(),
                kept: most,
            });
        }
        Some(texts)
    }

    /// The fields of an object inside this one; empty when it is absent or not an object.
    pub(super) fn object(&mut self, field: &str, path: &'static str) -> Fields<'a> {
        let raw = match self.get(field) {
            None => HashMap::new(),
            Some(raw) => serde_json::from_str(raw.get()).unwrap_or_else(|_| {
                self.set_aside(
                    field,
                    format!("expected an object, found {}", kind(raw.get())),
                );
                HashMap::new()
            }),
        };
        Fields {
            path,
            raw,
            notes: Vec::new(),
        }
    }

    /// The detection's own data: an object of bounded size and depth.
    pub(super) fn context(&mut self, field: &str) -> Map<String, Value> {
        let Some(raw) = self.get(field) else {
            return Map::new();
        };
        let value = match serde_json::from_str(raw.get()) {
            Ok(value) if depth(&value) <= limits::CONTEXT_DEPTH => value,
            Ok(_) => return self.unreadable(field, raw, "it is nested too deeply"),
            Err(error) => return self.unreadable(field, raw, &error.to_string()),
        };
        let context = match value {
            Value::Object(map) => map,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        self.bounded(field, context)
    }

    fn unreadable(&mut self, field: &str, raw: &RawValue, why: &str) -> Map<String, Value> {
        self.set_aside(field, why.to_owned());
        let size = raw.get().len();
        Map::from_iter([(
            "_error".to_owned(),
            Value::String(format!("{field} ({size} bytes) was left out: {why}")),
        )])
    }

    /// Keeps entries in their order while there is room; each one that does not fit is
    /// replaced by a marker with its size.
    fn bounded(&mut self, field: &str, context: Map<String, Value>) -> Map<String, Value> {
        /// Room for the two braces and the last marker, which counts the entries without one.
        const RESERVE: usize = 200;
        let was = size(&context);
        if was <= limits::CONTEXT {
            return context;
        }
        let mut room = limits::CONTEXT - RESERVE;
        let mut kept = Map::new();
        let mut without_marker = 0usize;
        for (key, value) in context {
            // The quotes, colon and comma around an entry.
            let overhead = size(&key) + 2;
            let marker = Value::String(format!("… ({} bytes cut)", size(&value)));
            let fitting = [value, marker]
                .into_iter()
                .find(|candidate| overhead + size(candidate) <= room);
            match fitting {
                Some(value) => {
                    room -= overhead + size(&value);
                    kept.insert(key, value);
                }
                None => without_marker += 1,
            }
        }
        if without_marker > 0 {
            kept.insert(
                "_truncated".to_owned(),
                Value::String(format!("… ({without_marker} more entries cut)")),
            );
        }
        let field = self.name(field);
        self.notes.push(Note::Cut {
            field,
            was,
            kept: size(&kept),
        });
        kept
    }

    /// Sanitizes and bounds a text, and notes the changes.
    fn fit(&mut self, field: &str, text: &str, Bound(limit, unit): Bound) -> String {
        let shown = sanitize(text);
        if shown != text {
            self.notes.push(Note::Sanitized {
                field: self.name(field),
            });
        }
        let fitting = truncate(&shown, limit, unit);
        if fitting.len() < shown.len() {
            self.notes.push(Note::Cut {
                field: self.name(field),
                was: shown.len(),
                kept: fitting.len(),
            });
        }
        fitting.into_owned()
    }

    pub(super) fn set_aside(&mut self, field: &str, reason: String) {
        let field = self.name(field);
        self.notes.push(Note::SetAside { field, reason });
    }
}

fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw.get())
        .ok()
        .map(|text| text.0)
}

/// Borrows where the JSON text has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    string(raw).or_else(|| {
        matches!(kind(raw.get()), "a number" | "a boolean").then(|| Cow::Borrowed(raw.get()))
    })
}

/// The kind of a JSON value, for error messages.
fn kind(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The size of a value as compact JSON, in bytes.
pub(super) fn size<T: serde::Serialize>(value: &T) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        // Counting cannot fail, and JSON values always serialise.
        Err(_) => usize::MAX,
    }
}

/// An excerpt of a text for an error message.
pub(super) fn excerpt(text: &str) -> String {
    let shown = sanitize(prefix(text, 80, Unit::Characters)).into_owned();
    if shown.len() < text.len() {
        format!("{shown}…")
    } else {
        shown
    }
}
