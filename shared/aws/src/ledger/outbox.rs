//! Reading the outbox: the sparse index `due`, which holds the unsettled deliveries by
//! destination and due time. It is about a second behind the table, so what it shows is
//! where to look, and the table's conditions decide.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::outbox::{DueEntry, DueKey, Priority};

use super::attributes::{Item, alert_id, destination_id, invalid, s, text};
use super::error::LedgerError;
use super::table::Table;
use crate::error::AwsError;

const INDEX: &str = "due";
const ACTION: &str = "reading the outbox";

/// One page of the outbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutboxPage {
    /// Unsettled deliveries; those of one destination by priority and due time.
    pub entries: Vec<DueEntry>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<OutboxCursor>,
}

/// The position of a page in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxCursor(pub(super) Item);

impl Table {
    /// `DynamoDB` ends a page at 1 MB, so one query may take several.
    pub(super) async fn due(
        &self,
        destination: DestinationId,
        priority: Priority,
        until: Timestamp,
        limit: usize,
    ) -> Result<OutboxPage, LedgerError> {
        let last = DueKey {
            priority,
            at: until,
        };
        // All times of the priority sort behind this text.
        let (digit, _) = last.to_string().split_once('#').map_or_else(
            || (String::new(), String::new()),
            |(digit, rest)| (format!("{digit}#"), rest.to_owned()),
        );
        let query = self
            .query_outbox(
                destination,
                "#outbox = :outbox AND #due BETWEEN :first AND :last",
            )
            .expression_attribute_names("#due", "due")
            .expression_attribute_values(":first", s(digit))
            .expression_attribute_values(":last", s(last.to_string()));
        let mut due = OutboxPage::default();
        loop {
            let room = limit - due.entries.len();
            let room = i32::try_from(room).unwrap_or(i32::MAX);
            let page = run(query.clone().limit(room), due.next).await?;
            due.entries.extend(page.entries);
            due.next = page.next;
            if due.next.is_none() || due.entries.len() >= limit {
                return Ok(due);
            }
        }
    }

    /// One page of everything that waits for one destination, due or not.
    pub(super) async fn outbox_of(
        &self,
        destination: DestinationId,
        start: Option<OutboxCursor>,
    ) -> Result<OutboxPage, LedgerError> {
        run(self.query_outbox(destination, "#outbox = :outbox"), start).await
    }

    pub(super) async fn outbox_page(
        &self,
        start: Option<OutboxCursor>,
    ) -> Result<OutboxPage, LedgerError> {
        let answer = self
            .client
            .scan()
            .table_name(&self.name)
            .index_name(INDEX)
            .set_exclusive_start_key(start.map(|cursor| cursor.0))
            .send()
            .await
            .map_err(|error| AwsError::new(ACTION, error))?;
        Ok(page(answer.items, answer.last_evaluated_key))
    }

    fn query_outbox(&self, destination: DestinationId, condition: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .index_name(INDEX)
            .key_condition_expression(condition)
            .expression_attribute_names("#outbox", "outbox")
            .expression_attribute_values(":outbox", s(destination.to_string()))
    }
}

async fn run(
    query: QueryFluentBuilder,
    start: Option<OutboxCursor>,
) -> Result<OutboxPage, LedgerError> {
    let answer = query
        .set_exclusive_start_key(start.map(|cursor| cursor.0))
        .send()
        .await
        .map_err(|error| AwsError::new(ACTION, error))?;
    Ok(page(answer.items, answer.last_evaluated_key))
}

/// An entry that cannot be read must not hide the others: it is logged and left out.
fn page(items: Option<Vec<Item>>, last: Option<Item>) -> OutboxPage {
    let entries = items.unwrap_or_default();
    let entries = entries.iter().filter_map(|item| match entry(item) {
        Ok(entry) => Some(entry),
        Err(error) => {
            tracing::error!(%error, "a delivery in the outbox cannot be read; nobody attempts it");
            None
        }
    });
    OutboxPage {
        entries: entries.collect(),
        next: last.filter(|key| !key.is_empty()).map(OutboxCursor),
    }
}

fn entry(item: &Item) -> Result<DueEntry, LedgerError> {
    Ok(DueEntry {
        alert_id: alert_id(item)?,
        destination_id: destination_id(item, "item")?,
        detection_id: text(item, "detectionId")?.to_owned(),
        due: DueKey::parse(text(item, "due")?).map_err(|error| invalid(item, "due", error))?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tocsin_testing::aws::{Answer, Replay};

    use super::*;

    const DESTINATION: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
    const DUE: &str = "1#2026-01-01T00:00:00.000000000Z";

    fn item(alert: &str) -> Value {
        json!({
            "alertId": {"S": alert}, "item": {"S": DESTINATION}, "outbox": {"S": DESTINATION},
            "due": {"S": DUE}, "detectionId": {"S": "d"},
        })
    }

    /// A page of the index that ends before the end of the index.
    fn page_before(next: &str, alerts: &[&str]) -> Answer {
        let items: Vec<_> = alerts.iter().copied().map(item).collect();
        let page = json!({"Items": items, "LastEvaluatedKey": item(next)});
        Answer::new(200, page.to_string())
    }

    #[tokio::test]
    async fn what_is_due_is_read_over_several_pages_up_to_the_limit() {
        let last = Answer::new(200, json!({"Items": [item("c")]}).to_string());
        for (limit, answers, found, is_whole) in [
            (
                3,
                vec![page_before("b", &["a", "b"]), last.clone()],
                3,
                true,
            ),
            // A page may be empty and not be the last one.
            (3, vec![page_before("b", &[]), last.clone()], 1, true),
            (2, vec![page_before("b", &["a", "b"])], 2, false),
            (1, vec![last], 1, true),
        ] {
            let replay = Replay::of(answers);
            let destination = DestinationId::parse(DESTINATION).unwrap();
            let until = "2026-01-01T00:00:01Z".parse().unwrap();
            let table = Table::fake(&replay);
            let due = table.due(destination, Priority::High, until, limit);
            let due = due.await.unwrap();
            assert_eq!(due.entries.len(), found, "{limit}");
            assert_eq!(due.next.is_none(), is_whole, "{limit}");
            let asked = replay.asked();
            let from: Vec<_> = asked
                .iter()
                .map(|call| serde_json::from_str::<Value>(&call.body).unwrap())
                .map(|body| body["ExclusiveStartKey"]["alertId"]["S"].clone())
                .collect();
            let pages = [Value::Null, json!("b")];
            assert_eq!(from, pages[..from.len()], "{limit}");
        }
    }
}
