use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&OpsGenie::default(), include_str!("settings.json"));
}

#[test]
fn each_region_has_its_address_and_a_local_stack_calls_the_simulator() {
    for (region, address, local) in [
        (
            "us",
            "https://api.opsgenie.com/v2/alerts",
            "http://127.0.0.1:4000/v2/alerts",
        ),
        (
            "eu",
            "https://api.eu.opsgenie.com/v2/alerts",
            "http://127.0.0.1:4000/v2/alerts",
        ),
        (
            "jsm",
            "https://api.atlassian.com/jsm/ops/integration/v2/alerts",
            "http://127.0.0.1:4000/jsm/ops/integration/v2/alerts",
        ),
    ] {
        let mut destination = fixture(&json!({"region": region}));
        let request = destination.request(&full(), Detail::Full);
        assert_eq!(request.address.to_string(), address);
        destination.provider.base_url = Url::parse("http://127.0.0.1:4000").ok();
        let request = destination.request(&full(), Detail::Full);
        assert_eq!(request.address.to_string(), local);
    }
}

#[test]
fn the_secret_is_hidden() {
    plain().check_secret_is_hidden(&full());
    let header = plain().exposed_header("authorization");
    assert_eq!(header, format!("GenieKey {PLANTED}"));
}
