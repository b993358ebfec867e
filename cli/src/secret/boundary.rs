//! What a file of destinations may make the command read. The file can come from
//! somebody else, and names where a secret comes from and where it is sent: without
//! limits it could send the operator's own credentials, or any file, to a host of its
//! author.

use std::path::{Component, Path, PathBuf};

use crate::args::{Allowed, Input};

/// Environment variables that hold credentials of the person or of the pipeline, not of
/// a destination: a name, or a beginning or an end with `*`. The list cannot be
/// complete; the plan shows every source.
const CREDENTIALS: [&str; 29] = [
    // Clouds.
    "AWS_*",
    "*_SECRET_ACCESS_KEY",
    "*_SESSION_TOKEN",
    "ARM_*",
    "AZURE_*",
    "CLOUDSDK_*",
    "GOOGLE_*",
    // Code hosts and their pipelines.
    "ACTIONS_*",
    "BUILDKITE_AGENT_ACCESS_TOKEN",
    "CI_DEPLOY_*",
    "CI_JOB_*",
    "CI_REGISTRY_*",
    "CIRCLE_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "SYSTEM_ACCESSTOKEN",
    // Registries of packages and images.
    "CARGO_REGISTRIES_*",
    "CARGO_REGISTRY_*",
    "DOCKER_PASSWORD",
    "NODE_AUTH_TOKEN",
    "NPM_TOKEN",
    "TWINE_PASSWORD",
    // Stores of secrets, infrastructure as code.
    "OP_SERVICE_ACCOUNT_TOKEN",
    "SSH_*",
    "TF_TOKEN_*",
    "VAULT_TOKEN",
];

/// Files and folders that hold credentials of the person, by a name on their way: the file
/// of destinations may lie in the home folder, above all of these.
const CREDENTIAL_FILES: [&str; 18] = [
    ".aws",
    ".azure",
    ".cargo",
    ".config",
    ".docker",
    ".git",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".local",
    ".netrc",
    ".npmrc",
    ".password-store",
    ".pgpass",
    ".pypirc",
    ".ssh",
    ".terraform.d",
    ".vault-token",
];

/// The limit of what may be read.
pub(crate) struct Boundary<'a> {
    folder: Folder,
    allowed: &'a Allowed,
}

/// The folder that files of secrets must be in, and that relative paths begin at.
struct Folder {
    path: PathBuf,
    kind: FolderKind,
}

/// Why it is this folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FolderKind {
    /// The file is in it.
    OfFile,
    /// The file is standard input, so it is the current folder.
    Current,
}

impl std::fmt::Display for FolderKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OfFile => "the folder of the YAML file",
            Self::Current => "the current folder, which counts because the YAML is standard input",
        })
    }
}

/// Why a source is not read. The texts end with the flag that allows it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The variable holds a credential of the operator.
    #[error(
        "the environment variable {name:?} is one of {pattern}, credentials of yours and not of a destination; to send it all the same, add --allow-env {}",
        argument(name)
    )]
    Variable {
        /// Its name.
        name: String,
        /// The entry of the list that it matches.
        pattern: &'static str,
    },
    /// The file holds a credential of the operator.
    #[error(
        "the file {path:?} is in {name:?}, where credentials of yours are and not of a destination; to send it all the same, add --allow-file {}",
        argument(&real.to_string_lossy())
    )]
    Credentials {
        /// Its path, as the YAML has it.
        path: String,
        /// The entry of the list that is on its way.
        name: String,
        /// Where it is, after links and `..`.
        real: PathBuf,
    },
    /// The file is elsewhere.
    #[error(
        "the file {path:?} is not in {folder} ({}); to send it all the same, add --allow-file {}",
        root.display(),
        argument(&real.to_string_lossy())
    )]
    File {
        /// Its path, as the YAML has it.
        path: String,
        /// Where it is, after links and `..`.
        real: PathBuf,
        /// The folder that it would have to be in.
        root: PathBuf,
        /// Why it is this folder.
        folder: FolderKind,
    },
}

impl<'a> Boundary<'a> {
    /// The limit for what `file` names; without one, for what a person types.
    pub(crate) fn of(file: Option<&Input>, allowed: &'a Allowed) -> Self {
        let parent = match file {
            Some(Input::File(path)) => path.parent().map(Path::to_owned),
            Some(Input::Stdin) | None => None,
        };
        let kind = match parent {
            Some(_) => FolderKind::OfFile,
            None => FolderKind::Current,
        };
        let path = match parent {
            // The parent of `destinations.yaml`.
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent,
            None => PathBuf::from("."),
        };
        Self {
            folder: Folder { path, kind },
            allowed,
        }
    }

    /// Whether the environment variable of this name may be read.
    pub(crate) fn variable(&self, name: &str) -> Result<(), Refusal> {
        if self.allowed.env.iter().any(|allowed| allowed == name) {
            return Ok(());
        }
        let upper = name.to_ascii_uppercase();
        match CREDENTIALS.iter().find(|one| matches(one, &upper)) {
            None => Ok(()),
            Some(pattern) => Err(Refusal::Variable {
                name: name.to_owned(),
                pattern,
            }),
        }
    }

    /// Where the file of this path is, if it may be read.
    pub(crate) fn file(&self, path: &str) -> Result<PathBuf, Refusal> {
        let root = real(&self.folder.path);
        let file = real(&self.folder.path.join(path));
        let mut allowed = self.allowed.files.iter();
        if allowed.any(|one| real(one) == file) {
            return Ok(file);
        }
        if let Ok(inside) = file.strip_prefix(&root) {
            let mut names = inside.components().map(Component::as_os_str);
            return match names.find(|name| CREDENTIAL_FILES.iter().any(|one| name == one)) {
                None => Ok(file),
                Some(name) => Err(Refusal::Credentials {
                    path: path.to_owned(),
                    name: name.to_string_lossy().into_owned(),
                    real: file,
                }),
            };
        }
        Err(Refusal::File {
            path: path.to_owned(),
            real: file,
            root,
            folder: self.folder.kind,
        })
    }
}

/// Text as an argument in a shell. Text with line breaks and the like is shown escaped,
/// as it could pass for lines of the command's own, and cannot be copied.
fn argument(text: &str) -> String {
    let is_plain = |one: char| one == ' ' || one.is_ascii_graphic() || one.is_alphanumeric();
    if text.chars().all(is_plain) {
        return shell_words::quote(text).into_owned();
    }
    format!("{text:?}")
}

/// Where a path leads, after links and `..`. A path that does not exist is only
/// simplified: reading it fails anyway.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    // It fails only for the empty path.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut real = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(real.pop()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => real.push(part),
        }
    }
    real
}

fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (None, Some(beginning)) => name.starts_with(beginning),
        (None, None) => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn allowed(env: &[&str], files: &[&Path]) -> Allowed {
        Allowed {
            env: env.iter().map(|&name| name.to_owned()).collect(),
            files: files.iter().map(|&path| path.to_owned()).collect(),
        }
    }

    #[test]
    fn credentials_of_the_operator_need_a_flag() {
        let none = Allowed::default();
        let boundary = Boundary::of(None, &none);
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "AWS_PROFILE",
            "aws_session_token",
            "BACKUP_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "VAULT_TOKEN",
            "SYSTEM_ACCESSTOKEN",
        ] {
            let error = boundary.variable(name).unwrap_err().to_string();
            assert!(error.ends_with(&format!("--allow-env {name}")), "{error}");
        }
        for name in [
            "SOC_CHAT_URL",
            "PAGERDUTY_KEY",
            "MY_AWS_URL",
            "CICD",
            "",
            "TF_VAR_KEY",
        ] {
            assert_eq!(boundary.variable(name), Ok(()), "{name}");
        }
        let one = allowed(&["AWS_SECRET_ACCESS_KEY"], &[]);
        let boundary = Boundary::of(None, &one);
        assert_eq!(boundary.variable("AWS_SECRET_ACCESS_KEY"), Ok(()));
        assert!(boundary.variable("AWS_SESSION_TOKEN").is_err());
    }

    #[test]
    fn files_elsewhere_need_a_flag() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir_all(inside.join("secrets")).unwrap();
        fs::create_dir(folder.path().join("inside-out")).unwrap();
        for path in ["inside/secrets/key", "outside", "inside-out/key"] {
            fs::write(folder.path().join(path), "PLANTED").unwrap();
        }
        let outside = folder.path().join("outside");
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink(folder.path(), inside.join("up")).unwrap();
        let file = Input::File(inside.join("destinations.yaml"));

        let none = Allowed::default();
        let boundary = Boundary::of(Some(&file), &none);
        let key = inside.join("secrets/key").canonicalize().unwrap();
        for path in [
            "secrets/key",
            "./secrets/../secrets/key",
            "../inside/secrets/key",
            "up/inside/secrets/key",
            key.to_str().unwrap(),
        ] {
            assert_eq!(boundary.file(path), Ok(key.clone()), "{path}");
        }
        let real_outside = outside.canonicalize().unwrap();
        for path in [
            "../outside",
            "secrets/../../outside",
            "link",
            "up/outside",
            "../inside-out/key",
            "../not-there",
            "not-there/../../outside",
            "/etc/hostname",
            outside.to_str().unwrap(),
        ] {
            let error = boundary.file(path).unwrap_err().to_string();
            assert!(
                error.contains("--allow-file /") && error.contains("the folder of the YAML file"),
                "{path}: {error}"
            );
        }
        // The flag takes the path as the message gives it, or any other way to the file.
        for flag in [real_outside.clone(), inside.join("link")] {
            let one = allowed(&[], &[&flag]);
            let boundary = Boundary::of(Some(&file), &one);
            for path in ["../outside", "link"] {
                assert_eq!(boundary.file(path), Ok(real_outside.clone()), "{path}");
            }
            assert!(boundary.file("../inside-out/key").is_err());
        }
    }

    #[test]
    fn credentials_below_the_folder_need_a_flag() {
        let home = tempfile::tempdir().unwrap();
        for path in [".aws", ".ssh", "soc"] {
            fs::create_dir(home.path().join(path)).unwrap();
        }
        for path in [".aws/credentials", ".ssh/id_rsa", ".netrc", "soc/.env"] {
            fs::write(home.path().join(path), "PLANTED").unwrap();
        }
        std::os::unix::fs::symlink(home.path().join(".netrc"), home.path().join("key")).unwrap();
        let file = Input::File(home.path().join("destinations.yaml"));
        let none = Allowed::default();
        let boundary = Boundary::of(Some(&file), &none);
        for path in [".aws/credentials", "soc/../.ssh/id_rsa", ".netrc", "key"] {
            let error = boundary.file(path).unwrap_err().to_string();
            assert!(error.contains("--allow-file /"), "{path}: {error}");
        }
        assert!(boundary.file("soc/.env").is_ok());
        // The folder itself may be one of these.
        let inside = Input::File(home.path().join(".aws/destinations.yaml"));
        assert!(
            Boundary::of(Some(&inside), &none)
                .file("credentials")
                .is_ok()
        );
        let one = allowed(&[], &[&home.path().join(".netrc")]);
        assert!(Boundary::of(Some(&file), &one).file("key").is_ok());
    }

    #[test]
    fn standard_input_is_in_the_current_folder() {
        let none = Allowed::default();
        let boundary = Boundary::of(Some(&Input::Stdin), &none);
        assert!(boundary.file("Cargo.toml").is_ok());
        let error = boundary.file("../Cargo.toml").unwrap_err().to_string();
        assert!(error.contains("the current folder"), "{error}");
        // A file without a folder is in the current one.
        let file = Input::File("destinations.yaml".into());
        let boundary = Boundary::of(Some(&file), &none);
        assert!(boundary.file("src/main.rs").is_ok());
        assert!(boundary.file("../Cargo.toml").is_err());
    }

    #[test]
    fn a_refusal_can_be_copied_into_a_shell() {
        let none = Allowed::default();
        let boundary = Boundary::of(None, &none);
        for (name, flag) in [
            ("AWS_X; rm -rf ~", "--allow-env 'AWS_X; rm -rf ~'"),
            ("AWS_X\n+ new", r#"--allow-env "AWS_X\n+ new""#),
            ("AWS_X\u{2028}y", r#"--allow-env "AWS_X\u{2028}y""#),
        ] {
            let error = boundary.variable(name).unwrap_err().to_string();
            assert!(error.ends_with(flag) && !error.contains('\n'), "{error}");
        }
    }
}
