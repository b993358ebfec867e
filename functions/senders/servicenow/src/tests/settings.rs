use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&ServiceNow::default(), include_str!("settings.json"));
}

#[test]
fn a_local_stack_calls_the_simulator() {
    let base_url = Url::parse("http://127.0.0.1:4000/servicenow/").ok();
    let at_simulator = fixture(&json!({"instance": "http://127.0.0.1:4000"}));
    for mut local in [incidents(), at_simulator] {
        local.provider.base_url = base_url.clone();
        let address = local.request(&full(), Detail::Full).address.to_string();
        assert!(address.starts_with("http://127.0.0.1:4000/servicenow/api/now/table/incident?"));
        let created = r#"{"result":{"sys_id":"a1","number":"INC1"}}"#;
        let page = local.receipt(&response(201, &[], created)).url.unwrap();
        assert!(page.starts_with("http://127.0.0.1:4000/servicenow/nav_to.do?"));
    }
}

#[test]
fn the_secret_is_hidden() {
    let settings = json!({"instance": "https://acme.service-now.com"});
    for (secret, name, value) in [
        (
            json!({"username": "tocsin", "password": "PLANTED pässword"}),
            "authorization",
            "Basic dG9jc2luOlBMQU5URUQgcMOkc3N3b3Jk",
        ),
        (
            json!({"token": "PLANTEDtoken"}),
            "authorization",
            "Bearer PLANTEDtoken",
        ),
        (json!({"apiKey": "PLANTEDkey"}), "x-sn-apikey", "PLANTEDkey"),
    ] {
        let destination = ProviderFixture::new(ServiceNow::default(), &settings, &secret);
        destination.check_secret_is_hidden(&full());
        assert_eq!(destination.exposed_header(name), value);
        let request = destination.request(&full(), Detail::Full);
        let shown = format!("{request} {request:?}");
        assert!(!shown.contains(value), "{shown}");
        assert!(shown.contains("accept: application/json"));
    }
}
