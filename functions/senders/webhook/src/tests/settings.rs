use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&Webhook, include_str!("settings.json"));
}

#[test]
fn the_secret_is_hidden() {
    plain().check_secret_is_hidden(&full());
    signed().check_secret_is_hidden(&full());
    assert_eq!(signed().exposed_header("authorization"), "Bearer PLANTED");
}
