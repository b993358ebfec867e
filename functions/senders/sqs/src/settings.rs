//! The settings of an SQS destination. It has no secret: the sender's role, or one
//! that it assumes, is the credential.

use serde::{Deserialize, Serialize};
use tocsin_core::provider::FieldError;
use tocsin_sender::messaging::{
    AwsSettings, Endpoint, EndpointKind, Options, Resource, is_account, is_region, is_resource_name,
};
use url::Url;

/// The settings of an SQS destination.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The queue's URL.
    pub queue_url: Url,
    /// The queue's region, if its URL does not contain it: with the private DNS name
    /// of a VPC endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The ARN of a role to assume, for queues whose policy does not allow the
    /// sender's own role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_arn: Option<String>,
    /// The external id that the role's trust policy requires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The message group. On FIFO queues order is kept within it, and by default
    /// each detection is a group. A standard queue with groups is a fair queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_group_id: Option<String>,
    /// The queue's size limit in bytes; 1048576 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<usize>,
}

/// The longest name of a queue, in bytes.
const QUEUE_NAME_LIMIT: usize = 80;

impl AwsSettings for Settings {
    fn endpoint(&self) -> Result<Endpoint, FieldError> {
        let (account, name) = queue(&self.queue_url).ok_or_else(|| {
            FieldError::new(
                "settings.queueUrl",
                "must be a queue's URL, such as https://sqs.eu-central-1.amazonaws.com/123456789012/alerts",
            )
        })?;
        if let Some(region) = &self.region
            && !is_region(region)
        {
            return Err(FieldError::new(
                "settings.region",
                "must be a region, such as eu-central-1",
            ));
        }
        Ok(Endpoint {
            address: self.queue_url.to_string(),
            region: self.region.clone().or_else(|| region(&self.queue_url)),
            kind: EndpointKind::of_name(name),
            resource: Resource::Queue {
                account: account.to_owned(),
                name: name.to_owned(),
            },
        })
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

/// The account and the name in `https://host/account/name`.
fn queue(url: &Url) -> Option<(&str, &str)> {
    let mut path = url.path_segments()?;
    let (account, name) = (path.next()?, path.next()?);
    let no_more = path.next().is_none() && url.query().is_none() && url.fragment().is_none();
    let no_credentials = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
    let valid = is_account(account)
        && is_resource_name(name, QUEUE_NAME_LIMIT)
        && no_more
        && no_credentials
        && is_web;
    valid.then_some((account, name))
}

/// The region in the host: `sqs.<region>.amazonaws.com`, the dual-stack
/// `sqs.<region>.api.aws`, the legacy `<region>.queue.amazonaws.com`, or a VPC
/// endpoint's `vpce-….sqs.<region>.vpce.amazonaws.com`. The call itself goes to
/// the region's endpoint, never to the host of this URL.
fn region(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let stem = [".amazonaws.com.cn", ".amazonaws.com", ".api.aws"]
        .into_iter()
        .find_map(|suffix| host.strip_suffix(suffix))?;
    let parts: Vec<_> = stem.split('.').collect();
    let region = match parts[..] {
        ["sqs" | "sqs-fips", region] | [region, "queue"] | [.., "sqs", region, "vpce"] => region,
        ["queue"] => "us-east-1",
        _ => return None,
    };
    is_region(region).then(|| region.to_owned())
}
