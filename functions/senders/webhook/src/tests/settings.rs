use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&Webhook, include_str!("settings.json"));
}

#[test]
fn a_request_may_take_15_s_or_what_the_setting_says() {
    let limit = |settings: Value| {
        let secret = json!({"url": "https://example.com/"});
        let request =
            ProviderFixture::new(Webhook, &settings, &secret).request(&full(), Detail::Full);
        request.time_limit.unwrap().as_secs()
    };
    assert_eq!(limit(json!({})), 15);
    assert_eq!(limit(json!({"timeoutSeconds": 30})), 30);
}

#[test]
fn the_secret_is_hidden() {
    plain().check_secret_is_hidden(&full());
    signed().check_secret_is_hidden(&full());
    oauth().check_secret_is_hidden(&full());
    assert_eq!(signed().exposed_header("authorization"), "Bearer PLANTED");
}
