//! How the command ends: what is told, and the exit code that scripts read.

use std::io::ErrorKind;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use tocsin_core::text::sanitize;

/// Something needed was not given, or not in its form; clap's own code for that.
const USAGE: u8 = 2;

/// All was done, but not all is well.
const NOT_WELL: u8 = 3;

/// What was done came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is well.
    Well,
    /// It was done, and found deliveries that had not ended or failed, or worse.
    NotWell,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Well => Self::SUCCESS,
            Ending::NotWell => Self::from(NOT_WELL),
        }
    }
}

/// What the person has to give, or to give otherwise.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

impl Usage {
    pub(crate) fn error(message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self(message.into()))
    }
}

/// Tells what went wrong; gives the code for it.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    // Whoever reads the output has seen enough: `tocsin alerts list | head`.
    let closed = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    });
    if closed {
        return ExitCode::SUCCESS;
    }
    let red = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    // It may repeat what others wrote, which must not steer the terminal.
    let said = format!("{error:#}");
    anstream::eprintln!("{red}error:{red:#} {}", sanitize(&said));
    if error.chain().any(<dyn std::error::Error>::is::<Usage>) {
        return ExitCode::from(USAGE);
    }
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn codes_tell_the_kinds_of_failure_apart() {
        let code = |error: anyhow::Error| format!("{:?}", failed(&error));
        let usage = Err::<(), _>(Usage::error("x")).context("y").unwrap_err();
        assert_eq!(code(usage), format!("{:?}", ExitCode::from(2)));
        assert_eq!(
            code(anyhow::anyhow!("x")),
            format!("{:?}", ExitCode::FAILURE)
        );
        let closed = std::io::Error::from(ErrorKind::BrokenPipe);
        assert_eq!(code(closed.into()), format!("{:?}", ExitCode::SUCCESS));
    }
}
