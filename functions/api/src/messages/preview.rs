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
    /// The alert in any form that the queue takes.
    pub alert: Value,
    /// What it would be sent to.
    pub to: PreviewOf,
    /// How much of the alert.
    #[serde(default)]
    pub form: PreviewForm,
}

/// What a preview is made for.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PreviewOf {
    /// A destination there is: its id or display name.
    Destination(String),
    /// One that may come to be.
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
    /// What is sent first.
    #[default]
    Full,
    /// What is sent when the whole was refused.
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
    /// How much of the alert.
    pub form: PreviewForm,
    /// The message.
    pub preview: Preview,
}

/// A message before it is sent. The credential is a made-up one, since nothing
/// reads the real one here; whatever comes of it is `[secret]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Preview {
    /// A request over HTTP.
    Request {
        /// `POST`, as a rule.
        method: String,
        /// Where to.
        url: String,
        /// In order.
        headers: Vec<ShownHeader>,
        /// The exact body, but for secrets.
        body: String,
    },
    /// A message to a topic or queue.
    Message {
        /// The ARN or URL.
        to: String,
        /// The e-mail subject, for topics.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// The exact body.
        body: String,
        /// Message attributes.
        attributes: BTreeMap<String, String>,
        /// The message group, for FIFO.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_id: Option<String>,
        /// The deduplication id, for FIFO.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deduplication_id: Option<String>,
        /// What had to be left out to make it fit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
}

/// A header as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownHeader {
    /// In lower case.
    pub name: String,
    /// `[secret]` where it is one.
    pub value: String,
}
