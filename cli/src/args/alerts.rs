//! `tocsin send`, `alerts`, `deliveries`, `dead-letters`, `audit`, `tail`.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use tocsin_core::alert::Severity;

use super::shared::{Consent, Input, Since};

#[derive(Debug, ClapArgs)]
pub(crate) struct SendArgs {
    /// Files with alerts: JSON objects one after the other, one for each line, or in an
    /// array; `-` reads standard input. All are checked before the first is sent
    #[arg(required = true)]
    pub(crate) files: Vec<Input>,
    /// Give each alert a new id and the current time, so that a sample can be sent
    /// more than once
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Wait up to this many seconds until every delivery has ended, and show them
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// List alerts, newest first
    #[command(visible_alias = "ls")]
    List(ListAlertsArgs),
    /// Show where alerts went, why, and the state of each delivery
    Show(ShowAlertsArgs),
    /// Send a whole alert again, marked as re-sent; its earlier deliveries do not change
    Resend(ResendArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListAlertsArgs {
    /// The beginning of the time range: how long ago, or a date
    #[arg(long, default_value = "24h")]
    pub(crate) since: Since,
    /// The end of the time range [default: now]
    #[arg(long)]
    pub(crate) until: Option<Since>,
    /// Only alerts of this effective severity
    #[arg(long)]
    pub(crate) severity: Option<Severity>,
    /// Only alerts with this disposition
    #[arg(long, value_enum)]
    pub(crate) disposition: Option<DispositionArg>,
    /// Only alerts whose id, title or detection contains this text, in any letter case
    #[arg(long = "match", value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Only alerts of this detection
    #[arg(long, value_name = "ID")]
    pub(crate) detection: Option<String>,
    /// Only alerts with a delivery to this destination, by name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// Only alerts with this tag
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// Only alerts with this log type
    #[arg(long, value_name = "TYPE")]
    pub(crate) log_type: Option<String>,
    /// Only alerts with warnings of the routing
    #[arg(long)]
    pub(crate) warnings: bool,
    /// The most entries to list
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

/// The disposition of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DispositionArg {
    /// The alert has targets
    Routed,
    /// The detection asked for no delivery
    Skipped,
    /// No destination matched
    Unrouted,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowAlertsArgs {
    /// The alerts' ids, or the beginning of one from eight characters on
    #[arg(required = true)]
    pub(crate) ids: Vec<String>,
    /// Wait up to this many seconds until every delivery has ended
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ResendArgs {
    /// The alert's id
    pub(crate) id: String,
    /// Only to these destinations, by name or id [default: all its targets]
    #[arg(long = "destination", value_name = "NAME", value_delimiter = ',')]
    pub(crate) destinations: Vec<String>,
    /// Wait up to this many seconds until every delivery has ended, and show them
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeliveriesCommand {
    /// List deliveries: the newest first, or what waits by its next attempt
    #[command(visible_alias = "ls")]
    List(DeliveriesArgs),
    /// Send the alerts of failed deliveries again, to the destinations that they failed at
    Resend(ResendManyArgs),
    /// Attempt what waits now, instead of when it is due
    Retry(RetryArgs),
}

/// Which deliveries.
#[derive(Debug, ClapArgs)]
pub(crate) struct DeliveryFilter {
    /// Only deliveries to this destination, by name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// The beginning of the time range: how long ago, or a date
    #[arg(long, default_value = "24h")]
    pub(crate) since: Since,
    /// The end of the time range [default: now]
    #[arg(long)]
    pub(crate) until: Option<Since>,
    /// Only deliveries of alerts of this severity
    #[arg(long)]
    pub(crate) severity: Option<Severity>,
    /// Only deliveries of alerts whose id or title contains this text, in any letter case
    #[arg(long = "match", value_name = "TEXT")]
    pub(crate) text: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ResendManyArgs {
    /// The deliveries that ended without success, and that nobody has sent again
    #[arg(long, required = true)]
    pub(crate) failed: bool,
    #[command(flatten)]
    pub(crate) filter: DeliveryFilter,
    /// The most alerts to send again
    #[arg(long, default_value_t = 500)]
    pub(crate) limit: usize,
    /// Show what would be sent again, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RetryArgs {
    /// What waits for these destinations, by name or id
    #[arg(
        long = "destination",
        value_name = "NAME",
        value_delimiter = ',',
        required_unless_present = "all"
    )]
    pub(crate) destinations: Vec<String>,
    /// What waits for any destination
    #[arg(long, conflicts_with = "destinations")]
    pub(crate) all: bool,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateArg {
    /// It waits for its first attempt
    Queued,
    /// It is being attempted
    Sending,
    /// It was accepted
    Delivered,
    /// It waits for another attempt
    Retrying,
    /// It was refused
    Failed,
    /// Its attempts are used up
    Exhausted,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DeliveriesArgs {
    /// Only deliveries that ended without success, that no fallback delivered, and that
    /// nobody has sent again
    #[arg(long, group = "which")]
    pub(crate) failed: bool,
    /// Only deliveries that wait, the next to be attempted first, whatever the time range
    #[arg(long, group = "which")]
    pub(crate) waiting: bool,
    /// Only deliveries in this state
    #[arg(long, value_enum, group = "which")]
    pub(crate) state: Option<StateArg>,
    /// With --failed: also those that a fallback delivered, or that were sent again
    #[arg(long, requires = "failed")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) filter: DeliveryFilter,
    /// The most entries to list
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List the messages, with the reasons
    #[command(visible_alias = "ls")]
    List(ListDeadLettersArgs),
    /// Show a message, with the reason
    Show(ShowDeadLetterArgs),
    /// Correct a message of the alerts queue in $EDITOR; it is checked, sent, and deleted here
    Edit(EditDeadLetterArgs),
    /// Delete messages for good
    #[command(visible_alias = "rm")]
    Delete(RedriveArgs),
    /// Put messages back to be processed again, once the cause is fixed
    Redrive(RedriveArgs),
}

/// The dead-letter queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Queue {
    /// Messages that are not alerts, and alerts that could not be recorded
    Alerts,
    /// Wake-ups, sweeps and reports that the router could not process
    Retries,
    /// Failed dispatches of version 0.1.0; nothing new is put there
    #[value(alias = "hand-overs")]
    FailedDispatches,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListDeadLettersArgs {
    /// Only messages of this queue
    #[arg(long, value_enum)]
    pub(crate) queue: Option<Queue>,
    /// The most messages to list of each queue
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) limit: u8,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowDeadLetterArgs {
    /// The message id
    pub(crate) id: String,
    /// Print the whole body alone, as it is in the queue
    #[arg(long)]
    pub(crate) body: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EditDeadLetterArgs {
    /// The message id
    pub(crate) id: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RedriveArgs {
    /// The message ids
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) ids: Vec<String>,
    /// All messages of the queue
    #[arg(long)]
    pub(crate) all: bool,
    /// The queue of the messages
    #[arg(long, value_enum)]
    pub(crate) queue: Queue,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AuditArgs {
    /// The beginning of the time range: how long ago, or a date
    #[arg(long, default_value = "24h")]
    pub(crate) since: Since,
    /// The end of the time range [default: now]
    #[arg(long)]
    pub(crate) until: Option<Since>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct StatusArgs {
    /// Failed deliveries and unrouted alerts since then: how long ago, or a date
    #[arg(long, default_value = "24h")]
    pub(crate) since: Since,
    /// Look again every few seconds, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 5, requires = "watch", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) interval: u64,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    /// Files with alerts: JSON objects one after the other, one for each line, or in an
    /// array; `-` reads standard input
    #[arg(required = true)]
    pub(crate) files: Vec<Input>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TailArgs {
    /// Begin with events since then: how long ago, or a date
    #[arg(long, default_value = "1m")]
    pub(crate) since: Since,
    /// Only deliveries to this destination, by name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// Seconds between requests
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) interval: u64,
}
