use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&Jira::default(), include_str!("settings.json"));
}

#[test]
fn an_issues_page_is_on_the_site_or_on_the_browse_url() {
    let created = response(201, &[], r#"{"id":"1","key":"SEC-7"}"#);
    let mut scoped = cloud();
    scoped.settings.site_url =
        Url::parse("https://api.atlassian.com/ex/jira/11111111-2222").unwrap();
    assert_eq!(scoped.receipt(&created).url, None);
    scoped.settings.browse_url = Url::parse("https://example.atlassian.net").ok();
    assert_eq!(
        scoped.receipt(&created).url.as_deref(),
        Some("https://example.atlassian.net/browse/SEC-7")
    );
    assert_eq!(
        data_center().receipt(&created).url.as_deref(),
        Some("https://tools.example.com/jira/browse/SEC-7")
    );
}

#[test]
fn a_local_stack_calls_the_simulator() {
    let mut local = cloud();
    local.provider.base_url = Url::parse("http://127.0.0.1:4010").ok();
    let mut check = |site: &str| {
        local.settings.site_url = Url::parse(site).unwrap();
        local.provider.check(&local.settings, &local.secret)
    };
    assert_eq!(check("http://127.0.0.1:4010/jira"), Ok(()));
    assert!(check("http://127.0.0.1:4011/jira").is_err());
}

#[test]
fn the_secret_is_hidden() {
    for (destination, header) in [
        (cloud(), "Basic Ym90QGV4YW1wbGUuY29tOlBMQU5URUQ="),
        (data_center(), "Bearer PLANTED"),
    ] {
        destination.check_secret_is_hidden(&full());
        assert_eq!(destination.exposed_header("authorization"), header);
        let request = destination.request(&full(), Detail::Full);
        assert!(!format!("{request} {request:?}").contains("UExBTlRFR"));
    }
}
