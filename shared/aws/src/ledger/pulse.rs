//! Signs of life of what runs by itself: the last sweep, the last canary. One item each,
//! which the router replaces. They are found without a search.

use std::collections::HashMap;

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;

use super::attributes::{Item, Key, invalid, n, optional, s, text, time};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;

/// The partition key of the items. An alert may have this id, too.
const PARTITION: &str = "tocsin";

/// What the sort keys of the items begin with.
pub(super) const PULSE_PREFIX: &str = "PULSE#";

/// What runs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pulse {
    /// A sweep has seen the whole outbox.
    Sweep,
    /// A canary was recorded.
    Canary,
}

/// The last sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulseRecord {
    /// When that was.
    pub at: Timestamp,
    /// The alert, if it is about one.
    pub alert_id: Option<AlertId>,
}

impl Pulse {
    const ALL: [Self; 2] = [Self::Sweep, Self::Canary];

    const fn item(self) -> &'static str {
        match self {
            Self::Sweep => "PULSE#SWEEP",
            Self::Canary => "PULSE#CANARY",
        }
    }
}

impl Table {
    pub(super) async fn record_pulse(
        &self,
        pulse: Pulse,
        alert: Option<&AlertId>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        const ACTION: &str = "recording a sign of life";
        let key = || Key::new(PARTITION, pulse.item());
        let alert = alert.map(|id| ("pulseOf", s(id.as_str())));
        let attributes = [
            ("at", s(now.to_string())),
            ("expiresAt", n(self.expiry(now))),
        ]
        .into_iter()
        .chain(alert);
        let attributes: Vec<_> = attributes.collect();
        let updated = attributes
            .iter()
            .cloned()
            .fold(Statement::update(key()), |update, (name, value)| {
                update.set(name, value)
            });
        match self.write_one(ACTION, updated).await? {
            Written::Applied => Ok(()),
            // The first of the stack.
            Written::ConditionFailed(_) => {
                let inserted = Statement::insert(key(), attributes);
                self.write_one(ACTION, inserted).await.map(drop)
            }
        }
    }

    pub(super) async fn pulses(&self) -> Result<HashMap<Pulse, PulseRecord>, LedgerError> {
        let keys = Pulse::ALL.map(|pulse| Key::new(PARTITION, pulse.item()));
        let items = self.batch_get("reading the signs of life", keys).await?;
        let mut found = HashMap::new();
        for item in items {
            let name = text(&item, "item")?;
            let Some(pulse) = Pulse::ALL.into_iter().find(|pulse| pulse.item() == name) else {
                continue;
            };
            let record = PulseRecord {
                at: time(&item, "at")?,
                alert_id: optional(&item, "pulseOf", alert)?,
            };
            found.insert(pulse, record);
        }
        Ok(found)
    }
}

fn alert(item: &Item, name: &str) -> Result<AlertId, LedgerError> {
    AlertId::new(text(item, name)?).ok_or_else(|| invalid(item, name, "not the id of an alert"))
}
