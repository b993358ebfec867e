use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_messaging_settings::<Sqs>(include_str!("settings.json"));
}

fn endpoint(settings: &Value) -> Endpoint {
    let settings: Settings = read_settings(settings.as_object().unwrap()).unwrap();
    settings.endpoint().unwrap()
}

#[test]
fn queues_of_every_partition_endpoint_and_kind_are_accepted() {
    for (url, region) in [
        (QUEUE, Some("eu-central-1")),
        (FIFO_QUEUE, Some("eu-central-1")),
        (
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/a_b-C",
            Some("cn-north-1"),
        ),
        (
            "https://sqs.us-gov-west-1.amazonaws.com/123456789012/x",
            Some("us-gov-west-1"),
        ),
        (
            "https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/x",
            Some("us-gov-west-1"),
        ),
        (
            "https://sqs.eu-west-3.api.aws/123456789012/x",
            Some("eu-west-3"),
        ),
        (
            "https://eu-west-1.queue.amazonaws.com/123456789012/x.fifo",
            Some("eu-west-1"),
        ),
        (
            "https://queue.amazonaws.com/123456789012/x",
            Some("us-east-1"),
        ),
        (
            "https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com/123456789012/x",
            Some("eu-west-1"),
        ),
        (
            "https://vpce-0a1b-2c3d-eu-west-1a.sqs.eu-west-1.vpce.amazonaws.com/123456789012/x",
            Some("eu-west-1"),
        ),
        // Emulators and private DNS names: the region is the function's.
        ("http://localhost:4566/000000000000/alerts", None),
        ("http://127.0.0.1:5000/123456789012/alerts.fifo", None),
        (
            "http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/x",
            None,
        ),
        ("https://queues.example.com/123456789012/x", None),
        // A text that cannot be part of a host name is not a region.
        ("https://sqs.a_b.amazonaws.com/123456789012/x", None),
    ] {
        let endpoint = endpoint(&json!({"queueUrl": url}));
        assert_eq!(endpoint.region.as_deref(), region, "{url}");
        let is_fifo = endpoint.kind == EndpointKind::Fifo;
        assert_eq!(is_fifo, url.strip_suffix(".fifo").is_some(), "{url}");
    }
}

#[test]
fn a_configured_region_overrides_that_of_the_url() {
    for url in [QUEUE, "https://queues.example.com/123456789012/x"] {
        let endpoint = endpoint(&json!({"queueUrl": url, "region": "eu-west-1"}));
        assert_eq!(endpoint.region.as_deref(), Some("eu-west-1"));
    }
}
