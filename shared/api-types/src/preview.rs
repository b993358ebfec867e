//! What would be sent, secrets masked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_core::alert::Severity;

/// Shows what would be sent; sends nothing.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PreviewMessage {
    /// The alert in any form that the alerts queue accepts.
    pub alert: Value,
    /// The destination that would get it.
    pub to: PreviewOf,
    /// How much of the alert to show.
    #[serde(default)]
    pub form: PreviewForm,
}

/// What a preview is made for.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PreviewOf {
    /// An existing destination: its id or display name.
    Destination(String),
    /// A destination that does not exist yet.
    Draft {
        /// Its provider.
        #[serde(rename = "type")]
        provider: String,
        /// Its settings.
        #[serde(default)]
        settings: Map<String, Value>,
    },
}

/// How much of the alert to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PreviewForm {
    /// The message of the first attempt.
    #[default]
    Full,
    /// Title, severity and link: sent after the provider refused the full message.
    Minimal,
}

/// What would be sent.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewReport {
    /// The provider.
    #[serde(rename = "type")]
    pub provider: String,
    /// The effective severity.
    pub severity: Severity,
    /// How much of the alert is shown.
    pub form: PreviewForm,
    /// The message.
    pub preview: Preview,
}

/// A message before it is sent. A placeholder takes the place of the credential,
/// which is not read; everything derived from it is shown as `[secret]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Preview {
    /// A request over HTTP.
    Request {
        /// The method, mostly `POST`.
        method: String,
        /// The URL.
        url: String,
        /// The headers, in order.
        headers: Vec<ShownHeader>,
        /// The exact body, with secrets masked.
        body: String,
    },
    /// A message to a topic or queue.
    Message {
        /// The topic's ARN, or the queue's URL.
        to: String,
        /// The e-mail subject, for topics.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// The exact body.
        body: String,
        /// The message attributes.
        attributes: BTreeMap<String, String>,
        /// The message group, for FIFO.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_id: Option<String>,
        /// The deduplication id, for FIFO.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deduplication_id: Option<String>,
        /// What was left out to make the message fit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
}

/// A header as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownHeader {
    /// The name, in lower case.
    pub name: String,
    /// The value; `[secret]` if it is one.
    pub value: String,
}
