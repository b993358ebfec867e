//! The modules of a crate, and the paths that their sources use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Graph;

/// The modules of a crate by their paths (`crate::alert::parse`).
pub(super) struct Crate(BTreeMap<String, Module>);

struct Module {
    /// Every path in the source, as segments.
    paths: Vec<Vec<String>>,
    /// Names that `pub use` gives to paths.
    exports: BTreeMap<String, Vec<String>>,
}

impl Crate {
    pub(super) fn read(src: &Path) -> Self {
        let mut modules = BTreeMap::new();
        collect(src, "crate", &mut modules);
        Self(modules)
    }

    /// For each module, the other modules it uses.
    pub(super) fn dependencies(&self) -> Graph {
        let mut graph = Graph::new();
        for (name, module) in &self.0 {
            let used: BTreeSet<_> = module
                .paths
                .iter()
                .filter_map(|path| self.resolve(name, path))
                .filter(|other| other != name)
                .collect();
            if !used.is_empty() {
                graph.insert(name.clone(), used);
            }
        }
        graph
    }

    /// The module that a path leads to; `None` for paths out of the crate.
    fn resolve(&self, from: &str, path: &[String]) -> Option<String> {
        let mut rest = path;
        let mut module = match rest.first()?.as_str() {
            "crate" => "crate".to_owned(),
            "self" => from.to_owned(),
            "super" => parent(from)?,
            first => {
                let child = format!("{from}::{first}");
                self.0.contains_key(&child).then_some(child)?
            }
        };
        rest = &rest[1..];
        while let Some((first, after)) = rest.split_first() {
            let child = format!("{module}::{first}");
            if first == "super" {
                module = parent(&module)?;
            } else if self.0.contains_key(&child) {
                module = child;
            } else {
                // A name of that module: its own, or another module's.
                let exported = self.0.get(&module)?.exports.get(first);
                let source = exported.and_then(|path| self.resolve(&module, path));
                return Some(source.unwrap_or(module));
            }
            rest = after;
        }
        Some(module)
    }
}

fn parent(module: &str) -> Option<String> {
    module
        .rsplit_once("::")
        .map(|(parent, _)| parent.to_owned())
}

fn collect(folder: &Path, module: &str, modules: &mut BTreeMap<String, Module>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            // Binaries are crates of their own.
            if !matches!(name, "tests" | "snapshots" | "bin") {
                collect(&path, &format!("{module}::{name}"), modules);
            }
        } else if path.extension().is_some_and(|it| it == "rs") && !matches!(name, "tests" | "main")
        {
            let name = match name {
                "lib" | "mod" => module.to_owned(),
                name => format!("{module}::{name}"),
            };
            modules.insert(name, Module::of(&std::fs::read_to_string(&path).unwrap()));
        }
    }
}

impl Module {
    fn of(source: &str) -> Self {
        let tokens = without_tests(&tokens(source));
        let mut module = Self {
            paths: Vec::new(),
            exports: BTreeMap::new(),
        };
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at] == "use" {
                let end = at + tokens[at..].iter().position(|it| it == ";").unwrap();
                let public = at > 0 && matches!(tokens[at - 1].as_str(), "pub" | ")");
                let mut leaves = Vec::new();
                expand(&tokens[at + 1..end], &[], &mut leaves);
                for (name, path) in leaves {
                    if public {
                        module.exports.insert(name, path.clone());
                    }
                    module.paths.push(path);
                }
                at = end;
            } else if is_name(&tokens[at]) && tokens.get(at + 1).is_some_and(|it| it == "::") {
                let mut path = vec![tokens[at].clone()];
                while tokens.get(at + 1).is_some_and(|it| it == "::")
                    && tokens.get(at + 2).is_some_and(|it| is_name(it))
                {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                module.paths.push(path);
            }
            at += 1;
        }
        module
    }
}

/// The paths of a `use` tree, each with the name it gets.
fn expand(tokens: &[String], before: &[String], leaves: &mut Vec<(String, Vec<String>)>) {
    let mut path = before.to_vec();
    let mut name = None;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "{" => {
                let mut depth = 0;
                let mut start = at + 1;
                for end in at..tokens.len() {
                    match tokens[end].as_str() {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        _ => {}
                    }
                    let between = tokens[end] == "," && depth == 1;
                    if between || depth == 0 {
                        expand(&tokens[start..end], &path, leaves);
                        start = end + 1;
                    }
                }
                return;
            }
            "as" => {
                name = tokens.get(at + 1).cloned();
                break;
            }
            "*" => break,
            "self" if !path.is_empty() => {}
            token if is_name(token) => path.push(token.to_owned()),
            _ => {}
        }
        at += 1;
    }
    if let Some(last) = path.last().cloned()
        && !tokens.is_empty()
    {
        leaves.push((name.unwrap_or(last), path));
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, `::` and single characters; without comments, texts and lifetimes.
fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("r\"")
            || rest.starts_with("r#")
            || rest.starts_with("br") && rest[2..].starts_with(['"', '#'])
        {
            let body = rest.trim_start_matches(['b', 'r']);
            let hashes = body.len() - body.trim_start_matches('#').len();
            if body[hashes..].starts_with('"') {
                let end = format!("\"{}", "#".repeat(hashes));
                let text = &body[hashes + 1..];
                rest = &text[text.find(&end).unwrap() + end.len()..];
            } else {
                rest = &rest[1..];
            }
        } else if first == '"' {
            rest = after_text(&rest[1..]);
        } else if first == '\'' {
            rest = after_quote(&rest[1..]);
        } else if is_name(rest) {
            let end = rest
                .find(|other: char| !other.is_alphanumeric() && other != '_')
                .unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            rest = &rest[end..];
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            rest = &rest[2..];
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    tokens
}

fn after_text(text: &str) -> &str {
    let mut escaped = false;
    for (at, one) in text.char_indices() {
        match one {
            '"' if !escaped => return &text[at + 1..],
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    ""
}

/// What follows a character, or the quote of a lifetime.
fn after_quote(text: &str) -> &str {
    let mut chars = text.char_indices();
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let body = &text[at + escaped.len_utf8()..];
            &body[body.find('\'').unwrap() + 1..]
        }
        (Some(_), Some((at, '\''))) => &text[at + 1..],
        _ => text,
    }
}

/// Without the items that only tests have: `#[cfg(test)]` and what follows, up to its
/// end.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().map(String::as_str).take(7).eq(TEST) {
            let mut depth = 0usize;
            at += TEST.len();
            while at < tokens.len() {
                match tokens[at].as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                let ends = matches!(tokens[at].as_str(), "}" | ";") && depth == 0;
                at += 1;
                if ends {
                    break;
                }
            }
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}
