//! Conditional `PartiQL` writes, 25 in one call.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, BatchStatementResponse,
    ReturnValuesOnConditionCheckFailure,
};
use futures::future::join_all;

use super::{LedgerError, Table};
use crate::AwsError;

/// What one `BatchExecuteStatement` takes: `DynamoDB`'s own limit.
const BATCH: usize = 25;

/// Before a throttled statement is carried out again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
];

/// Whether DynamoDB turned a single statement away for now.
fn is_passing(error: &LedgerError) -> bool {
    let LedgerError::Aws(error) = error else {
        return false;
    };
    matches!(
        error.code.as_deref(),
        Some(
            "InternalServerError"
                | "ProvisionedThroughputExceeded"
                | "RequestLimitExceeded"
                | "ThrottlingError"
                | "TransactionConflict"
        )
    )
}

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// One write with its values.
#[derive(Clone)]
pub(super) struct Statement {
    text: String,
    values: Vec<AttributeValue>,
}

/// How a conditional write ended.
#[derive(Clone)]
pub(super) enum Written {
    /// It was carried out.
    Done,
    /// Its condition did not hold: the item as it is, where `DynamoDB` tells.
    Refused(Option<Item>),
}

impl Statement {
    /// Creates an item; refused when there is one of its key.
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

    /// Changes an item. The texts must be constants of this module's siblings:
    /// values belong into `values`, in the order of the question marks.
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
            .map_err(|error| AwsError::unexpected("building a statement", error.to_string()))
    }
}

impl Table {
    /// Carries out all statements; the answers are in their order. DynamoDB
    /// throttles statement by statement inside an answer that succeeded as a
    /// whole, which the SDK does not repeat: this does.
    pub(super) async fn write(
        &self,
        action: &'static str,
        statements: Vec<Statement>,
    ) -> Vec<Result<Written, LedgerError>> {
        let mut answers = self.write_once(action, &statements).await;
        for pause in PAUSES {
            let again: Vec<usize> = (0..answers.len())
                .filter(|at| answers[*at].as_ref().is_err_and(is_passing))
                .collect();
            if again.is_empty() {
                break;
            }
            tokio::time::sleep(pause).await;
            let some: Vec<_> = again.iter().map(|at| statements[*at].clone()).collect();
            let repeated = self.write_once(action, &some).await;
            for (at, answer) in again.into_iter().zip(repeated) {
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
            .chunks(BATCH)
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
            Err(error) => all(AwsError::new(action, &error)),
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
        return Ok(Written::Done);
    };
    match error.code {
        Some(
            BatchStatementErrorCodeEnum::DuplicateItem
            | BatchStatementErrorCodeEnum::ConditionalCheckFailed,
        ) => Ok(Written::Refused(error.item)),
        code => {
            let code = code.map_or_else(|| "unknown".to_owned(), |code| code.as_str().to_owned());
            let said = error.message.unwrap_or_default();
            Err(LedgerError::Aws(AwsError {
                action,
                message: format!("{code}: {said}"),
                code: Some(code),
            }))
        }
    }
}
