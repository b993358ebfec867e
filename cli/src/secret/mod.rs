//! Reading secrets: from a prompt, standard input, a file, or the environment. No
//! error repeats what a secret holds.

mod boundary;
mod lines;
mod reference;

use anyhow::bail;
use serde_json::{Map, Value};
use tocsin_api_types::{NewSecret, ProviderDescription};
use tocsin_core::provider::form::{AuthMethod, Requirement};

use crate::args::{Allowed, Input, SecretArgs};
use crate::terminal::{Prompts, question};

pub(crate) use boundary::Boundary;
pub(crate) use lines::Lines;
pub(crate) use reference::{Reference, Resolved, Resolver, Source, SourcedField, shown};

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

    /// The secret that a file refers to, as far as the file may.
    pub(crate) fn in_file(
        file: Option<&Input>,
        allowed: &Allowed,
        reference: &Value,
    ) -> anyhow::Result<Self> {
        let resolver = Resolver {
            boundary: Boundary::of(file, allowed),
            variable: &variable,
        };
        let Resolved { secret, .. } = resolver.resolve(&Reference::parse(reference)?)?;
        Ok(secret)
    }
}

/// The environment variable of this name, if it is text.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tocsin_core::provider::form::{Form, FormField};

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
}
