//! The samples in `events/` are what they say.

use std::path::PathBuf;

use serde_json::Value;
use tocsin_api_types::Request;
use tocsin_core::alert::parse;
use tocsin_core::delivery::DeliveryBatch;

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
fn every_sample_alert_is_an_alert_that_needs_no_mending() {
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
fn every_hand_over_is_one() {
    for path in files("handover-") {
        let hand_over: DeliveryBatch = serde_json::from_value(json(&path)).unwrap();
        assert!(!hand_over.alerts.is_empty());
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

/// What cargo-lambda reads: one `=` in a line, or it refuses the whole file.
#[test]
fn the_environment_file_can_be_read() {
    let text = include_str!("../../events/local.env");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(line.matches('=').count(), 1, "{line}");
    }
}
