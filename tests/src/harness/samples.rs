//! The sample destinations of `events/`, against the simulator: what shows that a
//! provider works. A new provider is tested with its sample, without a list here.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Stack, root};

/// A sample destination.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its display name.
    pub name: String,
    /// Its provider.
    pub provider: String,
    /// Its settings, with the simulator's address where a setting is an address.
    pub settings: Value,
    /// Its secret; none for providers whose sender's role is the credential.
    pub secret: Option<Value>,
    /// What its receipts name.
    pub receipt: Receipt,
}

/// What the receipt of a delivery names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Receipt {
    /// The URL of what the vendor created.
    Url,
    /// The id of what the vendor created.
    Id,
    /// The id of a message of SNS or SQS.
    MessageId,
    /// Nothing: the vendor says no more than that it accepted the message.
    None,
}

/// `events/simulated/<display name>.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Simulated {
    #[serde(default)]
    settings: Map<String, Value>,
    secret: Option<Value>,
    receipt: Receipt,
}

/// The sample destinations, by file name. `token` is in every secret: twenty
/// letters and digits.
#[must_use]
pub fn samples(stack: &Stack, token: &str) -> Vec<Sample> {
    let mut files = files();
    files.sort();
    let samples: Vec<_> = files
        .iter()
        .map(|path| sample(path, stack, token))
        .collect();
    for provider in providers() {
        assert!(
            samples.iter().any(|one| one.provider == provider),
            "the provider {provider} has no events/destination-….json"
        );
    }
    samples
}

fn files() -> Vec<PathBuf> {
    std::fs::read_dir(root().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("destination-")
        })
        .collect()
}

fn sample(path: &Path, stack: &Stack, token: &str) -> Sample {
    let read = |path: &Path| {
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let destination: Value = serde_json::from_str(&read(path)).unwrap();
    let text = |field: &str| destination[field].as_str().unwrap().to_owned();
    let name = text("displayName");
    let simulated = path.with_file_name(format!("simulated/{name}.json"));
    let simulated = read(&simulated)
        .replace("{simulator}", &stack.simulator(""))
        .replace("{token}", token);
    let simulated: Simulated = serde_json::from_str(&simulated).unwrap();
    let mut settings = destination["settings"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    settings.extend(simulated.settings);
    Sample {
        provider: text("type"),
        name,
        settings: Value::Object(settings),
        secret: simulated.secret,
        receipt: simulated.receipt,
    }
}

/// The providers: the folders of `functions/senders`.
#[must_use]
pub fn providers() -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(root().join("functions/senders"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
