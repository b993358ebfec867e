//! `tocsin destinations add`: from flags and files, and for what is then missing,
//! by asking.

use anyhow::Context;
use serde_json::{Map, Value};
use tocsin_api::messages::{AddDestination, ApiError, DestinationReport, NewSecret};
use tocsin_core::alert::Severity;

use crate::args::{AddArgs, Input, Output};
use crate::catalog::{self, Credential, Form, Need, Provider, Question};
use crate::exit::Usage;
use crate::print::{self, Tone};
use crate::secret::{self, References, Secret};
use crate::stack::{Stack, actor};
use crate::{document, terminal};

/// A destination on its way to being complete.
struct Draft {
    provider: &'static Provider,
    fields: Map<String, Value>,
    secret: Secret,
    /// The way to authenticate that was chosen.
    credential: Option<&'static Credential>,
}

pub(super) async fn run(stack: &Stack, args: AddArgs, output: Output) -> anyhow::Result<()> {
    let mut draft = Draft::begin(&args)?;
    if !terminal::is_interactive() {
        draft.complain()?;
        return print::show(output, &draft.add(stack).await?, told);
    }
    loop {
        // Whoever gives a file has said all that there is to say about filters.
        draft.ask(args.file.is_none())?;
        match draft.add(stack).await {
            Ok(added) => return print::show(output, &added, told),
            Err(error) => match wrong_field(&error) {
                Some(field) if draft.forget(field) => {
                    print::remark(format!("{} {error:#}", Tone::Bad.paint("once more:")));
                }
                _ => return Err(error),
            },
        }
    }
}

/// The field that the API would not take.
fn wrong_field(error: &anyhow::Error) -> Option<&str> {
    let error = error.downcast_ref::<ApiError>()?;
    let field = error.field.as_deref()?;
    Some(field.strip_prefix("destination.").unwrap_or(field))
}

fn told(report: &DestinationReport) -> String {
    let added = &report.destination;
    format!(
        "added {:?} ({}), id {}; lists find it at once, severities within 30 seconds\n\
         try it: tocsin destinations test {:?}",
        added.display_name, added.provider, added.destination_id, added.display_name
    )
}

/// The secret as the API takes it; `None` leaves what is there.
pub(super) fn new_secret(secret: Secret) -> Option<NewSecret> {
    match secret {
        Secret::Keep => None,
        Secret::Fields(fields) => Some(NewSecret::Fields(fields)),
        Secret::Existing(name) => Some(NewSecret::Named(name)),
    }
}

impl Draft {
    /// What flags and files say.
    fn begin(args: &AddArgs) -> anyhow::Result<Self> {
        let mut fields = match &args.file {
            None => Map::new(),
            Some(file) => document::parse_one(&file.read()?)
                .with_context(|| format!("{file} does not describe a destination"))?,
        };
        if let Some(provider) = &args.provider {
            fields.insert("type".to_owned(), provider.clone().into());
        }
        let provider = known(&fields)?;
        args.changes.apply(&mut fields)?;
        if args.disabled {
            fields.insert("enabled".to_owned(), false.into());
        }
        let reference = fields.shift_remove("secret").unwrap_or_default();
        let settings = settings(&fields);
        let secret = match args.secret.read(provider.name, &settings)? {
            Secret::Keep => in_file(args.file.as_ref(), &reference)?,
            given => given,
        };
        Ok(Self {
            provider,
            fields,
            secret,
            credential: None,
        })
    }

    async fn add(&self, stack: &Stack) -> anyhow::Result<DestinationReport> {
        let request = AddDestination {
            destination: serde_json::from_value(self.fields.clone().into())
                .context("this does not describe a destination")?,
            secret: new_secret(self.secret.clone()),
            actor: actor(),
        };
        stack.ask(request).await
    }

    /// Forgets the answer to a question, to ask it again; `false` when there is no
    /// such question.
    fn forget(&mut self, field: &str) -> bool {
        let (part, key) = field.split_once('.').unwrap_or((field, ""));
        match part {
            "displayName" => self.fields.shift_remove(part).is_some(),
            "secret" => {
                self.secret = Secret::Keep;
                self.needs_secret()
            }
            "settings" if self.provider.setting(key).is_some() => {
                let mut settings = settings(&self.fields);
                let known = settings.shift_remove(key).is_some();
                self.fields.insert("settings".to_owned(), settings.into());
                known
            }
            _ => false,
        }
    }

    /// The questions that are still open, of those that everybody has to answer.
    fn open(&self, credential: Option<&'static Credential>) -> Vec<&'static Question> {
        let settings = settings(&self.fields);
        let of_credential = credential.map_or(&[][..], |one| one.settings);
        let all = self.provider.settings.iter().chain(of_credential);
        all.filter(|one| !settings.contains_key(one.key)).collect()
    }

    fn needs_secret(&self) -> bool {
        self.secret == Secret::Keep && !self.provider.credentials.is_empty()
    }

    /// Asks for what is missing.
    fn ask(&mut self, filters: bool) -> anyhow::Result<()> {
        if !self.fields.contains_key("displayName") {
            let name = terminal::text("Name (what people and detections call it)")?;
            self.fields
                .insert("displayName".to_owned(), name.trim().into());
        }
        if filters && !self.fields.contains_key("severities") {
            self.fields
                .insert("severities".to_owned(), ask_severities()?);
        }
        if self.credential.is_none() && self.needs_secret() {
            let credential = choose(self.provider, &settings(&self.fields))?;
            for (key, value) in credential.implies {
                self.set(key, (*value).into());
            }
            self.credential = Some(credential);
        }
        let credential = self
            .credential
            .or_else(|| self.provider.credential_for(&settings(&self.fields)));
        for question in self.open(credential) {
            let answer = match question.form {
                Form::Choice(among) => among[terminal::choice(question.label, among)?].to_owned(),
                Form::Text | Form::Words => match question.need {
                    Need::Required => terminal::text(question.label)?,
                    Need::Optional => match terminal::optional(question.label)? {
                        Some(answer) => answer,
                        None => continue,
                    },
                },
            };
            self.set(question.key, question.form.read(answer.trim()));
        }
        if let Some(credential) = credential.filter(|_| self.needs_secret()) {
            self.secret = Secret::Fields(secret::ask(credential)?);
        }
        Ok(())
    }

    /// Names the flags for what is missing, where nobody can be asked.
    fn complain(&self) -> anyhow::Result<()> {
        let mut missing = Vec::new();
        if !self.fields.contains_key("displayName") {
            missing.push("--name NAME".to_owned());
        }
        let credential = self.provider.credential_for(&settings(&self.fields));
        if credential.is_none() {
            let implied = self.provider.credentials.iter().flat_map(|one| one.implies);
            let ways: Vec<_> = implied
                .map(|(key, value)| format!("--setting {key}={value}"))
                .collect();
            missing.extend((!ways.is_empty()).then(|| ways.join(" or ")));
        }
        let required = self
            .open(credential)
            .into_iter()
            .filter(|one| one.need == Need::Required);
        missing.extend(required.map(|one| format!("--setting {}={}", one.key, one.example)));
        if self.needs_secret() {
            let forms = secret::forms(self.provider.name);
            missing.push(format!("--secret-file FILE or --secret-stdin with {forms}"));
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Usage::error(format!(
            "a {} destination also needs, for example, {}; on a terminal, this command asks for it",
            self.provider.name,
            missing.join(", ")
        )))
    }

    fn set(&mut self, key: &str, value: Value) {
        let mut settings = settings(&self.fields);
        settings.insert(key.to_owned(), value);
        self.fields.insert("settings".to_owned(), settings.into());
    }
}

/// The provider that a description names.
fn known(fields: &Map<String, Value>) -> anyhow::Result<&'static Provider> {
    let name = fields
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    catalog::provider(name).ok_or_else(|| {
        let names: Vec<_> = catalog::PROVIDERS.iter().map(|one| one.name).collect();
        Usage::error(format!("`type` must be one of {}", names.join(", ")))
    })
}

fn settings(fields: &Map<String, Value>) -> Map<String, Value> {
    match fields.get("settings") {
        Some(Value::Object(settings)) => settings.clone(),
        _ => Map::new(),
    }
}

/// The secret that a file refers to.
fn in_file(file: Option<&Input>, reference: &Value) -> anyhow::Result<Secret> {
    References {
        folder: &folder(file),
        variable: &|name| std::env::var(name).ok(),
    }
    .resolve(reference)
}

/// What the paths in a file are relative to.
pub(super) fn folder(file: Option<&Input>) -> std::path::PathBuf {
    match file {
        Some(Input::File(path)) => path.parent().map(Into::into).unwrap_or_default(),
        Some(Input::Stdin) | None => std::path::PathBuf::new(),
    }
}

fn ask_severities() -> anyhow::Result<Value> {
    let names = Severity::ALL.map(|one| one.to_string());
    let question = "Severities it takes (space selects, enter ends; none: only lists reach it)";
    let chosen = terminal::choices(question, &names)?;
    Ok(chosen.into_iter().map(|at| names[at].clone()).collect())
}

/// The way to authenticate: the one that the settings call for, else the one that
/// the person wants.
pub(super) fn choose(
    provider: &'static Provider,
    settings: &Map<String, Value>,
) -> anyhow::Result<&'static Credential> {
    let decided = match provider.credentials {
        [only] => Some(only),
        several => several.iter().find(|one| one.is_chosen(settings)),
    };
    if let Some(credential) = decided {
        return Ok(credential);
    }
    let titles: Vec<_> = provider.credentials.iter().map(|one| one.title).collect();
    let at = terminal::choice("How to authenticate", &titles)?;
    Ok(&provider.credentials[at])
}
