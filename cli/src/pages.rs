//! Lists come in pages, each with a cursor to the next one.

use indicatif::ProgressBar;
use tocsin_api_types::{AlertSummary, DeliverySummary, ListAlerts, ListDeliveries, Operation};

use crate::stack::Stack;

/// The most entries of a page.
const MOST_ENTRIES: u16 = 500;

/// An operation that lists entries page by page.
pub(crate) trait Paged: Operation + Clone {
    /// An entry of the list.
    type Entry;

    /// The request for one page.
    fn page(&self, limit: u16, cursor: Option<String>) -> Self;

    /// The entries of a page, and the cursor to the next one.
    fn entries(answer: Self::Answer) -> Page<Self::Entry>;
}

/// A page of a list.
pub(crate) struct Page<T> {
    pub(crate) entries: Vec<T>,
    /// Gives the next page.
    pub(crate) cursor: Option<String>,
}

impl Paged for ListAlerts {
    type Entry = AlertSummary;

    fn page(&self, limit: u16, cursor: Option<String>) -> Self {
        Self {
            limit: Some(limit),
            cursor,
            ..self.clone()
        }
    }

    fn entries(answer: Self::Answer) -> Page<AlertSummary> {
        Page {
            entries: answer.alerts,
            cursor: answer.cursor,
        }
    }
}

impl Paged for ListDeliveries {
    type Entry = DeliverySummary;

    fn page(&self, limit: u16, cursor: Option<String>) -> Self {
        Self {
            limit: Some(limit),
            cursor,
            ..self.clone()
        }
    }

    fn entries(answer: Self::Answer) -> Page<DeliverySummary> {
        Page {
            entries: answer.deliveries,
            cursor: answer.cursor,
        }
    }
}

/// The first `limit` entries of a list, from all its pages.
pub(crate) async fn list<O: Paged>(
    stack: &Stack,
    request: &O,
    limit: usize,
    progress: &ProgressBar,
) -> anyhow::Result<Vec<O::Entry>> {
    collect(limit, progress, async |cursor| {
        let page = request.page(page_size(limit), cursor);
        stack.ask(page).await.map(O::entries)
    })
    .await
}

fn page_size(limit: usize) -> u16 {
    u16::try_from(limit).map_or(MOST_ENTRIES, |limit| limit.clamp(1, MOST_ENTRIES))
}

async fn collect<T>(
    limit: usize,
    progress: &ProgressBar,
    fetch: impl AsyncFn(Option<String>) -> anyhow::Result<Page<T>>,
) -> anyhow::Result<Vec<T>> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = fetch(cursor.take()).await?;
        all.extend(page.entries);
        progress.set_position(all.len() as u64);
        if all.len() >= limit || page.cursor.is_none() {
            break;
        }
        cursor = page.cursor;
    }
    progress.finish_and_clear();
    all.truncate(limit);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[tokio::test]
    async fn pages_are_fetched_until_there_are_enough_entries() {
        let fetched = RefCell::new(Vec::new());
        let fetch = async |cursor: Option<String>| {
            let page: u32 = cursor.as_deref().map_or(0, |text| text.parse().unwrap());
            fetched.borrow_mut().push(page);
            // The second of three pages is empty, as pages can be.
            let entries = if page == 1 { vec![] } else { vec![page, page] };
            let cursor = (page < 2).then(|| (page + 1).to_string());
            Ok(Page { entries, cursor })
        };
        let hidden = ProgressBar::hidden();
        assert_eq!(collect(10, &hidden, &fetch).await.unwrap(), [0, 0, 2, 2]);
        assert_eq!(*fetched.borrow(), [0, 1, 2]);
        fetched.borrow_mut().clear();
        assert_eq!(collect(1, &hidden, &fetch).await.unwrap(), [0]);
        assert_eq!(*fetched.borrow(), [0]);
    }

    #[test]
    fn a_page_has_at_most_500_entries() {
        assert_eq!([0, 7, 501].map(page_size), [1, 7, 500]);
    }
}
