//! Notes: what was changed in an alert on its way in.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change that was made to the alert when it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "note", rename_all = "camelCase")]
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
    /// A lone surrogate in a text was replaced by U+FFFD.
    LoneSurrogates,
    /// Another alert has the given id; this one got a derived id.
    Rekeyed {
        /// The given id.
        given: String,
    },
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
