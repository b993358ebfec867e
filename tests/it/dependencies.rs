//! Dependencies point one way: core ← api-types ← cli; core ← aws ← sender ← providers;
//! {api-types, aws, providers} ← api; {core, aws} ← router.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--no-deps",
            "--offline",
            "--locked",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// For each member, the names of what it depends on (not for tests).
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let used = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["kind"].is_null())
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), used)
        })
        .collect()
}

#[test]
fn each_crate_uses_only_what_lies_below_it() {
    let providers = dependencies()
        .keys()
        .filter_map(|name| name.strip_prefix("tocsin-").map(str::to_owned))
        .filter(|name| {
            std::path::Path::new(&format!(
                "{}/../functions/senders/{name}",
                env!("CARGO_MANIFEST_DIR")
            ))
            .exists()
        })
        .map(|name| format!("tocsin-{name}"))
        .collect::<BTreeSet<_>>();
    assert!(providers.contains("tocsin-slack"));
    for (name, used) in dependencies() {
        let own: BTreeSet<_> = used
            .into_iter()
            .filter(|one| one.starts_with("tocsin"))
            .collect();
        let allowed: BTreeSet<String> = match name.as_str() {
            "tocsin-core" | "tocsin-tests" => BTreeSet::new(),
            "tocsin-aws" | "tocsin-api-types" => ["tocsin-core"].map(str::to_owned).into(),
            "tocsin-testing" => ["tocsin-core", "tocsin-sender"].map(str::to_owned).into(),
            "tocsin-sender" | "tocsin-router" => {
                ["tocsin-core", "tocsin-aws"].map(str::to_owned).into()
            }
            provider if providers.contains(provider) => {
                ["tocsin-core", "tocsin-sender"].map(str::to_owned).into()
            }
            "tocsin-api" => {
                let mut all = providers.clone();
                all.extend(
                    [
                        "tocsin-core",
                        "tocsin-api-types",
                        "tocsin-aws",
                        "tocsin-sender",
                    ]
                    .map(str::to_owned),
                );
                all
            }
            "tocsin" => ["tocsin-core", "tocsin-api-types"]
                .map(str::to_owned)
                .into(),
            other => panic!("say here what {other} may depend on"),
        };
        let wrong: Vec<_> = own.difference(&allowed).collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
}

#[test]
fn core_and_api_types_depend_on_no_runtime_cloud_or_http_client() {
    let all = dependencies();
    for package in ["tocsin-core", "tocsin-api-types"] {
        for name in &all[package] {
            let foreign = name.starts_with("aws")
                || ["tokio", "reqwest", "hyper", "lambda_runtime"].contains(&name.as_str());
            assert!(!foreign, "{package} must not depend on {name}");
        }
    }
}

#[test]
fn every_dependency_stands_once_in_the_workspace() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for package in metadata()["packages"].as_array().unwrap() {
        let path = package["manifest_path"].as_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let mut inside = false;
        for line in text.lines() {
            if line.starts_with('[') {
                inside = line.contains("dependencies");
            } else if inside && line.contains('=') {
                assert!(
                    line.trim_end().ends_with(".workspace = true"),
                    "{path}: {line} (belongs into {root}/Cargo.toml)"
                );
            }
        }
    }
}
