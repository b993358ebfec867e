//! Arguments that several commands share.

use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use clap::Args as ClapArgs;
use tocsin_core::Timestamp;

/// A file, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Standard input, written `-`.
    Stdin,
    /// This file.
    File(PathBuf),
}

impl Input {
    /// The whole text.
    pub(crate) fn read(&self) -> anyhow::Result<String> {
        match self {
            Self::Stdin => {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .context("standard input cannot be read as text")?;
                Ok(text)
            }
            Self::File(path) => std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display())),
        }
    }
}

impl FromStr for Input {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "-" => Self::Stdin,
            path => Self::File(path.into()),
        })
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A moment: how long ago, or a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// `24h`, `7d`, `1h 30m`.
    Ago(Duration),
    /// `2026-11-20T08:00:00Z`, `2026-11-20`.
    At(Timestamp),
}

/// The longest time ago that is accepted: nothing in a ledger is older.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// A text that is not a moment.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotATime {
    /// Neither a duration nor a date.
    #[error(
        "give how long ago, such as 30m, 24h or 7d, or a date such as 2026-11-20 or 2026-11-20T08:00:00Z"
    )]
    Unreadable,
    /// Too long ago.
    #[error("give at most 36500d, a hundred years")]
    TooLong,
}

impl Since {
    /// The moment, given the present.
    pub(crate) fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(ago) => now.minus(ago),
        }
    }
}

impl FromStr for Since {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(moment) = text.parse() {
            return Ok(Self::At(moment));
        }
        if let Ok(midnight) = format!("{text}T00:00:00Z").parse() {
            return Ok(Self::At(midnight));
        }
        match humantime::parse_duration(text) {
            Ok(ago) if ago <= LONGEST => Ok(Self::Ago(ago)),
            Ok(_) | Err(humantime::DurationError::NumberOverflow) => Err(NotATime::TooLong),
            Err(_) => Err(NotATime::Unreadable),
        }
    }
}

/// Words separated by commas, or `none`, which empties the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum List<T> {
    /// No entry.
    None,
    /// This entry.
    One(T),
}

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::None);
        }
        text.parse().map(Self::One)
    }
}

impl<T: Clone + Ord> List<T> {
    /// All entries; `None` if the flag was not given.
    pub(crate) fn entries<C: FromIterator<T>>(given: &[Self]) -> Option<C> {
        if given.is_empty() {
            return None;
        }
        let entries = given.iter().filter_map(|one| match one {
            Self::None => None,
            Self::One(entry) => Some(entry.clone()),
        });
        Some(entries.collect())
    }
}

/// What a file may name as the source of a secret, beyond what it may name anyway.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Allowed {
    /// Let the file send this environment variable, although variables of its name hold credentials
    /// of yours; can be given several times
    #[arg(long = "allow-env", value_name = "NAME")]
    pub(crate) env: Vec<String>,
    /// Let the file send this file, although it is not in the folder of the YAML file; can be given
    /// several times
    #[arg(long = "allow-file", value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
}

/// Consent to a change.
#[derive(Clone, Copy, Debug, ClapArgs)]
pub(crate) struct Consent {
    /// Do not ask for consent
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_durations_or_dates() {
        let hours = |n: u64| Since::Ago(Duration::from_hours(n));
        assert_eq!("24h".parse(), Ok(hours(24)));
        assert_eq!("7d".parse(), Ok(hours(7 * 24)));
        assert_eq!("1h 30m".parse(), Ok(Since::Ago(Duration::from_mins(90))));
        let noon: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        assert_eq!("2026-11-20T12:00:00Z".parse(), Ok(Since::At(noon)));
        assert_eq!(
            "2026-11-20".parse(),
            Ok(Since::At("2026-11-20T00:00:00Z".parse().unwrap()))
        );
        for text in ["", "yesterday", "24", "-3h", "2026-13-01"] {
            assert_eq!(text.parse::<Since>(), Err(NotATime::Unreadable), "{text:?}");
        }
        for text in ["999999999d", "99999999999999999999d", "101years"] {
            assert_eq!(text.parse::<Since>(), Err(NotATime::TooLong), "{text:?}");
        }
        assert_eq!(hours(12).moment(noon).to_string(), "2026-11-20T00:00:00Z");
    }

    #[test]
    fn lists_can_be_emptied() {
        let given: Vec<List<String>> = vec!["none".parse().unwrap()];
        assert_eq!(List::entries::<Vec<_>>(&given), Some(vec![]));
        assert_eq!(List::<String>::entries::<Vec<_>>(&[]), None);
        let given: Vec<List<String>> = vec!["b".parse().unwrap(), "a".parse().unwrap()];
        let entries: Option<std::collections::BTreeSet<_>> = List::entries(&given);
        assert_eq!(entries, Some(["a", "b"].map(str::to_owned).into()));
    }
}
