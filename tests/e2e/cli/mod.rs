//! The built `tocsin` command, as a person or a script runs it. All its output is
//! searched for planted secrets, and so is the list of processes while it runs.

mod code;
mod destinations;
mod rescue;
mod terminal;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use serde_json::Value;
use tempfile::TempDir;
use tocsin_tests::harness::Stack;

/// In every secret of these tests: twenty letters and digits, as the samples need it.
pub(crate) const MARK: &str = "PLANTEDc0ffeePLANTED";

/// More than any answer takes, in milliseconds.
const TIME_LIMIT_MS: u64 = 60_000;

/// The command, pointed at the local stack, in a folder of its own.
pub(crate) struct Tocsin {
    variables: Vec<(String, String)>,
    folder: TempDir,
}

/// The result of one run.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Tocsin {
    pub(crate) fn of(stack: &Stack) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut variables = Stack::environment();
        variables.extend([
            ("TOCSIN_STACK".to_owned(), stack.name.clone()),
            ("USER".to_owned(), "tester".to_owned()),
            ("HOME".to_owned(), folder.path().display().to_string()),
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
            ("TERM".to_owned(), "xterm".to_owned()),
        ]);
        Self { variables, folder }
    }

    /// The same with one more variable.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// The same without a variable.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self
    }

    /// A file in the command's folder.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        assert_clean(&arguments.join(" "), "the command line");
        let mut command = self.prepared(binary());
        command.args(arguments);
        command
    }

    fn prepared(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables.iter().cloned())
            .current_dir(self.folder.path());
        command
    }

    /// Runs it, with this on standard input.
    pub(crate) fn given(&self, input: &str, arguments: &[&str]) -> Done {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The command may have ended without reading: then the write fails.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        assert_no_process_shows_secrets();
        let output = child.wait_with_output().unwrap();
        let done = Done {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert_clean(&done.out, "standard output");
        assert_clean(&done.err, "standard error");
        let coloured = done.out.contains('\u{1b}') || done.err.contains('\u{1b}');
        assert!(!coloured, "colours without a terminal: {done:?}");
        done
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.given("", arguments)
    }

    /// The output of a run that must succeed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {done:?}");
        done.out
    }

    /// The same as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<_> = arguments
            .iter()
            .copied()
            .chain(["--output", "json"])
            .collect();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    /// Starts it, to read its lines as they come.
    pub(crate) fn follow(&self, arguments: &[&str]) -> Follower {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                assert_clean(&line, "standard output");
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Follower { child, lines }
    }

    /// Runs it on a terminal.
    pub(crate) fn on_a_terminal(&self, arguments: &[&str]) -> Terminal {
        // rexpect's terminals do not echo; people's do, unless the program on them
        // turns that off.
        let mut command = self.prepared("sh");
        command
            .args(["-c", "stty echo && exec \"$0\" \"$@\""])
            .arg(binary())
            .args(arguments);
        assert_clean(&arguments.join(" "), "the command line");
        let session = spawn_command(command, Some(TIME_LIMIT_MS)).unwrap();
        Terminal {
            session,
            seen: String::new(),
        }
    }
}

/// The command while it runs; it ends with this.
pub(crate) struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    /// The next line that holds this.
    pub(crate) fn line_with(self, text: &str) -> String {
        loop {
            match self
                .lines
                .recv_timeout(Duration::from_millis(TIME_LIMIT_MS))
            {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => panic!("no line about {text}: {error}"),
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A terminal that the command runs on.
pub(crate) struct Terminal {
    session: PtySession,
    seen: String,
}

impl Terminal {
    /// Waits until this is on the screen.
    pub(crate) fn expect(&mut self, text: &str) -> &mut Self {
        match self.session.exp_string(text) {
            Ok(before) => self.seen.push_str(&before),
            Err(error) => panic!("{text:?} did not come: {error}\nseen before: {}", self.seen),
        }
        self.seen.push_str(text);
        self
    }

    /// Types a line.
    pub(crate) fn answer(&mut self, line: &str) -> &mut Self {
        // A line feed would do, but people's terminals send this.
        self.keys(&format!("{line}\r"))
    }

    /// Presses keys.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        // Nobody types in the instant between a question and its input.
        std::thread::sleep(Duration::from_millis(200));
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
        assert_no_process_shows_secrets();
        self
    }

    /// Waits for the end; gives the exit code and all that was on the screen.
    pub(crate) fn end(mut self) -> (i32, String) {
        let rest = self.session.exp_eof().unwrap();
        self.seen.push_str(&rest);
        assert_clean(&self.seen, "the terminal");
        let status = self.session.process().wait().unwrap();
        let WaitStatus::Exited(_, code) = status else {
            panic!("it did not exit: {status:?}");
        };
        (code, self.seen)
    }
}

/// The built command.
pub(crate) fn binary() -> PathBuf {
    // target/debug/deps/e2e-…: the command is two folders up.
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(Path::parent).unwrap().join("tocsin");
    assert!(binary.exists(), "build it first: cargo build --workspace");
    binary
}

pub(crate) fn assert_clean(text: &str, place: &str) {
    assert!(!text.contains(MARK), "a secret shows in {place}: {text}");
}

/// Anybody on the machine may read the command lines of all processes.
fn assert_no_process_shows_secrets() {
    let mut seen = 0;
    for entry in std::fs::read_dir("/proc").unwrap() {
        let path = entry.unwrap().path().join("cmdline");
        // Processes come and go.
        if let Ok(line) = std::fs::read(&path) {
            seen += 1;
            assert_clean(&String::from_utf8_lossy(&line), &path.display().to_string());
        }
    }
    assert!(seen > 0);
}
