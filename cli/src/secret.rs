//! Reading secrets: from a prompt, standard input, a file, or the environment. No
//! error repeats what a secret holds.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use tocsin_api_types::{NewSecret, ProviderDescription};
use tocsin_core::provider::form::{AuthMethod, Requirement};

use crate::args::{Input, SecretArgs};
use crate::exit::Usage;
use crate::terminal::{Prompts, question};

/// A secret's fields.
pub(crate) type Fields = Map<String, Value>;

/// Where the secret of a destination comes from.
#[derive(Clone, PartialEq)]
pub(crate) enum Secret {
    /// Keep the current one; a new destination has none.
    Keep,
    /// A new secret with these fields.
    Fields(Fields),
    /// An existing secret of Secrets Manager.
    Existing(String),
}

impl Secret {
    /// The secret as the API takes it; `None` keeps the current one.
    pub(crate) fn into_new(self) -> Option<NewSecret> {
        match self {
            Self::Keep => None,
            Self::Fields(fields) => Some(NewSecret::Fields(fields)),
            Self::Existing(name) => Some(NewSecret::Named(name)),
        }
    }

    /// The secret that a file refers to.
    pub(crate) fn in_file(file: Option<&Input>, reference: &Value) -> anyhow::Result<Self> {
        References {
            folder: &folder(file),
            variable: &|name| std::env::var(name).ok(),
        }
        .resolve(reference)
    }
}

/// The folder that the relative paths in a file begin at.
pub(crate) fn folder(file: Option<&Input>) -> PathBuf {
    match file {
        Some(Input::File(path)) => path.parent().map(Into::into).unwrap_or_default(),
        Some(Input::Stdin) | None => PathBuf::new(),
    }
}

impl SecretArgs {
    /// Whether any of the flags was given.
    pub(crate) fn given(&self) -> bool {
        self.secret_stdin || self.secret_file.is_some() || self.from_secret.is_some()
    }

    /// Reads the secret that the flags name.
    pub(crate) fn read(
        &self,
        provider: &ProviderDescription,
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

/// The fields in `text`: a JSON object, or the bare text of the only required field
/// of the provider's secret.
fn fields(
    text: &str,
    origin: &str,
    provider: &ProviderDescription,
    settings: &Map<String, Value>,
) -> anyhow::Result<Fields> {
    let text = text.trim();
    if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
        return Ok(fields);
    }
    let bare = !text.is_empty() && !text.starts_with(['{', '[', '"']) && !text.contains('\n');
    let form = &provider.form;
    let field = form
        .auth_method_for(settings)
        .and_then(AuthMethod::only_required_field);
    match field {
        Some(field) if bare => Ok(Fields::from_iter([(field.key.clone(), text.into())])),
        _ => bail!(
            "the secret in {origin} is not a JSON object; {} takes {}",
            provider.name,
            forms(provider)
        ),
    }
}

/// The form of a provider's secrets: `{"webhookUrl": …} or {"botToken": …}`.
pub(crate) fn forms(provider: &ProviderDescription) -> String {
    let methods = provider.form.auth_methods.iter();
    let forms: Vec<_> = methods
        .map(|one| {
            let required = one
                .secret
                .iter()
                .filter(|one| one.requirement == Requirement::Required);
            let fields: Vec<_> = required.map(|one| format!("\"{}\": …", one.key)).collect();
            format!("{{{}}}", fields.join(", "))
        })
        .collect();
    if forms.is_empty() {
        return "no secret: the sender's IAM role is the credential".to_owned();
    }
    forms.join(" or ")
}

/// Asks for the secret of one way to authenticate.
pub(crate) fn ask(prompts: &mut dyn Prompts, method: &AuthMethod) -> anyhow::Result<Fields> {
    let mut fields = Fields::new();
    for field in &method.secret {
        let question = question(field);
        let answer = match field.requirement {
            Requirement::Required => Some(prompts.secret(&question)?),
            Requirement::Optional => prompts.optional_secret(&question)?,
            Requirement::Advanced => None,
        };
        if let Some(answer) = answer {
            fields.insert(field.key.clone(), field.read(answer.trim()));
        }
    }
    Ok(fields)
}

/// Resolves the references to secrets in a configuration file.
pub(crate) struct References<'a> {
    /// The folder that relative paths begin at.
    pub(crate) folder: &'a Path,
    /// Reads an environment variable.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl References<'_> {
    /// The secret that `reference` refers to.
    pub(crate) fn resolve(&self, reference: &Value) -> anyhow::Result<Secret> {
        let whole = |text: String, origin: &str| match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Ok(Secret::Fields(fields)),
            _ => bail!(
                "{origin} does not hold a JSON object; to use it for one field, write `secret: {{FIELD: …}}`"
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

    /// Resolves the references of single fields.
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
            // An object of references, such as the headers of a webhook.
            _ => self.fields(inner).map(Value::Object),
        }
    }

    fn environment(&self, name: &str) -> anyhow::Result<String> {
        (self.variable)(name).ok_or_else(|| {
            Usage::error(format!(
                "the environment variable {name} is not set, or is not text"
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
        "{what} must not be in the file itself: write keep, {{env: NAME}}, {{file: PATH}} or {{secretsManager: NAME}}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tocsin_core::provider::form::{Form, FormField};

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
    fn bare_text_is_the_only_required_field() {
        let text = |key: &str| FormField::text(key, key);
        let webhook = AuthMethod::new("webhook", vec![text("url"), text("key").optional()]);
        let user = AuthMethod::new("user", vec![text("name"), text("password")]);
        let read = |content: &str, methods: &[&AuthMethod]| {
            let provider = ProviderDescription {
                name: "pigeon".to_owned(),
                form: Form {
                    settings: Vec::new(),
                    auth_methods: methods.iter().map(|&one| one.clone()).collect(),
                },
            };
            fields(content, "standard input", &provider, &Map::new())
        };
        let url = read("https://example.com/x\n", &[&webhook]).unwrap();
        assert_eq!(Value::Object(url), json!({"url": "https://example.com/x"}));
        let object = read("{\"token\": \"x\"}", &[&webhook, &user]).unwrap();
        assert_eq!(Value::Object(object), json!({"token": "x"}));
        for (content, methods) in [
            ("hidden", &[&webhook, &user][..]),
            ("hidden", &[&user]),
            ("{hidden", &[&webhook]),
            ("", &[&webhook]),
            ("a\nhidden", &[&webhook]),
        ] {
            let error = read(content, methods).unwrap_err().to_string();
            assert!(
                error.contains("not a JSON object") && !error.contains("hidden"),
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
    fn no_error_repeats_a_secret() {
        for reference in [
            json!("hidden"),
            json!({"token": "hidden"}),
            json!({"token": ["hidden"]}),
            json!({"env": "PART"}),
            json!({"env": "NOT_SET"}),
            json!({"file": "not there"}),
        ] {
            let error = resolve(&reference, Path::new("/nowhere")).err().unwrap();
            let message = format!("{error:#}");
            assert!(!message.contains("hidden"), "{message}");
        }
    }
}
