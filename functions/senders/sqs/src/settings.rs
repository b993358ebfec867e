//! What an SQS destination has configured. It has no secret: the sender's role,
//! or one that it assumes, is the credential.

use serde::{Deserialize, Serialize};
use tocsin_core::provider::FieldError;
use tocsin_sender::messaging::{
    Identity, check_group, check_limit, check_role, is_account, is_region,
};
use url::Url;

/// An SQS destination's settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The queue.
    pub queue_url: Url,
    /// Its region, where the URL does not tell: behind a VPC endpoint's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A role to assume, for queues whose policy does not name the sender's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_arn: Option<String>,
    /// What that role's trust policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// For FIFO queues: the group, within which order is kept; the detection's
    /// alerts are one by default. On standard queues it makes them fair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_group_id: Option<String>,
    /// Bytes that the queue takes; what queues take by default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<usize>,
}

/// What a queue's URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(crate) region: Option<String>,
    pub(crate) kind: QueueKind,
}

/// The two kinds of queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueKind {
    Standard,
    Fifo,
}

/// Checks the settings and reads the queue's URL.
///
/// # Errors
///
/// Names the field that is wrong.
pub(crate) fn check(settings: &Settings) -> Result<Target, FieldError> {
    check_role(
        settings.assume_role_arn.as_deref(),
        settings.external_id.as_deref(),
    )?;
    let name = queue_name(&settings.queue_url).ok_or_else(|| {
        FieldError::new(
            "settings.queueUrl",
            "must be a queue's URL, such as https://sqs.eu-central-1.amazonaws.com/123456789012/alerts",
        )
    })?;
    if let Some(region) = &settings.region
        && !is_region(region)
    {
        return Err(FieldError::new(
            "settings.region",
            "must be a region, such as eu-central-1",
        ));
    }
    check_group(settings.message_group_id.as_deref())?;
    check_limit(settings.max_message_bytes)?;
    Ok(Target {
        region: settings
            .region
            .clone()
            .or_else(|| region(&settings.queue_url)),
        kind: match name.strip_suffix(".fifo") {
            Some(_) => QueueKind::Fifo,
            None => QueueKind::Standard,
        },
    })
}

/// The name in `https://host/account/name`.
fn queue_name(url: &Url) -> Option<&str> {
    let mut path = url.path_segments()?;
    let (account, name) = (path.next()?, path.next()?);
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    let name_fits = (1..=80).contains(&name.len())
        && !stem.is_empty()
        && stem
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let plain = path.next().is_none() && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let web = matches!(url.scheme(), "https" | "http") && url.has_host();
    (is_account(account) && name_fits && plain && anonymous && web).then_some(name)
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

impl Settings {
    pub(crate) fn identity(&self, target: &Target) -> Identity {
        Identity {
            region: target.region.clone(),
            role_arn: self.assume_role_arn.clone(),
            external_id: self.external_id.clone(),
        }
    }
}
