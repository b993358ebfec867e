//! Conditional `PartiQL` writes, 25 in one call, each with an answer of its own.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, BatchStatementResponse,
    ReturnValuesOnConditionCheckFailure,
};
use futures::stream::{self, StreamExt};

use super::attributes::{Item, Key, s};
use super::error::LedgerError;
use super::table::Table;
use crate::error::AwsError;

/// Statements of one `BatchExecuteStatement`: `DynamoDB`'s limit.
const STATEMENTS_PER_CALL: usize = 25;

/// Calls that run at the same time: enough for the largest batch of a function, few
/// enough for its connections.
const CONCURRENT_CALLS: usize = 8;

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

/// One write of one item, with the values of its parameters.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    key: Key,
    verb: Verb,
    condition: &'static str,
    condition_values: Vec<AttributeValue>,
}

#[derive(Clone, Debug)]
enum Verb {
    Insert(Vec<(&'static str, AttributeValue)>),
    Update {
        set: Vec<(String, AttributeValue)>,
        remove: Vec<String>,
    },
    Delete,
}

/// The result of a conditional write.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// The condition held, and the item is written.
    Applied,
    /// The condition did not hold. Holds the item as it stands: `None` when there is
    /// no item, or when the write was an insert.
    ConditionFailed(Option<Item>),
}

impl Statement {
    /// Creates an item, on condition that its key is free.
    pub(super) fn insert(key: Key, attributes: Vec<(&'static str, AttributeValue)>) -> Self {
        Self::new(key, Verb::Insert(attributes))
    }

    /// Changes an item that exists.
    pub(super) fn update(key: Key) -> Self {
        let (set, remove) = (Vec::new(), Vec::new());
        Self::new(key, Verb::Update { set, remove })
    }

    /// Deletes an item.
    pub(super) fn delete(key: Key) -> Self {
        Self::new(key, Verb::Delete)
    }

    const fn new(key: Key, verb: Verb) -> Self {
        Self {
            key,
            verb,
            condition: "",
            condition_values: Vec::new(),
        }
    }

    /// The update sets this attribute.
    pub(super) fn set(mut self, name: impl Into<String>, value: AttributeValue) -> Self {
        match &mut self.verb {
            Verb::Update { set, .. } => set.push((name.into(), value)),
            Verb::Insert(_) | Verb::Delete => debug_assert!(false, "only an update sets"),
        }
        self
    }

    /// The update removes this attribute, if the item has it.
    pub(super) fn remove(mut self, name: impl Into<String>) -> Self {
        match &mut self.verb {
            Verb::Update { remove, .. } => remove.push(name.into()),
            Verb::Insert(_) | Verb::Delete => debug_assert!(false, "only an update removes"),
        }
        self
    }

    /// The condition of an update or a delete, with the values of its question marks.
    /// `DynamoDB` evaluates it on the item as it was before. It must not contain `OR`: an
    /// engine may then not find the key among the conditions.
    pub(super) fn only_if(
        mut self,
        condition: &'static str,
        values: impl IntoIterator<Item = AttributeValue>,
    ) -> Self {
        debug_assert!(!condition.contains(" OR "), "{condition}");
        self.condition = condition;
        self.condition_values.extend(values);
        self
    }

    /// The text with its parameters.
    fn partiql(self, table: &str) -> (String, Vec<AttributeValue>) {
        let key = [s(self.key.alert_id), s(self.key.item)];
        let mut condition = "\"alertId\" = ? AND \"item\" = ?".to_owned();
        if !self.condition.is_empty() {
            condition = format!("{condition} AND ({})", self.condition);
        }
        match self.verb {
            Verb::Insert(attributes) => {
                let names = attributes.iter().map(|(name, _)| format!(", '{name}': ?"));
                let text = format!(
                    "INSERT INTO \"{table}\" VALUE {{'alertId': ?, 'item': ?{}}}",
                    names.collect::<String>()
                );
                let values = attributes.into_iter().map(|(_, value)| value);
                (text, key.into_iter().chain(values).collect())
            }
            Verb::Update { set, remove } => {
                let sets = set.iter().map(|(name, _)| format!(" SET \"{name}\" = ?"));
                let removes = remove.iter().map(|name| format!(" REMOVE \"{name}\""));
                let changes: String = sets.chain(removes).collect();
                let text = format!("UPDATE \"{table}\"{changes} WHERE {condition}");
                let values = set.into_iter().map(|(_, value)| value).chain(key);
                (text, values.chain(self.condition_values).collect())
            }
            Verb::Delete => {
                let text = format!("DELETE FROM \"{table}\" WHERE {condition}");
                (text, key.into_iter().chain(self.condition_values).collect())
            }
        }
    }

    fn request(self, table: &str) -> Result<BatchStatementRequest, AwsError> {
        let (text, values) = self.partiql(table);
        BatchStatementRequest::builder()
            .statement(text)
            .set_parameters(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| AwsError::caused_by("building a statement", error))
    }
}

/// The positions of the statements, in rounds: `DynamoDB` refuses a call with two
/// statements about one item, so the second one about it belongs to the second round.
fn rounds(statements: &[Statement]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut seen: HashMap<&Key, usize> = HashMap::new();
    for (at, statement) in statements.iter().enumerate() {
        let count = seen.entry(&statement.key).or_default();
        match rounds.get_mut(*count) {
            Some(round) => round.push(at),
            None => rounds.push(vec![at]),
        }
        *count += 1;
    }
    rounds
}

impl Table {
    /// Runs all statements; the answers are in the same order. Several statements about
    /// one item run one after the other.
    pub(super) async fn write(
        &self,
        action: &'static str,
        statements: Vec<Statement>,
    ) -> Vec<Result<Written, LedgerError>> {
        let lost = || AwsError::unexpected(action, "no answer").into();
        let mut answers: Vec<_> = statements.iter().map(|_| Err(lost())).collect();
        for round in rounds(&statements) {
            let of_round: Vec<_> = round.iter().map(|at| statements[*at].clone()).collect();
            let written = self.write_round(action, &of_round).await;
            for (at, answer) in round.into_iter().zip(written) {
                answers[at] = answer;
            }
        }
        answers
    }

    /// Runs one statement.
    pub(super) async fn write_one(
        &self,
        action: &'static str,
        statement: Statement,
    ) -> Result<Written, LedgerError> {
        let answer = self.write(action, vec![statement]).await.pop();
        answer.ok_or_else(|| AwsError::unexpected(action, "no answer"))?
    }

    /// `DynamoDB` throttles single statements inside a call that succeeds. The SDK does
    /// not repeat those, so this function does.
    async fn write_round(
        &self,
        action: &'static str,
        statements: &[Statement],
    ) -> Vec<Result<Written, LedgerError>> {
        let mut answers = self.write_once(action, statements).await;
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
        let calls: Vec<_> = statements
            .chunks(STATEMENTS_PER_CALL)
            .map(|batch| self.write_batch(action, batch.to_vec()))
            .collect();
        let answers: Vec<_> = stream::iter(calls)
            .buffered(CONCURRENT_CALLS)
            .collect()
            .await;
        answers.into_iter().flatten().collect()
    }

    async fn write_batch(
        &self,
        action: &'static str,
        statements: Vec<Statement>,
    ) -> Vec<Result<Written, LedgerError>> {
        let count = statements.len();
        let all = |error: AwsError| vec![Err(LedgerError::Aws(error)); count];
        let requests = statements.into_iter().map(|one| one.request(&self.name));
        let requests: Vec<_> = match requests.collect() {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tocsin_testing::aws::{Answer, Replay};

    use super::super::attributes::n;
    use super::*;

    #[test]
    fn parameters_stand_in_the_order_of_their_question_marks() {
        let key = || Key::new("a", "b");
        let (text, values) = Statement::update(key())
            .set("x", n(1))
            .remove("z")
            .set("y", n(2))
            .only_if("\"x\" < ?", [n(3)])
            .partiql("t");
        assert_eq!(
            text,
            r#"UPDATE "t" SET "x" = ? SET "y" = ? REMOVE "z" WHERE "alertId" = ? AND "item" = ? AND ("x" < ?)"#
        );
        assert_eq!(values, [n(1), n(2), s("a"), s("b"), n(3)]);
        let (text, values) = Statement::insert(key(), vec![("x", n(1))]).partiql("t");
        assert_eq!(
            text,
            r#"INSERT INTO "t" VALUE {'alertId': ?, 'item': ?, 'x': ?}"#
        );
        assert_eq!(values, [s("a"), s("b"), n(1)]);
        let (text, values) = Statement::delete(key()).partiql("t");
        assert_eq!(
            text,
            r#"DELETE FROM "t" WHERE "alertId" = ? AND "item" = ?"#
        );
        assert_eq!(values, [s("a"), s("b")]);
    }

    /// The real service refuses a call with two statements about one item.
    #[tokio::test]
    async fn statements_about_one_item_never_share_a_call() {
        let applied = |count| {
            Answer::new(
                200,
                json!({"Responses": vec![json!({}); count]}).to_string(),
            )
        };
        let replay = Replay::of([applied(2), applied(1), applied(1)]);
        let statements = ["a", "b", "a", "a"]
            .map(|alert| Statement::update(Key::new(alert, "x")).set("y", n(1)));
        let written = Table::fake(&replay)
            .write("testing", statements.into())
            .await;
        assert!(written.iter().all(Result::is_ok), "{written:?}");
        let calls = replay.asked();
        let keys = calls.iter().map(|call| {
            let call: Value = serde_json::from_str(&call.body).unwrap();
            let statements = call["Statements"].as_array().unwrap().clone();
            let keys = statements
                .iter()
                .map(|one| one["Parameters"][1]["S"].clone());
            keys.collect::<Vec<_>>()
        });
        assert_eq!(
            keys.collect::<Vec<_>>(),
            [
                vec![json!("a"), json!("b")],
                vec![json!("a")],
                vec![json!("a")]
            ]
        );
    }
}
