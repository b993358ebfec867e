//! A function's environment variables, read once at its start: what is missing
//! or wrong stops it there, with the name of the variable.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

/// The environment variables of this process.
#[derive(Clone, Debug)]
pub struct Env(HashMap<String, String>);

/// A variable that is missing or wrong. The template sets them all, so this
/// means that a function runs outside of it, or that the two have drifted apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// Not set, or empty.
    #[error("the environment variable {name} is not set; template.yaml sets it for this function")]
    Missing {
        /// Which variable.
        name: String,
    },
    /// Set to something that cannot be read.
    #[error("the environment variable {name} is unusable: {problem}")]
    Wrong {
        /// Which variable.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Env {
    /// The variables of the process.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// The value of a variable, or `None` when it is not set or empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of a variable that must be there.
    ///
    /// # Errors
    ///
    /// When it is not set or empty.
    pub fn required(&self, name: &str) -> Result<String, EnvError> {
        self.optional(name)
            .map(str::to_owned)
            .ok_or_else(|| EnvError::Missing {
                name: name.to_owned(),
            })
    }

    /// The value of a variable, read as a `T`, if it is set.
    ///
    /// # Errors
    ///
    /// When it is set and cannot be read.
    pub fn parsed<T>(&self, name: &str) -> Result<Option<T>, EnvError>
    where
        T: FromStr<Err: Display>,
    {
        self.optional(name)
            .map(|value| {
                value.parse().map_err(|error: T::Err| EnvError::Wrong {
                    name: name.to_owned(),
                    problem: error.to_string(),
                })
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
    fn errors_name_the_variable() {
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
        let wrong = env.parsed::<u32>("DAYS").unwrap_err().to_string();
        assert!(wrong.contains("DAYS is unusable: invalid digit"), "{wrong}");
        assert_eq!(env.parsed::<u32>("OTHER"), Ok(None));
    }
}
