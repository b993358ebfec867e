//! Everything that is installed to build and test is pinned by its hash, and the snapshot
//! of the advisories knows every crate of Cargo.lock.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tocsin_tests::harness::root;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lists of Python packages that were asked for.
fn sources() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("tests/local")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut sources: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|one| one == "in"))
        .collect();
    sources.sort();
    sources
}

/// The requirements of a file, each with its hashes on one line.
fn requirements(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("--"))
        .map(str::to_owned)
        .collect()
}

/// The package and the exact version, as `name==version`.
fn pin(requirement: &str) -> &str {
    requirement.split([' ', ';']).next().unwrap_or_default()
}

fn hashes(requirement: &str) -> impl Iterator<Item = &str> {
    requirement
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("--hash="))
}

fn is_sha256(hash: &str) -> bool {
    let digits = hash.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|one| one.is_ascii_hexdigit())
}

#[test]
fn every_python_package_is_pinned_by_its_hash() {
    let mut found = 0;
    for source in sources() {
        let path = source.with_extension("txt");
        for requirement in requirements(&read(&path)) {
            found += 1;
            let shown = path.display();
            let pin = pin(&requirement);
            assert!(pin.contains("=="), "{shown}: {pin} has no exact version");
            let mut hashes = hashes(&requirement).peekable();
            assert!(hashes.peek().is_some(), "{shown}: {pin} has no hash");
            assert!(hashes.all(is_sha256), "{shown}: {pin}: not SHA-256");
        }
    }
    assert!(found > 100, "only {found} packages were found");
}

#[test]
fn what_was_asked_for_is_what_is_pinned() {
    for source in sources() {
        let text = read(&source.with_extension("txt"));
        let pinned = requirements(&text);
        let pinned: BTreeSet<&str> = pinned.iter().map(|one| pin(one)).collect();
        for wanted in requirements(&read(&source)) {
            let shown = source.display();
            assert!(
                pinned.contains(wanted.as_str()),
                "{shown}: {wanted} is not pinned: `make pins`"
            );
        }
    }
}

/// A list of pins without its list of wishes would never be checked or updated.
#[test]
fn the_lists_of_python_packages_go_in_pairs() {
    let folder = root().join("tests/local");
    let lists = std::fs::read_dir(folder).unwrap();
    for path in lists.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("requirements-") {
            for extension in ["in", "txt"] {
                let pair = path.with_extension(extension);
                assert!(pair.exists(), "{} does not exist", pair.display());
            }
        }
    }
}

/// Each machine has its own index; and a source package would be built with tools that
/// are not pinned.
#[test]
fn the_pins_name_no_index_and_allow_no_source_package() {
    for source in sources() {
        let path = source.with_extension("txt");
        let text = read(&path);
        let shown = path.display();
        assert!(!text.contains("://"), "{shown} has an address");
        let options: Vec<_> = text.lines().filter(|line| line.starts_with("--")).collect();
        assert_eq!(options, ["--only-binary :all:"], "{shown}");
    }
}

/// The crates of a `Cargo.lock` that a snapshot was not filtered for.
fn not_covered(cargo_lock: &str, snapshot: &Value) -> BTreeSet<String> {
    let crates = snapshot["crates"].as_array().into_iter().flatten();
    let covered: BTreeSet<&str> = crates.filter_map(Value::as_str).collect();
    let names = cargo_lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    names
        .filter(|name| !covered.contains(name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_crate_that_the_snapshot_was_not_filtered_for_is_found() {
    let lock = "[[package]]\nname = \"old\"\n\n[[package]]\nname = \"new\"\n";
    let snapshot = serde_json::json!({ "crates": ["old", "removed"] });
    assert_eq!(not_covered(lock, &snapshot), ["new".to_owned()].into());
}

/// Until the first `make advisories` there is no snapshot; `make deny` says so.
#[test]
fn the_snapshot_of_the_advisories_covers_every_crate() {
    let path = root().join("advisories/snapshot.json");
    if !path.exists() {
        return;
    }
    let snapshot = serde_json::from_str(&read(&path)).unwrap();
    let missing = not_covered(&read(&root().join("Cargo.lock")), &snapshot);
    assert!(missing.is_empty(), "`make advisories`: {missing:?}");
}
