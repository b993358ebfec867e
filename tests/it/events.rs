//! The samples in `events/` are valid.

use std::path::PathBuf;

use serde_json::Value;
use tocsin_api_types::Request;
use tocsin_core::alert::parse;
use tocsin_core::delivery::DeliveryBatch;
use tocsin_tests::harness::providers;
use tocsin_tests::simulator::Simulator;

fn files(prefix: &str) -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with(prefix) && name.ends_with(".json")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there is no events/{prefix}*.json");
    files
}

fn json(path: &PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_sample_alert_needs_no_normalization() {
    for path in files("alert-") {
        let alert = parse(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(alert.notes, [], "{}", path.display());
    }
}

#[test]
fn every_batch_is_made_of_queue_records() {
    for path in files("sqs-") {
        let batch = json(&path);
        for record in batch["Records"].as_array().unwrap() {
            assert!(record["messageId"].is_string() && record["body"].is_string());
            assert!(record["eventSourceARN"].is_string(), "{}", path.display());
        }
    }
}

#[test]
fn every_delivery_batch_can_be_read() {
    for path in files("batch-") {
        let batch: DeliveryBatch = serde_json::from_value(json(&path)).unwrap();
        assert!(!batch.alerts.is_empty());
    }
}

#[test]
fn every_operation_has_a_sample_that_it_reads() {
    let mut sampled = std::collections::BTreeSet::new();
    for path in files("api-") {
        let request = Request::read(json(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(sampled.insert(request.name()), "{}", path.display());
        // Written out and read again it is the same.
        let written = serde_json::to_value(&request).unwrap();
        let again = Request::read(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), written);
    }
    let all = Request::OPERATIONS.iter().copied().collect();
    assert_eq!(sampled, all);
}

/// As a sample describes it for the simulator.
fn simulated(destination: &Value) -> PathBuf {
    let name = destination["displayName"].as_str().unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/simulated");
    PathBuf::from(folder).join(format!("{name}.json"))
}

#[test]
fn every_provider_has_a_sample_destination_that_the_simulator_can_receive() {
    let mut sampled = std::collections::BTreeSet::new();
    for path in files("destination-") {
        let destination = json(&path);
        sampled.insert(destination["type"].as_str().unwrap().to_owned());
        let simulated = simulated(&destination);
        let receipt = json(&simulated)["receipt"].clone();
        let known = ["url", "id", "messageId", "none"].map(Value::from);
        assert!(
            known.contains(&receipt),
            "{}: {receipt}",
            simulated.display()
        );
    }
    let all = providers().into_iter().collect();
    assert_eq!(
        sampled, all,
        "events/destination-….json, one of each provider"
    );
}

#[test]
fn the_simulator_plays_the_vendor_of_every_provider_but_aws() {
    let vendors = Simulator::providers();
    for path in files("destination-") {
        let destination = json(&path);
        let provider = destination["type"].as_str().unwrap();
        // Messages of SNS and SQS stay in the emulator of AWS.
        let is_aws = json(&simulated(&destination))["receipt"] == "messageId";
        assert_eq!(
            vendors.contains(&provider),
            !is_aws,
            "the simulator (tests/src/simulator) and the vendor of {provider}"
        );
    }
}

#[test]
fn every_sample_alert_has_an_expected_route() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
    let expected = json(&PathBuf::from(folder).join("expected-routes.json"));
    let expected: Vec<_> = expected.as_object().unwrap().keys().cloned().collect();
    let alerts: Vec<_> = files("alert-")
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(expected, alerts);
}

/// What cargo-lambda reads: one `=` in a line, or it refuses the whole file.
#[test]
fn the_environment_file_can_be_read() {
    let text = include_str!("../../events/local.env");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(line.matches('=').count(), 1, "{line}");
    }
}
