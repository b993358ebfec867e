//! What belongs to every provider: the same files in its folder, a block in the
//! template, an entry in the registry, sample destinations, a contract test, and a row in
//! the documents.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The files of every provider's folder. `name.rs` may be a folder `name/mod.rs`.
const FILES: [&str; 15] = [
    "Cargo.toml",
    "README.md",
    "src/form.rs",
    "src/lib.rs",
    "src/main.rs",
    "src/message.rs",
    "src/outcome.rs",
    "src/request.rs",
    "src/settings.rs",
    "src/tests/message.rs",
    "src/tests/mod.rs",
    "src/tests/outcome.rs",
    "src/tests/settings.json",
    "src/tests/settings.rs",
    "src/tests/snapshots",
];

/// The files that some providers have as well.
const OPTIONAL_FILES: [&str; 5] = [
    "src/lookup.rs",
    "src/secret.rs",
    "src/token.rs",
    "src/tests/limits.rs",
    "src/tests/token.rs",
];

/// The sections of every provider's README.
const SECTIONS: [&str; 6] = [
    "Set up",
    "Settings",
    "Message",
    "Deduplication",
    "Limits",
    "Responses",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn names_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder));
    let names = entries.into_iter().flatten();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Whether a file is there, or the folder of the module that it would be.
fn is_there(folder: &Path, file: &str) -> bool {
    let module = file
        .strip_suffix(".rs")
        .map(|name| format!("{name}/mod.rs"));
    folder.join(file).exists() || module.is_some_and(|module| folder.join(module).exists())
}

/// Everything that the provider `name` lacks, one entry for each.
fn missing(name: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let path = format!("functions/senders/{name}");
    let folder = root().join(&path);
    for file in FILES {
        if !is_there(&folder, file) {
            missing.push(format!("{path}/{file}"));
        }
    }
    let readme = read(format!("{path}/README.md"));
    for section in SECTIONS {
        if !readme.contains(&format!("\n## {section}\n")) {
            missing.push(format!("the section \"{section}\" in {path}/README.md"));
        }
    }
    let has_secret = first_valid(name)["secret"].is_object();
    if has_secret && !is_there(&folder, "src/secret.rs") {
        missing.push(format!("{path}/src/secret.rs, although it has a secret"));
    }
    let template = read("template.yaml");
    let sender = capitalised(name);
    let row = format!("\n    {sender}: {{ Provider: {name}, CodeUri: {path}, ");
    if !template.contains(&row) {
        missing.push(format!("{sender} in Mappings.Senders of template.yaml"));
    }
    if !is_looped(&template, "Senders", &sender) {
        missing.push(format!("{sender} in Fn::ForEach::Senders of template.yaml"));
    }
    if !is_looped(&template, "SenderRoles", &sender)
        && !template.contains(&format!("\n  {sender}Role:\n"))
    {
        missing.push(format!(
            "{sender} in Fn::ForEach::SenderRoles of template.yaml"
        ));
    }
    let dependency = format!("\ntocsin-{name}.workspace = true\n");
    if !read("functions/api/Cargo.toml").contains(&dependency) {
        missing.push(format!("tocsin-{name} in functions/api/Cargo.toml"));
    }
    if !read("functions/api/src/registry/mod.rs").contains(&format!("tocsin_{name}::")) {
        missing.push(format!(
            "tocsin_{name} in functions/api/src/registry/mod.rs"
        ));
    }
    let samples = samples(name);
    if samples.is_empty() {
        missing.push(format!(
            "events/destination-….json with the type \"{name}\""
        ));
    }
    for sample in samples {
        let simulated = format!("events/simulated/{sample}.json");
        if !root().join(&simulated).exists() {
            missing.push(simulated);
        }
    }
    // AWS providers are tested on the emulator instead.
    if has_secret && !read("tests/it/contract.rs").contains(&format!("tocsin_{name}::")) {
        missing.push(format!("a test of tocsin_{name} in tests/it/contract.rs"));
    }
    if has_secret && !is_there(&root().join("tests/src/simulator"), &format!("{name}.rs")) {
        missing.push(format!("tests/src/simulator/{name}.rs"));
    }
    let row = format!("\n| [`{name}`](../{path}/README.md) |");
    if !read("docs/destinations.md").contains(&row) {
        missing.push(format!("the row of `{name}` in docs/destinations.md"));
    }
    let templates = read("tests/pictures/vendors/index.mjs");
    if ![',', ':']
        .iter()
        .any(|end| templates.contains(&format!("\n  {name}{end}")))
    {
        missing.push(format!("{name} in tests/pictures/vendors/index.mjs"));
    }
    missing
}

/// The first valid destination in the provider's tests; `Null` without such tests.
fn first_valid(name: &str) -> Value {
    let table = read(format!("functions/senders/{name}/src/tests/settings.json"));
    let table: Value = serde_json::from_str(&table).unwrap_or_default();
    table["valid"][0].clone()
}

fn capitalised(name: &str) -> String {
    let mut rest = name.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}

/// Whether a loop of the template has this entry.
fn is_looped(template: &str, name: &str, entry: &str) -> bool {
    let start = format!("\n  Fn::ForEach::{name}:\n    - Sender\n    - [");
    let list = template
        .split_once(&start)
        .and_then(|(_, rest)| rest.split_once(']'));
    list.is_some_and(|(list, _)| list.split(", ").any(|listed| listed == entry))
}

/// The display names of the provider's sample destinations.
fn samples(provider: &str) -> Vec<String> {
    let files = names_in("events");
    let destinations = files.iter().filter(|file| file.starts_with("destination-"));
    destinations
        .map(|file| {
            serde_json::from_str::<Value>(&read(Path::new("events").join(file)))
                .unwrap_or_else(|error| panic!("{file}: {error}"))
        })
        .filter(|destination| destination["type"] == provider)
        .map(|destination| destination["displayName"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_provider_is_complete() {
    let providers = names_in("functions/senders");
    assert!(providers.len() > 1);
    let missing: Vec<_> = providers
        .iter()
        .flat_map(|name| missing(name))
        .map(|missing| format!("- {missing}"))
        .collect();
    assert!(
        missing.is_empty(),
        "there is still to add:\n{}",
        missing.join("\n")
    );
}

#[test]
fn no_provider_has_files_with_other_names() {
    let module = |file: &str| file.strip_suffix(".rs").unwrap_or(file).to_owned();
    let mut known: Vec<_> = FILES
        .iter()
        .chain(&OPTIONAL_FILES)
        .map(|file| module(file))
        .collect();
    known.extend(["src", "src/tests", "src/tests/cases"].map(str::to_owned));
    let mut unknown = Vec::new();
    for name in names_in("functions/senders") {
        for folder in ["", "src/", "src/tests/"] {
            for entry in names_in(&format!("functions/senders/{name}/{folder}")) {
                let file = format!("{folder}{entry}");
                if !known.contains(&module(&file)) {
                    unknown.push(format!("functions/senders/{name}/{file}"));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// A provider that does not exist lacks everything.
#[test]
fn a_new_provider_is_told_all_that_it_lacks() {
    let missing = missing("pigeon");
    let expected = [
        "Pigeon in Mappings.Senders of template.yaml",
        "Pigeon in Fn::ForEach::Senders of template.yaml",
        "Pigeon in Fn::ForEach::SenderRoles of template.yaml",
        "tocsin-pigeon in functions/api/Cargo.toml",
        "tocsin_pigeon in functions/api/src/registry/mod.rs",
        "events/destination-….json with the type \"pigeon\"",
        "the row of `pigeon` in docs/destinations.md",
        "pigeon in tests/pictures/vendors/index.mjs",
    ];
    let folder = "functions/senders/pigeon";
    let files = FILES.map(|file| format!("{folder}/{file}"));
    let sections = SECTIONS.map(|name| format!("the section \"{name}\" in {folder}/README.md"));
    let expected = expected.map(str::to_owned);
    let all = files.into_iter().chain(sections).chain(expected);
    assert_eq!(missing, all.collect::<Vec<_>>());
}
