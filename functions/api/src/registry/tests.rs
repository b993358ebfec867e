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
    let all = providers(AddressPolicy::Any);
    let error = all.get("carrier-pigeon").err().unwrap();
    assert_eq!(error.field.as_deref(), Some("type"));
    assert!(
        error
            .message
            .contains("`type` must be one of asana, github"),
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

/// Per provider: sound settings and a sound secret, and changes that make them wrong,
/// each with the field that the error must name and words that it must have.
const BAD: &str = include_str!("bad_settings.json");

/// Every provider with its name and its entry of [`BAD`].
fn each(all: &Providers) -> impl Iterator<Item = (&str, &dyn ErasedProvider, Value)> {
    let table: Map<String, Value> = serde_json::from_str(BAD).unwrap();
    let providers = all.0.iter();
    providers.map(move |(&name, provider)| (name, provider.as_ref(), table[name].clone()))
}

#[test]
fn bad_settings_of_every_provider_are_refused_with_field_and_reason() {
    let all = providers(AddressPolicy::PublicHttps);
    for (name, provider, table) in each(&all) {
        let sound = &table["sound"];
        let secret = |given: &Value| (!given.is_null()).then(|| Secrets::new(given.to_string()));
        let check = |settings: &Value, given: &Value| {
            provider.check(settings.as_object().unwrap(), secret(given).as_ref())
        };
        assert_eq!(
            check(&sound["settings"], &sound["secret"]),
            Ok(()),
            "{name}"
        );
        for row in table["bad"].as_array().unwrap() {
            let mut settings = sound["settings"].clone();
            let mut given = sound["secret"].clone();
            merge(&mut settings, &row["settings"]);
            merge(&mut given, &row["secret"]);
            let error = check(&settings, &given).expect_err(&row.to_string());
            assert_eq!(error.field, row["field"].as_str().unwrap(), "{name} {row}");
            let says = row["says"].as_str().unwrap();
            assert!(error.problem.contains(says), "{name} {row}: {error}");
            assert!(
                !error.to_string().contains("PLANTED"),
                "{name} {row}: {error}"
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
fn every_placeholder_passes_and_settings_decide_the_binding() {
    let all = providers(AddressPolicy::PublicHttps);
    for (name, provider, table) in each(&all) {
        let settings = table["sound"]["settings"].as_object().unwrap();
        let placeholder = provider.placeholder(settings).unwrap();
        assert_eq!(
            provider.check(settings, placeholder.as_ref()),
            Ok(()),
            "{name}"
        );
        assert_eq!(
            provider.binding(settings),
            provider.binding(settings),
            "{name}"
        );
    }
    let binding = |provider: &str, settings: Value| {
        let provider = all.get(provider).unwrap();
        provider.binding(settings.as_object().unwrap()).unwrap()
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
    let all = providers(AddressPolicy::PublicHttps);
    let alert = tocsin_testing::full();
    let delivery = DeliveryId::of(
        &alert.alert_id,
        tocsin_core::destination::DestinationId::generate(),
    );
    for (name, provider, table) in each(&all) {
        for detail in [Detail::Full, Detail::Minimal] {
            let input = AttemptInput {
                alert: &alert,
                severity: alert.severity,
                delivery: &delivery,
                began_at: alert.created_at,
                settings: table["sound"]["settings"].as_object().unwrap(),
                secret_name: None,
                prior_attempt: PriorAttempt::NotDelivered,
            };
            let preview = provider.preview(input, detail).unwrap();
            let shown = serde_json::to_string(&preview).unwrap();
            assert!(!shown.to_lowercase().contains("placeholder"), "{shown}");
            assert!(shown.contains(&alert.title), "{name}: {shown}");
        }
    }
}
