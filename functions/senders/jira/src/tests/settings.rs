use super::*;

const TOKEN: &str = r#"{"email": "bot@example.com", "apiToken": "PLANTED"}"#;
const PAT: &str = r#"{"token": "PLANTED"}"#;

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Sound settings for Cloud, with some of them changed.
fn changed(changes: &str) -> Value {
    let mut all = json!({
        "deployment": "cloud", "siteUrl": "https://example.atlassian.net",
        "projectKey": "SEC", "issueType": "Task",
    });
    for (key, value) in parsed(changes).as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn assert_refused(given: &str, hidden: &str, field: &str) {
    let (settings, secret) = (settings(&changed(given)), secret(&parsed(hidden)));
    let error = Jira::default().check(&settings, &secret).unwrap_err();
    assert_eq!(error.field, field, "{given} {hidden}");
    assert!(!error.to_string().contains("PLANTED"), "{error}");
}

#[test]
fn unusable_settings_are_refused_with_the_field() {
    for (given, field) in [
        (r#"{"siteUrl": "http://example.atlassian.net"}"#, "siteUrl"),
        (
            r#"{"siteUrl": "https://example.atlassian.net/jira"}"#,
            "siteUrl",
        ),
        (r#"{"siteUrl": "https://evilatlassian.net"}"#, "siteUrl"),
        (
            r#"{"siteUrl": "https://api.atlassian.com/ex/jira/"}"#,
            "siteUrl",
        ),
        (
            r#"{"siteUrl": "https://api.atlassian.com/ex/jira/a/b"}"#,
            "siteUrl",
        ),
        (
            r#"{"siteUrl": "https://u:p@example.atlassian.net"}"#,
            "siteUrl",
        ),
        (r#"{"browseUrl": "http://x.example"}"#, "browseUrl"),
        (r#"{"projectKey": "SEC\" OR project=\"X"}"#, "projectKey"),
        (r#"{"projectKey": ""}"#, "projectKey"),
        (r#"{"projectKey": "ABCDEFGHIJK"}"#, "projectKey"),
        (r#"{"issueType": " "}"#, "issueType"),
        (r#"{"labels": ["two words"]}"#, "labels"),
        (r#"{"components": [""]}"#, "components"),
        (r#"{"assignee": "jane doe"}"#, "assignee"),
        (r#"{"priority": "a\nb"}"#, "priority"),
        (r#"{"priority": {"HIGH": ""}}"#, "priority.HIGH"),
        (r#"{"parent": "SEC"}"#, "parent"),
        (r#"{"customFields": {"summary": "x"}}"#, "customFields"),
    ] {
        assert_refused(given, TOKEN, &format!("settings.{field}"));
    }
    for url in [
        "http://tools.example.com/jira",
        "https://tools.example.com/?x=1",
        "https://example.atlassian.net",
        "https://EXAMPLE.atlassian.net.:8443/jira",
        "https://api.atlassian.com/ex/jira/1",
    ] {
        let given = json!({"deployment": "dataCenter", "siteUrl": url});
        assert_refused(&given.to_string(), PAT, "settings.siteUrl");
    }
    // Ten are enough for Cloud; Data Center has longer ones.
    let ten = settings(&changed(r#"{"projectKey": "ABCDEFGHIJ"}"#));
    Jira::default()
        .check(&ten, &secret(&parsed(TOKEN)))
        .unwrap();
    let longer = json!({
        "deployment": "dataCenter", "siteUrl": "https://notatlassian.net",
        "projectKey": "ABCDEFGHIJK",
    });
    let longer = settings(&changed(&longer.to_string()));
    Jira::default()
        .check(&longer, &secret(&parsed(PAT)))
        .unwrap();
    for unreadable in [
        r#"{"deployment": "server"}"#,
        r#"{"siteUrl": "example.atlassian.net"}"#,
        r#"{"priority": 3}"#,
        r#"{"priority": {"URGENT": "x"}}"#,
        r#"{"typo": 1}"#,
    ] {
        let given = changed(unreadable);
        assert!(
            read_settings::<Settings>(given.as_object().unwrap()).is_err(),
            "{given}"
        );
    }
}

#[test]
fn unusable_secrets_are_refused_with_the_field_and_never_repeated() {
    let dc = r#"{"deployment": "dataCenter", "siteUrl": "https://tools.example.com"}"#;
    for (given, hidden, field) in [
        ("{}", PAT, "token"),
        (dc, TOKEN, "email"),
        (dc, "{}", "token"),
        (dc, r#"{"token": "PLANTED PLANTED"}"#, "token"),
        ("{}", r#"{"email": "bot@example.com"}"#, "apiToken"),
        ("{}", r#"{"apiToken": "PLANTED"}"#, "email"),
        (
            "{}",
            r#"{"email": "PLANTED", "apiToken": "PLANTED"}"#,
            "email",
        ),
        (
            "{}",
            r#"{"email": "a@b", "apiToken": "PLANTED\n"}"#,
            "apiToken",
        ),
        ("{}", r#"{"email": "a@b", "apiToken": ""}"#, "apiToken"),
    ] {
        assert_refused(given, hidden, &format!("secret.{field}"));
    }
}

#[test]
fn scoped_tokens_and_a_stand_in_have_addresses_of_their_own() {
    let (mut settings, secret) = cloud();
    settings.site_url = Url::parse("https://api.atlassian.com/ex/jira/11111111-2222").unwrap();
    Jira::default().check(&settings, &secret).unwrap();
    let created = answer(201, &[], r#"{"id":"1","key":"SEC-7"}"#);
    let url = |settings: Settings| {
        let destination = (settings, cloud().1);
        with_context(
            &full(),
            Detail::Full,
            &destination,
            |context| match Jira::default().outcome(context, &created) {
                Outcome::Delivered(receipt) => receipt.url,
                other => panic!("{other:?}"),
            },
        )
    };
    assert_eq!(url(settings.clone()), None);
    settings.browse_url = Some(Url::parse("https://example.atlassian.net").unwrap());
    assert_eq!(
        url(settings.clone()).as_deref(),
        Some("https://example.atlassian.net/browse/SEC-7")
    );
    assert_eq!(
        url(data_center().0).as_deref(),
        Some("https://tools.example.com/jira/browse/SEC-7")
    );
    // A stand-in is taken for Jira, with whatever path, and nothing else is.
    let jira = Jira {
        base_url: Some(Url::parse("http://127.0.0.1:4010").unwrap()),
    };
    settings.site_url = Url::parse("http://127.0.0.1:4010/jira").unwrap();
    jira.check(&settings, &secret).unwrap();
    settings.site_url = Url::parse("http://127.0.0.1:4011/jira").unwrap();
    assert!(jira.check(&settings, &secret).is_err());
}
