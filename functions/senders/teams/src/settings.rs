//! The settings of a Teams destination.

use serde::{Deserialize, Serialize};

/// The settings of a Teams destination: none.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {}
