//! Notes: what was changed in an alert on its way in.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change that was made to the alert when it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "note",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Note {
    /// The field was longer than its limit and was cut.
    Cut {
        /// The name of the field.
        field: String,
        /// Its length as it came: bytes for texts, a count for lists.
        was: usize,
        /// How much of that was kept.
        kept: usize,
    },
    /// Characters that cannot be shown were replaced by U+FFFD.
    #[serde(rename = "neutralised")]
    Sanitized {
        /// The name of the field.
        field: String,
    },
    /// The field was unusable and was left out.
    SetAside {
        /// The name of the field.
        field: String,
        /// Why it was unusable.
        reason: String,
    },
    /// Values in the field could not be kept, and were replaced in their places.
    Replaced {
        /// The name of the field.
        field: String,
        /// How many.
        count: usize,
        /// Why they could not be kept.
        reason: String,
    },
    /// The field does not hold what it must, and was read as the next best.
    ReadAs {
        /// The name of the field.
        field: String,
        /// The beginning of what it held.
        was: String,
        /// What it was read as.
        read_as: String,
    },
    /// The message was not JSON, and was read all the same.
    Repaired {
        /// What was not JSON in it.
        what: String,
    },
    /// A lone surrogate in a text was replaced by U+FFFD.
    LoneSurrogates,
    /// Another alert has the given id; this one got a derived id.
    Rekeyed {
        /// The given id.
        given: String,
    },
    /// A change that a newer version of Tocsin made.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { field, was, kept } => write!(f, "`{field}` was cut from {was} to {kept}"),
            Self::Sanitized { field } => {
                write!(
                    f,
                    "`{field}` held characters that cannot be shown; they were replaced by U+FFFD"
                )
            }
            Self::SetAside { field, reason } => write!(f, "`{field}` was left out: {reason}"),
            Self::Replaced {
                field,
                count,
                reason,
            } => write!(f, "`{field}`: values replaced: {count} ({reason})"),
            Self::ReadAs {
                field,
                was,
                read_as,
            } => write!(f, "`{field}` was {was:?} and was read as {read_as}"),
            Self::Repaired { what } => write!(
                f,
                "the message was not JSON ({what}) and was read all the same"
            ),
            Self::Unknown => f.write_str("a change that only a newer version can name"),
            Self::LoneSurrogates => {
                f.write_str("a lone surrogate in a text was replaced by U+FFFD")
            }
            Self::Rekeyed { given } => {
                write!(
                    f,
                    "the id {given:?} belongs to another alert; this one got an id of its own"
                )
            }
        }
    }
}
