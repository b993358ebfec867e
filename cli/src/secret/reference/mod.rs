//! References of a file to secrets: parsed, checked against the [`Boundary`], and only
//! then read.

use std::fmt;

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::{Map, Value};

use super::boundary::{Boundary, Refusal};
use super::{Fields, Secret};
use crate::usage::Usage;

/// Where a secret, or a field of it, comes from. As JSON it is what the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Source {
    /// An environment variable.
    Env(String),
    /// A file; a relative path begins at the folder of the file that names it.
    File(String),
    /// A secret of Secrets Manager.
    SecretsManager(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match self {
            Self::Env(name) => ("env", name),
            Self::File(path) => ("file", path),
            Self::SecretsManager(name) => ("secretsManager", name),
        };
        write!(f, "{kind} {}", shown(name))
    }
}

/// A name out of a file, so that it cannot pass for anything else.
pub(crate) fn shown(name: &str) -> String {
    if !name.is_empty() && name.chars().all(|one| one.is_ascii_graphic()) {
        return name.to_owned();
    }
    format!("{name:?}")
}

/// A field of a secret, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SourcedField {
    /// Its path, such as `secret.webhookUrl`.
    pub(crate) field: String,
    /// Where it comes from.
    pub(crate) source: Source,
}

/// What a file says about the secret of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// Keep the current one.
    Keep,
    /// All of it comes from here.
    Whole(Source),
    /// Its fields come from here and there.
    Fields(Vec<(String, FieldReference)>),
}

/// What a file says about a field of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldReference {
    /// Its value comes from here.
    Value(Source),
    /// It is an object, such as the headers of a webhook.
    Object(Vec<(String, FieldReference)>),
}

impl Reference {
    /// Parses the value of `secret` in a file. Nothing is read.
    pub(crate) fn parse(value: &Value) -> anyhow::Result<Self> {
        match value {
            Value::Null => Ok(Self::Keep),
            Value::String(word) if word == "keep" => Ok(Self::Keep),
            Value::Object(fields) => match single(fields) {
                Some(("secretsManager", Value::String(name))) => {
                    Ok(Self::Whole(Source::SecretsManager(name.clone())))
                }
                Some(("env", Value::String(name))) => Ok(Self::Whole(Source::Env(name.clone()))),
                Some(("file", Value::String(path))) => Ok(Self::Whole(Source::File(path.clone()))),
                _ => parse_fields(fields).map(Self::Fields),
            },
            _ => Err(literal("secret")),
        }
    }

    /// Every source with the field that comes from it.
    pub(crate) fn sources(&self) -> Vec<SourcedField> {
        let mut all = Vec::new();
        match self {
            Self::Keep => {}
            Self::Whole(source) => all.push(SourcedField {
                field: SECRET.to_owned(),
                source: source.clone(),
            }),
            Self::Fields(fields) => collect_sources(SECRET, fields, &mut all),
        }
        all
    }

    /// The sources that must not be read.
    pub(crate) fn refusals(&self, boundary: &Boundary<'_>) -> Vec<(SourcedField, Refusal)> {
        let sources = self.sources().into_iter();
        sources
            .filter_map(|one| {
                let refusal = match &one.source {
                    Source::Env(name) => boundary.variable(name).err(),
                    Source::File(path) => boundary.file(path).err(),
                    // Secrets Manager's name is checked by the API; nothing is read here.
                    Source::SecretsManager(_) => None,
                };
                Some((one, refusal?))
            })
            .collect()
    }
}

/// The field that holds the secret.
const SECRET: &str = "secret";

fn parse_fields(fields: &Map<String, Value>) -> anyhow::Result<Vec<(String, FieldReference)>> {
    let parsed = fields.iter().map(|(name, value)| {
        let field = parse_field(value).with_context(|| format!("`secret.{}`", shown(name)))?;
        Ok((name.clone(), field))
    });
    parsed.collect()
}

fn parse_field(value: &Value) -> anyhow::Result<FieldReference> {
    let Value::Object(inner) = value else {
        return Err(literal("it"));
    };
    match single(inner) {
        Some(("env", Value::String(name))) => Ok(FieldReference::Value(Source::Env(name.clone()))),
        Some(("file", Value::String(path))) => {
            Ok(FieldReference::Value(Source::File(path.clone())))
        }
        _ => parse_fields(inner).map(FieldReference::Object),
    }
}

fn collect_sources(path: &str, fields: &[(String, FieldReference)], into: &mut Vec<SourcedField>) {
    for (name, reference) in fields {
        let field = format!("{path}.{name}");
        match reference {
            FieldReference::Value(source) => into.push(SourcedField {
                field,
                source: source.clone(),
            }),
            FieldReference::Object(inner) => collect_sources(&field, inner, into),
        }
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

/// A secret that was read, with the source of each field.
pub(crate) struct Resolved {
    /// The secret.
    pub(crate) secret: Secret,
    /// The fields that are sent, and where they come from.
    pub(crate) fields: Vec<SourcedField>,
}

/// Reads what references refer to, within a boundary.
pub(crate) struct Resolver<'a> {
    /// What may be read.
    pub(crate) boundary: Boundary<'a>,
    /// Reads an environment variable.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Resolver<'_> {
    /// Reads a secret.
    pub(crate) fn resolve(&self, reference: &Reference) -> anyhow::Result<Resolved> {
        let (secret, fields) = match reference {
            Reference::Keep => (Secret::Keep, Vec::new()),
            Reference::Whole(Source::SecretsManager(name)) => {
                (Secret::Existing(name.clone()), reference.sources())
            }
            Reference::Whole(source) => {
                let fields = self.whole(source)?;
                let mut sent = Vec::new();
                collect_leaves(SECRET, &fields, source, &mut sent);
                (Secret::Fields(fields), sent)
            }
            Reference::Fields(fields) => {
                let read = self.fields(fields)?;
                (Secret::Fields(read), reference.sources())
            }
        };
        Ok(Resolved { secret, fields })
    }

    /// The JSON object that a source holds.
    fn whole(&self, source: &Source) -> anyhow::Result<Fields> {
        match serde_json::from_str(&self.read(source)?) {
            Ok(Value::Object(fields)) => Ok(fields),
            _ => bail!(
                "{source} does not hold a JSON object; to use it for one field, write `secret: {{FIELD: …}}`"
            ),
        }
    }

    fn fields(&self, references: &[(String, FieldReference)]) -> anyhow::Result<Fields> {
        let fields = references.iter().map(|(name, reference)| {
            let value = match reference {
                FieldReference::Object(inner) => self.fields(inner).map(Value::Object),
                FieldReference::Value(source) => self.read(source).map(Value::from),
            };
            let value = value.with_context(|| format!("`secret.{}`", shown(name)))?;
            Ok((name.clone(), value))
        });
        fields.collect()
    }

    /// The text of a source. The boundary is asked here, so that nothing is read past it.
    fn read(&self, source: &Source) -> anyhow::Result<String> {
        match source {
            Source::Env(name) => {
                self.boundary
                    .variable(name)
                    .map_err(|error| usage(&error))?;
                (self.variable)(name).ok_or_else(|| {
                    Usage::error(format!(
                        "the environment variable {} is not set, or is not text",
                        shown(name)
                    ))
                })
            }
            Source::File(path) => {
                let real = self.boundary.file(path).map_err(|error| usage(&error))?;
                let text = std::fs::read_to_string(&real)
                    .with_context(|| format!("{} cannot be read", real.display()))?;
                Ok(text.trim_end().to_owned())
            }
            // No form of a field, and no secret whose value is needed, comes from there.
            Source::SecretsManager(_) => Err(literal("it")),
        }
    }
}

fn usage(refusal: &Refusal) -> anyhow::Error {
    Usage::error(refusal.to_string())
}

/// The leaves of an object that was read as a whole, each with its source.
fn collect_leaves(path: &str, fields: &Fields, source: &Source, into: &mut Vec<SourcedField>) {
    for (name, value) in fields {
        let field = format!("{path}.{name}");
        match value {
            Value::Object(inner) => collect_leaves(&field, inner, source, into),
            _ => into.push(SourcedField {
                field,
                source: source.clone(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
