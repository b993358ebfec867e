//! Modules inside a crate depend on each other without circles, so that each can be
//! read with nothing but what it uses. The graph is made from the paths in the
//! sources: `use` declarations and paths in code, tests left out.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use source::Crate;

/// Crates without any circles, by their folders.
const STRICT: &[&str] = &["shared/core"];

/// Crates whose modules may use what the module that holds them defines, as a provider
/// uses its own type, and have no other circles.
const NESTED: &[&str] = &[
    "cli",
    "functions/api",
    "functions/router",
    "functions/senders/asana",
    "functions/senders/github",
    "functions/senders/jira",
    "functions/senders/opsgenie",
    "functions/senders/pagerduty",
    "functions/senders/servicenow",
    "functions/senders/slack",
    "functions/senders/sns",
    "functions/senders/sqs",
    "functions/senders/teams",
    "functions/senders/webhook",
    "shared/api-types",
    "shared/aws",
    "shared/sender",
    "shared/testing",
];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn dependencies(folder: &str) -> Graph {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Crate::read(&root.join(folder).join("src")).dependencies()
}

fn assert_no_circle(folder: &str, files: &Graph) {
    for graph in with_folders(files) {
        if let Some(circle) = circle(&graph) {
            panic!("{folder}: {}", circle.join(" → "));
        }
    }
}

#[test]
fn modules_have_no_circles() {
    for folder in STRICT {
        let files = dependencies(folder);
        assert!(files.len() > 10, "{folder}: no dependencies were found");
        assert_no_circle(folder, &files);
    }
    for folder in NESTED {
        let mut files = dependencies(folder);
        for (module, used) in &mut files {
            used.retain(|other| !module.starts_with(&format!("{other}::")));
        }
        assert_no_circle(folder, &files);
    }
}

/// The graph of files, and for every folder the graph of what is directly inside it:
/// two folders must not use each other either, whichever files do.
fn with_folders(files: &Graph) -> Vec<Graph> {
    let modules = files.iter().flat_map(|(from, to)| to.iter().chain([from]));
    let folders: BTreeSet<_> = modules
        .flat_map(|module| module.match_indices("::").map(|(at, _)| &module[..at]))
        .collect();
    let mut graphs = vec![files.clone()];
    for folder in folders {
        let prefix = format!("{folder}::");
        let child = |module: &str| {
            let rest = module.strip_prefix(&prefix)?;
            Some(format!("{prefix}{}", rest.split("::").next()?))
        };
        let mut graph = Graph::new();
        for (from, to) in files {
            let Some(from) = child(from) else { continue };
            let to = to
                .iter()
                .filter_map(|to| child(to))
                .filter(|to| *to != from);
            let to: Vec<_> = to.collect();
            graph.entry(from).or_default().extend(to);
        }
        graphs.push(graph);
    }
    graphs
}

/// The modules of a circle, the first one again at its end.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    fn visit(
        graph: &Graph,
        module: &str,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(at) = path.iter().position(|other| other == module) {
            let mut circle = path[at..].to_vec();
            circle.push(module.to_owned());
            return Some(circle);
        }
        if !done.insert(module.to_owned()) {
            return None;
        }
        path.push(module.to_owned());
        let next = graph.get(module).into_iter().flatten();
        let found = next
            .into_iter()
            .find_map(|next| visit(graph, next, path, done));
        path.pop();
        found
    }
    let mut done = BTreeSet::new();
    graph
        .keys()
        .find_map(|module| visit(graph, module, &mut Vec::new(), &mut done))
}

#[test]
fn circles_are_found() {
    let read = |files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let graphs = with_folders(&Crate::read(folder.path()).dependencies());
        graphs
            .iter()
            .find_map(circle)
            .map(|circle| circle.join(" "))
    };
    // By a `use`, by a path in code, and by a name that another module re-exports.
    let two = |a, b| {
        read(&[
            ("lib.rs", "pub mod a; pub mod b;"),
            ("a.rs", a),
            ("b.rs", b),
        ])
    };
    let circle = Some("crate::a crate::b crate::a".to_owned());
    assert_eq!(
        two("use crate::{b::{B, C}, x};", "use super::a::A;"),
        circle
    );
    assert_eq!(two("fn a() { crate::b::f(1) }", "use super::a::A;"), circle);
    assert_eq!(two("use crate::b::B;", "// use crate::a::A;"), None);
    assert_eq!(
        two("use crate::b::B;", r#"const A: &str = "crate::a";"#),
        None
    );
    let test = "#[cfg(test)]\nmod tests { use super::*; use crate::a::A; }";
    assert_eq!(two("use crate::b::B;", test), None);
    // A folder and its own file.
    let nested = |parent| {
        read(&[
            ("lib.rs", "mod a;"),
            ("a/mod.rs", parent),
            ("a/b.rs", "use super::A;"),
        ])
    };
    assert_eq!(nested("mod b; struct A;"), None);
    let circle = Some("crate::a crate::a::b crate::a".to_owned());
    assert_eq!(nested("mod b; use b::B; struct A;"), circle);
    // Files in two folders, although no two files use each other.
    let folders = read(&[
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod x; mod y;"),
        ("b/mod.rs", "mod x; mod y;"),
        ("a/x.rs", "use crate::b::x::X;"),
        ("b/y.rs", "use crate::a::y::Y;"),
    ]);
    assert_eq!(folders, Some("crate::a crate::b crate::a".to_owned()));
}
