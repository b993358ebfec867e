//! `tocsin providers`: the stack's providers, and how to configure each.

use anyhow::Context;
use tocsin_api_types::{ApiError, ListProviders, ProviderDescription};
use tocsin_core::provider::form::{AuthMethod, FieldKind, FormField, Requirement};
use tocsin_core::text::line;

use crate::args::{Output, ProvidersArgs, Target};
use crate::exit::Exit;
use crate::print::{self, Cell, Column, Named, Style, Table, Text, text};
use crate::stack::Stack;
use crate::usage::Usage;

pub(crate) async fn run(
    args: ProvidersArgs,
    target: &Target,
    output: Output,
) -> anyhow::Result<Exit> {
    let all = fetch(&Stack::connect(target).await?).await?;
    match args.name {
        None => print::show(output, &all, |all| render_all(all))?,
        Some(name) => print::show(output, find(&all, &name)?, render_one)?,
    }
    Ok(Exit::Success)
}

/// The stack's providers.
pub(crate) async fn fetch(stack: &Stack) -> anyhow::Result<Vec<ProviderDescription>> {
    let answer = stack.ask(ListProviders {}).await;
    answer.map_err(|error| {
        let api_error = error.downcast_ref::<ApiError>();
        // An API without this operation names the operations that it has.
        let is_unknown =
            api_error.is_some_and(|error| error.field.as_deref() == Some("operation"));
        if is_unknown {
            return anyhow::anyhow!(
                "the stack is too old to describe its providers: update it to the version of this command"
            );
        }
        error
    })
}

/// The provider of this name.
pub(crate) fn find<'a>(
    all: &'a [ProviderDescription],
    name: &str,
) -> anyhow::Result<&'a ProviderDescription> {
    all.iter().find(|one| one.name == name).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
        Usage::error(format!(
            "the stack has no provider {name:?}; it has {}",
            names.join(", ")
        ))
    })
}

/// The provider of this name, from the stack.
pub(crate) async fn fetch_one(stack: &Stack, name: &str) -> anyhow::Result<ProviderDescription> {
    let all = fetch(stack).await?;
    find(&all, name)
        .cloned()
        .context("this destination cannot be changed by --setting or secret flags")
}

const PROVIDERS: [Column; 3] = [
    Column::whole("provider", 0),
    Column::wrapped("required settings", 0),
    Column::wrapped("authentication", 0),
];

const FIELDS: [Column; 6] = [
    Column::whole("field", 0),
    Column::whole("required", 1),
    Column::wrapped("given by", 3),
    Column::wrapped("default", 4),
    Column::wrapped("example", 2),
    Column::wrapped("meaning", 0),
];

impl Named for ProviderDescription {
    fn names(&self) -> Option<Vec<String>> {
        Some(vec![self.name.clone()])
    }
}

impl Named for Vec<ProviderDescription> {
    fn names(&self) -> Option<Vec<String>> {
        Some(self.iter().map(|one| one.name.clone()).collect())
    }
}

fn render_all(all: &[ProviderDescription]) -> Text {
    let mut rows = Table::new(&PROVIDERS);
    for one in all {
        let required = one.form.settings.iter();
        let required = required.filter(|one| one.requirement == Requirement::Required);
        let methods = one.form.auth_methods.iter();
        let methods = Text::lines(methods.map(|one| text!("{}", one.title)));
        rows.row([
            Style::Plain.cell(&one.name),
            Style::Plain.cell(print::list(required.map(|one| &one.key), "none")),
            Style::Plain.cell(if methods.is_empty() {
                text!("IAM role of the sender")
            } else {
                methods
            }),
        ]);
    }
    text!("{}\nall fields of one: tocsin providers NAME", rows.draw())
}

fn render_one(one: &ProviderDescription) -> Text {
    let form = &one.form;
    let mut parts = vec![text!("{}", one.name)];
    if !form.settings.is_empty() {
        parts.push(text!(
            "\nSettings\n{}",
            fields(&form.settings, Part::Settings)
        ));
    }
    match &form.auth_methods[..] {
        [] => parts.push(text!(
            "\nNo secret: the sender's IAM role is the credential."
        )),
        [only] => parts.push(render_method(only)),
        several => {
            parts.push(text!("\nOne of {} ways to authenticate:", several.len()));
            parts.extend(several.iter().map(render_method));
        }
    }
    parts.push(text!("\nadd one: tocsin destinations add {}", one.name));
    Text::lines(parts)
}

fn render_method(method: &AuthMethod) -> Text {
    let implied = method.implies.iter();
    let implied: Vec<_> = implied
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let mut text = text!("\nAuthentication: {}", method.title);
    if !implied.is_empty() {
        text = text!("{} (with {})", text, implied.join(", "));
    }
    if !method.settings.is_empty() {
        let settings = fields(&method.settings, Part::Settings);
        text = text!("{}\nSettings\n{}\nSecret", text, settings);
    }
    text!("{}\n{}", text, fields(&method.secret, Part::Secret))
}

/// Where a field belongs, which decides how it is given.
#[derive(Clone, Copy)]
enum Part {
    Settings,
    Secret,
}

/// The longest example in a table, in characters: a key in PEM has some thousand.
const EXAMPLE_LIMIT: usize = 120;
/// The longest value of another field, in a sentence.
const COMPANION_LIMIT: usize = 60;

fn fields(fields: &[FormField], part: Part) -> Text {
    let mut rows = Table::new(&FIELDS);
    for one in fields {
        let flag = match part {
            Part::Settings => "--setting",
            Part::Secret => "--secret-file",
        };
        let given_by = match one.requirement {
            Requirement::Required | Requirement::Optional => format!("prompt or {flag}"),
            Requirement::Advanced => flag.to_owned(),
        };
        rows.row([
            Style::Plain.cell(&one.key),
            required(one),
            Style::Plain.cell(given_by),
            Style::Plain.cell(one.default.as_deref().unwrap_or_default()),
            Style::Muted.cell(line(&one.example, EXAMPLE_LIMIT)),
            Style::Plain.cell(meaning(one)),
        ]);
    }
    rows.draw()
}

fn required(field: &FormField) -> Cell {
    match (field.requirement, &field.instead) {
        (Requirement::Required, Some(instead)) => Style::Pending.cell(format!("unless {instead}")),
        (Requirement::Required, None) => Style::Pending.cell("yes"),
        (Requirement::Optional | Requirement::Advanced, _) => Style::Plain.cell("no"),
    }
}

fn meaning(field: &FormField) -> String {
    let mut sentences = vec![field.label.clone()];
    sentences.extend(field.help.clone());
    match &field.kind {
        FieldKind::Choice { values } => sentences.push(format!("one of {}", values.join(", "))),
        FieldKind::List => sentences.push("a list: a,b or JSON".to_owned()),
        FieldKind::Json => sentences.push("JSON".to_owned()),
        FieldKind::Text | FieldKind::Number | FieldKind::Unknown => {}
    }
    if let Some(companion) = &field.together_with {
        let example = line(&companion.example, COMPANION_LIMIT);
        sentences.push(format!("only with {}={example}", companion.key));
    }
    sentences.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_core::provider::form::Form;

    fn pigeon() -> ProviderDescription {
        ProviderDescription {
            name: "pigeon".to_owned(),
            form: Form {
                settings: vec![
                    FormField::text("loft", "Loft")
                        .unless("gps")
                        .example("north"),
                    FormField::list("routes", "Routes")
                        .advanced()
                        .default("any route")
                        .example("a,b"),
                ],
                auth_methods: vec![
                    AuthMethod::new("ring", vec![FormField::text("ring", "Ring number")])
                        .implying("species", "homing"),
                ],
            },
        }
    }

    #[test]
    fn every_field_of_a_provider_is_shown() {
        let text = render_one(&pigeon());
        let text = text.as_str();
        for part in [
            "loft",
            "unless gps",
            "prompt or --setting",
            "routes",
            "any route",
            "a list: a,b or JSON",
            "Authentication: ring (with species=homing)",
            "prompt or --secret-file",
            "tocsin destinations add pigeon",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let list = render_all(&[pigeon()]);
        let list = list.as_str();
        assert!(list.contains("loft") && !list.contains("routes"), "{list}");
    }

    #[test]
    fn an_unknown_provider_is_answered_with_those_there_are() {
        let error = find(&[pigeon()], "owl").unwrap_err();
        assert!(error.is::<Usage>());
        assert_eq!(
            error.to_string(),
            "the stack has no provider \"owl\"; it has pigeon"
        );
    }
}
