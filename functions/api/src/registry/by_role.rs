//! Providers whose credential is an IAM role.

use std::marker::PhantomData;

use serde_json::{Map, Value};
use tocsin_core::provider::{FieldError, Form, Secrets};
use tocsin_sender::Work;
use tocsin_sender::aws::{Service, check_settings, outgoing};

use super::{Bond, Kind};
use crate::messages::Preview;

/// Such a provider.
pub(super) fn by_role<S: Service>() -> (&'static str, Box<dyn Kind>) {
    (S::NAME, Box::new(ByRole::<S>(PhantomData)))
}

struct ByRole<S>(PhantomData<S>);

impl<S: Service> Kind for ByRole<S> {
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
            None => check_settings::<S>(settings),
        }
    }

    fn placeholder(&self, _settings: &Map<String, Value>) -> Result<Option<Secrets>, FieldError> {
        Ok(None)
    }

    /// There is no secret that could go astray.
    fn bond(&self, _settings: &Map<String, Value>) -> Result<Bond, FieldError> {
        Ok(Bond::default())
    }

    fn preview(&self, work: Work<'_>, form: Form) -> Result<Preview, FieldError> {
        let message = outgoing::<S>(work, form)?;
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
}
