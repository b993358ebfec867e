//! Conditional `PartiQL` writes, 25 in one call.

use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, BatchStatementResponse,
    ReturnValuesOnConditionCheckFailure,
};
use futures::future::join_all;

use super::{LedgerError, Table};
use crate::AwsError;
use std::collections::HashMap;

/// What one `BatchExecuteStatement` takes: `DynamoDB`'s own limit.
const BATCH: usize = 25;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// One write with its values.
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
    /// Carries out all statements; the answers are in their order.
    pub(super) async fn write(
        &self,
        action: &'static str,
        statements: Vec<Statement>,
    ) -> Vec<Result<Written, LedgerError>> {
        let mut batches = Vec::new();
        let mut rest = statements.into_iter().peekable();
        while rest.peek().is_some() {
            let batch: Vec<_> = rest.by_ref().take(BATCH).collect();
            batches.push(self.write_batch(action, batch));
        }
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
                said: format!("{code}: {said}"),
                code: Some(code),
            }))
        }
    }
}
