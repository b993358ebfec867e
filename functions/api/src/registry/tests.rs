use super::*;
use serde_json::json;

fn providers(addresses: AddressPolicy) -> Providers {
    Providers::new(&ProvidersConfig {
        addresses,
        base_urls: BaseUrls::default(),
    })
}

fn check(
    addresses: AddressPolicy,
    provider: &str,
    settings: &Value,
    secret: Option<Value>,
) -> Option<String> {
    let secret = secret.map(|json| Secrets::new(json.to_string()));
    let settings = settings.as_object().unwrap().clone();
    providers(addresses)
        .check(provider, &settings, secret.as_ref())
        .err()
        .map(|error| error.to_string())
}

#[test]
fn sound_destinations_pass() {
    let https = AddressPolicy::PublicHttps;
    let url = json!({"url": "https://example.com/hook"});
    assert_eq!(check(https, "webhook", &json!({}), Some(url)), None);
    let topic = json!({"topicArn": "arn:aws:sns:us-east-1:123456789012:alerts"});
    assert_eq!(check(https, "sns", &topic, None), None);
    let queue = json!({"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/alerts"});
    assert_eq!(check(https, "sqs", &queue, None), None);
}

#[test]
fn private_addresses_are_refused_when_a_destination_is_added() {
    for url in [
        "https://169.254.169.254/latest",
        "http://example.com/",
        "https://[::1]/x",
    ] {
        let secret = Some(json!({"url": url}));
        let error = check(
            AddressPolicy::PublicHttps,
            "webhook",
            &json!({}),
            secret.clone(),
        );
        assert!(error.unwrap().contains("must not be called"), "{url}");
        assert_eq!(
            check(AddressPolicy::Any, "webhook", &json!({}), secret),
            None
        );
    }
}

#[test]
fn unknown_providers_and_superfluous_secrets_are_named() {
    let error = check(AddressPolicy::Any, "carrier-pigeon", &json!({}), None).unwrap();
    assert!(
        error.contains("`type` must be one of asana, github"),
        "{error}"
    );
    let topic = json!({"topicArn": "arn:aws:sns:us-east-1:123456789012:alerts"});
    assert!(
        check(AddressPolicy::Any, "sns", &topic, Some(json!({})))
            .unwrap()
            .contains("IAM role")
    );
    let missing = check(AddressPolicy::Any, "webhook", &json!({}), None).unwrap();
    assert_eq!(missing, "`secret.url` is missing");
}

/// Per provider: sound settings and secret, then what may be wrong with either,
/// with the field that the refusal must name and words it must have.
const BAD: &str = include_str!("bad_settings.json");

#[test]
fn bad_settings_of_every_provider_are_refused_with_field_and_reason() {
    let table: Map<String, Value> = serde_json::from_str(BAD).unwrap();
    let all = providers(AddressPolicy::PublicHttps);
    let told: Vec<_> = table.keys().map(String::as_str).collect();
    assert_eq!(told, all.names().collect::<Vec<_>>());
    for (provider, rows) in &table {
        let sound = &rows["sound"];
        let secret = |given: &Value| (!given.is_null()).then(|| Secrets::new(given.to_string()));
        let checked = |settings: &Value, given: &Value| {
            let settings = settings.as_object().unwrap();
            all.check(provider, settings, secret(given).as_ref())
        };
        assert_eq!(
            checked(&sound["settings"], &sound["secret"]),
            Ok(()),
            "{provider}"
        );
        for row in rows["bad"].as_array().unwrap() {
            let mut settings = sound["settings"].clone();
            let mut given = sound["secret"].clone();
            merge(&mut settings, &row["settings"]);
            merge(&mut given, &row["secret"]);
            let error = checked(&settings, &given).expect_err(&row.to_string());
            assert_eq!(
                error.field,
                row["field"].as_str().unwrap(),
                "{provider} {row}"
            );
            let says = row["says"].as_str().unwrap();
            assert!(error.problem.contains(says), "{provider} {row}: {error}");
            assert!(
                !error.to_string().contains("PLANTED"),
                "{provider} {row}: {error}"
            );
        }
    }
}

/// Sets members; `null` removes one.
fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => {
                into.as_object_mut().unwrap().shift_remove(name);
            }
            value => into[name] = value.clone(),
        }
    }
}

#[test]
fn every_placeholder_fits_and_shows_what_a_secret_is_good_for() {
    let table: Map<String, Value> = serde_json::from_str(BAD).unwrap();
    let all = providers(AddressPolicy::PublicHttps);
    for (provider, rows) in &table {
        let kind = all.get(provider).unwrap();
        let settings = rows["sound"]["settings"].as_object().unwrap();
        let placeholder = kind.placeholder(settings).unwrap();
        assert_eq!(
            kind.check(settings, placeholder.as_ref()),
            Ok(()),
            "{provider}"
        );
        assert_eq!(kind.binding(settings), kind.binding(settings), "{provider}");
    }
    let binding = |provider: &str, settings: Value| {
        let kind = all.get(provider).unwrap();
        kind.binding(settings.as_object().unwrap()).unwrap()
    };
    let jira = |site: &str| json!({"deployment": "dataCenter", "siteUrl": site, "projectKey": "SEC", "issueType": "Task"});
    assert_ne!(
        binding("jira", jira("https://a.example.com")),
        binding("jira", jira("https://b.example.com"))
    );
    assert_eq!(
        binding("jira", jira("https://a.example.com/x")),
        binding("jira", jira("https://a.example.com/y"))
    );
    // A bot's channel needs a bot's token.
    assert_ne!(
        binding("slack", json!({})),
        binding("slack", json!({"channelId": "C0123ABCD"}))
    );
    assert_eq!(
        binding("webhook", json!({})),
        binding("webhook", json!({"headers": {"x": "y"}}))
    );
}

#[test]
fn no_preview_shows_a_credential() {
    use tocsin_core::delivery::{DeliveryId, PriorAttempt};
    let table: Map<String, Value> = serde_json::from_str(BAD).unwrap();
    let all = providers(AddressPolicy::PublicHttps);
    let alert = tocsin_testing::full();
    let delivery = DeliveryId::of(
        &alert.alert_id,
        tocsin_core::destination::DestinationId::generate(),
    );
    for (provider, rows) in &table {
        for detail in [Detail::Full, Detail::Minimal] {
            let input = AttemptInput {
                alert: &alert,
                severity: alert.severity,
                delivery: &delivery,
                began_at: alert.created_at,
                settings: rows["sound"]["settings"].as_object().unwrap(),
                secret_name: None,
                prior_attempt: PriorAttempt::NotDelivered,
            };
            let preview = all.get(provider).unwrap().preview(input, detail).unwrap();
            let shown = serde_json::to_string(&preview).unwrap();
            assert!(!shown.to_lowercase().contains("placeholder"), "{shown}");
            assert!(shown.contains(&alert.title), "{provider}: {shown}");
        }
    }
}
