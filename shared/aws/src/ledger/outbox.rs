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
pub struct OutboxCursor(Item);

impl Table {
    pub(super) async fn due(
        &self,
        destination: DestinationId,
        priority: Priority,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueEntry>, LedgerError> {
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
            .expression_attribute_values(":last", s(last.to_string()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        Ok(run(query, None).await?.entries)
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
