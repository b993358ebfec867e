//! The question what came of a message that a provider accepted to process later.

use std::time::Duration;

use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{Provider, RequestContext, Response};

use crate::HttpClient;

/// How long a provider has to process what it accepted before it is asked. None says how
/// long it needs.
const DELAY: Duration = Duration::from_secs(1);

/// How long the question may take. The message is accepted, so it is not worth more.
const LIMIT: Duration = Duration::from_secs(2);

/// The outcome of an accepted message, after one question whether the provider could
/// process it. No answer in time leaves it delivered.
pub(super) async fn confirmed<P: Provider>(
    provider: &P,
    http: &HttpClient,
    request_context: &RequestContext<'_, P>,
    accepted: &Response,
    receipt: Receipt,
) -> Outcome {
    let Ok(Some(request)) = provider.confirmation(request_context, accepted) else {
        return Outcome::Delivered(receipt);
    };
    tokio::time::sleep(DELAY).await;
    match tokio::time::timeout(LIMIT, http.send(&request)).await {
        Ok(Ok(response)) => provider.parse_confirmation(receipt, &response),
        Ok(Err(_)) | Err(_) => Outcome::Delivered(receipt),
    }
}
