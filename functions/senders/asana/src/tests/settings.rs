use super::*;

#[test]
fn unusable_settings_are_refused_with_the_field() {
    for (given, field) in [
        (r#"{"projects": []}"#, "projects"),
        (
            r#"{"projects": ["1204567890123456", "Alerts"]}"#,
            "projects",
        ),
        (r#"{"projects": [""]}"#, "projects"),
        (
            r#"{"projects": ["120456789012345678901234567890123"]}"#,
            "projects",
        ),
        (r#"{"projects": ["1204567890123456/list"]}"#, "projects"),
        (r#"{"workspace": "mine"}"#, "workspace"),
        (r#"{"assignee": "Jane"}"#, "assignee"),
        (r#"{"assignee": "jane @example.com"}"#, "assignee"),
        (r#"{"followers": ["you"]}"#, "followers"),
        (r#"{"tags": ["urgent"]}"#, "tags"),
        (r#"{"customFields": {"Severity": "x"}}"#, "customFields"),
    ] {
        let given: Value = serde_json::from_str(given).unwrap();
        let mut all = json!({"projects": ["1204567890123456"]});
        for (key, value) in given.as_object().unwrap() {
            all[key] = value.clone();
        }
        let error = Asana::default()
            .check(&settings(&all), &secret())
            .unwrap_err();
        assert_eq!(error.field, format!("settings.{field}"), "{given}");
    }
    let many = settings(&json!({"projects": vec!["1"; 51]}));
    let error = Asana::default().check(&many, &secret()).unwrap_err();
    assert_eq!(error.field, "settings.projects");
    for unreadable in [
        json!({}),
        json!({"projects": "1204567890123456"}),
        json!({"projects": [1_204_567_890_123_456_u64]}),
        json!({"projects": ["1"], "typo": 1}),
    ] {
        let read = read_settings::<Settings>(unreadable.as_object().unwrap());
        assert!(read.is_err(), "{unreadable}");
    }
}

#[test]
fn unusable_tokens_are_refused_and_never_repeated() {
    for hidden in ["", "PLANTED\n", "PLANTED é"] {
        let json = json!({"accessToken": hidden}).to_string();
        let secret: Secret = Secrets::new(json).read().unwrap();
        let error = Asana::default().check(&plain(), &secret).unwrap_err();
        assert_eq!(error.field, "secret.accessToken");
        assert!(!error.to_string().contains("PLANTED"));
    }
    for hidden in ["{}", r#"{"accessToken": "x", "token": "PLANTED"}"#] {
        let error = Secrets::new(hidden.to_owned())
            .read::<Secret>()
            .unwrap_err();
        assert!(!error.to_string().contains("PLANTED"));
    }
}
