//! Every form agrees with its provider: it has a field for everything that the
//! provider knows, and its examples pass the provider's check.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;
use tocsin_core::provider::form::{AuthMethod, FieldKind, FormField, Requirement};

use super::*;

fn providers() -> Providers {
    Providers::new(&ProvidersConfig {
        addresses: AddressPolicy::PublicHttps,
        base_urls: BaseUrls::default(),
        own: OwnEndpoints::default(),
    })
}

/// The names of the fields that a provider's settings and secret have.
pub(crate) struct KnownFields {
    pub(super) settings: BTreeSet<String>,
    pub(super) secret: BTreeSet<String>,
}

/// The names of the fields of a struct, as serde reads them.
pub(super) fn field_names<T: DeserializeOwned>() -> BTreeSet<String> {
    match T::deserialize(Probe) {
        Err(Probed::Fields(names)) => names.iter().map(|&name| name.to_owned()).collect(),
        Err(Probed::Other(problem)) => panic!("not a struct: {problem}"),
        Ok(_) => panic!("not a struct"),
    }
}

/// A deserializer that holds nothing, and reports which fields are asked for.
struct Probe;

#[derive(Debug)]
enum Probed {
    Fields(&'static [&'static str]),
    Other(String),
}

impl fmt::Display for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Probed {}

impl Error for Probed {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::Other(problem.to_string())
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Probed;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Probed> {
        Err(Probed::custom("it asks for any value"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Probed> {
        Err(Probed::Fields(fields))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier
        ignored_any
    }
}

/// A destination as somebody fills the form in.
struct Filled {
    settings: Map<String, Value>,
    secret: Option<Map<String, Value>>,
}

impl Filled {
    /// With the examples of all fields that are asked for.
    fn of(form: &Form, method: Option<&AuthMethod>) -> Self {
        let asked = |fields: &[FormField]| -> Map<String, Value> {
            let fields = fields.iter();
            fields
                .filter(|one| one.requirement != Requirement::Advanced)
                .map(|one| (one.key.clone(), one.read(&one.example)))
                .collect()
        };
        let mut settings = asked(&form.settings);
        if let Some(method) = method {
            settings.extend(asked(&method.settings));
            let implied = method.implies.iter();
            settings.extend(implied.map(|(key, value)| (key.clone(), value.clone().into())));
        }
        Self {
            settings,
            secret: method.map(|method| asked(&method.secret)),
        }
    }

    fn check(&self, provider: &dyn ErasedProvider) -> Result<(), FieldError> {
        let secret = self.secret.clone();
        let secret = secret.map(|fields| Secrets::new(Value::Object(fields).to_string()));
        provider.check(&self.settings, secret.as_ref())
    }
}

/// Every provider with each of its ways to authenticate.
fn for_each_method(check: impl Fn(&str, &dyn ErasedProvider, &Form, Option<&AuthMethod>)) {
    let all = providers();
    for (name, provider) in &all.0 {
        let form = provider.form();
        if form.auth_methods.is_empty() {
            check(name, provider.as_ref(), &form, None);
        }
        for method in &form.auth_methods {
            check(name, provider.as_ref(), &form, Some(method));
        }
    }
}

/// The fields of a destination with this method: its settings, then its secret.
fn fields<'a>(form: &'a Form, method: Option<&'a AuthMethod>) -> [Vec<&'a FormField>; 2] {
    let special = method.map_or(&[][..], |one| &one.settings);
    let secret = method.map_or(&[][..], |one| &one.secret);
    [
        form.settings.iter().chain(special).collect(),
        secret.iter().collect(),
    ]
}

/// What is filled in: the settings, or the secret.
fn part(filled: &mut Filled, at: usize) -> &mut Map<String, Value> {
    match at {
        0 => &mut filled.settings,
        _ => filled.secret.as_mut().unwrap(),
    }
}

#[test]
fn a_form_has_a_field_for_everything_that_the_provider_knows_and_no_other() {
    for (name, provider) in &providers().0 {
        let form = provider.form();
        let known = provider.known_fields();
        let methods = || form.auth_methods.iter();
        let special = methods().flat_map(|one| &one.settings);
        let settings = form.settings.iter().chain(special);
        let settings: BTreeSet<_> = settings.map(|one| one.key.clone()).collect();
        assert_eq!(settings, known.settings, "{name}: settings");
        let secret = methods().flat_map(|one| &one.secret);
        let secret: BTreeSet<_> = secret.map(|one| one.key.clone()).collect();
        assert_eq!(secret, known.secret, "{name}: secret");
        for method in methods() {
            for (key, value) in &method.implies {
                let field = form.setting(key).unwrap();
                assert_eq!(field.read(value), Value::from(value.as_str()), "{name}");
            }
        }
    }
}

#[test]
fn the_answers_to_all_questions_are_a_sound_destination() {
    for_each_method(|name, provider, form, method| {
        let filled = Filled::of(form, method);
        assert_eq!(filled.check(provider), Ok(()), "{name}: {method:?}");
    });
}

#[test]
fn exactly_the_required_fields_are_required() {
    for_each_method(|name, provider, form, method| {
        for (at, fields) in fields(form, method).into_iter().enumerate() {
            for field in fields {
                let mut filled = Filled::of(form, method);
                part(&mut filled, at).shift_remove(&field.key);
                let checked = filled.check(provider);
                if field.requirement != Requirement::Required {
                    assert_eq!(checked, Ok(()), "{name}: {}", field.key);
                    assert!(field.default.is_some(), "{name}: {}", field.key);
                    continue;
                }
                let error = checked.unwrap_err();
                let names_it = error.to_string().contains(&field.key);
                assert!(names_it, "{name}: {}: {error}", field.key);
                assert_eq!(field.default, None, "{name}: {}", field.key);
            }
        }
    });
}

#[test]
fn the_example_of_every_field_passes() {
    for_each_method(|name, provider, form, method| {
        for (at, fields) in fields(form, method).into_iter().enumerate() {
            for field in fields {
                let what = format!("{name}: {}", field.key);
                assert!(
                    !field.example.is_empty() && !field.label.is_empty(),
                    "{what}"
                );
                let implied = method.is_some_and(|one| one.implies.contains_key(&field.key));
                for example in examples(field).iter().filter(|_| !implied) {
                    let mut filled = Filled::of(form, method);
                    let part = part(&mut filled, at);
                    if let Some(instead) = &field.instead {
                        part.shift_remove(instead);
                    }
                    if let Some(companion) = &field.together_with {
                        let example = companion.example.as_str().into();
                        part.insert(companion.key.clone(), example);
                    }
                    part.insert(field.key.clone(), field.read(example));
                    assert_eq!(filled.check(provider), Ok(()), "{what}={example}");
                }
            }
        }
    });
}

/// The example, or all values of a choice, one of which is then the default.
fn examples(field: &FormField) -> Vec<String> {
    let FieldKind::Choice { values } = &field.kind else {
        return vec![field.example.clone()];
    };
    if let Some(default) = &field.default {
        assert!(values.contains(default), "{}", field.key);
    }
    values.clone()
}

#[test]
fn a_companion_is_really_needed() {
    for_each_method(|name, provider, form, method| {
        for (at, fields) in fields(form, method).into_iter().enumerate() {
            for field in fields {
                let Some(companion) = &field.together_with else {
                    continue;
                };
                let mut filled = Filled::of(form, method);
                let part = part(&mut filled, at);
                part.retain(|key, value| {
                    *key != companion.key || *value != companion.example.as_str()
                });
                // Without a choice its default applies, which may be the companion.
                let other = form
                    .setting(&companion.key)
                    .and_then(|one| match &one.kind {
                        FieldKind::Choice { values } => {
                            values.iter().find(|value| **value != companion.example)
                        }
                        _ => None,
                    });
                if let Some(other) = other {
                    part.insert(companion.key.clone(), other.as_str().into());
                }
                part.insert(field.key.clone(), field.read(&field.example));
                let checked = filled.check(provider);
                assert!(checked.is_err(), "{name}: {}", field.key);
            }
        }
    });
}
