//! `tocsin send`, `alerts`, `deliveries`, `dead-letters`, `audit`, `tail`.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use tocsin_core::alert::Severity;

use super::shared::{Consent, Input, Since};

#[derive(Debug, ClapArgs)]
pub(crate) struct SendArgs {
    /// Alerts, one in each file; `-` reads one from standard input. Each is checked before any is
    /// sent
    #[arg(required = true)]
    pub(crate) files: Vec<Input>,
    /// Give each alert an id and a time of its own, so that sending a sample
    /// twice makes two alerts
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Wait up to this many seconds until every delivery has ended, and show them
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// List alerts, newest first
    List(ListAlertsArgs),
    /// Where alerts went, why, and how each delivery fared
    Show(ShowAlertsArgs),
    /// Send an alert again, whole, marked as re-sent; its other deliveries are not touched
    Resend(ResendArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListAlertsArgs {
    /// From when on: how long ago, or a date
    #[arg(long, default_value = "24h")]
    pub(crate) since: Since,
    /// Until when
    #[arg(long)]
    pub(crate) until: Option<Since>,
    /// Only this effective severity
    #[arg(long)]
    pub(crate) severity: Option<Severity>,
    /// Only alerts that this became of
    #[arg(long, value_enum)]
    pub(crate) disposition: Option<Became>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Became {
    /// It has at least one target
    Routed,
    /// Its detection asked for silence
    Skipped,
    /// Nothing matched
    Unrouted,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowAlertsArgs {
    /// Their ids
    #[arg(required = true)]
    pub(crate) ids: Vec<String>,
    /// Wait up to this many seconds until every delivery has ended
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ResendArgs {
    /// Its id
    pub(crate) id: String,
    /// Only to these destinations, by name or id [default: all that it went to]
    #[arg(long = "destination", value_name = "NAME", value_delimiter = ',')]
    pub(crate) destinations: Vec<String>,
    /// Wait up to this many seconds until every delivery has ended, and show them
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeliveriesCommand {
    /// List deliveries, newest first
    List(DeliveriesArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DeliveriesArgs {
    /// Only those that ended without arriving
    #[arg(long)]
    pub(crate) failed: bool,
    /// From when on: how long ago, or a date
    #[arg(long, default_value = "24h")]
    pub(crate) since: Since,
    /// Until when
    #[arg(long)]
    pub(crate) until: Option<Since>,
    /// Only to this destination, by name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List what waits, with the reasons
    List(ListDeadLettersArgs),
    /// Show one whole
    Show(ShowDeadLetterArgs),
    /// Put them back to be processed again, once the cause is gone
    Redrive(RedriveArgs),
}

/// The queues of what could not be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Queue {
    /// Records that are no alerts, and alerts that failed again and again
    Alerts,
    /// Retries that cannot be made
    Retries,
    /// Deliveries that a sender could not take
    HandOvers,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListDeadLettersArgs {
    /// Only of this queue
    #[arg(long, value_enum)]
    pub(crate) queue: Option<Queue>,
    /// At most so many of each queue
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) limit: u8,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowDeadLetterArgs {
    /// Its message id
    pub(crate) id: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RedriveArgs {
    /// Their message ids
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) ids: Vec<String>,
    /// All of them
    #[arg(long)]
    pub(crate) all: bool,
    /// The queue they are in
    #[arg(long, value_enum)]
    pub(crate) queue: Queue,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AuditArgs {
    /// From when on: how long ago, or a date
    #[arg(long, default_value = "24h")]
    pub(crate) since: Since,
    /// Until when
    #[arg(long)]
    pub(crate) until: Option<Since>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TailArgs {
    /// Begin with what happened since then: how long ago, or a date
    #[arg(long, default_value = "1m")]
    pub(crate) since: Since,
    /// Only to this destination, by name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// Seconds between looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) interval: u64,
}
