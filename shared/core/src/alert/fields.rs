//! The fields of one JSON object, read one by one, so that an unusable field
//! costs itself and not the alert.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::context::Context;
use super::error::AlertError;
use super::limits;
use super::note::Note;
use crate::text::{Unit, hides, prefix, sanitize, truncate};

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

    /// Whether the field is there and not null.
    pub(super) fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
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
        let text = scalar(raw).ok_or_else(|| AlertError::WrongKind {
            field,
            expected: "a string",
            found: kind(raw.get()),
        })?;
        if text.trim().is_empty() {
            return Err(AlertError::Missing { field });
        }
        Ok(text)
    }

    /// A text, number or boolean as text; `None` where it is absent, null or another kind.
    pub(super) fn scalar(&self, field: &str) -> Option<Cow<'a, str>> {
        self.get(field).and_then(scalar)
    }

    /// A label whose field must be present: of a text or number what it says, of any other
    /// value its beginning, of an absent one `null`.
    pub(super) fn label(&self, field: &'static str) -> Result<Cow<'a, str>, AlertError> {
        let raw = self.raw.get(field).ok_or(AlertError::Missing { field })?;
        Ok(scalar(raw).unwrap_or_else(|| Cow::Borrowed(raw.get())))
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

    /// A list of texts that may be absent (`None`). A single text counts as a list of one;
    /// entries that are not texts are left out. A list of nothing else counts as absent,
    /// not as empty: an empty list of destinations means that nobody gets the alert.
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
        (!texts.is_empty() || entries.is_empty()).then_some(texts)
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

    /// The detection's own data: an object of bounded size and depth. What cannot be kept
    /// is replaced in its place, and noted.
    pub(super) fn context(&mut self, field: &str) -> Context {
        let Some(raw) = self.get(field) else {
            return Context::default();
        };
        let (context, replaced) = Context::read(raw.get());
        self.note_replaced(field, replaced.too_deep, "nested too deeply");
        let reason = "out of the range of numbers; their digits were kept as texts";
        self.note_replaced(field, replaced.numbers, reason);
        let was = context.as_json().len();
        if was <= limits::CONTEXT {
            return context;
        }
        let kept = context.within(limits::CONTEXT);
        let field = self.name(field);
        self.notes.push(Note::Cut {
            field,
            was,
            kept: kept.as_json().len(),
        });
        kept
    }

    fn note_replaced(&mut self, field: &str, count: usize, reason: &str) {
        if count > 0 {
            self.notes.push(Note::Replaced {
                field: self.name(field),
                count,
                reason: reason.to_owned(),
            });
        }
    }

    /// Notes that a field was read as something else than it says.
    pub(super) fn note_read_as(&mut self, field: &str, was: &str, read_as: String) {
        let field = self.name(field);
        self.notes.push(Note::ReadAs {
            field,
            was: excerpt(was),
            read_as,
        });
    }

    /// The field's own JSON text; `None` when it is absent or null.
    pub(super) fn json(&self, field: &str) -> Option<&'a str> {
        self.get(field).map(RawValue::get)
    }

    /// Sanitizes and bounds a text, and notes the changes.
    fn fit(&mut self, field: &str, text: &str, Bound(limit, unit): Bound) -> String {
        let shown = sanitize(text);
        if hides(text) {
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
