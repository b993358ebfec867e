//! Dispatch: deliveries are given to their senders by asynchronous invokes.

mod payload;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use futures::StreamExt;
use futures::stream;
use tocsin_aws::AwsError;
use tocsin_core::Timestamp;
use tocsin_core::delivery::settlement::Deferral;
use tocsin_core::destination::ProviderName;
use tocsin_core::outbox::{DueKey, Priority};

pub(crate) use payload::{Entry, Payload, SharedAlert};

/// Invokes that run concurrently. Each holds a payload of up to 900 KB, twice while it
/// is sent.
const CONCURRENT_INVOKES: usize = 8;

const ACTION: &str = "invoking the sender";

/// The senders' functions.
#[derive(Clone, Debug)]
pub(crate) struct Senders {
    client: Client,
    prefix: String,
}

/// Deliveries that did not reach their sender.
#[derive(Debug)]
pub(crate) struct FailedDispatch {
    pub(crate) entries: Vec<Entry>,
    pub(crate) error: AwsError,
}

impl Senders {
    /// The functions whose names are `prefix` and a provider's name.
    pub(crate) fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self {
            client,
            prefix: prefix.into(),
        }
    }

    /// Gives deliveries to their senders. A failed invoke does not affect the others.
    pub(crate) async fn dispatch(
        &self,
        entries: Vec<(ProviderName, Entry)>,
    ) -> Vec<FailedDispatch> {
        stream::iter(payload::payloads(entries))
            .map(|(provider, payload)| async move {
                let error = self.invoke(&provider, &payload).await.err()?;
                let entries = payload.into_entries();
                Some(FailedDispatch { entries, error })
            })
            .buffer_unordered(CONCURRENT_INVOKES)
            .filter_map(async |failed| failed)
            .collect()
            .await
    }

    /// Invokes the sender of a provider.
    ///
    /// # Errors
    ///
    /// When Lambda refuses the invoke or does not answer.
    pub(crate) async fn invoke(
        &self,
        provider: &ProviderName,
        payload: &Payload,
    ) -> Result<(), AwsError> {
        let function = format!("{}{provider}", self.prefix);
        let json = payload
            .to_json()
            .map_err(|error| AwsError::caused_by(ACTION, error))?;
        self.client
            .invoke()
            .function_name(&function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(json))
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::new(ACTION, error).about(&function))
    }
}

impl FailedDispatch {
    /// Makes its deliveries due at once, for the drain.
    pub(crate) fn deferrals(&self, now: Timestamp) -> Vec<Deferral> {
        let of_entry = |entry: &Entry| {
            let due = DueKey {
                priority: Priority::of(entry.severity),
                at: now,
            };
            let deliveries = entry.deliveries.iter().map(|delivery| Deferral {
                alert_id: entry.alert.id.clone(),
                destination_id: delivery.destination_id,
                attempts: delivery.attempt.saturating_sub(1),
                due,
            });
            deliveries.collect::<Vec<_>>()
        };
        self.entries.iter().flat_map(of_entry).collect()
    }
}

#[cfg(test)]
mod tests;
