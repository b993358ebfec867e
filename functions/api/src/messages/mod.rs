//! What goes in and out: requests, answers, errors.
//!
//! Each operation is a type, whose [`Operation::Answer`] says what it gives; the
//! JSON of both is in `schema.json`, made from these types.

mod alerts;
mod apply;
mod audit;
mod dead_letters;
mod destinations;
mod error;
mod preview;
mod read;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
/// What the ledger knows of one delivery.
pub use tocsin_aws::DeliveryRecord;

pub use alerts::{
    AlertPage, AlertReport, AlertSummary, DeliveryPage, DeliverySummary, ExplainRoute, Explanation,
    GetAlert, ListAlerts, ListDeliveries, ResendAlert, Resent, SendTestAlert, TestReport,
    TestResult,
};
pub use apply::{
    ApplyDestinations, ApplyMode, ApplyReport, Change, ChangeKind, ChangeName, ChangeResult,
    Declared, Expected, FieldChange, Prune, SecretChange,
};
pub use audit::{
    AlertCounts, Audit, AuditReport, DeliveryCounts, Finding, QueueDepths, TroubleKind, Verdict,
};
pub use dead_letters::{
    Content, DeadLetter, DeadLetterQueue, DeadLetters, FailedDelivery, ListDeadLetters,
    RedriveDeadLetters, RedriveResult, Redriven, RedrivenLetter, Which,
};
pub use destinations::{
    AddDestination, DeleteDestination, DeletedDestination, DestinationDraft, DestinationReport,
    GetDestination, ListDestinations, NewSecret, RemovedSecret, SetDestinationEnabled,
    UpdateDestination,
};
pub use error::{ApiError, ErrorCode};
pub use preview::{Preview, PreviewForm, PreviewMessage, PreviewOf, PreviewReport, ShownHeader};
pub(crate) use read::size;

/// One thing that the API does.
pub trait Operation: Into<Request> + Serialize + DeserializeOwned + JsonSchema {
    /// Its name in `operation`.
    const NAME: &'static str;
    /// What it gives when it worked.
    type Answer: Serialize + DeserializeOwned + JsonSchema;
}

/// An answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// It worked.
    Ok(Value),
    /// It did not.
    Error(ApiError),
}

/// One operation in the schema.
#[derive(Debug)]
pub(crate) struct OperationSchema {
    pub(crate) name: &'static str,
    pub(crate) request: Schema,
    pub(crate) answer: Schema,
}

impl OperationSchema {
    fn of<O: Operation>(requests: &mut SchemaGenerator, answers: &mut SchemaGenerator) -> Self {
        Self {
            name: O::NAME,
            request: requests.subschema_for::<O>(),
            answer: answers.subschema_for::<O::Answer>(),
        }
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident as $wire:literal -> $answer:ty,)*) => {
        /// A request: an operation with what it takes.
        #[derive(Clone, Debug, Serialize)]
        #[serde(tag = "operation")]
        pub enum Request {
            $($(#[$doc])* #[serde(rename = $wire)] $name(Box<$name>),)*
        }

        $(
            impl Operation for $name {
                const NAME: &'static str = $wire;
                type Answer = $answer;
            }

            impl From<$name> for Request {
                fn from(operation: $name) -> Self {
                    Self::$name(Box::new(operation))
                }
            }
        )*

        impl Request {
            /// The names of all operations.
            pub const OPERATIONS: &'static [&'static str] = &[$($wire),*];

            /// Its name in `operation`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $wire,)*
                }
            }

            /// Reads what the operation called `name` takes; `None` when there is
            /// no such operation.
            fn of_operation(name: &str, fields: Value) -> Option<Result<Self, ApiError>> {
                match name {
                    $($wire => Some(read::operation::<$name>(fields).map(Into::into)),)*
                    _ => None,
                }
            }
        }

        /// The schemas of all operations.
        pub(crate) fn operation_schemas(
            requests: &mut SchemaGenerator,
            answers: &mut SchemaGenerator,
        ) -> Vec<OperationSchema> {
            vec![$(OperationSchema::of::<$name>(requests, answers)),*]
        }
    };
}

operations! {
    /// Lists all destinations.
    ListDestinations as "listDestinations" -> Vec<DestinationReport>,
    /// Shows one destination.
    GetDestination as "getDestination" -> DestinationReport,
    /// Adds a destination.
    AddDestination as "addDestination" -> DestinationReport,
    /// Replaces a destination's description.
    UpdateDestination as "updateDestination" -> DestinationReport,
    /// Deletes a destination and its secret.
    DeleteDestination as "deleteDestination" -> DeletedDestination,
    /// Switches a destination on or off.
    SetDestinationEnabled as "setDestinationEnabled" -> DestinationReport,
    /// Brings the destinations into the state that a file describes.
    ApplyDestinations as "applyDestinations" -> ApplyReport,
    /// Sends a test alert and waits for what the destinations answer.
    SendTestAlert as "sendTestAlert" -> TestReport,
    /// Shows what would be sent; sends nothing.
    PreviewMessage as "previewMessage" -> PreviewReport,
    /// Shows where an alert would go, and why; delivers nothing.
    ExplainRoute as "explainRoute" -> Explanation,
    /// Everything about one alert.
    GetAlert as "getAlert" -> AlertReport,
    /// Lists alerts, newest first.
    ListAlerts as "listAlerts" -> AlertPage,
    /// Lists deliveries, those of the newest alerts first.
    ListDeliveries as "listDeliveries" -> DeliveryPage,
    /// Delivers an alert once more, as a new one.
    ResendAlert as "resendAlert" -> Resent,
    /// Looks into a dead-letter queue without taking anything out of it.
    ListDeadLetters as "listDeadLetters" -> DeadLetters,
    /// Puts dead letters back on their way.
    RedriveDeadLetters as "redriveDeadLetters" -> Redriven,
    /// Checks that no alert and no delivery was lost.
    Audit as "audit" -> AuditReport,
}
