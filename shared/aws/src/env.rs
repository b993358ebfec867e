//! A function's environment variables. They are read once, at the start: a missing
//! or invalid variable stops the function there, and the error names it.

use std::collections::HashMap;
use std::error::Error;
use std::str::FromStr;

/// The environment variables of this process.
#[derive(Clone, Debug)]
pub struct Env(HashMap<String, String>);

/// A variable is missing or invalid. The template sets all of them: either the
/// function runs outside of its stack, or template and code differ.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// The variable is not set, or is empty.
    #[error("the environment variable {name} is not set; template.yaml sets it for this function")]
    Missing {
        /// The variable's name.
        name: String,
    },
    /// The variable is set to a value that cannot be read.
    #[error("the environment variable {name} is invalid: {source}")]
    Invalid {
        /// The variable's name.
        name: String,
        /// Why the value cannot be read.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl EnvError {
    /// The variable `name` is set to a value that cannot be read.
    pub fn invalid(name: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Invalid {
            name: name.to_owned(),
            source: source.into(),
        }
    }
}

impl Env {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// The value of a variable; `None` when it is not set or is empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of a variable that the function cannot run without.
    ///
    /// # Errors
    ///
    /// When the variable is not set or is empty.
    pub fn required(&self, name: &str) -> Result<String, EnvError> {
        self.optional(name)
            .map(str::to_owned)
            .ok_or_else(|| EnvError::Missing {
                name: name.to_owned(),
            })
    }

    /// The value of a variable, parsed as a `T`; `None` when it is not set.
    ///
    /// # Errors
    ///
    /// When the value does not parse.
    pub fn parsed<T>(&self, name: &str) -> Result<Option<T>, EnvError>
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        self.optional(name)
            .map(|value| {
                value
                    .parse()
                    .map_err(|error: T::Err| EnvError::invalid(name, error))
            })
            .transpose()
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_variable_and_keep_their_cause() {
        let env = Env::from_iter([
            ("EMPTY".to_owned(), String::new()),
            ("DAYS".to_owned(), "many".to_owned()),
        ]);
        assert!(
            env.required("EMPTY")
                .unwrap_err()
                .to_string()
                .contains("EMPTY is not set")
        );
        let error = env.parsed::<u32>("DAYS").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("DAYS is invalid: invalid digit"), "{text}");
        assert!(
            error
                .source()
                .is_some_and(<dyn Error>::is::<std::num::ParseIntError>)
        );
        assert!(env.parsed::<u32>("OTHER").unwrap().is_none());
    }
}
