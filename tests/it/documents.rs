//! Documents name files and tests that exist: relative links, paths in code style, and
//! the tests that ARCHITECTURE.md names for the invariants.

use std::path::{Path, PathBuf};

use tocsin_tests::harness::root;

/// Folders with files that are built, installed or of others.
pub(crate) const BUILT: &[&str] = &[
    "target",
    ".git",
    ".local",
    ".tools",
    ".aws-sam",
    "dist",
    "node_modules",
    "advisories",
];

/// A document may say how to make these.
const EXAMPLES: &[&str] = &["acme"];

fn files(folder: &Path, extension: &str, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !BUILT.contains(&&*name) {
            files(&path, extension, into);
        } else if path.extension().is_some_and(|one| one == extension) {
            into.push(path);
        }
    }
}

fn texts(extension: &str) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    files(&root(), extension, &mut paths);
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// The targets of the relative links of a document, without their anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split([')', ' ']).next());
    let relative = targets.filter(|target| !target.contains(':') && !target.starts_with('#'));
    relative.filter_map(|target| target.split('#').next())
}

/// The parts of a document in code style that are on one line.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Whether this is the path of one file, from the root of the repository.
fn is_path(code: &str) -> bool {
    let folders = [
        "cli/",
        "docs/",
        "events/",
        "functions/",
        "shared/",
        "tests/",
    ];
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "/_-.".contains(one);
    folders.iter().any(|folder| code.starts_with(folder)) && code.chars().all(is_plain)
}

/// Whether this can be the name of a test: tests are called by sentences.
fn is_test_name(code: &str) -> bool {
    let is_plain = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_';
    code.matches('_').count() > 2 && code.chars().all(is_plain)
}

#[test]
fn links_and_paths_lead_to_files() {
    let mut found = 0;
    for (document, text) in texts("md") {
        let folder = document.parent().unwrap();
        let linked = links(&text).map(|target| (target, folder.join(target)));
        let named = code(&text)
            .filter(|code| is_path(code))
            .filter(|code| !EXAMPLES.iter().any(|example| code.contains(example)))
            .map(|code| (code, root().join(code)));
        for (target, path) in linked.chain(named) {
            found += 1;
            assert!(path.exists(), "{}: {target}", document.display());
        }
    }
    assert!(found > 200, "only {found} links and paths were found");
}

#[test]
fn tests_that_hold_the_invariants_exist() {
    let sources: String = texts("rs").into_iter().map(|(_, text)| text).collect();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for name in code(&text).filter(|code| is_test_name(code)) {
            let definition = format!("fn {name}(");
            assert!(sources.contains(&definition), "{document}: {name}");
        }
    }
}
