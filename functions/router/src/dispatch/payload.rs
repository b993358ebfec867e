//! The payloads of invokes: deliveries grouped by sender, split to fit the payload
//! limit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tocsin_core::alert::{Alert, AlertId};
use tocsin_core::delivery::{AlertDeliveries, DeliveryBatch, Drain, Purpose};
use tocsin_core::destination::ProviderName;
use tocsin_core::json::for_queue;

/// The largest payload of one asynchronous invoke, in bytes. Lambda's limit is 1 MB;
/// the rest is for the fields that Lambda wraps around a payload when it reports a
/// failure.
pub(super) const PAYLOAD_LIMIT: usize = 900_000;

/// An alert that was serialized once, for all payloads that hold it.
#[derive(Clone, Debug)]
pub(crate) struct SharedAlert {
    pub(crate) id: AlertId,
    json: Arc<RawValue>,
}

impl SharedAlert {
    /// Serializes an alert.
    ///
    /// # Errors
    ///
    /// None in practice: an alert is strings, numbers, and JSON that was checked.
    pub(crate) fn of(alert: &Alert) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_string(alert)?;
        // Lambda puts the payload of an invocation that failed on a queue.
        let json = match for_queue(&json) {
            Cow::Borrowed(_) => json,
            Cow::Owned(escaped) => escaped,
        };
        Ok(Self {
            id: alert.alert_id.clone(),
            json: Arc::from(RawValue::from_string(json)?),
        })
    }
}

impl Serialize for SharedAlert {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

/// Deliveries of one alert through one sender.
pub(crate) type Entry = AlertDeliveries<SharedAlert>;

/// The payload of one invoke.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    batch: DeliveryBatch<SharedAlert>,
    /// Its size in bytes.
    size: usize,
}

impl Payload {
    /// A payload without deliveries.
    pub(crate) fn new(drain: Option<Drain>) -> Self {
        let batch = DeliveryBatch {
            alerts: Vec::new(),
            drain,
            purpose: Purpose::Delivery,
        };
        Self {
            size: size(&batch),
            batch,
        }
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// The entry, when there is no room for it. A single alert with one delivery always
    /// fits into an empty payload: parsing keeps it under 450 KiB.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<(), Box<Entry>> {
        let size = size(&entry);
        if self.size + size >= PAYLOAD_LIMIT && !self.is_empty() {
            return Err(Box::new(entry));
        }
        // The comma between two entries.
        self.size += size + 1;
        self.batch.alerts.push(entry);
        Ok(())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.batch.alerts.is_empty()
    }

    pub(crate) fn deliveries(&self) -> usize {
        let entries = self.batch.alerts.iter();
        entries.map(|entry| entry.deliveries.len()).sum()
    }

    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.batch.alerts
    }

    /// The payload as JSON.
    ///
    /// # Errors
    ///
    /// None in practice, as for [`SharedAlert::of`].
    pub(super) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = Vec::with_capacity(self.size);
        serde_json::to_writer(&mut json, &self.batch)?;
        Ok(json)
    }
}

/// Groups entries by sender, as few payloads for each as the limit allows.
pub(super) fn payloads(entries: Vec<(ProviderName, Entry)>) -> Vec<(ProviderName, Payload)> {
    let mut by_provider: BTreeMap<ProviderName, Vec<Payload>> = BTreeMap::new();
    for (provider, entry) in entries {
        let payloads = by_provider.entry(provider).or_default();
        for entry in split_to_fit(entry) {
            let refused = match payloads.last_mut() {
                Some(last) => last.add(entry).err(),
                None => Some(Box::new(entry)),
            };
            if let Some(entry) = refused {
                let mut next = Payload::new(None);
                // An empty payload refuses nothing.
                let _ = next.add(*entry);
                payloads.push(next);
            }
        }
    }
    by_provider
        .into_iter()
        .flat_map(|(provider, payloads)| {
            payloads
                .into_iter()
                .map(move |payload| (provider.clone(), payload))
        })
        .collect()
}

/// The same deliveries in entries that fit: one entry may not, when an alert goes to
/// hundreds of destinations of one provider.
fn split_to_fit(entry: Entry) -> Vec<Entry> {
    /// Room for what stands around an entry.
    const FRAME: usize = 100;
    let deliveries = entry.deliveries.len();
    if deliveries < 2 || size(&entry) + FRAME <= PAYLOAD_LIMIT {
        return vec![entry];
    }
    let mut first = entry;
    let second = Entry {
        alert: first.alert.clone(),
        severity: first.severity,
        deliveries: first.deliveries.split_off(deliveries / 2),
    };
    [first, second].into_iter().flat_map(split_to_fit).collect()
}

/// The size in bytes as JSON.
fn size<T: Serialize>(value: &T) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting does not fail. What cannot be serialized fails its invoke.
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => PAYLOAD_LIMIT,
    }
}
