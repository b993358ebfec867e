use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::outcome::FailureKind;
use tocsin_core::provider::{Form, Secrets, read_settings};
use tocsin_core::text::Unit;
use tocsin_testing::{HOSTILE, any_alert, delivery, full, full_json, samples};

use super::*;

const KEY: &str = "SEC-7";

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

fn secret(json: &Value) -> Secret {
    Secrets::new(json.to_string()).read().unwrap()
}

fn cloud() -> (Settings, Secret) {
    let settings = settings(&json!({
        "deployment": "cloud", "siteUrl": "https://example.atlassian.net",
        "projectKey": "SEC", "issueType": "Task", "labels": ["security"],
        "priority": {"CRITICAL": "Highest", "HIGH": "High"},
        "assignee": "557058:0f4c1c3e-0000-4000-8000-d0c5c0ffee00",
        "parent": "SEC-1", "components": ["Detection"], "customFields": {"customfield_10010": {"value": "SOC"}},
    }));
    (
        settings,
        secret(&json!({"email": "bot@example.com", "apiToken": "PLANTED"})),
    )
}

fn data_center() -> (Settings, Secret) {
    let settings = settings(&json!({
        "deployment": "dataCenter", "siteUrl": "https://tools.example.com/jira/",
        "projectKey": "SEC", "issueType": "10002", "assignee": "jdoe", "priority": "High",
    }));
    (settings, secret(&json!({"token": "PLANTED"})))
}

fn with_job<T>(
    alert: &Alert,
    form: Form,
    destination: &(Settings, Secret),
    then: impl FnOnce(&Job<'_, Jira>) -> T,
) -> T {
    let delivery = delivery();
    then(&Job {
        alert,
        severity: alert.severity,
        delivery: &delivery,
        form,
        now: "2020-10-13T03:35:30Z".parse().unwrap(),
        settings: &destination.0,
        secret: &destination.1,
    })
}

fn request_of(alert: &Alert, form: Form, destination: &(Settings, Secret)) -> Request {
    let jira = Jira::default();
    jira.check(&destination.0, &destination.1).unwrap();
    with_job(alert, form, destination, |job| jira.request(job).unwrap())
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        received_at: "2015-10-21T07:28:00Z".parse().unwrap(),
    }
}

fn outcome(response: &Response) -> Outcome {
    with_job(&full(), Form::Full, &cloud(), |job| {
        Jira::default().outcome(job, response)
    })
}

#[test]
fn what_cloud_gets() {
    for (name, alert) in samples() {
        let mut body = body(&request_of(&alert, Form::Full, &cloud()));
        let description = body["fields"]["description"].take();
        // One node a line: whole, a document is a thousand lines of brackets.
        let nodes: Vec<String> = description["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| {
                if node["type"] == "table" {
                    rows(node)
                } else {
                    node.to_string()
                }
            })
            .collect();
        let shown = format!("{body:#}\n\n{}", nodes.join("\n"));
        let shown: String = shown.chars().take(9_000).collect();
        insta::assert_snapshot!(format!("cloud_{name}"), shown);
    }
}

fn rows(table: &Value) -> String {
    let rows = table["content"].as_array().unwrap();
    rows.iter().map(|row| format!("  {row}\n")).collect()
}

#[test]
fn what_data_center_gets() {
    for (name, alert) in samples() {
        let request = request_of(&alert, Form::Full, &data_center());
        let fields = &body(&request)["fields"];
        let shown = format!(
            "{} {}\n{}\n\n{}",
            request.method.as_str(),
            request.address,
            fields["summary"].as_str().unwrap(),
            fields["description"].as_str().unwrap(),
        );
        let shown: String = shown.chars().take(9_000).collect();
        insta::assert_snapshot!(format!("data_center_{name}"), shown);
    }
}

#[test]
fn the_minimal_form_keeps_title_severity_and_link_and_what_a_project_requires() {
    let alert = full();
    insta::assert_snapshot!(
        "cloud_whole",
        request_of(&alert, Form::Full, &cloud()).to_string()
    );
    insta::assert_snapshot!(
        "cloud_minimal",
        request_of(&alert, Form::Minimal, &cloud()).to_string()
    );
    insta::assert_snapshot!(
        "data_center_minimal",
        request_of(&alert, Form::Minimal, &data_center()).to_string()
    );
}

#[test]
fn a_search_asks_for_the_label_that_the_creation_gave() {
    for (name, destination) in [("cloud", cloud()), ("data_center", data_center())] {
        let search = with_job(&full(), Form::Full, &destination, |job| {
            Jira::default().lookup(job)
        });
        let search = search.unwrap().unwrap();
        insta::assert_snapshot!(format!("search_{name}"), search.to_string());
        let created = request_of(&full(), Form::Full, &destination);
        let labels = body(&created)["fields"]["labels"].clone();
        let label = labels
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            String::from_utf8(search.body).unwrap().contains(&label),
            "{label}"
        );
    }
}

#[test]
fn no_credential_is_ever_shown() {
    for destination in [cloud(), data_center()] {
        let request = request_of(&full(), Form::Full, &destination);
        let shown = format!("{request:?} {request} {destination:?}");
        assert!(
            !shown.contains("PLANTED") && !shown.contains("UExBTlRFR"),
            "{shown}"
        );
        let sent = request
            .headers
            .iter()
            .find(|(name, _)| name == "authorization")
            .unwrap();
        assert!(
            ["Basic Ym90QGV4YW1wbGUuY29tOlBMQU5URUQ=", "Bearer PLANTED"].contains(&sent.1.expose())
        );
    }
}

#[test]
fn unusable_destinations_are_refused_with_the_field_and_without_the_secret() {
    let base = json!({"deployment": "cloud", "siteUrl": "https://example.atlassian.net", "projectKey": "SEC", "issueType": "Task"});
    let token = json!({"email": "bot@example.com", "apiToken": "PLANTED"});
    let pat = json!({"token": "PLANTED"});
    let changed = |changes: Value| {
        let mut all = base.clone();
        for (key, value) in changes.as_object().unwrap() {
            all[key] = value.clone();
        }
        all
    };
    let dc = |url: &str| changed(json!({"deployment": "dataCenter", "siteUrl": url}));
    let table = [
        (
            changed(json!({"siteUrl": "http://example.atlassian.net"})),
            &token,
            "settings.siteUrl",
        ),
        (
            changed(json!({"siteUrl": "https://example.atlassian.net/jira"})),
            &token,
            "settings.siteUrl",
        ),
        (
            changed(json!({"siteUrl": "https://evilatlassian.net"})),
            &token,
            "settings.siteUrl",
        ),
        (
            changed(json!({"siteUrl": "https://api.atlassian.com/ex/jira/"})),
            &token,
            "settings.siteUrl",
        ),
        (
            changed(json!({"siteUrl": "https://api.atlassian.com/ex/jira/a/../b/c"})),
            &token,
            "settings.siteUrl",
        ),
        (
            changed(json!({"siteUrl": "https://u:p@example.atlassian.net"})),
            &token,
            "settings.siteUrl",
        ),
        (
            dc("http://tools.example.com/jira"),
            &pat,
            "settings.siteUrl",
        ),
        (
            dc("https://tools.example.com/jira?x=1"),
            &pat,
            "settings.siteUrl",
        ),
        (
            changed(json!({"browseUrl": "http://x.example"})),
            &token,
            "settings.browseUrl",
        ),
        (
            changed(json!({"projectKey": "sec\" OR 1=1"})),
            &token,
            "settings.projectKey",
        ),
        (
            changed(json!({"projectKey": ""})),
            &token,
            "settings.projectKey",
        ),
        (
            changed(json!({"issueType": " "})),
            &token,
            "settings.issueType",
        ),
        (
            changed(json!({"labels": ["two words"]})),
            &token,
            "settings.labels",
        ),
        (
            changed(json!({"components": [""]})),
            &token,
            "settings.components",
        ),
        (
            changed(json!({"assignee": "jane doe"})),
            &token,
            "settings.assignee",
        ),
        (
            changed(json!({"priority": "a\nb"})),
            &token,
            "settings.priority",
        ),
        (
            changed(json!({"priority": {"HIGH": ""}})),
            &token,
            "settings.priority.HIGH",
        ),
        (changed(json!({"parent": "SEC"})), &token, "settings.parent"),
        (
            changed(json!({"customFields": {"summary": "x"}})),
            &token,
            "settings.customFields",
        ),
        (base.clone(), &pat, "secret.token"),
        (dc("https://tools.example.com"), &token, "secret.email"),
    ];
    for (given, hidden, field) in table {
        let error = Jira::default()
            .check(&settings(&given), &secret(hidden))
            .unwrap_err();
        assert_eq!(error.field, field, "{given}");
        assert!(!error.to_string().contains("PLANTED"), "{error}");
    }
    for (hidden, field) in [
        (json!({"email": "bot@example.com"}), "secret.apiToken"),
        (json!({"apiToken": "PLANTED"}), "secret.email"),
        (
            json!({"email": "PLANTED", "apiToken": "PLANTED"}),
            "secret.email",
        ),
        (
            json!({"email": "a@b", "apiToken": "PLANTED\n"}),
            "secret.apiToken",
        ),
    ] {
        let error = Jira::default()
            .check(&settings(&base), &secret(&hidden))
            .unwrap_err();
        assert_eq!(error.field, field, "{hidden}");
        assert!(!error.to_string().contains("PLANTED"), "{error}");
    }
    for unreadable in [
        json!({"deployment": "server"}),
        changed(json!({"priority": 3})),
        changed(json!({"typo": 1})),
    ] {
        assert!(
            read_settings::<Settings>(unreadable.as_object().unwrap()).is_err(),
            "{unreadable}"
        );
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
        with_job(
            &full(),
            Form::Full,
            &destination,
            |job| match Jira::default().outcome(job, &created) {
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
        stand_in: Some(Url::parse("http://127.0.0.1:4010").unwrap()),
    };
    settings.site_url = Url::parse("http://127.0.0.1:4010/jira").unwrap();
    jira.check(&settings, &secret).unwrap();
    settings.site_url = Url::parse("http://127.0.0.1:4011/jira").unwrap();
    assert!(jira.check(&settings, &secret).is_err());
}

#[test]
fn a_created_issue_is_known_by_its_key() {
    let response = answer(
        201,
        &[],
        r#"{"id":"10007","key":"SEC-7","self":"https://example.atlassian.net/rest/api/3/issue/10007"}"#,
    );
    let Outcome::Delivered(receipt) = outcome(&response) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some(KEY));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://example.atlassian.net/browse/SEC-7")
    );
}

#[test]
fn what_looks_like_success_and_is_none_is_looked_up_before_it_is_repeated() {
    for (status, body) in [
        (200, "<html>Log in</html>"),
        (200, r#"{"id":"10007","key":"SEC-7"}"#),
        (202, ""),
        (204, ""),
        (201, ""),
        (201, r#"{"id":"10007","ke"#),
        (201, r#"{"id":"10007","key":"../../x"}"#),
        (201, "[]"),
    ] {
        let outcome = outcome(&answer(status, &[], body));
        let Outcome::Transient {
            failure,
            retry_after: None,
        } = &outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!(failure.kind, FailureKind::NotUnderstood, "{status} {body}");
        assert!(failure.kind.may_have_arrived());
    }
    // A cut behind the key does no harm.
    assert!(matches!(
        outcome(&answer(201, &[], r#"{"id":"10007","key":"SEC-7","sel"#)),
        Outcome::Delivered(_)
    ));
}

#[test]
fn refusals_are_permanent_and_told_in_jiras_words() {
    let errors = r#"{"errorMessages":["Something."],"errors":{"priority":"Field 'priority' cannot be set.","summary":"The summary is invalid because it contains newline characters."}}"#;
    for (status, body, kind, said) in [
        (302, "", FailureKind::Redirected, ""),
        (
            400,
            errors,
            FailureKind::Refused,
            "Something.; priority: Field 'priority' cannot be set.; summary: The summary is invalid because it contains newline characters.",
        ),
        (400, "<html>", FailureKind::Refused, "<html>"),
        (
            401,
            "Client must be authenticated",
            FailureKind::Unauthorized,
            "is the token still valid? API tokens expire after a year at most; Client must be authenticated",
        ),
        (403, r#"{"message":"no"}"#, FailureKind::Unauthorized, "no"),
        (
            404,
            r#"{"errorMessage":"Site temporarily unavailable"}"#,
            FailureKind::Misconfigured,
            r#"{"errorMessage":"Site temporarily unavailable"}"#,
        ),
        (405, "", FailureKind::Misconfigured, ""),
        (410, "", FailureKind::Misconfigured, ""),
        (413, "", FailureKind::Refused, ""),
        (415, "", FailureKind::Refused, ""),
        (422, errors, FailureKind::Refused, "Something.;"),
    ] {
        let outcome = outcome(&answer(status, &[], body));
        let Outcome::Permanent { failure } = &outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!((failure.kind, failure.status), (kind, Some(status)));
        assert!(failure.detail.starts_with(said), "{}", failure.detail);
    }
}

#[test]
fn limits_and_outages_are_temporary_and_waits_are_honoured() {
    let seconds = |status, headers: &[(&str, &str)]| match outcome(&answer(status, headers, "")) {
        Outcome::Transient {
            failure,
            retry_after,
        } => (failure.kind, retry_after.map(|wait| wait.as_secs())),
        other => panic!("{other:?}"),
    };
    use FailureKind::{Throttled, Unavailable};
    for (status, headers, expected) in [
        (429, vec![("retry-after", "30")], (Throttled, Some(30))),
        (
            429,
            vec![("retry-after", "Wed, 21 Oct 2015 07:30:00 GMT")],
            (Throttled, Some(120)),
        ),
        (429, vec![("retry-after", "0")], (Throttled, Some(0))),
        (
            429,
            vec![("x-ratelimit-reset", "2015-10-21T07:28:45Z")],
            (Throttled, Some(45)),
        ),
        (
            429,
            vec![("x-ratelimit-reset", "2015-10-22T07:28Z")],
            (Throttled, Some(3600)),
        ),
        (429, vec![("x-ratelimit-reset", "soon")], (Throttled, None)),
        (429, vec![], (Throttled, None)),
        (503, vec![("retry-after", "5")], (Unavailable, Some(5))),
        (408, vec![], (Unavailable, None)),
        (500, vec![], (Unavailable, None)),
        (502, vec![], (Unavailable, None)),
        (504, vec![], (Unavailable, None)),
    ] {
        assert_eq!(seconds(status, &headers), expected, "{status} {headers:?}");
    }
    let limited = answer(429, &[("ratelimit-reason", "jira-burst-based")], "{}");
    assert_eq!(
        outcome(&limited).failure().unwrap().detail,
        "limit: jira-burst-based"
    );
    let wait = answer(
        429,
        &[
            ("retry-after", "7"),
            ("x-ratelimit-reset", "2015-10-21T08:28:00Z"),
        ],
        "",
    );
    assert!(
        matches!(outcome(&wait), Outcome::Transient { retry_after: Some(wait), .. } if wait == Duration::from_secs(7))
    );
}

#[test]
fn a_search_finds_says_no_or_fails_as_what_it_is() {
    let found = |status, body: &str| {
        with_job(&full(), Form::Full, &cloud(), |job| {
            Jira::default().found(job, &answer(status, &[], body))
        })
    };
    let Lookup::Found(receipt) = found(
        200,
        r#"{"issues":[{"id":"1","key":"SEC-7","fields":{}}],"isLast":true}"#,
    ) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some(KEY));
    assert_eq!(found(200, r#"{"issues":[],"isLast":true}"#), Lookup::Absent);
    assert_eq!(
        found(200, r#"{"startAt":0,"total":0,"issues":[]}"#),
        Lookup::Absent
    );
    for (status, body, kind, transient) in [
        (200, "<html>", FailureKind::NotUnderstood, true),
        (
            200,
            r#"{"issues":[{"id":"1"}]}"#,
            FailureKind::NotUnderstood,
            true,
        ),
        (204, "", FailureKind::NotUnderstood, true),
        (503, "", FailureKind::Unavailable, true),
        (429, "", FailureKind::Throttled, true),
        (
            400,
            r#"{"errorMessages":["The value 'SEC' does not exist for the field 'project'."]}"#,
            FailureKind::Misconfigured,
            false,
        ),
        (401, "", FailureKind::Unauthorized, false),
        (302, "", FailureKind::Redirected, false),
    ] {
        let Lookup::Failed(outcome) = found(status, body) else {
            panic!("{status}")
        };
        assert_eq!(outcome.failure().unwrap().kind, kind);
        assert_eq!(
            matches!(outcome, Outcome::Transient { .. }),
            transient,
            "{status}"
        );
    }
}

/// Walks a document and holds it against the parts of ADF's schema that it uses.
fn assert_is_adf(node: &Value, inside_code: bool) {
    let kind = node["type"].as_str().unwrap();
    let known = [
        "doc",
        "panel",
        "paragraph",
        "heading",
        "text",
        "hardBreak",
        "table",
        "tableRow",
        "tableHeader",
        "tableCell",
        "expand",
        "codeBlock",
    ];
    assert!(known.contains(&kind), "{kind}");
    if kind == "text" {
        let text = node["text"].as_str().unwrap();
        assert!(
            !text.is_empty() && (inside_code || !text.contains('\n')),
            "{text:?}"
        );
        for mark in node["marks"].as_array().into_iter().flatten() {
            assert!(!inside_code);
            let href = mark["attrs"]["href"].as_str().unwrap_or("https://");
            assert!(
                href.starts_with("https://") || href.starts_with("http://"),
                "{href}"
            );
        }
    }
    let children = node["content"].as_array();
    if ["paragraph", "panel", "table", "tableRow", "expand"].contains(&kind) {
        assert!(!children.unwrap().is_empty(), "{node}");
    }
    for child in children.into_iter().flatten() {
        assert_is_adf(child, kind == "codeBlock");
    }
}

/// Takes out the block of the context and every escaped character; what is left
/// is the markup that the reader acts upon.
fn live_markup(wiki: &str) -> String {
    let mut parts = wiki.split("{noformat}");
    let (before, block, after) = (parts.next().unwrap(), parts.next(), parts.next());
    assert!(!block.unwrap_or_default().contains("[~") && parts.next().is_none());
    assert_eq!(after.unwrap_or_default(), "");
    let mut live = String::new();
    let mut rest = before.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            _ => live.push(c),
        }
    }
    live
}

fn assert_within_limits(alert: &Alert) {
    for form in [Form::Full, Form::Minimal] {
        let cloud = body(&request_of(alert, form, &cloud()));
        let document = &cloud["fields"]["description"];
        assert_is_adf(document, false);
        assert!(Unit::Characters.length(&document.to_string()) <= description::WHOLE);
        let dc = body(&request_of(alert, form, &data_center()));
        let text = dc["fields"]["description"].as_str().unwrap();
        assert!(Unit::Characters.length(text) <= description::WHOLE);
        let live = live_markup(text);
        assert_eq!(live.matches('{').count(), 2, "{live}");
        assert!(
            live.matches('[').count() <= 2 && !live.contains(['!', '~', '^', '+', '@']),
            "{live}"
        );
        for fields in [&cloud["fields"], &dc["fields"]] {
            let summary = fields["summary"].as_str().unwrap();
            assert!(Unit::Characters.length(summary) <= 255 && !summary.contains(['\n', '\r']));
        }
    }
}

#[test]
fn every_sample_keeps_to_the_formats_and_limits() {
    for (_, alert) in samples() {
        assert_within_limits(&alert);
    }
    for text in HOSTILE {
        let mut json = full_json();
        for field in ["title", "name", "description", "runbook", "reference"] {
            json[field] = json!(text);
        }
        assert_within_limits(&tocsin_testing::alert(&json));
    }
    let (mut settings, secret) = cloud();
    settings.priority = Some(Priority::BySeverity(
        [(Severity::Low, "Low".to_owned())].into(),
    ));
    let request = request_of(&full(), Form::Full, &(settings, secret));
    assert_eq!(body(&request)["fields"]["priority"], Value::Null);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_alert_keeps_to_the_formats_and_limits(alert in any_alert()) {
        assert_within_limits(&alert);
    }

    #[test]
    fn no_answer_is_too_strange(status in 100u16..600, text in any::<String>()) {
        let response = answer(status, &[("retry-after", &text)], &text);
        let delivered = matches!(outcome(&response), Outcome::Delivered(_));
        prop_assert!(!delivered);
    }
}
