//! The settings of an SNS destination. It has no secret: the sender's role, or one
//! that it assumes, is the credential.

use serde::{Deserialize, Serialize};
use tocsin_core::provider::FieldError;
use tocsin_sender::messaging::{
    AwsSettings, Endpoint, EndpointKind, Options, Resource, is_account, is_partition, is_region,
    is_resource_name,
};

/// The settings of an SNS destination.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The topic's ARN. Messages are published in its region.
    pub topic_arn: String,
    /// The ARN of a role to assume, for topics whose policy does not allow the
    /// sender's own role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_arn: Option<String>,
    /// The external id that the role's trust policy requires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// FIFO topics only: the message group, within which order is kept. By
    /// default each detection is a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_group_id: Option<String>,
    /// The topic's size limit in bytes; 262144 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<usize>,
}

/// The longest name of a topic, in bytes.
const TOPIC_NAME_LIMIT: usize = 256;

impl AwsSettings for Settings {
    fn endpoint(&self) -> Result<Endpoint, FieldError> {
        let endpoint = parse_topic(&self.topic_arn).ok_or_else(|| {
            FieldError::new(
                "settings.topicArn",
                "must be a topic's ARN, such as arn:aws:sns:eu-central-1:123456789012:alerts",
            )
        })?;
        if self.message_group_id.is_some() && endpoint.kind == EndpointKind::Standard {
            return Err(FieldError::new(
                "settings.messageGroupId",
                "is for FIFO topics, whose names end in .fifo",
            ));
        }
        Ok(endpoint)
    }

    fn options(&self) -> Options<'_> {
        Options {
            assume_role_arn: self.assume_role_arn.as_deref(),
            external_id: self.external_id.as_deref(),
            message_group_id: self.message_group_id.as_deref(),
            max_message_bytes: self.max_message_bytes,
        }
    }
}

fn parse_topic(arn: &str) -> Option<Endpoint> {
    let parts: Vec<_> = arn.split(':').collect();
    let ["arn", partition, "sns", region, account, name] = parts[..] else {
        return None;
    };
    let valid = is_partition(partition)
        && is_region(region)
        && is_account(account)
        && is_resource_name(name, TOPIC_NAME_LIMIT);
    valid.then(|| Endpoint {
        address: arn.to_owned(),
        region: Some(region.to_owned()),
        kind: EndpointKind::of_name(name),
        resource: Resource::Topic(arn.to_owned()),
    })
}
