//! The settings that AWS destinations share, and their checks.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_core::provider::FieldError;
use tocsin_core::provider::form::FormField;

/// The size limits that SQS and SNS let a queue or a topic have, in bytes.
const LIMITS: RangeInclusive<usize> = 1_024..=1_048_576;

/// The settings of an AWS destination.
pub trait AwsSettings: DeserializeOwned + Serialize + Send + Sync {
    /// Parses the ARN or URL of the topic or queue.
    ///
    /// # Errors
    ///
    /// Names the setting that is wrong.
    fn endpoint(&self) -> Result<Endpoint, FieldError>;

    /// The settings that all AWS destinations have.
    fn options(&self) -> Options<'_>;
}

/// A topic or a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The topic's ARN or the queue's URL.
    pub address: String,
    /// Its region; `None` for the function's own.
    pub region: Option<String>,
    /// Whether it keeps messages in order.
    pub kind: EndpointKind,
    /// What it is.
    pub resource: Resource,
}

/// A topic or a queue, whatever the host that it is called by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A topic, by its ARN.
    Topic(String),
    /// A queue of some region.
    Queue {
        /// The account that owns it.
        account: String,
        /// Its name in the account.
        name: String,
    },
}

/// The two kinds of topics and queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// Without order.
    Standard,
    /// First in, first out within a message group.
    Fifo,
}

impl EndpointKind {
    /// The kind of a topic or queue with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        if name.ends_with(FIFO_SUFFIX) {
            Self::Fifo
        } else {
            Self::Standard
        }
    }
}

const FIFO_SUFFIX: &str = ".fifo";

/// The settings that all AWS destinations have.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The ARN of the role to assume.
    pub assume_role_arn: Option<&'a str>,
    /// The external id that the role's trust policy requires.
    pub external_id: Option<&'a str>,
    /// The message group.
    pub message_group_id: Option<&'a str>,
    /// The size limit of the topic or queue, in bytes.
    pub max_message_bytes: Option<usize>,
}

/// The fields for the settings that all AWS destinations have, but for the message
/// group. `default_limit` is the size limit without `maxMessageBytes`, in bytes.
#[must_use]
pub fn form_fields(default_limit: &str) -> [FormField; 3] {
    const ROLE: &str = "arn:aws:iam::123456789012:role/tocsin";
    [
        FormField::text("assumeRoleArn", "ARN of a role to assume")
            .advanced()
            .help("where the resource policy does not name the sender's role")
            .default("the sender's role")
            .example(ROLE),
        FormField::text(
            "externalId",
            "External id that the role's trust policy asks for",
        )
        .advanced()
        .default("no external id")
        .together_with("assumeRoleArn", ROLE)
        .example("tocsin-alerts"),
        FormField::number("maxMessageBytes", "Largest message, in bytes")
            .advanced()
            .help("1024 to 1048576: the limit of the topic or queue")
            .default(default_limit)
            .example("262144"),
    ]
}

/// Checks settings and returns the endpoint that they name.
///
/// # Errors
///
/// Names the setting that is wrong.
pub(super) fn check(settings: &impl AwsSettings) -> Result<Endpoint, FieldError> {
    let options = settings.options();
    check_role(options.assume_role_arn, options.external_id)?;
    let endpoint = settings.endpoint()?;
    check_group(options.message_group_id)?;
    check_limit(options.max_message_bytes)?;
    Ok(endpoint)
}

fn check_limit(bytes: Option<usize>) -> Result<(), FieldError> {
    match bytes {
        Some(bytes) if !LIMITS.contains(&bytes) => Err(FieldError::new(
            "settings.maxMessageBytes",
            "must be between 1024 and 1048576, like the limit of the topic or queue itself",
        )),
        _ => Ok(()),
    }
}

fn check_role(role_arn: Option<&str>, external_id: Option<&str>) -> Result<(), FieldError> {
    if let Some(arn) = role_arn
        && !is_role(arn)
    {
        return Err(FieldError::new(
            "settings.assumeRoleArn",
            "must be a role's ARN, such as arn:aws:iam::123456789012:role/tocsin",
        ));
    }
    match (external_id, role_arn) {
        (Some(_), None) => Err(FieldError::new(
            "settings.externalId",
            "has no effect without settings.assumeRoleArn",
        )),
        // STS's own bounds.
        (Some(id), _) if !(2..=1224).contains(&id.len()) || !is_of(id, b"_+=,.@:/-") => {
            Err(FieldError::new(
                "settings.externalId",
                "must have 2 to 1224 characters, letters, digits and _+=,.@:/- only",
            ))
        }
        _ => Ok(()),
    }
}

fn check_group(id: Option<&str>) -> Result<(), FieldError> {
    match id {
        Some(id) if !is_group(id) => Err(FieldError::new(
            "settings.messageGroupId",
            "must be 1 to 128 letters, digits and punctuation marks",
        )),
        _ => Ok(()),
    }
}

/// The message group for FIFO topics and queues: the configured one, or the
/// detection's id, which keeps the alerts of one detection in order. An id that
/// cannot be a group is hashed.
pub(super) fn fifo_group(configured: Option<&str>, detection_id: &str) -> String {
    let group = configured.unwrap_or(detection_id);
    if is_group(group) {
        group.to_owned()
    } else {
        tocsin_core::text::digest(group)
    }
}

/// Whether `text` is the number of an AWS account.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether `text` can be the name of a region, and so part of a host name.
#[must_use]
pub fn is_region(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=32).contains(&text.len())
        && text.bytes().all(|b| word(b) || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether `text` is the name of a partition: `aws`, `aws-cn`, `aws-us-gov`.
#[must_use]
pub fn is_partition(text: &str) -> bool {
    (text == "aws" || text.starts_with("aws-")) && is_region(text)
}

/// Whether `text` can be the name of a topic or queue of at most `longest` bytes,
/// with the suffix `.fifo` or without.
#[must_use]
pub fn is_resource_name(text: &str, longest: usize) -> bool {
    let stem = text.strip_suffix(FIFO_SUFFIX).unwrap_or(text);
    text.len() <= longest && !stem.is_empty() && is_of(stem, b"-_")
}

fn is_group(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else {
        return false;
    };
    let name = resource.strip_prefix("role/").unwrap_or_default();
    is_region(partition)
        && is_account(account)
        && !name.is_empty()
        && !name.ends_with('/')
        && is_of(name, b"_+=,.@-/")
}

/// Whether `text` is made of letters, digits and `marks` only.
fn is_of(text: &str, marks: &[u8]) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || marks.contains(&b))
}

#[cfg(test)]
mod tests;
