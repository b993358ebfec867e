//! Conditional `PartiQL` writes, 25 in one call, each with an answer of its own.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, BatchStatementResponse,
    ReturnValuesOnConditionCheckFailure,
};
use futures::future::join_all;

use super::attributes::Item;
use super::error::LedgerError;
use super::table::Table;
use crate::error::AwsError;

/// Statements of one `BatchExecuteStatement`: `DynamoDB`'s limit.
const STATEMENTS_PER_CALL: usize = 25;

/// The delays before throttled statements are repeated.
const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
];

/// Whether `DynamoDB` refused a single statement for a reason that passes.
fn is_transient(error: &LedgerError) -> bool {
    let LedgerError::Aws(error) = error else {
        return false;
    };
    matches!(
        error.code(),
        Some(
            "InternalServerError"
                | "ProvisionedThroughputExceeded"
                | "RequestLimitExceeded"
                | "ThrottlingError"
                | "TransactionConflict"
        )
    )
}

/// One write with the values of its parameters.
#[derive(Clone)]
pub(super) struct Statement {
    text: String,
    values: Vec<AttributeValue>,
}

/// The result of a conditional write.
#[derive(Clone)]
pub(super) enum Written {
    /// The condition held, and the item is written.
    Applied,
    /// The condition did not hold. Holds the item as it stands: `None` when there is
    /// no item, or when the write was an insert.
    ConditionFailed(Option<Item>),
}

impl Statement {
    /// Creates an item, on condition that its key is free.
    pub(super) fn insert(table: &str, attributes: Vec<(&str, AttributeValue)>) -> Self {
        let (names, values): (Vec<_>, Vec<_>) = attributes
            .into_iter()
            .map(|(name, value)| (format!("'{name}': ?"), value))
            .unzip();
        Self {
            text: format!("INSERT INTO \"{table}\" VALUE {{{}}}", names.join(", ")),
            values,
        }
    }

    /// Changes an item on a condition. `changes` and `condition` must not contain
    /// values: those belong in `values`, in the order of the question marks, with the
    /// primary key between the two.
    pub(super) fn update(
        table: &str,
        changes: &str,
        condition: &str,
        values: Vec<AttributeValue>,
    ) -> Self {
        Self {
            text: format!(
                "UPDATE \"{table}\" {changes} WHERE \"alertId\" = ? AND \"item\" = ? AND ({condition})"
            ),
            values,
        }
    }

    fn request(self) -> Result<BatchStatementRequest, AwsError> {
        BatchStatementRequest::builder()
            .statement(self.text)
            .set_parameters(Some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| AwsError::caused_by("building a statement", error))
    }
}

impl Table {
    /// Runs all statements; the answers are in the same order. `DynamoDB` throttles
    /// single statements inside a call that succeeds. The SDK does not repeat those,
    /// so this function does.
    pub(super) async fn write(
        &self,
        action: &'static str,
        statements: Vec<Statement>,
    ) -> Vec<Result<Written, LedgerError>> {
        let mut answers = self.write_once(action, &statements).await;
        for delay in RETRY_DELAYS {
            let throttled: Vec<usize> = (0..answers.len())
                .filter(|at| answers[*at].as_ref().is_err_and(is_transient))
                .collect();
            if throttled.is_empty() {
                break;
            }
            tokio::time::sleep(delay).await;
            let repeated: Vec<_> = throttled.iter().map(|at| statements[*at].clone()).collect();
            let repeated = self.write_once(action, &repeated).await;
            for (at, answer) in throttled.into_iter().zip(repeated) {
                answers[at] = answer;
            }
        }
        answers
    }

    async fn write_once(
        &self,
        action: &'static str,
        statements: &[Statement],
    ) -> Vec<Result<Written, LedgerError>> {
        let batches = statements
            .chunks(STATEMENTS_PER_CALL)
            .map(|batch| self.write_batch(action, batch.to_vec()));
        join_all(batches).await.into_iter().flatten().collect()
    }

    async fn write_batch(
        &self,
        action: &'static str,
        statements: Vec<Statement>,
    ) -> Vec<Result<Written, LedgerError>> {
        let count = statements.len();
        let all = |error: AwsError| vec![Err(LedgerError::Aws(error)); count];
        let requests: Vec<_> = match statements.into_iter().map(Statement::request).collect() {
            Ok(requests) => requests,
            Err(error) => return all(error),
        };
        let sent = self
            .client
            .batch_execute_statement()
            .set_statements(Some(requests))
            .send()
            .await;
        match sent {
            Err(error) => all(AwsError::new(action, error)),
            Ok(answer) if answer.responses().len() != count => all(AwsError::unexpected(
                action,
                format!("{} answers to {count} statements", answer.responses().len()),
            )),
            Ok(answer) => answer
                .responses
                .unwrap_or_default()
                .into_iter()
                .map(|one| outcome(action, one))
                .collect(),
        }
    }
}

fn outcome(action: &'static str, answer: BatchStatementResponse) -> Result<Written, LedgerError> {
    let Some(error) = answer.error else {
        return Ok(Written::Applied);
    };
    match error.code {
        Some(
            BatchStatementErrorCodeEnum::DuplicateItem
            | BatchStatementErrorCodeEnum::ConditionalCheckFailed,
        ) => Ok(Written::ConditionFailed(error.item)),
        code => {
            let code = code.as_ref().map_or("unknown", |code| code.as_str());
            Err(AwsError::of_entry(action, code, error.message.as_deref()).into())
        }
    }
}
