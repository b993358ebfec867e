use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_messaging_settings::<Sns>(include_str!("settings.json"));
}

#[test]
fn topics_of_every_partition_and_kind_are_accepted() {
    for (arn, region) in [
        (TOPIC, "eu-central-1"),
        (FIFO_TOPIC, "eu-central-1"),
        ("arn:aws-cn:sns:cn-north-1:123456789012:a_b-C", "cn-north-1"),
        (
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:x.fifo",
            "us-gov-west-1",
        ),
        ("arn:aws:sns:us-east-1:000000000000:alerts", "us-east-1"),
    ] {
        let given = json!({"topicArn": arn});
        let settings: Settings = read_settings(given.as_object().unwrap()).unwrap();
        let endpoint = settings.endpoint().unwrap();
        assert_eq!(endpoint.region.as_deref(), Some(region), "{arn}");
        let is_fifo = endpoint.kind == EndpointKind::Fifo;
        assert_eq!(is_fifo, arn.strip_suffix(".fifo").is_some(), "{arn}");
    }
}
