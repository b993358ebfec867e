//! Dispatch: deliveries are grouped by sender, split to fit the payload limit, and
//! given to the senders, one asynchronous invoke for each group.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use futures::future::join_all;
use serde::Serialize;
use tocsin_aws::AwsError;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{AlertDeliveries, Delivery, DeliveryBatch};
use tocsin_core::destination::{DestinationId, ProviderName};

/// The largest payload of one asynchronous invoke, in bytes. Lambda's limit is 1 MB;
/// the rest is for the fields that Lambda wraps around a payload when it reports a
/// failure.
const PAYLOAD_LIMIT: usize = 900_000;

const ACTION: &str = "invoking the sender";

/// Deliveries of one alert through one sender.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoutedDeliveries {
    /// The queue records that they come from. SQS delivers these again if the dispatch
    /// fails.
    pub(crate) message_ids: Vec<String>,
    /// The sender's provider.
    pub(crate) provider: ProviderName,
    /// The alert and its deliveries.
    pub(crate) entry: AlertDeliveries,
}

/// One asynchronous invoke.
#[derive(Debug, PartialEq)]
struct Invocation {
    provider: ProviderName,
    message_ids: Vec<String>,
    payload: DeliveryBatch,
    /// The payload's size in bytes.
    size: usize,
}

/// The senders' functions.
#[derive(Clone, Debug)]
pub(crate) struct Senders {
    client: Client,
    prefix: String,
}

/// Records whose deliveries did not reach their sender.
#[derive(Debug)]
pub(crate) struct FailedDispatch {
    pub(crate) message_ids: Vec<String>,
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
    pub(crate) async fn dispatch(&self, routed: Vec<RoutedDeliveries>) -> Vec<FailedDispatch> {
        let invokes = invocations(routed)
            .into_iter()
            .map(|invocation| self.invoke(invocation));
        join_all(invokes).await.into_iter().flatten().collect()
    }

    async fn invoke(&self, invocation: Invocation) -> Option<FailedDispatch> {
        // All of its deliveries are duplicates of those in another invocation.
        if invocation.payload.alerts.is_empty() {
            return None;
        }
        let function = format!("{}{}", self.prefix, invocation.provider);
        let error = match self.send(&function, &invocation.payload).await {
            Ok(()) => return None,
            Err(error) => error.about(&function),
        };
        Some(FailedDispatch {
            message_ids: invocation.message_ids,
            error,
        })
    }

    async fn send(&self, function: &str, payload: &DeliveryBatch) -> Result<(), AwsError> {
        let payload =
            serde_json::to_vec(payload).map_err(|error| AwsError::caused_by(ACTION, error))?;
        self.client
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload))
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::new(ACTION, error))
    }
}

/// Groups deliveries by sender, and splits a group whose payload would be too large. A
/// single alert always fits: parsing keeps it under 450 KiB.
fn invocations(routed: Vec<RoutedDeliveries>) -> Vec<Invocation> {
    let mut by_provider: BTreeMap<ProviderName, Vec<RoutedDeliveries>> = BTreeMap::new();
    for one in routed {
        by_provider
            .entry(one.provider.clone())
            .or_default()
            .push(one);
    }
    by_provider
        .into_iter()
        .flat_map(|(provider, routed)| fill(&provider, routed))
        .collect()
}

fn fill(provider: &ProviderName, mut routed: Vec<RoutedDeliveries>) -> Vec<Invocation> {
    // Attempts that only have to be recorded go before deliveries to attempt.
    routed.sort_by_key(|one| !one.is_unrecorded());
    let mut invocations: Vec<Invocation> = Vec::new();
    let latest = latest_attempts(&routed);
    let mut dispatched = HashSet::new();
    for one in routed.into_iter().flat_map(RoutedDeliveries::split_to_fit) {
        // The comma between two entries.
        let size = size(&one.entry) + 1;
        let fitting = invocations
            .last_mut()
            .filter(|last| last.size + size <= PAYLOAD_LIMIT);
        let invocation = if let Some(last) = fitting {
            last
        } else {
            invocations.push(Invocation::empty(provider));
            let last = invocations.len() - 1;
            &mut invocations[last]
        };
        invocation.size += size;
        let RoutedDeliveries {
            message_ids,
            mut entry,
            ..
        } = one;
        // A delivery that one batch holds twice is dispatched once. If that fails, SQS
        // delivers the record again that came first, which is enough.
        entry.deliveries.retain(|delivery| {
            let key = (entry.alert.alert_id.clone(), delivery.destination_id);
            number(delivery) == latest[&key] && dispatched.insert(key)
        });
        invocation.message_ids.extend(message_ids);
        if !entry.deliveries.is_empty() {
            invocation.payload.alerts.push(entry);
        }
    }
    invocations
}

/// The latest attempt asked for of each delivery. An earlier one in the same batch is
/// stale, because a delivery makes one attempt after the other.
fn latest_attempts(routed: &[RoutedDeliveries]) -> HashMap<(AlertId, DestinationId), u32> {
    let mut latest = HashMap::new();
    for one in routed {
        for delivery in &one.entry.deliveries {
            let key = (one.entry.alert.alert_id.clone(), delivery.destination_id);
            let attempt = latest.entry(key).or_insert(0);
            *attempt = number(delivery).max(*attempt);
        }
    }
    latest
}

/// The number of the attempt asked for. An attempt that was delivered and only has to
/// be recorded is later than all others.
fn number(delivery: &Delivery) -> u32 {
    match delivery.unrecorded {
        Some(_) => u32::MAX,
        None => delivery.attempt,
    }
}

impl Invocation {
    fn empty(provider: &ProviderName) -> Self {
        let payload = DeliveryBatch::default();
        Self {
            provider: provider.clone(),
            message_ids: Vec::new(),
            size: size(&payload),
            payload,
        }
    }
}

impl RoutedDeliveries {
    fn is_unrecorded(&self) -> bool {
        let mut deliveries = self.entry.deliveries.iter();
        deliveries.any(|one| one.unrecorded.is_some())
    }

    /// The same deliveries in entries that fit: one entry may not, when an alert goes
    /// to hundreds of destinations of one provider.
    fn split_to_fit(self) -> Vec<Self> {
        let deliveries = self.entry.deliveries.len();
        if deliveries < 2 || size(&self.entry) < PAYLOAD_LIMIT {
            return vec![self];
        }
        let mut first = self;
        let mut second = first.clone();
        second.entry.deliveries = first.entry.deliveries.split_off(deliveries / 2);
        [first, second]
            .into_iter()
            .flat_map(Self::split_to_fit)
            .collect()
    }
}

/// The size in bytes as JSON.
fn size<T: Serialize>(value: &T) -> usize {
    // These types always serialize; otherwise the invoke reports the error.
    serde_json::to_vec(value).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests;
