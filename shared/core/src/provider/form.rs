//! A provider's form: what to ask a person for to configure a destination. Each
//! provider describes its own; clients of the API show it without knowing the
//! provider.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The settings and credentials of a provider's destinations. Every setting and
/// every field of a secret that the provider knows has a field here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    /// Settings of every destination, in the order in which to ask for them.
    pub settings: Vec<FormField>,
    /// The ways to authenticate, of which a destination uses one. Empty where the
    /// sender's IAM role is the credential.
    pub auth_methods: Vec<AuthMethod>,
}

/// One way to authenticate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthMethod {
    /// Its name, to choose it by.
    pub title: String,
    /// Values of settings that choosing this method implies.
    pub implies: BTreeMap<String, String>,
    /// Settings that exist only with this method.
    pub settings: Vec<FormField>,
    /// The fields of the secret. Their values must never be shown.
    pub secret: Vec<FormField>,
}

/// One setting, or one field of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FormField {
    /// The key in `settings`, or in the secret.
    pub key: String,
    /// What it is, in a few words.
    pub label: String,
    /// More about it: its format, or where to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether it is needed, and whether to ask for it.
    pub requirement: Requirement,
    /// What kind of value it has.
    #[serde(flatten)]
    pub kind: FieldKind,
    /// What applies when it is left out: a value, or a description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// A value that the provider accepts, as a person would type it.
    pub example: String,
    /// Another field without which this one is not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together_with: Option<Companion>,
    /// The key of the field that takes the place of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// Whether a field is needed, and whether a client asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Requirement {
    /// A destination needs it: ask for it.
    Required,
    /// It can be left out: ask for it, and accept an empty answer.
    Optional,
    /// It can be left out, and few destinations need it: do not ask for it.
    Advanced,
}

/// Another field that a field needs beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Companion {
    /// Its key.
    pub key: String,
    /// A value with which the field is accepted.
    pub example: String,
}

/// What kind of value a field has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum FieldKind {
    /// A text, even if it looks like a number.
    Text,
    /// A list of texts.
    List,
    /// A whole number.
    Number,
    /// An object, a list of objects, or one of several kinds: written as JSON.
    Json,
    /// One of these texts.
    Choice {
        /// The texts, the most common first.
        values: Vec<String>,
    },
    /// A kind that a later version of Tocsin has added.
    #[serde(other)]
    Unknown,
}

impl FormField {
    fn new(key: &str, label: &str, kind: FieldKind) -> Self {
        Self {
            key: key.to_owned(),
            label: label.to_owned(),
            help: None,
            requirement: Requirement::Required,
            kind,
            default: None,
            example: String::new(),
            together_with: None,
            instead: None,
        }
    }

    /// A required text.
    #[must_use]
    pub fn text(key: &str, label: &str) -> Self {
        Self::new(key, label, FieldKind::Text)
    }

    /// A required list of texts.
    #[must_use]
    pub fn list(key: &str, label: &str) -> Self {
        Self::new(key, label, FieldKind::List)
    }

    /// A required whole number.
    #[must_use]
    pub fn number(key: &str, label: &str) -> Self {
        Self::new(key, label, FieldKind::Number)
    }

    /// A required value that is written as JSON.
    #[must_use]
    pub fn json(key: &str, label: &str) -> Self {
        Self::new(key, label, FieldKind::Json)
    }

    /// A required choice; the first of the values is the example.
    #[must_use]
    pub fn choice(key: &str, label: &str, values: &[&str]) -> Self {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        let example = values.first().cloned().unwrap_or_default();
        Self::new(key, label, FieldKind::Choice { values }).example(&example)
    }

    /// The same field, optional and asked for.
    #[must_use]
    pub fn optional(self) -> Self {
        Self {
            requirement: Requirement::Optional,
            ..self
        }
    }

    /// The same field, optional and not asked for.
    #[must_use]
    pub fn advanced(self) -> Self {
        Self {
            requirement: Requirement::Advanced,
            ..self
        }
    }

    /// The same field with more about it.
    #[must_use]
    pub fn help(self, help: &str) -> Self {
        Self {
            help: Some(help.to_owned()),
            ..self
        }
    }

    /// The same field with what applies when it is left out.
    #[must_use]
    pub fn default(self, default: &str) -> Self {
        Self {
            default: Some(default.to_owned()),
            ..self
        }
    }

    /// The same field with an example.
    #[must_use]
    pub fn example(self, example: &str) -> Self {
        Self {
            example: example.to_owned(),
            ..self
        }
    }

    /// The same field, accepted only together with another one.
    #[must_use]
    pub fn together_with(self, key: &str, example: &str) -> Self {
        let companion = Companion {
            key: key.to_owned(),
            example: example.to_owned(),
        };
        Self {
            together_with: Some(companion),
            ..self
        }
    }

    /// The same field, not needed when the field called `key` takes its place.
    #[must_use]
    pub fn unless(self, key: &str) -> Self {
        Self {
            instead: Some(key.to_owned()),
            ..self
        }
    }

    /// Whether these values lack the field, and also the one that would take its
    /// place.
    #[must_use]
    pub fn is_missing_from(&self, values: &Map<String, Value>) -> bool {
        let instead = self.instead.as_ref();
        !values.contains_key(&self.key) && !instead.is_some_and(|key| values.contains_key(key))
    }

    /// What a person typed, as the JSON value of this field. A text of the wrong
    /// kind is kept as it is: the provider's check names what is wrong with it.
    #[must_use]
    pub fn read(&self, typed: &str) -> Value {
        let json = || serde_json::from_str(typed).unwrap_or_else(|_| typed.into());
        match self.kind {
            FieldKind::Text | FieldKind::Choice { .. } => typed.into(),
            FieldKind::Number | FieldKind::Json | FieldKind::Unknown => json(),
            FieldKind::List => match json() {
                list @ Value::Array(_) => list,
                _ => typed
                    .split(',')
                    .map(str::trim)
                    .filter(|entry| !entry.is_empty())
                    .collect(),
            },
        }
    }
}

impl AuthMethod {
    /// A method with a secret of these fields.
    #[must_use]
    pub fn new(title: &str, secret: Vec<FormField>) -> Self {
        Self {
            title: title.to_owned(),
            secret,
            ..Self::default()
        }
    }

    /// The same method, which implies a setting.
    #[must_use]
    pub fn implying(mut self, setting: &str, value: &str) -> Self {
        self.implies.insert(setting.to_owned(), value.to_owned());
        self
    }

    /// The same method with settings that exist only with it.
    #[must_use]
    pub fn with_settings(self, settings: Vec<FormField>) -> Self {
        Self { settings, ..self }
    }

    /// Whether these settings choose this method: they have the values that it
    /// implies or, where it implies none, all that it requires.
    #[must_use]
    pub fn is_chosen_by(&self, settings: &Map<String, Value>) -> bool {
        if self.implies.is_empty() {
            let is_required = |one: &&FormField| one.requirement == Requirement::Required;
            let mut special = self.settings.iter().filter(is_required).peekable();
            return special.peek().is_some() && special.all(|one| settings.contains_key(&one.key));
        }
        let mut implied = self.implies.iter();
        implied.all(|(key, value)| settings.get(key).is_some_and(|set| set == value))
    }

    /// The only required field of the secret, if there is just one.
    #[must_use]
    pub fn only_required_field(&self) -> Option<&FormField> {
        let is_required = |one: &&FormField| one.requirement == Requirement::Required;
        let mut required = self.secret.iter().filter(is_required);
        match (required.next(), required.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }
}

impl Form {
    /// The setting of this key, also of those that exist only with one method.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&FormField> {
        let special = self.auth_methods.iter().flat_map(|one| &one.settings);
        let mut all = self.settings.iter().chain(special);
        all.find(|one| one.key == key)
    }

    /// The method that these settings call for: the one that they choose, or else
    /// the only one that needs no settings.
    #[must_use]
    pub fn auth_method_for(&self, settings: &Map<String, Value>) -> Option<&AuthMethod> {
        let mut methods = self.auth_methods.iter();
        if let Some(chosen) = methods.find(|one| one.is_chosen_by(settings)) {
            return Some(chosen);
        }
        let needs_none = |one: &&AuthMethod| one.implies.is_empty() && one.settings.is_empty();
        let mut plain = self.auth_methods.iter().filter(needs_none);
        match (plain.next(), plain.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form() -> Form {
        Form {
            settings: vec![
                FormField::text("url", "URL").unless("customUrl"),
                FormField::text("customUrl", "Custom URL").advanced(),
            ],
            auth_methods: vec![
                AuthMethod::new("webhook", vec![FormField::text("webhookUrl", "URL")]),
                AuthMethod::new("bot", vec![FormField::text("token", "Token")]).with_settings(
                    vec![
                        FormField::text("channel", "Channel"),
                        FormField::text("thread", "Thread").optional(),
                    ],
                ),
                AuthMethod::new(
                    "user",
                    vec![
                        FormField::text("name", "Name"),
                        FormField::text("password", "Password"),
                    ],
                )
                .implying("edition", "server"),
            ],
        }
    }

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn settings_decide_how_to_authenticate() {
        let form = form();
        let title = |settings: Value| {
            let method = form.auth_method_for(&map(&settings));
            method.map(|one| one.title.as_str())
        };
        assert_eq!(title(json!({})), Some("webhook"));
        assert_eq!(title(json!({"channel": "C1"})), Some("bot"));
        assert_eq!(title(json!({"edition": "server"})), Some("user"));
        let only = |at: usize| {
            form.auth_methods[at]
                .only_required_field()
                .map(|one| one.key.as_str())
        };
        assert_eq!(
            [only(0), only(1), only(2)],
            [Some("webhookUrl"), Some("token"), None]
        );
    }

    #[test]
    fn a_field_is_not_missing_when_another_takes_its_place() {
        let form = form();
        let url = form.setting("url").unwrap();
        assert!(url.is_missing_from(&map(&json!({"channel": "C1"}))));
        assert!(!url.is_missing_from(&map(&json!({"url": "x"}))));
        assert!(!url.is_missing_from(&map(&json!({"customUrl": "x"}))));
    }

    #[test]
    fn what_is_typed_is_read_by_the_kind_of_field() {
        let text = FormField::text("x", "X");
        let list = FormField::list("x", "X");
        let object = FormField::json("x", "X");
        assert_eq!(text.read("17"), json!("17"));
        assert_eq!(list.read("1, 2"), json!(["1", "2"]));
        assert_eq!(list.read("[\"a,b\"]"), json!(["a,b"]));
        assert_eq!(FormField::number("x", "X").read("17"), json!(17));
        assert_eq!(object.read("{\"a\": 1}"), json!({"a": 1}));
        assert_eq!(object.read("High"), json!("High"));
    }

    #[test]
    fn a_form_of_a_later_version_can_be_read() {
        let field = json!({
            "key": "color", "label": "Color", "requirement": "optional", "kind": "color",
            "palette": ["red"], "example": "red",
        });
        let field: FormField = serde_json::from_value(field).unwrap();
        assert_eq!(field.kind, FieldKind::Unknown);
        assert_eq!(field.read("red"), json!("red"));
    }

    #[test]
    fn a_form_is_read_as_it_was_written() {
        let written = serde_json::to_value(form()).unwrap();
        assert_eq!(serde_json::from_value::<Form>(written).unwrap(), form());
    }
}
