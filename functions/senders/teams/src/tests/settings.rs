use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&Teams::default(), include_str!("settings.json"));
}

#[test]
fn an_attempt_makes_the_same_check() {
    let destination = fixture("https://example.com/?api-version=1&sig=PLANTED");
    let error = destination
        .provider
        .check(&destination.settings, &destination.secret);
    let error = error.unwrap_err();
    destination.with_context(&full(), Detail::Full, |context| {
        assert_eq!(destination.provider.request(context).unwrap_err(), error);
    });
}

#[test]
fn a_local_stack_calls_the_simulator() {
    let check = |base_url: Option<&str>, url: &str| {
        let mut local = fixture(url);
        local.provider.base_url = base_url.map(|base| base.parse().unwrap());
        local.provider.check(&local.settings, &local.secret)
    };
    let base = Some("http://127.0.0.1:4000/");
    assert_eq!(check(base, "http://127.0.0.1:4000/teams"), Ok(()));
    assert!(check(None, "http://127.0.0.1:4000/teams").is_err());
    assert!(check(base, "http://127.0.0.1:4001/teams").is_err());
}

/// The signature covers path and query. Port 443 is the default of https, and no URL
/// shows it.
#[test]
fn port_path_and_query_are_unchanged() {
    let request = workflow().request(&full(), Detail::Full);
    let url = request.address.expose();
    assert_eq!(url.port_or_known_default(), Some(443));
    assert_eq!(url.as_str(), WORKFLOW.replace(":443", ""));
    let mut local = fixture("http://127.0.0.1:4000/a%2fb//c?sp=%2Fx&sig=a+b%2B%20c&&=");
    let url = local.secret.webhook_url.expose().clone();
    local.provider.base_url = Some(url.clone());
    let request = local.request(&full(), Detail::Full);
    assert_eq!(request.address.expose(), &url);
    assert_eq!(
        url.as_str(),
        "http://127.0.0.1:4000/a%2fb//c?sp=%2Fx&sig=a+b%2B%20c&&="
    );
}

#[test]
fn the_secret_is_hidden() {
    workflow().check_secret_is_hidden(&full());
    let request = workflow().request(&full(), Detail::Full);
    let shown = format!("{request} {request:?} {:?}", workflow().secret);
    assert!(!shown.contains("sig"), "{shown}");
    assert!(!String::from_utf8(request.body).unwrap().contains("PLANTED"));
}
