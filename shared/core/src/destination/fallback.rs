//! The fallback of a destination, and when it gets an alert.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::id::DestinationId;
use crate::alert::Severity;

/// How long a delivery of a HIGH or CRITICAL alert waits before its fallback gets the
/// alert as well.
const AFTER_HIGH: Duration = Duration::from_mins(5);

/// The same for all other alerts.
const AFTER_NORMAL: Duration = Duration::from_hours(1);

/// The longest `after`, in minutes: a day.
pub const MAX_AFTER_MINUTES: u16 = 24 * 60;

/// The destination that gets the alerts whose deliveries end badly or wait too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "Form")]
#[schemars(with = "Form")]
pub struct Fallback {
    /// The other destination.
    pub destination_id: DestinationId,
    /// After how many minutes of waiting it gets the alert: 1 to
    /// [`MAX_AFTER_MINUTES`]. `None`: 5 minutes for HIGH and CRITICAL alerts, an hour for
    /// all others.
    pub after_minutes: Option<u16>,
}

/// Its forms in a table or a file: the id alone, or an object.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum Form {
    /// The id of the other destination.
    Id(DestinationId),
    /// The other destination, and when it gets the alert.
    Timed(Timed),
}

/// The other destination, and when it gets the alert.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Timed {
    /// The id of the other destination.
    destination_id: DestinationId,
    /// After how many minutes of waiting it gets the alert.
    #[schemars(range(min = 1, max = 1440))]
    after_minutes: Option<u16>,
}

impl From<Form> for Fallback {
    fn from(form: Form) -> Self {
        match form {
            Form::Id(destination_id) => Self {
                destination_id,
                after_minutes: None,
            },
            Form::Timed(timed) => Self {
                destination_id: timed.destination_id,
                after_minutes: timed.after_minutes,
            },
        }
    }
}

/// Without a time of its own it has the form that every version reads.
impl Serialize for Fallback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match self.after_minutes {
            None => Form::Id(self.destination_id),
            after_minutes @ Some(_) => Form::Timed(Timed {
                destination_id: self.destination_id,
                after_minutes,
            }),
        };
        form.serialize(serializer)
    }
}

impl Fallback {
    /// How long a delivery of an alert of this severity waits before the other
    /// destination gets the alert as well.
    #[must_use]
    pub fn after(&self, severity: Severity) -> Duration {
        match self.after_minutes {
            Some(minutes) => Duration::from_mins(minutes.clamp(1, MAX_AFTER_MINUTES).into()),
            None if severity >= Severity::High => AFTER_HIGH,
            None => AFTER_NORMAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

    #[test]
    fn both_forms_are_read_and_the_old_one_is_written_where_it_suffices() {
        for (form, minutes) in [
            (json!(ID), None),
            (json!({"destinationId": ID, "afterMinutes": 30}), Some(30)),
        ] {
            let fallback: Fallback = serde_json::from_value(form.clone()).unwrap();
            assert_eq!(fallback.destination_id.to_string(), ID);
            assert_eq!(fallback.after_minutes, minutes);
            assert_eq!(serde_json::to_value(fallback).unwrap(), form);
        }
        assert!(serde_json::from_value::<Fallback>(json!({"destinationId": 1})).is_err());
    }

    #[test]
    fn urgent_alerts_wait_five_minutes_others_an_hour() {
        let fallback = |after_minutes| Fallback {
            destination_id: DestinationId::generate(),
            after_minutes,
        };
        let minutes = |after, severity| fallback(after).after(severity).as_secs() / 60;
        assert_eq!(minutes(None, Severity::Critical), 5);
        assert_eq!(minutes(None, Severity::High), 5);
        assert_eq!(minutes(None, Severity::Medium), 60);
        assert_eq!(minutes(Some(2), Severity::Low), 2);
        assert_eq!(minutes(Some(0), Severity::Low), 1);
    }
}
