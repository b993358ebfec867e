//! `samconfig.toml`, SAM's file beside a template: the name and the region of the
//! stack, so that they need not be repeated.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

/// The name of the file.
const FILE_NAME: &str = "samconfig.toml";

/// The stack in SAM's default environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SamConfig {
    /// The stack's name.
    pub(crate) stack: Option<String>,
    /// The stack's region.
    pub(crate) region: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    default: Environment,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Environment {
    global: Command,
    deploy: Command,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Command {
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    stack_name: Option<String>,
    region: Option<String>,
}

impl SamConfig {
    /// The file in this folder or in the nearest one above; empty if there is none.
    pub(crate) fn nearest(folder: &Path) -> anyhow::Result<Self> {
        let Some(path) = find(folder) else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| {
            format!(
                "{} is not a valid samconfig.toml; fix it, or give --stack and --region",
                path.display()
            )
        })
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let File { default } = toml::from_str(text)?;
        let (deploy, global) = (default.deploy.parameters, default.global.parameters);
        // As for SAM itself, the command's parameters win over the global ones.
        Ok(Self {
            stack: deploy.stack_name.or(global.stack_name),
            region: deploy.region.or(global.region),
        })
    }
}

fn find(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Option<String>, Option<String>) {
        let SamConfig { stack, region } = SamConfig::parse(text).unwrap();
        (stack, region)
    }

    #[test]
    fn the_command_wins_over_the_global_parameters() {
        let text = "version = 0.1\n\
            [default.global.parameters]\nstack_name = \"global\"\nregion = \"us-east-1\"\n\
            [default.deploy.parameters]\nstack_name = \"deployed\"\nresolve_s3 = true\n";
        assert_eq!(
            parse(text),
            (Some("deployed".into()), Some("us-east-1".into()))
        );
        assert_eq!(
            parse("[local.global.parameters]\nstack_name = \"x\""),
            (None, None)
        );
        assert!(SamConfig::parse("[default").is_err());
    }

    #[test]
    fn it_is_found_in_a_folder_above() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        let text = "[default.deploy.parameters]\nstack_name = \"above\"\n";
        std::fs::write(folder.path().join(FILE_NAME), text).unwrap();
        let found = SamConfig::nearest(&below).unwrap();
        assert_eq!(found.stack.as_deref(), Some("above"));
        std::fs::write(below.join(FILE_NAME), "[[").unwrap();
        let error = SamConfig::nearest(&below).unwrap_err().to_string();
        assert!(error.contains("a/b/samconfig.toml"), "{error}");
    }
}
