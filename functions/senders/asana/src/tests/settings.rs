use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&Asana::default(), include_str!("settings.json"));
}

#[test]
fn a_local_stack_calls_the_simulator() {
    let mut local = plain();
    local.provider.base_url = Url::parse("http://127.0.0.1:4010/asana").ok();
    let lookup = local.lookup(&full()).unwrap();
    for request in [local.request(&full(), Detail::Full), lookup] {
        let url = request.address.to_string();
        assert!(
            url.starts_with("http://127.0.0.1:4010/asana/api/1.0/tasks?"),
            "{url}"
        );
    }
}

#[test]
fn the_secret_is_hidden() {
    plain().check_secret_is_hidden(&full());
    assert_eq!(plain().exposed_header("authorization"), "Bearer PLANTED");
}
