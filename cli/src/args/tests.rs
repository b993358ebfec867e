//! The command line, and the commands in the documentation.

use super::*;
use clap::CommandFactory;

#[test]
fn the_command_line_is_sound() {
    Args::command().debug_assert();
}

#[test]
fn no_flag_takes_a_secret() {
    fn flags(command: &clap::Command, found: &mut Vec<String>) {
        found.extend(command.get_arguments().filter_map(|one| {
            let name = one.get_long()?.to_owned();
            name.contains("secret").then_some(name)
        }));
        command.get_subcommands().for_each(|one| flags(one, found));
    }
    let mut found = Vec::new();
    flags(&Args::command(), &mut found);
    assert!(!found.is_empty());
    for name in found {
        assert!(
            ["secret-stdin", "secret-file", "from-secret"].contains(&name.as_str()),
            "--{name}"
        );
    }
}

/// The calls of the command in the shell blocks of a document.
fn documented(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    let joined = text.replace("\\\n", " ");
    for line in joined.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            let line = line.split(" #").next().unwrap_or_default();
            let calls = line.split(['|', ';']).map(str::trim);
            commands.extend(
                calls
                    .filter(|call| {
                        call.starts_with("tocsin ") || call.starts_with("target/debug/tocsin ")
                    })
                    .map(|call| call.split('>').next().unwrap_or_default().to_owned()),
            );
        }
    }
    commands
}

/// The README, and every document in `docs`.
fn documents() -> Vec<(String, String)> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let docs = std::fs::read_dir(format!("{root}/docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let documents = docs.filter(|path| path.extension().is_some_and(|one| one == "md"));
    let readme = std::path::PathBuf::from(format!("{root}/README.md"));
    documents
        .chain([readme])
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.display().to_string(), text)
        })
        .collect()
}

#[test]
fn every_command_in_the_documentation_is_valid() {
    let mut checked = 0;
    for (path, text) in documents() {
        for command in documented(&text) {
            let words = shell_words::split(&command).unwrap();
            if words[1] == "COMMAND" {
                continue;
            }
            if let Err(error) = Args::try_parse_from(words) {
                panic!("{path}: {command}\n{error}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 20, "only {checked} commands were found");
}
