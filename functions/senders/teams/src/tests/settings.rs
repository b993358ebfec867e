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

/// <https://learn.microsoft.com/en-us/power-automate/oauth-authentication>
#[test]
fn each_cloud_has_its_token_endpoint_and_audience() {
    for (host, authority, audience) in [
        (
            ".api.powerplatform.com",
            "microsoftonline.com",
            "https://service.flow.microsoft.com/",
        ),
        (
            ".api.gov.powerplatform.microsoft.us",
            "microsoftonline.com",
            "https://gov.service.flow.microsoft.us/",
        ),
        (
            ".api.high.powerplatform.microsoft.us",
            "microsoftonline.us",
            "https://high.service.flow.microsoft.us/",
        ),
        (
            ".api.appsplatform.us",
            "microsoftonline.us",
            "https://service.flow.appsplatform.us/",
        ),
        (
            ".api.powerplatform.partner.microsoftonline.cn",
            "partner.microsoftonline.cn",
            "https://service.powerautomate.cn/",
        ),
    ] {
        let destination = restricted(host);
        assert_eq!(
            destination
                .provider
                .check(&destination.settings, &destination.secret),
            Ok(())
        );
        let request = destination.token_request().unwrap();
        assert_eq!(
            request.address.to_string(),
            format!("https://login.{authority}/contoso.onmicrosoft.com/oauth2/v2.0/token")
        );
        let body = url::form_urlencoded::parse(&request.body).into_owned();
        assert_eq!(
            body.collect::<Vec<_>>(),
            [
                ("grant_type", "client_credentials"),
                ("client_id", "11112222-bbbb"),
                ("client_secret", "PLANTED"),
                ("scope", &format!("{audience}/.default")),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(
            destination.exposed_header("authorization"),
            "Bearer PLANTED"
        );
    }
    assert!(workflow().token_request().is_none());
}

#[test]
fn the_secret_is_hidden() {
    restricted(".api.powerplatform.com").check_secret_is_hidden(&full());
    workflow().check_secret_is_hidden(&full());
    let request = workflow().request(&full(), Detail::Full);
    let shown = format!("{request} {request:?} {:?}", workflow().secret);
    assert!(!shown.contains("sig"), "{shown}");
    assert!(!String::from_utf8(request.body).unwrap().contains("PLANTED"));
}
