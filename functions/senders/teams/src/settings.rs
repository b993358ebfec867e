//! The settings of a Teams destination.

use serde::{Deserialize, Serialize};

/// The settings of a Teams destination: the application that calls a workflow which only
/// its tenant may use.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// The id or a domain of the workflow's tenant.
    pub tenant_id: Option<String>,
    /// The id of the application in Entra.
    pub client_id: Option<String>,
}
