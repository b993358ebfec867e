//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Delivers security alerts: manage destinations, send alerts, see where they
/// went and why.
#[derive(Debug, Parser)]
#[command(name = "tocsin", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) target: Target,
    /// How to print
    #[arg(long, value_enum, global = true, default_value_t)]
    pub(crate) output: Output,
}

/// Which stack to speak to. Credentials are found as the AWS CLI finds them.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Target {
    /// The stack's name, as it was deployed
    #[arg(long, global = true, env = "TOCSIN_STACK", default_value = "tocsin")]
    pub(crate) stack: String,
    /// The stack's region [default: as configured for AWS]
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    /// The AWS profile to use
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// Another endpoint than AWS, for a local stack
    #[arg(long, global = true)]
    pub(crate) endpoint_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add and list destinations
    #[command(subcommand)]
    Destinations(DestinationsCommand),
    /// Explain where an alert would go, and why
    Route(RouteArgs),
    /// Put alerts on the stack's queue
    Send(SendArgs),
    /// Show what happened to alerts
    #[command(subcommand)]
    Alerts(AlertsCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum DestinationsCommand {
    /// List all destinations
    List,
    /// Add a destination described in a JSON file
    Add(AddArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AddArgs {
    /// displayName, type, severities, settings, … as in events/destination-*.json
    pub(crate) file: PathBuf,
    /// The file with the secret, a JSON object; `-` reads it from standard input
    #[arg(long)]
    pub(crate) secret_file: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RouteArgs {
    /// The alert, as it would be put on the queue
    pub(crate) alert: PathBuf,
    /// Destinations from a file instead of the stack: what `destinations list
    /// --output json` prints
    #[arg(long)]
    pub(crate) destinations: Option<PathBuf>,
    /// The stack's default destination, when destinations come from a file
    #[arg(long, requires = "destinations")]
    pub(crate) default_destination: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SendArgs {
    /// Alerts, one in each file; each is checked before any is sent
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Give each alert an id and a time of its own, so that sending a sample
    /// twice makes two alerts
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// Where alerts went, why, and how each delivery fared
    Show(ShowArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// Their ids
    #[arg(required = true)]
    pub(crate) ids: Vec<String>,
    /// Wait up to this many seconds until every delivery has ended
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
