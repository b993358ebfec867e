//! The catalogue and the providers' own checks agree.

use super::*;
use serde_json::json;
use tocsin_api::{Providers, ProvidersConfig};
use tocsin_core::provider::{FieldError, Secrets};
use tocsin_sender::{AddressPolicy, BaseUrls};

fn providers() -> Providers {
    Providers::new(&ProvidersConfig {
        addresses: AddressPolicy::PublicHttps,
        base_urls: BaseUrls::default(),
    })
}

struct Answers {
    provider: &'static str,
    settings: Map<String, Value>,
    secret: Option<Map<String, Value>>,
}

impl Answers {
    fn of(provider: &Provider, credential: Option<&Credential>) -> Self {
        let example = |one: &Question| (one.key.to_owned(), one.form.read(one.example));
        let mut settings: Map<_, _> = provider.settings.iter().map(example).collect();
        if let Some(one) = credential {
            settings.extend(one.settings.iter().map(example));
            settings.extend(
                one.implies
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).into())),
            );
        }
        Self {
            provider: provider.name,
            settings,
            secret: credential.map(|one| one.secret.iter().map(example).collect()),
        }
    }

    fn check(&self) -> Result<(), FieldError> {
        let secret = self
            .secret
            .clone()
            .map(|fields| Secrets::new(Value::Object(fields).to_string()));
        providers().check(self.provider, &self.settings, secret.as_ref())
    }
}

/// Each provider with each of its ways to authenticate.
fn ways() -> impl Iterator<Item = (&'static Provider, Option<&'static Credential>)> {
    PROVIDERS.iter().flat_map(|provider| {
        let none = provider.credentials.is_empty().then_some(None);
        let each = provider.credentials.iter().map(Some);
        each.chain(none).map(move |one| (provider, one))
    })
}

#[test]
fn every_provider_has_its_questions() {
    let known: Vec<_> = PROVIDERS.iter().map(|one| one.name).collect();
    let there_are: Vec<_> = providers().names().collect();
    assert_eq!(known, there_are);
}

#[test]
fn the_answers_are_all_that_a_provider_asks_for() {
    for (provider, credential) in ways() {
        let checked = Answers::of(provider, credential).check();
        assert_eq!(checked, Ok(()), "{} {credential:?}", provider.name);
    }
}

#[test]
fn what_is_required_is_what_the_providers_own_check_misses() {
    for (provider, credential) in ways() {
        let of_credential = credential.map_or(&[][..], |one| one.settings);
        for question in provider.settings.iter().chain(of_credential) {
            let mut answers = Answers::of(provider, credential);
            answers.settings.remove(question.key);
            holds(question, &answers, "settings");
        }
        for question in credential.map_or(&[][..], |one| one.secret) {
            let mut answers = Answers::of(provider, credential);
            answers.secret.as_mut().unwrap().remove(question.key);
            holds(question, &answers, "secret");
        }
    }
}

fn holds(question: &Question, answers: &Answers, part: &str) {
    let what = format!("{} {part}.{}", answers.provider, question.key);
    match (question.need, answers.check()) {
        (Need::Optional, checked) => assert_eq!(checked, Ok(()), "{what}"),
        (Need::Required, Ok(())) => panic!("{what} is not required"),
        (Need::Required, Err(error)) => assert!(
            error.field.starts_with(part) && error.to_string().contains(question.key),
            "{what}: {error}"
        ),
    }
}

#[test]
fn settings_tell_which_secret_is_meant() {
    let field = |name: &str, settings: Value| {
        let settings = settings.as_object().unwrap().clone();
        provider(name)
            .unwrap()
            .credential_for(&settings)
            .and_then(Credential::only_field)
    };
    assert_eq!(field("slack", json!({})), Some("webhookUrl"));
    assert_eq!(field("slack", json!({"channelId": "C1"})), Some("botToken"));
    assert_eq!(
        field("jira", json!({"deployment": "dataCenter"})),
        Some("token")
    );
    assert_eq!(field("jira", json!({"deployment": "cloud"})), None);
    assert_eq!(field("servicenow", json!({})), None);
    assert_eq!(field("webhook", json!({})), Some("url"));
    assert_eq!(field("sns", json!({})), None);
}

#[test]
fn words_are_lists_of_texts() {
    assert_eq!(Form::Words.read("1, 2"), json!(["1", "2"]));
    assert_eq!(Form::Words.read("[\"a,b\"]"), json!(["a,b"]));
    assert_eq!(Form::Text.read("17"), json!("17"));
}
