//! How the command ends: the error message, and the exit code for scripts.

use std::io::ErrorKind;
use std::process::ExitCode;

use crate::print::{self, Style, text};
use crate::usage::Usage;

/// Something needed is missing or malformed; clap exits with the same code.
const USAGE_CODE: u8 = 2;

/// The command is done, but found something that failed or has not ended.
const INCOMPLETE_CODE: u8 = 3;

/// How a command that did its work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything succeeded.
    Success,
    /// Something failed or has not ended: a delivery, a test, a redrive, an audit.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Incomplete => Self::from(INCOMPLETE_CODE),
        }
    }
}

/// The exit code of an answer of clap.
pub(crate) fn of_usage(answer: &clap::Error) -> ExitCode {
    u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Prints an error; gives the exit code for it.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    // The reader of the output has seen enough: `tocsin alerts list | head`.
    let closed = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    });
    if closed {
        return ExitCode::SUCCESS;
    }
    print::remark(&text!("{} {:#}", Style::Error.paint("error:"), error));
    let Some(usage) = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Usage>())
    else {
        return ExitCode::FAILURE;
    };
    for problem in &usage.problems {
        print::remark(&text!("  {}", problem));
    }
    ExitCode::from(USAGE_CODE)
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
