//! The command line: every command and what it takes. What a command does is
//! told in the module of its name.

mod alerts;
mod destinations;
mod shared;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use alerts::{
    AlertsCommand, AuditArgs, Became, DeadLettersCommand, DeliveriesArgs, DeliveriesCommand,
    ListAlertsArgs, ListDeadLettersArgs, Queue, RedriveArgs, ResendArgs, SendArgs, TailArgs,
};
pub(crate) use destinations::{
    AddArgs, ApplyArgs, Changes, DeleteArgs, DestinationsCommand, EditArgs, EnableArgs, SecretArgs,
    TestArgs,
};
pub(crate) use shared::{Consent, Input, List, Since};

/// What `--help` says at its end.
const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed: the message says why and what to do next
  2  the command line is wrong, or something needed was not given
  3  done, but not all is well: deliveries had not ended when the time of --wait was over, a
     test did not arrive, a dead letter was not put back, or the audit found something

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
    /// How to print
    #[arg(long, short, value_enum, global = true, default_value_t)]
    pub(crate) output: Output,
}

/// Which stack to speak to. Credentials are found as the AWS CLI finds them.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Target {
    /// The stack's name, as it was deployed [default: the one in samconfig.toml here or in a
    /// folder above, else tocsin]
    #[arg(long, global = true, env = "TOCSIN_STACK")]
    pub(crate) stack: Option<String>,
    /// The stack's region [default: as configured for AWS, or in samconfig.toml]
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    /// The AWS profile to use
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// Another endpoint than AWS, for a local stack
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
    /// For both
    Yaml,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Manage the places that alerts are delivered to
    #[command(subcommand)]
    Destinations(DestinationsCommand),
    /// Explain where an alert would go, and why
    Route(RouteArgs),
    /// Show the request that a destination would get for an alert, secrets masked
    Preview(PreviewArgs),
    /// Put alerts on the stack's queue
    Send(SendArgs),
    /// Show what happened to alerts, and send them again
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// Show deliveries, such as those that failed
    #[command(subcommand)]
    Deliveries(DeliveriesCommand),
    /// Look into the queues of what could not be processed, and put it back
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Check that nothing was lost: every alert accounted for, every delivery ended or waiting
    Audit(AuditArgs),
    /// Print deliveries as they happen, until Ctrl-C
    Tail(TailArgs),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder
    Man(ManArgs),
}

const COMPLETIONS_HELP: &str = "\
  bash:  tocsin completions bash > ~/.local/share/bash-completion/completions/tocsin
  zsh:   tocsin completions zsh > \"${fpath[1]}/_tocsin\"
  fish:  tocsin completions fish > ~/.config/fish/completions/tocsin.fish";

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
    /// A kind of destination, before there is one
    #[arg(long, conflicts_with = "destination", value_parser = crate::catalog::provider_names())]
    pub(crate) provider: Option<String>,
    /// The settings it would have, a YAML or JSON file
    #[arg(long, value_name = "FILE", requires = "provider")]
    pub(crate) settings: Option<Input>,
    /// Which form of the message
    #[arg(long, value_enum, default_value_t)]
    pub(crate) form: MessageForm,
}

/// The two forms of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageForm {
    /// The whole message
    #[default]
    Full,
    /// Title, severity and link only: what is sent when the whole message was refused
    Minimal,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ManArgs {
    /// Where to write them; made if it does not exist
    pub(crate) folder: PathBuf,
}

#[cfg(test)]
mod tests;
