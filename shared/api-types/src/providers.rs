//! The providers of a stack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_core::provider::form::Form;

/// Lists the providers that the stack has, each with its form.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListProviders {}

/// A provider, and what to ask a person for to configure a destination of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderDescription {
    /// The provider's name: the `type` of its destinations.
    pub name: String,
    /// The settings and credentials of its destinations.
    pub form: Form,
}
