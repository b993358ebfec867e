//! `tocsin destinations …`

use std::str::FromStr;

use clap::{Args as ClapArgs, Subcommand};
use serde_json::Value;
use tocsin_core::alert::{AlertType, Severity};

use super::shared::{Allowed, Consent, Input, List, Since};

#[derive(Debug, Subcommand)]
pub(crate) enum DestinationsCommand {
    /// List all destinations
    #[command(visible_alias = "ls")]
    List,
    /// Show one destination
    Show(ShowArgs),
    /// Add a destination; on a terminal, asks for what is missing
    #[command(after_help = ADD_HELP)]
    Add(Box<AddArgs>),
    /// Change a destination: by flags, or without any in your $EDITOR
    Edit(EditArgs),
    /// Delete a destination and its secret
    #[command(visible_alias = "rm")]
    Delete(DeleteArgs),
    /// Let destinations receive alerts again
    Enable(EnableArgs),
    /// Stop deliveries to destinations, and keep them configured
    Disable(EnableArgs),
    /// Deliver a test alert on the path of real alerts, and show the destination's answer
    Test(TestArgs),
    /// Change the destinations to those of a YAML file; shows the plan first
    #[command(after_help = APPLY_HELP)]
    Apply(ApplyArgs),
    /// Print all destinations as YAML that `apply` takes; secrets stay where they are
    Export,
}

const ADD_HELP: &str = "\
`tocsin providers` lists the stack's providers; `tocsin providers NAME` shows the settings and the
secret of one, with defaults and examples.

Secrets are asked for without echo, or read from a file or standard input: never given on the
command line, where other processes could see them. A secret is a JSON object such as
{\"webhookUrl\": \"https://…\"}; if it needs only one field, the bare text is enough.

  tocsin destinations add slack
  tocsin destinations add pagerduty --name on-call --severity HIGH,CRITICAL --secret-file key.txt
  tocsin destinations add sns --name fan-out --setting topicArn=arn:aws:sns:…:alerts";

const APPLY_HELP: &str = "\
Secrets are never in the file. For each destination the file names the source of its secret:
  secret: keep                          the current secret (the same as no `secret`)
  secret: {env: NAME}                   a JSON object in an environment variable
  secret: {file: PATH}                  a JSON object in a file; paths are relative to the YAML file
  secret: {webhookUrl: {env: NAME}}     field by field
  secret: {secretsManager: NAME}        an existing secret of Secrets Manager, STACK/PROVIDER/…

The plan shows each source and the hosts that get the secret. Variables that hold credentials of
yours, such as AWS_SECRET_ACCESS_KEY, are refused without --allow-env; so are files outside the
folder of the YAML file (the current folder, if that is standard input) without --allow-file.";

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// The destination, by name or id
    pub(crate) name: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AddArgs {
    /// The provider; `tocsin providers` lists them
    #[arg(required_unless_present = "file")]
    pub(crate) provider: Option<String>,
    /// Read the whole description from a YAML or JSON file, as in events/destination-*.json;
    /// flags win over it
    #[arg(long, value_name = "FILE", conflicts_with = "provider")]
    pub(crate) file: Option<Input>,
    #[command(flatten)]
    pub(crate) changes: Changes,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    #[command(flatten)]
    pub(crate) allowed: Allowed,
    /// Add it disabled
    #[arg(long)]
    pub(crate) disabled: bool,
    /// Test the destination after it is added
    #[arg(long)]
    pub(crate) test: bool,
}

/// Changes of a destination.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Changes {
    /// The display name, by which people and detections refer to it
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Severities it receives, separated by commas; `none`: only alerts that name it
    #[arg(long = "severity", value_name = "SEVERITY", value_delimiter = ',')]
    pub(crate) severities: Vec<List<Severity>>,
    /// Alert types it receives; `none`: all
    #[arg(long = "alert-type", value_name = "TYPE", value_delimiter = ',')]
    pub(crate) alert_types: Vec<List<AlertType>>,
    /// Log types it receives; `none`: all
    #[arg(long = "log-type", value_name = "TYPE", value_delimiter = ',')]
    pub(crate) log_types: Vec<List<String>>,
    /// A setting of the provider, as KEY=VALUE; lists as a,b or JSON, objects as JSON; `null`
    /// removes it
    #[arg(long = "setting", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<Setting>,
    /// All settings of the provider, a YAML or JSON file
    #[arg(long = "settings", value_name = "FILE")]
    pub(crate) settings_file: Option<Input>,
    /// The destination that receives the alerts whose deliveries here fail or wait too long;
    /// `none`: no fallback
    #[arg(long, value_name = "NAME")]
    pub(crate) fallback: Option<List<String>>,
    /// Minutes that a delivery waits before the fallback gets the alert, 1 to 1440; `none`: the
    /// default, 5 for HIGH and CRITICAL alerts and 60 for all others
    #[arg(long, value_name = "MINUTES")]
    pub(crate) fallback_after: Option<List<u16>>,
    /// Hours for which a delivery is attempted after its alert was recorded, 1 to 168; `none`: the
    /// stack's default
    #[arg(long, value_name = "HOURS")]
    pub(crate) retry_hours: Option<List<u16>>,
    /// Attempts of a delivery, 1 to 64; 64 sets no limit but the hours; `none`: the stack's default
    #[arg(long, value_name = "NUMBER")]
    pub(crate) most_attempts: Option<List<u32>>,
}

impl Changes {
    /// Whether any flag was given.
    pub(crate) fn any(&self) -> bool {
        let Self {
            name,
            severities,
            alert_types,
            log_types,
            settings,
            settings_file,
            fallback,
            fallback_after,
            retry_hours,
            most_attempts,
        } = self;
        let one = name.is_some()
            || settings_file.is_some()
            || fallback.is_some()
            || fallback_after.is_some()
            || retry_hours.is_some()
            || most_attempts.is_some();
        let many = !(severities.is_empty()
            && alert_types.is_empty()
            && log_types.is_empty()
            && settings.is_empty());
        one || many
    }
}

/// A setting of a provider.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    /// Its key.
    pub(crate) key: String,
    /// Its value, as it was typed.
    pub(crate) value: String,
}

/// A text that is not a setting.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be KEY=VALUE, such as region=eu")]
pub(crate) struct NotASetting;

impl FromStr for Setting {
    type Err = NotASetting;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(NotASetting),
        }
    }
}

impl Setting {
    /// The value as JSON if it is JSON, else as text.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.value).unwrap_or_else(|_| self.value.clone().into())
    }
}

/// The source of the secret, other than a prompt.
#[derive(Clone, Debug, ClapArgs)]
#[group(multiple = false)]
pub(crate) struct SecretArgs {
    /// Read the secret from standard input
    #[arg(long)]
    pub(crate) secret_stdin: bool,
    /// Read the secret from this file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<Input>,
    /// Use an existing secret of Secrets Manager; its name begins with STACK/PROVIDER/
    #[arg(long, value_name = "NAME")]
    pub(crate) from_secret: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EditArgs {
    /// The destination, by name or id
    pub(crate) destination: String,
    #[command(flatten)]
    pub(crate) changes: Changes,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    /// Ask for a new secret
    #[arg(long = "ask-credentials", conflicts_with_all = ["secret_stdin", "secret_file", "from_secret"])]
    pub(crate) ask_credentials: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DeleteArgs {
    /// The destinations, by name or id
    #[arg(required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EnableArgs {
    /// The destinations, by name or id
    #[arg(required = true)]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TestArgs {
    /// The destinations, by name or id
    #[arg(required = true)]
    pub(crate) names: Vec<String>,
    /// The alert to send in place of the built-in one; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) alert: Option<Input>,
    /// Seconds to wait for the answers
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=40))]
    pub(crate) wait: u8,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ApplyArgs {
    /// The file that describes the destinations; `-` reads standard input
    pub(crate) file: Input,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Delete destinations that the file does not list
    #[arg(long)]
    pub(crate) prune: bool,
    /// Also show which alerts since then, such as 7d, would be routed differently
    #[arg(long, value_name = "SINCE", requires = "dry_run")]
    pub(crate) replay: Option<Since>,
    #[command(flatten)]
    pub(crate) allowed: Allowed,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_read_as_json_or_text() {
        for (text, value) in [
            ("region=eu", json!("eu")),
            ("maxMessageBytes=1048576", json!(1_048_576)),
            ("labels=[\"a\"]", json!(["a"])),
            ("queueUrl=https://x/?a=b", json!("https://x/?a=b")),
            ("assignee=null", Value::Null),
        ] {
            assert_eq!(text.parse::<Setting>().unwrap().json(), value, "{text}");
        }
        assert_eq!("region".parse::<Setting>(), Err(NotASetting));
        assert_eq!("=x".parse::<Setting>(), Err(NotASetting));
    }
}
