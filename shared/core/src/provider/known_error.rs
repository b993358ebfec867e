//! Tables of the error codes that a provider documents.

use crate::outcome::FailureKind;

/// One error code of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownError {
    /// The code, as the provider writes it.
    pub code: &'static str,
    /// The kind of failure that it means.
    pub kind: FailureKind,
    /// How to fix the cause, in addition to what the code says; empty if the code
    /// says enough.
    pub advice: &'static str,
}

impl KnownError {
    /// An entry of a table.
    #[must_use]
    pub const fn new(code: &'static str, kind: FailureKind, advice: &'static str) -> Self {
        Self { code, kind, advice }
    }

    /// `code (note; note)`, without the notes that are empty.
    #[must_use]
    pub fn explain(code: &str, notes: &[&str]) -> String {
        let notes: Vec<&str> = notes
            .iter()
            .copied()
            .filter(|note| !note.is_empty())
            .collect();
        if notes.is_empty() {
            code.to_owned()
        } else {
            format!("{code} ({})", notes.join("; "))
        }
    }
}
