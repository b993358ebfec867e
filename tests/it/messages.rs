//! The messages that every provider builds for alerts as they are in practice. `make
//! pictures` draws them: it runs this test with `TOCSIN_MESSAGES`, the folder to write
//! them to, as `<alert>/<message>.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tocsin_api::{Providers, ProvidersConfig};
use tocsin_api_types::Preview;
use tocsin_core::alert::{Alert, parse};
use tocsin_core::delivery::{DeliveryId, PriorAttempt};
use tocsin_core::destination::{DestinationId, Destinations};
use tocsin_core::provider::Detail;
use tocsin_core::routing::route;
use tocsin_sender::messaging::OwnEndpoints;
use tocsin_sender::{AddressPolicy, AttemptInput, BaseUrls};
use tocsin_tests::harness::{providers, root};

/// The alerts, and destinations of the kinds that `events/` has no sample of.
const FIXTURES: &str = "tests/fixtures/messages";

/// Always the same, so that a message differs from an earlier one by what changed only.
const DESTINATION: &str = "9f0b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3";

/// A destination that a message is built for.
struct Target {
    provider: String,
    settings: Map<String, Value>,
}

/// The files `<prefix><name>.json` of a folder, by name.
fn files(folder: &str, prefix: &str) -> BTreeMap<String, PathBuf> {
    let folder = root().join(folder);
    let entries = std::fs::read_dir(&folder).unwrap();
    entries
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name()?.to_str()?;
            let name = name.strip_prefix(prefix)?.strip_suffix(".json")?;
            Some((name.to_owned(), path))
        })
        .collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn target(path: &Path) -> Target {
    let destination: Value = serde_json::from_str(&read(path)).unwrap();
    Target {
        provider: destination["type"].as_str().unwrap().to_owned(),
        settings: destination["settings"]
            .as_object()
            .cloned()
            .unwrap_or_default(),
    }
}

/// One destination of every provider under the provider's name, from `events/`, and
/// those of the fixtures under their own.
fn targets() -> BTreeMap<String, Target> {
    let mut targets = BTreeMap::new();
    for path in files("events", "destination-").values() {
        let target = target(path);
        targets.entry(target.provider.clone()).or_insert(target);
    }
    for (name, path) in files(FIXTURES, "destination-") {
        let kept = targets.insert(name.clone(), target(&path));
        assert!(kept.is_none(), "{name} is the name of a provider");
    }
    targets
}

fn all_providers() -> Providers {
    Providers::new(&ProvidersConfig {
        addresses: AddressPolicy::PublicHttps,
        base_urls: BaseUrls::default(),
        own: OwnEndpoints::default(),
    })
}

fn message(providers: &Providers, alert: &Alert, target: &Target) -> Value {
    let severity = route(alert, &Destinations::default(), None).severity;
    let destination = DestinationId::parse(DESTINATION).unwrap();
    let delivery = DeliveryId::of(&alert.alert_id, destination);
    let input = AttemptInput {
        alert,
        severity,
        delivery: &delivery,
        first_delivery: &delivery,
        began_at: alert.created_at,
        settings: &target.settings,
        secret_name: None,
        prior_attempt: PriorAttempt::NotDelivered,
        detail: Detail::Full,
    };
    let message = providers.preview(&target.provider, input, Detail::Full);
    json!({
        "provider": target.provider,
        "severity": severity,
        "settings": target.settings,
        "message": message.unwrap(),
    })
}

/// The text of a message that its vendor gets.
fn body(message: &Value) -> String {
    match serde_json::from_value(message["message"].clone()).unwrap() {
        Preview::Request { body, .. } | Preview::Message { body, .. } => body,
    }
}

#[test]
fn every_alert_is_a_message_of_every_provider() {
    let (providers_of_stack, targets) = (all_providers(), targets());
    let covered: BTreeSet<_> = targets.values().map(|one| one.provider.clone()).collect();
    assert_eq!(covered, providers().into_iter().collect());
    let folder = std::env::var_os("TOCSIN_MESSAGES").map(|folder| root().join(folder));
    let alerts = files(FIXTURES, "alert-");
    assert!(alerts.len() >= 10, "{alerts:?}");
    for (alert_name, path) in alerts {
        let alert = parse(&read(&path)).unwrap_or_else(|error| panic!("{alert_name}: {error}"));
        for (name, target) in &targets {
            let message = message(&providers_of_stack, &alert, target);
            let first_word = alert.title.split(' ').next().unwrap();
            assert!(body(&message).contains(first_word), "{alert_name}: {name}");
            if let Some(folder) = &folder {
                let folder = folder.join(&alert_name);
                std::fs::create_dir_all(&folder).unwrap();
                let text = serde_json::to_string_pretty(&message).unwrap();
                std::fs::write(folder.join(format!("{name}.json")), text).unwrap();
            }
        }
    }
}
