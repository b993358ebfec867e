//! Checks of what AWS destinations have configured.

use tocsin_core::provider::FieldError;
use tocsin_core::provider::form::FormField;

/// The settings that every AWS destination has; without `maxMessageBytes`,
/// `default_limit` bytes are sent.
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

/// Checks the settings that [`Identity`] is made of.
///
/// # Errors
///
/// Names the field.
pub fn check_role(role_arn: Option<&str>, external_id: Option<&str>) -> Result<(), FieldError> {
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
            "is of use only together with settings.assumeRoleArn",
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

/// Checks a configured message group: 1 to 128 letters, digits and punctuation marks.
///
/// # Errors
///
/// Names the field.
pub fn check_group(id: Option<&str>) -> Result<(), FieldError> {
    match id {
        Some(id) if !is_group(id) => Err(FieldError::new(
            "settings.messageGroupId",
            "must be 1 to 128 letters, digits and punctuation marks",
        )),
        _ => Ok(()),
    }
}

/// The message group for FIFO topics and queues: the configured one, or the
/// detection, whose alerts then keep their order. What is not fit to be a group
/// is hashed.
#[must_use]
pub fn fifo_group(configured: Option<&str>, detection_id: &str) -> String {
    let wanted = configured.unwrap_or(detection_id);
    if is_group(wanted) {
        wanted.to_owned()
    } else {
        tocsin_core::text::digest(wanted)
    }
}

/// Whether `text` is an account's number.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether `text` can be a region. It becomes part of a host's name.
#[must_use]
pub fn is_region(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=32).contains(&text.len())
        && text.bytes().all(|b| word(b) || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
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
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/x";

    #[test]
    fn roles_are_checked_before_they_are_used() {
        for (role, id) in [
            (None, None),
            (Some(ROLE), None),
            (
                Some("arn:aws:iam::123456789012:role/path/to/tocsin"),
                Some("id"),
            ),
            (
                Some("arn:aws-us-gov:iam::123456789012:role/x"),
                Some("a+b=c,d.e@f:g/h-i_"),
            ),
        ] {
            assert_eq!(check_role(role, id), Ok(()), "{role:?} {id:?}");
        }
        let long = "i".repeat(1225);
        for (role, id, field) in [
            (Some("tocsin"), None, "settings.assumeRoleArn"),
            (
                Some("arn:aws:iam::1234:role/x"),
                None,
                "settings.assumeRoleArn",
            ),
            (
                Some("arn:aws:iam::123456789012:user/x"),
                None,
                "settings.assumeRoleArn",
            ),
            (
                Some("arn:aws:iam::123456789012:role/"),
                None,
                "settings.assumeRoleArn",
            ),
            (
                Some("arn:aws:iam::123456789012:role/x y"),
                None,
                "settings.assumeRoleArn",
            ),
            (
                Some("arn:aws:iam:eu-central-1:123456789012:role/x"),
                None,
                "settings.assumeRoleArn",
            ),
            (
                Some("arn::iam::123456789012:role/x"),
                None,
                "settings.assumeRoleArn",
            ),
            (None, Some("id"), "settings.externalId"),
            (Some(ROLE), Some("i"), "settings.externalId"),
            (Some(ROLE), Some("an id"), "settings.externalId"),
            (Some(ROLE), Some(long.as_str()), "settings.externalId"),
        ] {
            let error = check_role(role, id).unwrap_err();
            assert_eq!(error.field, field, "{role:?} {id:?}");
        }
    }

    #[test]
    fn a_group_is_taken_as_it_is_or_hashed() {
        assert_eq!(fifo_group(None, "AWS.Detection"), "AWS.Detection");
        assert_eq!(fifo_group(Some("own"), "AWS.Detection"), "own");
        let long = "x".repeat(129);
        for unfit in ["", "two words", "größe", &long] {
            let group = fifo_group(None, unfit);
            assert_eq!(group.len(), 32, "{unfit}");
            assert_eq!(group, fifo_group(None, unfit));
            let refused = check_group(Some(unfit)).unwrap_err();
            assert_eq!(refused.field, "settings.messageGroupId");
        }
    }

    #[test]
    fn regions_are_words_of_host_names() {
        for region in [
            "eu-central-1",
            "us-gov-west-1",
            "cn-north-1",
            "us-iso-east-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        for region in [
            "",
            "-",
            "eu_1",
            "EU-CENTRAL-1",
            "a.b",
            "a/b",
            "x@y",
            "-a",
            "a-",
        ] {
            assert!(!is_region(region), "{region}");
        }
    }
}
