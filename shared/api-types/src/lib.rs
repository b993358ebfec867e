//! # tocsin-api-types
//!
//! The contract between the API and its clients: requests, answers, errors, and
//! the JSON Schemas of all of them. It knows no AWS service and no provider.
//!
//! Each operation is a type, and [`Operation::Answer`] is the type of its answer.
//! `schema.json` holds the JSON Schema of both, generated from these types by
//! [`schema()`].

mod alerts;
mod apply;
mod audit;
mod dead_letters;
mod destinations;
mod error;
mod preview;
mod providers;
mod read;
mod schema;
mod status;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

pub use alerts::{
    AlertPage, AlertReport, AlertSummary, DeliveryPage, DeliveryScope, DeliverySummary,
    ExplainRoute, Explanation, GetAlert, Having, ListAlerts, ListDeliveries, ResendAlert, Resent,
    Retried, RetryDeliveries, SendTestAlert, TestReport, TestResult,
};
pub use apply::{
    ApplyDestinations, ApplyMode, ApplyReport, Change, ChangeKind, ChangeName, ChangeResult,
    Declared, Expected, FieldChange, Prune, SecretChange,
};
pub use audit::{Audit, AuditReport, AuditedDestination, Finding, QueueDepths, Verdict};
pub use dead_letters::{
    Content, DeadLetter, DeadLetterQueue, DeadLetters, DeleteDeadLetters, DeletedDeadLetters,
    FailedDelivery, GetDeadLetter, ListDeadLetters, RedriveDeadLetters, RedriveResult, Redriven,
    RedrivenDeadLetter, Which, WholeDeadLetter,
};
pub use destinations::{
    AddDestination, DeleteDestination, DeletedDestination, DestinationDraft, DestinationReport,
    FallbackDraft, GetDestination, ListDestinations, NewSecret, RemovedSecret,
    SetDestinationEnabled, UpdateDestination,
};
pub use error::{ApiError, ErrorCode};
pub use preview::{Preview, PreviewForm, PreviewMessage, PreviewOf, PreviewReport, ShownHeader};
pub use providers::{ListProviders, ProviderDescription};
pub use read::json_size;
pub use schema::schema;
pub use status::{
    Canary, Condition, Coverage, DestinationStatus, GetStatus, Status, StatusProblem,
    StatusProblemKind, Unrouted,
};

/// An operation of the API: a request with a name and an answer.
pub trait Operation: Into<Request> + Serialize + DeserializeOwned + JsonSchema {
    /// The operation's name, the value of `operation` in a request.
    const NAME: &'static str;
    /// What the operation answers when it succeeds.
    type Answer: Serialize + DeserializeOwned + JsonSchema;
}

/// What the API answers: `{"ok": …}` or `{"error": …}`. The first is kept as text: numbers
/// in it may have more digits than a value holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(from = "AnswerJson", into = "AnswerJson")]
pub struct Answer(pub Result<Box<RawValue>, ApiError>);

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum AnswerJson {
    Ok(Box<RawValue>),
    Error(ApiError),
}

impl From<AnswerJson> for Answer {
    fn from(json: AnswerJson) -> Self {
        Self(match json {
            AnswerJson::Ok(value) => Ok(value),
            AnswerJson::Error(error) => Err(error),
        })
    }
}

impl From<Answer> for AnswerJson {
    fn from(answer: Answer) -> Self {
        match answer.0 {
            Ok(value) => Self::Ok(value),
            Err(error) => Self::Error(error),
        }
    }
}

/// The schemas of one operation.
#[derive(Debug)]
struct OperationSchema {
    name: &'static str,
    request: Schema,
    answer: Schema,
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

/// What an operation may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It changes nothing: the function that only reads takes it, too.
    Read,
    /// It changes destinations, sends something, or takes messages off a queue.
    Write,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident as $wire:literal -> $answer:ty,)*) => {
        /// A request of any operation.
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

            /// The name of the request's operation.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $wire,)*
                }
            }

            /// Reads the fields of the operation called `name`; `None` if there is
            /// no such operation.
            fn of_operation(name: &str, fields: Value) -> Option<Result<Self, ApiError>> {
                match name {
                    $($wire => Some(read::operation::<$name>(fields).map(Into::into)),)*
                    _ => None,
                }
            }
        }

        /// The schemas of all operations.
        fn operation_schemas(
            requests: &mut SchemaGenerator,
            answers: &mut SchemaGenerator,
        ) -> Vec<OperationSchema> {
            vec![$(OperationSchema::of::<$name>(requests, answers)),*]
        }
    };
}

operations! {
    /// Lists the stack's providers.
    ListProviders as "listProviders" -> Vec<ProviderDescription>,
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
    /// Enables or disables a destination.
    SetDestinationEnabled as "setDestinationEnabled" -> DestinationReport,
    /// Changes the destinations to those that a file describes.
    ApplyDestinations as "applyDestinations" -> ApplyReport,
    /// Sends a test alert and waits for what the destinations answer.
    SendTestAlert as "sendTestAlert" -> TestReport,
    /// Shows what would be sent; sends nothing.
    PreviewMessage as "previewMessage" -> PreviewReport,
    /// Shows where an alert would go, and why; delivers nothing.
    ExplainRoute as "explainRoute" -> Explanation,
    /// Shows everything about one alert.
    GetAlert as "getAlert" -> AlertReport,
    /// Lists alerts, newest first.
    ListAlerts as "listAlerts" -> AlertPage,
    /// Lists deliveries, those of the newest alerts first.
    ListDeliveries as "listDeliveries" -> DeliveryPage,
    /// Delivers an alert again, as a new one.
    ResendAlert as "resendAlert" -> Resent,
    /// Lists messages of a dead-letter queue and leaves them there.
    ListDeadLetters as "listDeadLetters" -> DeadLetters,
    /// Shows one dead letter with its whole body.
    GetDeadLetter as "getDeadLetter" -> WholeDeadLetter,
    /// Deletes dead letters.
    DeleteDeadLetters as "deleteDeadLetters" -> DeletedDeadLetters,
    /// Puts dead letters back on their queues.
    RedriveDeadLetters as "redriveDeadLetters" -> Redriven,
    /// Shows what is wrong now.
    GetStatus as "getStatus" -> Status,
    /// Attempts what waits for destinations now.
    RetryDeliveries as "retryDeliveries" -> Vec<Retried>,
    /// Checks that no alert and no delivery was lost.
    Audit as "audit" -> AuditReport,
}

impl Request {
    /// What the request needs.
    #[must_use]
    pub const fn access(&self) -> Access {
        match self {
            Self::ListProviders(_)
            | Self::ListDestinations(_)
            | Self::GetDestination(_)
            | Self::PreviewMessage(_)
            | Self::ExplainRoute(_)
            | Self::GetAlert(_)
            | Self::ListAlerts(_)
            | Self::ListDeliveries(_)
            | Self::GetStatus(_)
            | Self::Audit(_) => Access::Read,
            Self::AddDestination(_)
            | Self::UpdateDestination(_)
            | Self::DeleteDestination(_)
            | Self::SetDestinationEnabled(_)
            | Self::ApplyDestinations(_)
            | Self::SendTestAlert(_)
            | Self::ResendAlert(_)
            | Self::RetryDeliveries(_)
            // SQS hides a message that it shows.
            | Self::ListDeadLetters(_)
            | Self::GetDeadLetter(_)
            | Self::DeleteDeadLetters(_)
            | Self::RedriveDeadLetters(_) => Access::Write,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_either_ok_or_an_error() {
        let digits = "[12345678901234567890123]".to_owned();
        let ok = Answer(Ok(RawValue::from_string(digits).unwrap()));
        let text = serde_json::to_string(&ok).unwrap();
        assert_eq!(text, r#"{"ok":[12345678901234567890123]}"#);
        assert!(serde_json::from_str::<Answer>(&text).is_ok());
        let error = json!({"error": {"code": "CONFLICT", "field": "revision", "message": "m"}});
        let answer: Answer = serde_json::from_str(&error.to_string()).unwrap();
        assert_eq!(answer.0.as_ref().unwrap_err().code, ErrorCode::Conflict);
        assert_eq!(serde_json::to_value(&answer).unwrap(), error);
    }
}
