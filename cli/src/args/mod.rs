//! The command line: every command with its arguments. The module of the same name
//! runs it.

mod alerts;
mod destinations;
mod shared;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use alerts::{
    AlertsCommand, AuditArgs, CheckArgs, DeadLettersCommand, DeliveriesArgs, DeliveriesCommand,
    DeliveryFilter, DispositionArg, ListAlertsArgs, ListDeadLettersArgs, Queue, RedriveArgs,
    ResendArgs, ResendManyArgs, RetryArgs, SendArgs, StateArg, StatusArgs, TailArgs,
};
pub(crate) use destinations::{
    AddArgs, ApplyArgs, Changes, DeleteArgs, DestinationsCommand, EditArgs, EnableArgs, SecretArgs,
    TestArgs,
};
pub(crate) use shared::{Allowed, Consent, Input, List, Since};

/// The end of `--help`.
const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed: the message says why and what to do next
  2  the command line is wrong, or something required is missing
  3  done, but not all is well: an alert reached nobody or had not arrived after --wait, a
     test was not delivered, a redrive or resend was incomplete, status or audit found a
     problem

Documentation: docs/cli.md";

/// Delivers security alerts: manage destinations, send alerts, see where they
/// went and why.
#[derive(Debug, Parser)]
#[command(name = "tocsin", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) target: Target,
    /// The output format
    #[arg(long, short, value_enum, global = true, default_value_t)]
    pub(crate) output: Output,
    /// All columns and whole times: short for `--output wide`
    #[arg(long, global = true, conflicts_with = "output")]
    pub(crate) wide: bool,
}

/// The stack to use. Credentials are found as the AWS CLI finds them.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Target {
    /// The stack's name [default: the one in samconfig.toml here or in a
    /// folder above, else tocsin]
    #[arg(long, global = true, env = "TOCSIN_STACK", hide_env_values = true)]
    pub(crate) stack: Option<String>,
    /// The stack's region [default: as configured for AWS, or in samconfig.toml]
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    /// The AWS profile to use
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// The endpoint in place of AWS, for a local stack
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

/// The output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people, as wide as the terminal; for programs, rows with tabs
    #[default]
    Table,
    /// For people, with all columns and whole times
    Wide,
    /// Names or ids only
    Name,
    /// For programs
    Json,
    /// For people and programs
    Yaml,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what is wrong now, and what to do about it
    Status(StatusArgs),
    /// Manage the destinations that alerts are delivered to
    #[command(subcommand)]
    Destinations(DestinationsCommand),
    /// Show the stack's providers, and the settings and secrets of each
    Providers(ProvidersArgs),
    /// Explain where an alert would go, and why
    Route(RouteArgs),
    /// Show the message that a destination would get for an alert, with secrets masked
    Preview(PreviewArgs),
    /// Check alerts as the stack would read them; needs no stack
    Check(CheckArgs),
    /// Put alerts on the stack's queue
    Send(SendArgs),
    /// Show what happened to alerts, and send them again
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// List deliveries, send failed ones again, retry what waits
    #[command(subcommand)]
    Deliveries(DeliveriesCommand),
    /// Show messages that could not be processed, and put them back
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Check that nothing was lost: every alert is accounted for, every delivery ended or waits
    Audit(AuditArgs),
    /// Print deliveries as they happen, until Ctrl-C
    Tail(TailArgs),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Write the manual pages to a folder
    Man(ManArgs),
}

const COMPLETIONS_HELP: &str = "\
  bash:  tocsin completions bash > ~/.local/share/bash-completion/completions/tocsin
  zsh:   tocsin completions zsh > \"${fpath[1]}/_tocsin\"
  fish:  tocsin completions fish > ~/.config/fish/completions/tocsin.fish";

#[derive(Debug, ClapArgs)]
pub(crate) struct ProvidersArgs {
    /// The provider whose fields to show [default: list all providers]
    pub(crate) name: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RouteArgs {
    /// The alert, as it would be put on the queue; `-` reads standard input
    pub(crate) alert: Input,
    /// Destinations from a file instead of the stack: what `destinations apply` takes, or what
    /// `destinations list --output json` prints. Works offline
    #[arg(long, value_name = "FILE")]
    pub(crate) destinations: Option<Input>,
    /// The stack's default destination, when destinations come from a file
    #[arg(long, value_name = "NAME", requires = "destinations")]
    pub(crate) default_destination: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PreviewArgs {
    /// The alert; `-` reads standard input
    pub(crate) alert: Input,
    /// The destination that would get it, by name or id
    #[arg(long, value_name = "NAME", required_unless_present = "provider")]
    pub(crate) destination: Option<String>,
    /// A provider, for a destination that does not exist yet; `tocsin providers` lists them
    #[arg(long, value_name = "NAME", conflicts_with = "destination")]
    pub(crate) provider: Option<String>,
    /// The settings of that destination, a YAML or JSON file
    #[arg(long, value_name = "FILE", requires = "provider")]
    pub(crate) settings: Option<Input>,
    /// The form of the message
    #[arg(long, value_enum, default_value_t)]
    pub(crate) form: MessageForm,
}

/// The two forms of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageForm {
    /// The whole message
    #[default]
    Full,
    /// Title, severity and link: sent after the provider refused the full message
    Minimal,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ManArgs {
    /// The folder; created if it does not exist
    pub(crate) folder: PathBuf,
}

#[cfg(test)]
mod tests;
