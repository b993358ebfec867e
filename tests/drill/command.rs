//! The built command, as a person runs it on a wide terminal.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;
use tocsin_tests::harness::Stack;

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

    /// The same, and prints what a person sees.
    pub(crate) fn show(&self, arguments: &[&str]) -> (i32, String) {
        let (code, out) = self.run(arguments);
        println!("\n$ tocsin {}\n{}", arguments.join(" "), out.trim_end());
        (code, out)
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
