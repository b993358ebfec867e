//! Providers that are AWS services: the sender's IAM role is the credential.

use std::marker::PhantomData;

use serde_json::{Map, Value};
use tocsin_api_types::Preview;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{Detail, FieldError, Secrets};
use tocsin_sender::AttemptInput;
use tocsin_sender::messaging::{AwsProvider, OwnEndpoints, build_message, check_settings};

use super::{ErasedProvider, ProvidersConfig, SecretBinding};

pub(super) fn aws<S: AwsProvider>(
    config: &ProvidersConfig,
) -> (&'static str, Box<dyn ErasedProvider>) {
    let erased = ErasedAws::<S> {
        own: config.own.clone(),
        provider: PhantomData,
    };
    (S::NAME, Box::new(erased))
}

struct ErasedAws<S> {
    own: OwnEndpoints,
    provider: PhantomData<S>,
}

impl<S: AwsProvider> ErasedProvider for ErasedAws<S> {
    fn form(&self) -> Form {
        S::form()
    }

    fn check(
        &self,
        settings: &Map<String, Value>,
        secret: Option<&Secrets>,
    ) -> Result<(), FieldError> {
        match secret {
            Some(_) => Err(FieldError::new(
                "secret",
                "is not used by this provider: the sender's IAM role is the credential",
            )),
            None => check_settings::<S>(settings, &self.own),
        }
    }

    fn placeholder(&self, _settings: &Map<String, Value>) -> Result<Option<Secrets>, FieldError> {
        Ok(None)
    }

    /// There is no secret to bind.
    fn binding(&self, _settings: &Map<String, Value>) -> Result<SecretBinding, FieldError> {
        Ok(SecretBinding::default())
    }

    /// No secret is sent anywhere.
    fn hosts(
        &self,
        _settings: &Map<String, Value>,
        _secret: Option<&Secrets>,
    ) -> Result<Vec<String>, FieldError> {
        Ok(Vec::new())
    }

    fn preview(&self, input: AttemptInput<'_>, detail: Detail) -> Result<Preview, FieldError> {
        let message = build_message::<S>(input, detail)?;
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        Ok(Preview::Message {
            to: message.to,
            subject: message.subject,
            body: message.body,
            attributes: message.attributes.into_iter().map(owned).collect(),
            group_id: message.group_id,
            deduplication_id: message.deduplication_id,
            remark: message.remark,
        })
    }

    #[cfg(test)]
    fn known_fields(&self) -> super::form_tests::KnownFields {
        super::form_tests::KnownFields {
            settings: super::form_tests::field_names::<S::Settings>(),
            secret: std::collections::BTreeSet::new(),
        }
    }
}
