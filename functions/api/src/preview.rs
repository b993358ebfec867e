//! Previews: the message that would be sent, built by the provider's code.

use tocsin_api_types::{ApiError, PreviewForm, PreviewMessage, PreviewOf, PreviewReport};
use tocsin_core::Timestamp;
use tocsin_core::delivery::{DeliveryId, PriorAttempt};
use tocsin_core::destination::{DestinationId, Destinations};
use tocsin_core::provider::Detail;
use tocsin_core::routing::route;
use tocsin_sender::AttemptInput;

use crate::Api;
use crate::alerts::read_alert;
use crate::destinations::no_destination;
use crate::error::OrApiError;

impl Api {
    pub(crate) async fn preview_message(
        &self,
        request: PreviewMessage,
    ) -> Result<PreviewReport, ApiError> {
        let alert = read_alert(&request.alert)?;
        let (provider, settings, id) = match request.to {
            PreviewOf::Draft { provider, settings } => {
                (provider, settings, DestinationId::generate())
            }
            PreviewOf::Destination(name) => {
                let all = self.store.load().await.or_api_error()?;
                let found = all.called(&name).next();
                let one = found.ok_or_else(|| no_destination("to.destination"))?;
                let settings = one.settings.clone();
                (one.provider.to_string(), settings, one.destination_id)
            }
        };
        // The effective severity does not depend on destinations.
        let severity = route(&alert, &Destinations::default(), None).severity;
        let delivery = DeliveryId::of(&alert.alert_id, id);
        let detail = match request.form {
            PreviewForm::Full => Detail::Full,
            PreviewForm::Minimal => Detail::Minimal,
        };
        let input = AttemptInput {
            alert: &alert,
            severity,
            delivery: &delivery,
            first_delivery: &delivery,
            began_at: Timestamp::now(),
            settings: &settings,
            secret_name: None,
            prior_attempt: PriorAttempt::NotDelivered,
            detail,
        };
        let preview = self.providers.preview(&provider, input, detail)?;
        Ok(PreviewReport {
            provider,
            severity,
            form: request.form,
            preview,
        })
    }
}
