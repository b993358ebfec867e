//! The description of a new destination while it is completed: from flags and files,
//! and by asking for what the provider's form still needs.

use anyhow::Context;
use serde_json::{Map, Value};
use tocsin_api_types::{AddDestination, ProviderDescription};
use tocsin_core::alert::Severity;
use tocsin_core::provider::form::{AuthMethod, FieldKind, FormField, Requirement};

use crate::args::AddArgs;
use crate::secret::{self, Secret};
use crate::stack::actor;
use crate::terminal::{Prompts, question};
use crate::usage::Usage;
use crate::{document, providers};

/// A destination that is not complete yet.
pub(super) struct Draft<'a> {
    provider: &'a ProviderDescription,
    fields: Map<String, Value>,
    secret: Secret,
    /// The way to authenticate that the person chose.
    method: Option<&'a AuthMethod>,
    severities: Severities,
}

/// Whether to ask for severities.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Severities {
    /// Ask, if no flag gave them.
    Ask,
    /// Do not ask: a file describes the destination, and having none is a choice.
    FromFile,
}

impl<'a> Draft<'a> {
    /// The draft that flags and files describe.
    pub(super) fn begin(
        args: &AddArgs,
        providers: &'a [ProviderDescription],
    ) -> anyhow::Result<Self> {
        let mut fields = match &args.file {
            None => Map::new(),
            Some(file) => document::parse_one(&file.read()?)
                .with_context(|| format!("{file} does not describe a destination"))?,
        };
        if let Some(provider) = &args.provider {
            fields.insert("type".to_owned(), provider.clone().into());
        }
        let name = fields.get("type").and_then(Value::as_str);
        let provider = providers::find(providers, name.unwrap_or_default())?;
        args.changes.apply(&mut fields, Some(&provider.form))?;
        if args.disabled {
            fields.insert("enabled".to_owned(), false.into());
        }
        let reference = fields.shift_remove("secret").unwrap_or_default();
        let secret = match args.secret.read(provider, &settings(&fields))? {
            Secret::Keep => Secret::in_file(args.file.as_ref(), &args.allowed, &reference)?,
            given => given,
        };
        Ok(Self {
            provider,
            fields,
            secret,
            method: None,
            severities: match args.file {
                None => Severities::Ask,
                Some(_) => Severities::FromFile,
            },
        })
    }

    /// The request that adds the destination.
    pub(super) fn request(&self) -> anyhow::Result<AddDestination> {
        Ok(AddDestination {
            destination: serde_json::from_value(self.fields.clone().into())
                .context("this does not describe a destination")?,
            secret: self.secret.clone().into_new(),
            actor: actor(),
        })
    }

    /// Removes the answer that the API refused, so that it is asked for again.
    /// `false` if the field is not one that is asked for.
    pub(super) fn forget(&mut self, field: &str) -> bool {
        let (part, rest) = field.split_once('.').unwrap_or((field, ""));
        let key = rest.split(['.', '[']).next().unwrap_or_default();
        match part {
            "displayName" => self.fields.shift_remove(part).is_some(),
            "secret" => {
                self.secret = Secret::Keep;
                self.needs_secret()
            }
            "settings" if self.provider.form.setting(key).is_some_and(is_asked_for) => {
                let mut settings = settings(&self.fields);
                let was_set = settings.shift_remove(key).is_some();
                self.fields.insert("settings".to_owned(), settings.into());
                was_set
            }
            _ => false,
        }
    }

    /// Asks for everything that is missing.
    pub(super) fn ask(&mut self, prompts: &mut dyn Prompts) -> anyhow::Result<()> {
        if !self.fields.contains_key("displayName") {
            let name = prompts.text("Name (what people and detections call it)")?;
            self.fields
                .insert("displayName".to_owned(), name.trim().into());
        }
        if self.severities == Severities::Ask && !self.fields.contains_key("severities") {
            let severities = ask_severities(prompts)?;
            self.fields.insert("severities".to_owned(), severities);
        }
        if self.method.is_none() && self.needs_secret() {
            let method = choose_method(prompts, self.provider, &settings(&self.fields))?;
            for (key, value) in &method.implies {
                self.set(key, value.clone().into());
            }
            self.method = Some(method);
        }
        for field in self.missing(self.method()) {
            let question = question(field);
            let answer = match (&field.kind, field.requirement) {
                (FieldKind::Choice { values }, _) => {
                    let options: Vec<_> = values.iter().map(String::as_str).collect();
                    Some(values[prompts.choice(&question, &options)?].clone())
                }
                (_, Requirement::Required) => Some(prompts.text(&question)?),
                (_, Requirement::Optional | Requirement::Advanced) => {
                    prompts.optional_text(&question)?
                }
            };
            if let Some(answer) = answer {
                self.set(&field.key, field.read(answer.trim()));
            }
        }
        if let Some(method) = self.method().filter(|_| self.needs_secret()) {
            self.secret = Secret::Fields(secret::ask(prompts, method)?);
        }
        Ok(())
    }

    /// Fails with the flags for everything that is missing, where nobody can be asked.
    pub(super) fn check_complete(&self) -> anyhow::Result<()> {
        let mut missing = Vec::new();
        if !self.fields.contains_key("displayName") {
            missing.push("--name NAME".to_owned());
        }
        let required = self.missing(self.method()).into_iter();
        let required = required.filter(|one| one.requirement == Requirement::Required);
        missing.extend(required.map(setting_flag));
        if self.needs_secret() {
            let forms = secret::forms(self.provider);
            missing.push(format!("--secret-file FILE or --secret-stdin with {forms}"));
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Usage::error(format!(
            "a {0} destination also needs, for example, {1}; on a terminal, this command asks for it; `tocsin providers {0}` describes all fields",
            self.provider.name,
            missing.join(", ")
        )))
    }

    /// The way to authenticate, if it is decided.
    fn method(&self) -> Option<&'a AuthMethod> {
        let by_settings = || self.provider.form.auth_method_for(&settings(&self.fields));
        self.method.or_else(by_settings)
    }

    /// The settings that are asked for and not given yet.
    fn missing(&self, method: Option<&'a AuthMethod>) -> Vec<&'a FormField> {
        let settings = settings(&self.fields);
        let special = method.map_or(&[][..], |one| &one.settings);
        let all = self.provider.form.settings.iter().chain(special);
        all.filter(|one| is_asked_for(one) && one.is_missing_from(&settings))
            .collect()
    }

    fn needs_secret(&self) -> bool {
        self.secret == Secret::Keep && !self.provider.form.auth_methods.is_empty()
    }

    fn set(&mut self, key: &str, value: Value) {
        let mut settings = settings(&self.fields);
        settings.insert(key.to_owned(), value);
        self.fields.insert("settings".to_owned(), settings.into());
    }
}

fn is_asked_for(field: &FormField) -> bool {
    field.requirement != Requirement::Advanced
}

/// The flag that gives a setting, with an example.
fn setting_flag(field: &FormField) -> String {
    let flag = format!("--setting {}={}", field.key, field.example);
    match &field.kind {
        FieldKind::Choice { values } => {
            let others: Vec<_> = values
                .iter()
                .filter(|value| **value != field.example)
                .map(String::as_str)
                .collect();
            format!("{flag} (or {})", others.join(", "))
        }
        _ => flag,
    }
}

fn settings(fields: &Map<String, Value>) -> Map<String, Value> {
    match fields.get("settings") {
        Some(Value::Object(settings)) => settings.clone(),
        _ => Map::new(),
    }
}

fn ask_severities(prompts: &mut dyn Prompts) -> anyhow::Result<Value> {
    let names = Severity::ALL.map(|one| one.to_string());
    let question =
        "Severities it receives (space selects, enter ends; none: only alerts that name it)";
    let chosen = prompts.choices(question, &names)?;
    Ok(chosen.into_iter().map(|at| names[at].clone()).collect())
}

/// The way to authenticate that the settings call for, or that the person chooses.
pub(super) fn choose_method<'a>(
    prompts: &mut dyn Prompts,
    provider: &'a ProviderDescription,
    settings: &Map<String, Value>,
) -> anyhow::Result<&'a AuthMethod> {
    let methods = &provider.form.auth_methods;
    let decided = match &methods[..] {
        [only] => Some(only),
        several => several.iter().find(|one| one.is_chosen_by(settings)),
    };
    if let Some(method) = decided {
        return Ok(method);
    }
    let titles: Vec<_> = methods.iter().map(|one| one.title.as_str()).collect();
    let at = prompts.choice("How to authenticate", &titles)?;
    Ok(&methods[at])
}

#[cfg(test)]
mod tests;
