//! Notes: what was changed in an alert on its way in.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that was mended or set aside when the alert came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "note", rename_all = "camelCase")]
pub enum Note {
    /// The field was longer than its limit.
    Cut {
        /// Which field.
        field: String,
        /// Its length as it came: bytes for texts, a count for lists.
        was: usize,
        /// What of that was kept.
        kept: usize,
    },
    /// Characters of the field could not be shown and were replaced.
    Neutralised {
        /// Which field.
        field: String,
    },
    /// The field was unusable and was left out.
    SetAside {
        /// Which field.
        field: String,
        /// What was wrong with it.
        reason: String,
    },
    /// Half a surrogate pair stood in a text; it is U+FFFD now.
    LoneSurrogates,
    /// The alert's id had already been used for another alert; this one got its own.
    Rekeyed {
        /// The id as it came.
        given: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { field, was, kept } => write!(f, "`{field}` was cut from {was} to {kept}"),
            Self::Neutralised { field } => {
                write!(
                    f,
                    "`{field}` held characters that cannot be shown; they are U+FFFD now"
                )
            }
            Self::SetAside { field, reason } => write!(f, "`{field}` was left out: {reason}"),
            Self::LoneSurrogates => {
                f.write_str("half a surrogate pair stood in a text; it is U+FFFD now")
            }
            Self::Rekeyed { given } => {
                write!(
                    f,
                    "the id {given:?} belongs to another alert; this one got its own"
                )
            }
        }
    }
}
