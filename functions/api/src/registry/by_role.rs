//! Providers whose credential is an IAM role.

use serde_json::{Map, Value};
use tocsin_core::provider::{FieldError, Form, Secrets, read_settings};
use tocsin_sender::Work;

use super::{Bond, Kind};
use crate::messages::Preview;

/// Amazon SNS.
pub(super) struct Topic;

/// Amazon SQS.
pub(super) struct Queue;

/// What is different of the two.
pub(super) trait ByRole: Send + Sync {
    fn check(&self, settings: &Map<String, Value>) -> Result<(), FieldError>;
    fn preview(&self, work: Work<'_>, form: Form) -> Result<Preview, FieldError>;
}

impl<R: ByRole> Kind for R {
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
            None => ByRole::check(self, settings),
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
        ByRole::preview(self, work, form)
    }
}

impl ByRole for Topic {
    fn check(&self, settings: &Map<String, Value>) -> Result<(), FieldError> {
        tocsin_sns::check(&read_settings(settings)?).map(drop)
    }

    fn preview(&self, work: Work<'_>, form: Form) -> Result<Preview, FieldError> {
        let settings: tocsin_sns::Settings = read_settings(work.settings)?;
        let publication = tocsin_sns::publication(work, form)?;
        Ok(Preview::Message {
            to: settings.topic_arn,
            subject: publication.subject,
            body: publication.message,
            attributes: named(publication.attributes),
            group_id: publication.group_id,
            deduplication_id: publication.deduplication_id,
            remark: publication.remark,
        })
    }
}

impl ByRole for Queue {
    fn check(&self, settings: &Map<String, Value>) -> Result<(), FieldError> {
        tocsin_sqs::check(&read_settings(settings)?).map(drop)
    }

    fn preview(&self, work: Work<'_>, form: Form) -> Result<Preview, FieldError> {
        let settings: tocsin_sqs::Settings = read_settings(work.settings)?;
        let letter = tocsin_sqs::letter(work, form)?;
        Ok(Preview::Message {
            to: settings.queue_url.to_string(),
            subject: None,
            body: letter.body,
            attributes: named(letter.attributes),
            group_id: letter.group_id,
            deduplication_id: letter.deduplication_id,
            remark: letter.remark,
        })
    }
}

fn named(attributes: Vec<(&'static str, String)>) -> std::collections::BTreeMap<String, String> {
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    attributes.into_iter().map(owned).collect()
}
