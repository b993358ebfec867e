use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/x";

#[test]
fn invalid_roles_and_external_ids_are_rejected() {
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
fn a_group_is_used_unchanged_or_hashed() {
    assert_eq!(fifo_group(None, "AWS.Detection"), "AWS.Detection");
    assert_eq!(
        fifo_group(Some("configured"), "AWS.Detection"),
        "configured"
    );
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
fn a_region_can_be_part_of_a_host_name() {
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

#[test]
fn limits_are_those_that_queues_and_topics_can_have() {
    for bytes in [None, Some(1_024), Some(262_144), Some(1_048_576)] {
        assert_eq!(check_limit(bytes), Ok(()), "{bytes:?}");
    }
    for bytes in [0, 1_023, 1_048_577, usize::MAX] {
        let error = check_limit(Some(bytes)).unwrap_err();
        assert_eq!(error.field, "settings.maxMessageBytes", "{bytes}");
    }
}
