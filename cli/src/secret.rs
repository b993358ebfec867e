//! Secrets on their way to the stack: from a prompt, standard input, a file, the
//! environment. What is wrong with one is never said by repeating it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use crate::args::{Input, SecretArgs};
use crate::catalog::{self, Need};
use crate::exit::Usage;
use crate::terminal;

/// A secret's fields.
pub(crate) type Fields = Map<String, Value>;

/// Where the secret of a destination comes from.
#[derive(Clone, PartialEq)]
pub(crate) enum Secret {
    /// It stays as it is; a new destination has none.
    Keep,
    /// These fields.
    Fields(Fields),
    /// An existing secret of Secrets Manager.
    Existing(String),
}

impl SecretArgs {
    /// Whether any of the flags was given.
    pub(crate) fn given(&self) -> bool {
        self.secret_stdin || self.secret_file.is_some() || self.from_secret.is_some()
    }

    /// What the flags say; standard input and files are read.
    pub(crate) fn read(
        &self,
        provider: &str,
        settings: &Map<String, Value>,
    ) -> anyhow::Result<Secret> {
        let input = match (&self.from_secret, &self.secret_file, self.secret_stdin) {
            (Some(name), _, _) => return Ok(Secret::Existing(name.clone())),
            (None, Some(input), _) => input,
            (None, None, true) => &Input::Stdin,
            (None, None, false) => return Ok(Secret::Keep),
        };
        fields(&input.read()?, &input.to_string(), provider, settings).map(Secret::Fields)
    }
}

/// The fields in `text`: a JSON object, or the bare text of the only field that
/// the provider's credential has.
fn fields(
    text: &str,
    origin: &str,
    provider: &str,
    settings: &Map<String, Value>,
) -> anyhow::Result<Fields> {
    let text = text.trim();
    if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
        return Ok(fields);
    }
    let bare = !text.is_empty() && !text.starts_with(['{', '[', '"']) && !text.contains('\n');
    let field = catalog::provider(provider)
        .and_then(|one| one.credential_for(settings))
        .and_then(catalog::Credential::only_field);
    match field {
        Some(field) if bare => Ok(Fields::from_iter([(field.to_owned(), text.into())])),
        _ => bail!(
            "the secret in {origin} is no JSON object; {provider} takes {}",
            forms(provider)
        ),
    }
}

/// What secrets of a provider look like: `{"webhookUrl": …} or {"botToken": …}`.
pub(crate) fn forms(provider: &str) -> String {
    let forms: Vec<_> = catalog::provider(provider)
        .map_or(&[][..], |one| one.credentials)
        .iter()
        .map(|one| {
            let required = one.secret.iter().filter(|one| one.need == Need::Required);
            let fields: Vec<_> = required.map(|one| format!("\"{}\": …", one.key)).collect();
            format!("{{{}}}", fields.join(", "))
        })
        .collect();
    if forms.is_empty() {
        return "no secret: the sender's IAM role is the credential".to_owned();
    }
    forms.join(" or ")
}

/// Asks for the fields of one way to authenticate.
pub(crate) fn ask(credential: &catalog::Credential) -> anyhow::Result<Fields> {
    let mut fields = Fields::new();
    for question in credential.secret {
        let answer = match question.need {
            Need::Required => Some(terminal::secret(question.label)?),
            Need::Optional => terminal::optional_secret(question.label)?,
        };
        if let Some(answer) = answer {
            fields.insert(question.key.to_owned(), answer.trim().into());
        }
    }
    Ok(fields)
}

/// Where a configuration file says that secrets, or fields of them, are.
pub(crate) struct References<'a> {
    /// What relative paths are relative to.
    pub(crate) folder: &'a Path,
    /// Looks an environment variable up.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl References<'_> {
    /// The secret that `reference` stands for.
    pub(crate) fn resolve(&self, reference: &Value) -> anyhow::Result<Secret> {
        let whole = |text: String, origin: &str| match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Ok(Secret::Fields(fields)),
            _ => bail!(
                "what {origin} holds is no JSON object; to take it for one field, write `secret: {{FIELD: …}}`"
            ),
        };
        match reference {
            Value::Null => Ok(Secret::Keep),
            Value::String(word) if word == "keep" => Ok(Secret::Keep),
            Value::Object(fields) => match single(fields) {
                Some(("secretsManager", Value::String(name))) => Ok(Secret::Existing(name.clone())),
                Some(("env", Value::String(name))) => {
                    whole(self.environment(name)?, &format!("the variable {name}"))
                }
                Some(("file", Value::String(path))) => whole(self.file(path)?, path),
                _ => self.fields(fields).map(Secret::Fields),
            },
            _ => Err(literal("secret")),
        }
    }

    /// Fields, each with a reference of its own.
    fn fields(&self, references: &Map<String, Value>) -> anyhow::Result<Fields> {
        references
            .iter()
            .map(|(name, reference)| {
                let value = self
                    .field(reference)
                    .with_context(|| format!("`secret.{name}`"))?;
                Ok((name.clone(), value))
            })
            .collect()
    }

    fn field(&self, reference: &Value) -> anyhow::Result<Value> {
        let Value::Object(inner) = reference else {
            return Err(literal("it"));
        };
        match single(inner) {
            Some(("env", Value::String(name))) => Ok(self.environment(name)?.into()),
            Some(("file", Value::String(path))) => Ok(self.file(path)?.trim_end().into()),
            // Such as the headers of a webhook.
            _ => self.fields(inner).map(Value::Object),
        }
    }

    fn environment(&self, name: &str) -> anyhow::Result<String> {
        (self.variable)(name).ok_or_else(|| {
            Usage::error(format!(
                "the environment variable {name} is not set, or is no text"
            ))
        })
    }

    fn file(&self, path: &str) -> anyhow::Result<String> {
        let path: PathBuf = self.folder.join(path);
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    }
}

fn single(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = fields.iter();
    match (entries.next(), entries.next()) {
        (Some((name, value)), None) => Some((name, value)),
        _ => None,
    }
}

fn literal(what: &str) -> anyhow::Error {
    Usage::error(format!(
        "{what} must not stand in the file itself: write keep, {{env: NAME}}, {{file: PATH}} or {{secretsManager: NAME}}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn resolve(reference: &Value, folder: &Path) -> anyhow::Result<Secret> {
        let variable = |name: &str| match name {
            "WHOLE" => Some("{\"apiKey\": \"k\"}".to_owned()),
            "PART" => Some("hidden".to_owned()),
            _ => None,
        };
        References {
            folder,
            variable: &variable,
        }
        .resolve(reference)
    }

    fn resolved(reference: &Value, folder: &Path) -> Value {
        match resolve(reference, folder).unwrap() {
            Secret::Keep => "keep".into(),
            Secret::Fields(fields) => fields.into(),
            Secret::Existing(name) => name.into(),
        }
    }

    #[test]
    fn bare_text_is_the_only_field() {
        let none = settings(&json!({}));
        let read = |text, provider, settings: &Map<_, _>| {
            fields(text, "standard input", provider, settings)
        };
        let url = read("https://hooks.slack.com/x\n", "slack", &none).unwrap();
        assert_eq!(
            Value::Object(url),
            json!({"webhookUrl": "https://hooks.slack.com/x"})
        );
        let object = read("{\"botToken\": \"xoxb\"}", "slack", &none).unwrap();
        assert_eq!(Value::Object(object), json!({"botToken": "xoxb"}));
        for (text, provider) in [
            ("hidden", "servicenow"),
            ("{hidden", "github"),
            ("", "github"),
            ("a\nhidden", "github"),
        ] {
            let error = read(text, provider, &none).unwrap_err().to_string();
            assert!(
                error.contains("no JSON object") && !error.contains("hidden"),
                "{error}"
            );
        }
    }

    #[test]
    fn references_are_resolved() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "from-file\n").unwrap();
        std::fs::write(folder.path().join("whole"), "{\"a\": \"b\"}").unwrap();
        for (reference, secret) in [
            (json!("keep"), json!("keep")),
            (Value::Null, json!("keep")),
            (json!({"env": "WHOLE"}), json!({"apiKey": "k"})),
            (json!({"file": "whole"}), json!({"a": "b"})),
            (
                json!({"secretsManager": "tocsin/slack/x"}),
                json!("tocsin/slack/x"),
            ),
            (
                json!({"token": {"env": "PART"}}),
                json!({"token": "hidden"}),
            ),
            (
                json!({"url": {"file": "token"}, "headers": {"Authorization": {"env": "PART"}}}),
                json!({"url": "from-file", "headers": {"Authorization": "hidden"}}),
            ),
        ] {
            assert_eq!(resolved(&reference, folder.path()), secret, "{reference}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_said_without_it() {
        for reference in [
            json!("hidden"),
            json!({"token": "hidden"}),
            json!({"token": ["hidden"]}),
            json!({"env": "PART"}),
            json!({"env": "NOT_SET"}),
            json!({"file": "not there"}),
        ] {
            let error = resolve(&reference, Path::new("/nowhere")).err().unwrap();
            let said = format!("{error:#}");
            assert!(!said.contains("hidden"), "{said}");
        }
    }
}
