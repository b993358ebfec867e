use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&GitHub::default(), include_str!("settings.json"));
}

#[test]
fn each_github_has_its_addresses() {
    for (api, issues, page) in [
        (
            "https://api.github.com",
            "https://api.github.com/repos/o/r/issues",
            "https://github.com/o/r/issues/7",
        ),
        (
            "https://api.acme.ghe.com/",
            "https://api.acme.ghe.com/repos/o/r/issues",
            "https://acme.ghe.com/o/r/issues/7",
        ),
        (
            "https://git.example.com:8443/api/v3/",
            "https://git.example.com:8443/api/v3/repos/o/r/issues",
            "https://git.example.com:8443/o/r/issues/7",
        ),
    ] {
        let destination = fixture(&json!({"apiUrl": api, "repository": "o/r"}));
        let request = destination.request(&full(), Detail::Full);
        assert_eq!(request.address.to_string(), issues);
        assert_eq!(destination.settings.page(7).as_str(), page);
    }
}

#[test]
fn a_local_stack_calls_the_simulator() {
    let mut local =
        fixture(&json!({"apiUrl": "http://127.0.0.1:4010/github", "repository": "o/r"}));
    let check =
        |local: &ProviderFixture<GitHub>| local.provider.check(&local.settings, &local.secret);
    assert!(check(&local).is_err());
    local.provider.base_url = Url::parse("http://127.0.0.1:4010").ok();
    assert_eq!(check(&local), Ok(()));
}

#[test]
fn the_secret_is_hidden() {
    plain().check_secret_is_hidden(&full());
    assert_eq!(plain().exposed_header("authorization"), "Bearer PLANTED");
}
