//! Mistakes of the person.

/// An error in what the person gave: the command line, a file, an answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Usage {
    /// What is wrong.
    message: String,
    /// Each thing that is wrong, if there can be several.
    pub(crate) problems: Vec<String>,
}

impl Usage {
    pub(crate) fn error(message: impl Into<String>) -> anyhow::Error {
        Self::list(message, Vec::new())
    }

    /// Several things that are wrong, each for a line of its own below the message.
    pub(crate) fn list(message: impl Into<String>, problems: Vec<String>) -> anyhow::Error {
        let message = message.into();
        anyhow::Error::new(Self { message, problems })
    }
}
