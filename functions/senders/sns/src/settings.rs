//! What an SNS destination has configured. It has no secret: the sender's role,
//! or one that it assumes, is the credential.

use serde::{Deserialize, Serialize};
use tocsin_core::provider::FieldError;
use tocsin_sender::messaging::{
    Identity, check_group, check_limit, check_role, is_account, is_region,
};

/// An SNS destination's settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The topic; its region is where it is called.
    pub topic_arn: String,
    /// A role to assume, for topics whose policy does not name the sender's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_arn: Option<String>,
    /// What that role's trust policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// For FIFO topics: the group, within which order is kept; the detection's
    /// alerts are one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_group_id: Option<String>,
    /// Bytes that the topic takes; what topics take by default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<usize>,
}

/// What a topic's ARN says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub(crate) region: String,
    pub(crate) kind: TopicKind,
}

/// The two kinds of topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicKind {
    Standard,
    Fifo,
}

/// Checks the settings and reads the topic's ARN.
///
/// # Errors
///
/// Names the field that is wrong.
pub(crate) fn check(settings: &Settings) -> Result<Topic, FieldError> {
    check_role(
        settings.assume_role_arn.as_deref(),
        settings.external_id.as_deref(),
    )?;
    let topic = topic(&settings.topic_arn).ok_or_else(|| {
        FieldError::new(
            "settings.topicArn",
            "must be a topic's ARN, such as arn:aws:sns:eu-central-1:123456789012:alerts",
        )
    })?;
    if settings.message_group_id.is_some() && topic.kind == TopicKind::Standard {
        return Err(FieldError::new(
            "settings.messageGroupId",
            "is for FIFO topics, whose names end in .fifo",
        ));
    }
    check_group(settings.message_group_id.as_deref())?;
    check_limit(settings.max_message_bytes)?;
    Ok(topic)
}

fn topic(arn: &str) -> Option<Topic> {
    let parts: Vec<_> = arn.split(':').collect();
    let ["arn", partition, "sns", region, account, name] = parts[..] else {
        return None;
    };
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    let name_fits = (1..=256).contains(&name.len())
        && !stem.is_empty()
        && stem
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let partition_fits = partition == "aws" || partition.starts_with("aws-");
    (partition_fits
        && is_region(partition)
        && is_region(region)
        && is_account(account)
        && name_fits)
        .then(|| Topic {
            region: region.to_owned(),
            kind: if stem == name {
                TopicKind::Standard
            } else {
                TopicKind::Fifo
            },
        })
}

impl Settings {
    pub(crate) fn identity(&self, topic: &Topic) -> Identity {
        Identity {
            region: Some(topic.region.clone()),
            role_arn: self.assume_role_arn.clone(),
            external_id: self.external_id.clone(),
        }
    }
}
