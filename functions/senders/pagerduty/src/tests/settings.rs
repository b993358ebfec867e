use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&PagerDuty::default(), include_str!("settings.json"));
}

#[test]
fn a_local_stack_calls_the_simulator() {
    let mut local = plain();
    local.provider.base_url = Url::parse("http://127.0.0.1:4000/pagerduty").ok();
    let request = local.request(&full(), Detail::Full);
    assert_eq!(
        request.address.to_string(),
        "http://127.0.0.1:4000/pagerduty/v2/enqueue"
    );
}

#[test]
fn the_secret_is_hidden() {
    plain().check_secret_is_hidden(&full());
    let event = plain().body(&full(), Detail::Full);
    assert_eq!(event["routing_key"], PLANTED);
}
