//! The built command, as a person runs it on a wide terminal.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use rexpect::process::WaitStatus;
use rexpect::session::spawn_command;
use serde_json::Value;
use tempfile::TempDir;
use tocsin_tests::harness::Stack;

/// More than any command takes, in milliseconds.
const TIME_LIMIT_MS: u64 = 120_000;

static VARIABLES: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// Sets a variable of all further runs.
pub(crate) fn set_variable(name: &str, value: &str) {
    let mut variables = VARIABLES.lock().unwrap();
    variables.insert(name.to_owned(), value.to_owned());
}

/// The command, pointed at the local stack, in a folder of its own.
pub(crate) struct Tocsin {
    stack: String,
    folder: TempDir,
}

impl Tocsin {
    pub(crate) fn of(stack: &Stack) -> Self {
        Self {
            stack: stack.name.clone(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A file in the command's folder; gives its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Runs it; gives its exit code and all that it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(binary())
            .args(arguments)
            .envs(Stack::environment())
            .envs(VARIABLES.lock().unwrap().iter())
            .env("TOCSIN_STACK", &self.stack)
            .env("USER", "on-call")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let out = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(out).unwrap(),
        )
    }

    /// Runs it on a terminal of 120 columns, and prints what a person sees; gives the exit
    /// code.
    pub(crate) fn show(&self, arguments: &[&str]) -> i32 {
        // Remarks and progress go to a file: only results are laid out for a terminal.
        let remarks = self.file("remarks", "");
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "stty cols 120 rows 50 && exec \"$0\" \"$@\" 2> \"$REMARKS\"",
            ])
            .arg(binary())
            .args(arguments)
            .envs(Stack::environment())
            .envs(VARIABLES.lock().unwrap().iter())
            .env("TOCSIN_STACK", &self.stack)
            .env("USER", "on-call")
            .env("REMARKS", &remarks)
            .env("NO_COLOR", "1")
            .env("TERM", "xterm")
            .current_dir(self.folder.path());
        let mut session = spawn_command(command, Some(TIME_LIMIT_MS)).unwrap();
        // It gives each byte as a character.
        let bytes = session
            .exp_eof()
            .unwrap()
            .chars()
            .map(|c| c as u8)
            .collect();
        let out = String::from_utf8(bytes).unwrap().replace('\r', "");
        let WaitStatus::Exited(_, code) = session.process().wait().unwrap() else {
            panic!("{arguments:?} was killed");
        };
        let remarks = std::fs::read_to_string(&remarks).unwrap();
        let seen = [remarks.as_str(), &out].map(str::trim_end).join("\n");
        println!("\n$ tocsin {}\n{}", arguments.join(" "), seen.trim());
        code
    }

    /// The output as JSON, whatever the exit code.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--output", "json"]].concat();
        let (_, out) = self.run(&arguments);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }
}

/// Built by `--workspace`, beside this program.
fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("tocsin")
}
