use super::*;

fn assert_refused(given: &str, field: &str) {
    let given: Value = serde_json::from_str(given).unwrap();
    let mut all = json!({"repository": "octo-org/alerts"});
    for (key, value) in given.as_object().unwrap() {
        all[key] = value.clone();
    }
    let error = GitHub::default()
        .check(&settings(&all), &secret())
        .unwrap_err();
    assert_eq!(error.field, format!("settings.{field}"), "{given}");
}

#[test]
fn unusable_settings_are_refused_with_the_field() {
    for (given, field) in [
        (r#"{"apiUrl": "http://api.github.com"}"#, "apiUrl"),
        (r#"{"apiUrl": "https://api.github.com/api/v3"}"#, "apiUrl"),
        (r#"{"apiUrl": "https://github.com"}"#, "apiUrl"),
        (r#"{"apiUrl": "https://github.com/api/v3"}"#, "apiUrl"),
        (r#"{"apiUrl": "https://WWW.github.com./api/v3"}"#, "apiUrl"),
        (r#"{"apiUrl": "https://acme.ghe.com/api/v3"}"#, "apiUrl"),
        (r#"{"apiUrl": "https://github.example.com/api"}"#, "apiUrl"),
        (
            r#"{"apiUrl": "https://u@github.example.com/api/v3"}"#,
            "apiUrl",
        ),
        (
            r#"{"apiUrl": "https://github.example.com/api/v3?x=1"}"#,
            "apiUrl",
        ),
        (r#"{"repository": "alerts"}"#, "repository"),
        (r#"{"repository": "octo-org/alerts/issues"}"#, "repository"),
        (r#"{"repository": "octo-org/.."}"#, "repository"),
        (r#"{"repository": "../user"}"#, "repository"),
        (r#"{"repository": "octo org/x"}"#, "repository"),
        (r#"{"repository": "https://github.com/o/r"}"#, "repository"),
        (r#"{"labels": [" "]}"#, "labels"),
        (
            r#"{"labels": ["123456789012345678901234567890123456789012345678901"]}"#,
            "labels",
        ),
        (r#"{"assignees": ["@octocat"]}"#, "assignees"),
        (
            r#"{"assignees": ["a","b","c","d","e","f","g","h","i","j","k"]}"#,
            "assignees",
        ),
    ] {
        assert_refused(given, field);
    }
    for unreadable in [json!({}), json!({"repository": "o/r", "label": "x"})] {
        let read = read_settings::<Settings>(unreadable.as_object().unwrap());
        assert!(read.is_err(), "{unreadable}");
    }
}

#[test]
fn unusable_tokens_are_refused_and_never_repeated() {
    for hidden in [
        r#"{"token": ""}"#,
        r#"{"token": "PLANTED\n"}"#,
        r#"{"token": "a PLANTED"}"#,
    ] {
        let secret = Secrets::new(hidden.to_owned()).read::<Secret>().unwrap();
        let error = GitHub::default().check(&plain(), &secret).unwrap_err();
        assert_eq!(error.field, "secret.token");
        assert!(!error.to_string().contains("PLANTED"));
    }
    for hidden in ["{}", r#"{"token": "x", "user": "PLANTED"}"#] {
        let error = Secrets::new(hidden.to_owned())
            .read::<Secret>()
            .unwrap_err();
        assert!(!error.to_string().contains("PLANTED"));
    }
}

#[test]
fn each_github_has_its_addresses() {
    for (api, asked, page) in [
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
        let settings = settings(&json!({"apiUrl": api, "repository": "o/r"}));
        let request = request_of(&full(), Detail::Full, &settings);
        assert_eq!(request.address.to_string(), asked);
        assert_eq!(settings.page(7).as_str(), page);
    }
    let base_url = Url::parse("http://127.0.0.1:4010").ok();
    let local = settings(&json!({"apiUrl": "http://127.0.0.1:4010/github", "repository": "o/r"}));
    GitHub { base_url }.check(&local, &secret()).unwrap();
    assert!(GitHub::default().check(&local, &secret()).is_err());
}
