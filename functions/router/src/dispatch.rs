//! Handing deliveries over: grouped by sender, split under the payload limit,
//! one asynchronous invoke each.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use futures::future::join_all;
use tocsin_aws::AwsError;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{AlertDeliveries, DeliveryBatch};
use tocsin_core::destination::{DestinationId, ProviderName};

/// Bytes of one asynchronous invoke: Lambda takes 1 MB, less some room for what
/// it wraps around the payload when it reports a failure.
const PAYLOAD_LIMIT: usize = 900_000;

/// Deliveries of one alert through one sender, and the record they come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoutedDeliveries {
    /// The queue records, to be delivered again if the hand-over fails.
    pub(crate) message_ids: Vec<String>,
    /// Which sender.
    pub(crate) provider: ProviderName,
    /// What to deliver.
    pub(crate) entry: AlertDeliveries,
}

const ACTION: &str = "handing over to the sender";

/// One asynchronous invoke.
#[derive(Debug, PartialEq)]
struct Load {
    provider: ProviderName,
    message_ids: Vec<String>,
    hand_over: DeliveryBatch,
    size: usize,
}

/// Calls the senders.
#[derive(Clone, Debug)]
pub(crate) struct Senders {
    client: Client,
    prefix: String,
}

/// Records whose deliveries could not be handed over.
#[derive(Debug)]
pub(crate) struct NotHandedOver {
    pub(crate) message_ids: Vec<String>,
    pub(crate) error: AwsError,
}

impl Senders {
    pub(crate) fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self {
            client,
            prefix: prefix.into(),
        }
    }

    /// Hands everything over, each invoke on its own.
    pub(crate) async fn hand_over(
        &self,
        consignments: Vec<RoutedDeliveries>,
    ) -> Vec<NotHandedOver> {
        let invokes = loads(consignments)
            .into_iter()
            .map(|load| self.invoke(load));
        join_all(invokes).await.into_iter().flatten().collect()
    }

    async fn invoke(&self, load: Load) -> Option<NotHandedOver> {
        // All it holds came twice, and is in another load.
        if load.hand_over.alerts.is_empty() {
            return None;
        }
        let function = format!("{}{}", self.prefix, load.provider);
        let payload = match serde_json::to_vec(&load.hand_over) {
            Ok(payload) => payload,
            Err(error) => {
                let error = AwsError::unexpected(ACTION, error.to_string());
                return Some(load.failed(error));
            }
        };
        let sent = self
            .client
            .invoke()
            .function_name(&function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload))
            .send()
            .await;
        match sent {
            Ok(_) => None,
            Err(error) => {
                let mut error = AwsError::new(ACTION, &error);
                error.message = format!("{function}: {}", error.message);
                Some(load.failed(error))
            }
        }
    }
}

impl Load {
    fn failed(self, error: AwsError) -> NotHandedOver {
        NotHandedOver {
            message_ids: self.message_ids,
            error,
        }
    }
}

/// Groups by sender and splits where the payload would grow too large. An alert
/// is under 450 KiB by the limits of its entrance, so one always fits.
fn loads(consignments: Vec<RoutedDeliveries>) -> Vec<Load> {
    let mut by_provider: BTreeMap<ProviderName, Vec<RoutedDeliveries>> = BTreeMap::new();
    for consignment in consignments {
        by_provider
            .entry(consignment.provider.clone())
            .or_default()
            .push(consignment);
    }
    by_provider
        .into_iter()
        .flat_map(|(provider, consignments)| split(&provider, consignments))
        .collect()
}

fn split(provider: &ProviderName, mut consignments: Vec<RoutedDeliveries>) -> Vec<Load> {
    // What arrived and only has to be recorded goes before any attempt.
    consignments.sort_by_key(|one| !one.is_unrecorded());
    let mut loads: Vec<Load> = Vec::new();
    let latest = latest_attempts(&consignments);
    let mut seen = HashSet::new();
    for consignment in consignments.into_iter().flat_map(RoutedDeliveries::divided) {
        // The comma between two parcels.
        let size = size(&consignment.entry) + 1;
        let fitting = loads
            .last_mut()
            .filter(|load| load.size + size <= PAYLOAD_LIMIT);
        let load = if let Some(load) = fitting {
            load
        } else {
            loads.push(Load {
                provider: provider.clone(),
                message_ids: Vec::new(),
                hand_over: DeliveryBatch::default(),
                size: r#"{"alerts":[]}"#.len(),
            });
            let last = loads.len() - 1;
            &mut loads[last]
        };
        load.size += size;
        let RoutedDeliveries {
            message_ids,
            mut entry,
            ..
        } = consignment;
        // What came twice in one batch is handed over once: if that fails, the
        // record that came first is delivered again, which is enough.
        entry.deliveries.retain(|delivery| {
            let key = (entry.alert.alert_id.clone(), delivery.destination_id);
            let latest = latest[&key];
            let wanted = delivery.attempt == latest || delivery.unrecorded.is_some();
            wanted && seen.insert(key)
        });
        load.message_ids.extend(message_ids);
        if !entry.deliveries.is_empty() {
            load.hand_over.alerts.push(entry);
        }
    }
    loads
}

/// The latest attempt asked for of each delivery. An earlier one in the same
/// batch is stale: a delivery makes one attempt after the other.
fn latest_attempts(consignments: &[RoutedDeliveries]) -> HashMap<(AlertId, DestinationId), u32> {
    let mut latest = HashMap::new();
    for consignment in consignments {
        for delivery in &consignment.entry.deliveries {
            let key = (
                consignment.entry.alert.alert_id.clone(),
                delivery.destination_id,
            );
            // Nothing is later than what arrived.
            let number = match delivery.unrecorded {
                Some(_) => u32::MAX,
                None => delivery.attempt,
            };
            let attempt = latest.entry(key).or_insert(number);
            *attempt = number.max(*attempt);
        }
    }
    latest
}

impl RoutedDeliveries {
    fn is_unrecorded(&self) -> bool {
        let mut deliveries = self.entry.deliveries.iter();
        deliveries.any(|one| one.unrecorded.is_some())
    }

    /// The same deliveries in parcels that fit: an alert that goes to hundreds of
    /// destinations of one provider may not.
    fn divided(self) -> Vec<Self> {
        let deliveries = self.entry.deliveries.len();
        if deliveries < 2 || size(&self.entry) < PAYLOAD_LIMIT {
            return vec![self];
        }
        let mut first = self;
        let mut second = first.clone();
        second.entry.deliveries = first.entry.deliveries.split_off(deliveries / 2);
        [first, second]
            .into_iter()
            .flat_map(Self::divided)
            .collect()
    }
}

fn size(entry: &AlertDeliveries) -> usize {
    // Parcels always serialise; the invoke would report it if one did not.
    serde_json::to_vec(entry).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use tocsin_core::alert::Severity;
    use tocsin_core::delivery::{Delivery, PriorAttempt};

    fn consignment(
        number: usize,
        provider: &str,
        context: usize,
        deliveries: usize,
    ) -> RoutedDeliveries {
        let mut alert = tocsin_testing::full_json();
        alert["alertId"] = json!(format!("alert-{number}"));
        alert["alertContext"] = json!({"x": "y".repeat(context)});
        let delivery = |_| Delivery {
            destination_id: DestinationId::generate(),
            display_name: "d".to_owned(),
            settings: serde_json::Map::from_iter([("s".to_owned(), json!("z".repeat(500)))]),
            secret_name: None,
            attempt: 1,
            began_at: None,
            origin: tocsin_core::delivery::Origin::Fresh,
            unrecorded: None,
            fallback_for: None,
            fallback: None,
            retry: None,
            prior_attempt: PriorAttempt::NotDelivered,
            removed: None,
        };
        RoutedDeliveries {
            message_ids: vec![number.to_string()],
            provider: ProviderName::new(provider).unwrap(),
            entry: AlertDeliveries {
                alert: tocsin_testing::alert(&alert),
                severity: Severity::High,
                deliveries: (0..deliveries).map(delivery).collect(),
            },
        }
    }

    #[test]
    fn one_invoke_for_each_provider_while_it_fits() {
        let loads = loads(vec![
            consignment(1, "slack", 100, 1),
            consignment(2, "jira", 100, 1),
            consignment(3, "slack", 100, 2),
        ]);
        let shape: Vec<_> = loads
            .iter()
            .map(|load| (load.provider.as_str(), load.message_ids.join(",")))
            .collect();
        assert_eq!(
            shape,
            [("jira", "2".to_owned()), ("slack", "1,3".to_owned())]
        );
    }

    #[test]
    fn of_two_attempts_at_one_delivery_the_later_is_handed_over() {
        for attempts in [[2, 3], [3, 2], [3, 3]] {
            let mut first = consignment(1, "slack", 10, 1);
            let mut second = first.clone();
            second.message_ids = vec!["2".to_owned()];
            first.entry.deliveries[0].attempt = attempts[0];
            second.entry.deliveries[0].attempt = attempts[1];
            let loads = loads(vec![first, second]);
            let handed: Vec<_> = loads[0]
                .hand_over
                .alerts
                .iter()
                .flat_map(|entry| entry.deliveries.iter().map(|one| one.attempt))
                .collect();
            assert_eq!(handed, [3], "{attempts:?}");
            assert_eq!(loads[0].message_ids, ["1", "2"]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn nothing_is_lost_doubled_or_too_large(
            shapes in prop::collection::vec((0usize..200_000, 1usize..40, any::<bool>()), 1..10),
            crowd in 1usize..2_500,
        ) {
            let mut given: Vec<_> = shapes
                .into_iter()
                .enumerate()
                .map(|(number, (context, deliveries, slack))| {
                    consignment(number, if slack { "slack" } else { "jira" }, context, deliveries)
                })
                .collect();
            given.push(consignment(99, "slack", 1_000, crowd));
            let mut expected: Vec<_> = given
                .iter()
                .flat_map(|one| one.entry.deliveries.iter().map(|d| d.destination_id))
                .collect();
            let loads = loads(given);
            let mut got = Vec::new();
            for load in &loads {
                let payload = serde_json::to_vec(&load.hand_over).unwrap();
                prop_assert!(payload.len() <= PAYLOAD_LIMIT, "{}", payload.len());
                prop_assert_eq!(load.message_ids.len(), load.hand_over.alerts.len());
                for entry in &load.hand_over.alerts {
                    got.extend(entry.deliveries.iter().map(|d| d.destination_id));
                }
            }
            expected.sort();
            got.sort();
            prop_assert_eq!(got, expected);
        }
    }
}
