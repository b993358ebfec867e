//! The command line itself, and what the documentation says of it.

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

/// The lines that call the command in the shell blocks of a document.
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

#[test]
fn what_the_documentation_shows_is_understood() {
    let documents = [
        include_str!("../../../README.md"),
        include_str!("../../../docs/cli.md"),
        include_str!("../../../docs/runbook.md"),
    ];
    for text in documents {
        let commands = documented(text);
        assert!(
            commands.len() >= 5,
            "the shell blocks were not found: {commands:?}"
        );
        for command in commands {
            let words = shell_words::split(&command).unwrap();
            if words[1] == "COMMAND" {
                continue;
            }
            if let Err(error) = Args::try_parse_from(words) {
                panic!("{command}\n{error}");
            }
        }
    }
}
