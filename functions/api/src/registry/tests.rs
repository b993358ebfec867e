use std::path::{Path, PathBuf};

use serde_json::json;
use tocsin_core::delivery::{DeliveryId, PriorAttempt};
use tocsin_core::destination::DestinationId;
use tocsin_testing::{full, valid_destinations};

use super::*;

fn providers(addresses: AddressPolicy) -> Providers {
    Providers::new(&ProvidersConfig {
        addresses,
        base_urls: BaseUrls::default(),
        own: OwnEndpoints::default(),
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
fn valid_destinations_pass() {
    let https = AddressPolicy::PublicHttps;
    let url = json!({"url": "https://example.com/hook"});
    assert_eq!(check(https, "webhook", &json!({}), Some(url)), None);
    let topic = json!({"topicArn": "arn:aws:sns:us-east-1:123456789012:alerts"});
    assert_eq!(check(https, "sns", &topic, None), None);
    let queue = json!({"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/alerts"});
    assert_eq!(check(https, "sqs", &queue, None), None);
}

/// Addresses that no request may go to: provider, settings, secret and the object that
/// the error must name.
#[test]
fn a_destination_with_a_forbidden_address_is_rejected() {
    let webhook = |url: &str| ("webhook", json!({}), json!({"url": url}), "`secret` ");
    let github = |url: &str| {
        let settings = json!({"repository": "octo-org/alerts", "apiUrl": url});
        (
            "github",
            settings,
            json!({"token": "PLANTED"}),
            "`settings` ",
        )
    };
    let oauth = |url: &str| {
        let settings = json!({"tokenUrl": url, "clientId": "tocsin"});
        let secret = json!({"url": "https://example.com/PLANTED", "clientSecret": "PLANTED"});
        ("webhook", settings, secret, "`settings` ")
    };
    for (provider, settings, secret, field) in [
        webhook("http://example.com/PLANTED"),
        webhook("https://127.0.0.1/PLANTED"),
        webhook("https://192.168.1.1/PLANTED"),
        webhook("https://169.254.169.254/PLANTED"),
        webhook("https://[::1]/PLANTED"),
        oauth("https://10.0.0.1/token"),
        oauth("http://login.example.com/token"),
        github("https://10.0.0.1/api/v3"),
        github("https://169.254.169.254/api/v3"),
    ] {
        let check = |addresses| check(addresses, provider, &settings, Some(secret.clone()));
        let error = check(AddressPolicy::PublicHttps).unwrap();
        assert!(error.starts_with(field), "{error}");
        assert!(error.contains("must not be called"), "{error}");
        assert!(!error.contains("PLANTED"), "{error}");
        assert_eq!(check(AddressPolicy::Any), None, "{settings} {secret}");
    }
}

#[test]
fn an_unknown_provider_and_a_superfluous_secret_are_rejected() {
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

#[test]
fn the_hosts_that_get_a_secret_are_known() {
    let all = providers(AddressPolicy::PublicHttps);
    let hosts = |provider: &str, settings: Value, secret: Option<Value>| {
        let settings = settings.as_object().unwrap().clone();
        let secret = secret.map(|json| Secrets::new(json.to_string()));
        let erased = all.get(provider).unwrap();
        erased.hosts(&settings, secret.as_ref()).unwrap()
    };
    let jira = json!({
        "deployment": "dataCenter", "siteUrl": "https://jira.example.com:8443/jira",
        "projectKey": "SEC", "issueType": "Task",
    });
    let token = json!({"token": "PLANTED"});
    let oauth = json!({"tokenUrl": "https://login.example.com/token", "clientId": "tocsin"});
    let url = json!({"url": "https://user@münchen.example.com:443/PLANTED"});
    let client = json!({"url": "https://example.com/PLANTED", "clientSecret": "PLANTED"});
    for (provider, settings, secret, expected) in [
        (
            "jira",
            jira.clone(),
            Some(token),
            &["jira.example.com:8443"][..],
        ),
        ("jira", jira, None, &["jira.example.com:8443"]),
        (
            "webhook",
            json!({}),
            Some(url),
            &["xn--mnchen-3ya.example.com"],
        ),
        // The address is in the secret, which is not known here.
        ("webhook", json!({}), None, &[]),
        (
            "webhook",
            oauth.clone(),
            Some(client),
            &["example.com", "login.example.com"],
        ),
        ("webhook", oauth, None, &["login.example.com"]),
    ] {
        assert_eq!(hosts(provider, settings, secret), expected, "{provider}");
    }
}

#[test]
fn every_secret_is_sent_to_a_known_host() {
    let all = providers(AddressPolicy::PublicHttps);
    each_destination(|provider, settings, secret| {
        let hosts = all.get(provider).unwrap().hosts(settings, secret).unwrap();
        assert_eq!(hosts.is_empty(), secret.is_none(), "{provider}: {hosts:?}");
    });
}

fn senders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../senders")
}

/// The valid destinations in the tests of every provider.
fn each_destination(mut f: impl FnMut(&str, &Map<String, Value>, Option<&Secrets>)) {
    for provider in providers(AddressPolicy::PublicHttps).names() {
        let path = senders().join(provider).join("src/tests/settings.json");
        let table = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (settings, secret) in valid_destinations(&table) {
            f(provider, &settings, secret.as_ref());
        }
    }
}

#[test]
fn every_sender_is_in_the_registry() {
    let mut folders: Vec<_> = std::fs::read_dir(senders())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let providers = providers(AddressPolicy::PublicHttps);
    assert_eq!(folders, providers.names().collect::<Vec<_>>());
}

#[test]
fn every_providers_valid_destinations_and_placeholders_pass() {
    let all = providers(AddressPolicy::PublicHttps);
    each_destination(|provider, settings, secret| {
        let erased = all.get(provider).unwrap();
        assert_eq!(erased.check(settings, secret), Ok(()), "{provider}");
        let placeholder = erased.placeholder(settings).unwrap();
        let checked = erased.check(settings, placeholder.as_ref());
        assert_eq!(checked, Ok(()), "{provider}");
        assert_eq!(
            erased.binding(settings),
            erased.binding(settings),
            "{provider}"
        );
    });
}

#[test]
fn a_secret_is_bound_to_host_and_fields() {
    let all = providers(AddressPolicy::PublicHttps);
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
    // The client secret goes to the token endpoint.
    let oauth = |url: &str| binding("webhook", json!({"tokenUrl": url, "clientId": "tocsin"}));
    let one = oauth("https://login.example.com/a/token");
    assert_eq!(one.origin.as_deref(), Some("https://login.example.com"));
    assert_eq!(one, oauth("https://login.example.com/b/token"));
    assert_ne!(one, oauth("https://evil.example/a/token"));
    assert_ne!(one, binding("webhook", json!({})));
}

#[test]
fn no_preview_shows_a_credential() {
    let all = providers(AddressPolicy::PublicHttps);
    let alert = full();
    let delivery = DeliveryId::of(&alert.alert_id, DestinationId::generate());
    each_destination(|provider, settings, _| {
        for detail in [Detail::Full, Detail::Minimal] {
            let input = AttemptInput {
                alert: &alert,
                severity: alert.severity,
                delivery: &delivery,
                first_delivery: &delivery,
                began_at: alert.created_at,
                settings,
                secret_name: None,
                prior_attempt: PriorAttempt::NotDelivered,
                detail,
            };
            let preview = all.get(provider).unwrap().preview(input, detail).unwrap();
            let shown = serde_json::to_string(&preview).unwrap();
            assert!(!shown.to_lowercase().contains("placeholder"), "{shown}");
            // A part of the title that no provider has to escape.
            let title = "a suspicious address";
            assert!(
                alert.title.contains(title) && shown.contains(title),
                "{provider}: {shown}"
            );
        }
    });
}
