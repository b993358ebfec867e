//! Lists come in pages, each with a cursor to the next.

use std::future::Future;

use indicatif::ProgressBar;

/// The most entries of a page.
const MOST: u16 = 500;

/// How many entries to ask for at once, when `limit` are wanted.
pub(crate) fn size(limit: usize) -> u16 {
    u16::try_from(limit).map_or(MOST, |limit| limit.clamp(1, MOST))
}

/// A page of a list.
pub(crate) struct Page<T> {
    /// Its entries.
    pub(crate) entries: Vec<T>,
    /// Gives the next page.
    pub(crate) cursor: Option<String>,
}

/// The first `limit` entries of a list; `fetch` gets the page of a cursor.
pub(crate) async fn collect<T, F, P>(
    limit: usize,
    progress: &ProgressBar,
    mut fetch: F,
) -> anyhow::Result<Vec<T>>
where
    F: FnMut(Option<String>) -> P,
    P: Future<Output = anyhow::Result<Page<T>>>,
{
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
    async fn pages_are_turned_until_there_are_enough() {
        let asked = RefCell::new(Vec::new());
        let fetch = |cursor: Option<String>| {
            let page: u32 = cursor.as_deref().map_or(0, |text| text.parse().unwrap());
            asked.borrow_mut().push(page);
            async move {
                // The second of three pages is empty, as pages may be.
                let entries = if page == 1 { vec![] } else { vec![page, page] };
                let cursor = (page < 2).then(|| (page + 1).to_string());
                Ok(Page { entries, cursor })
            }
        };
        let hidden = ProgressBar::hidden();
        assert_eq!(collect(10, &hidden, fetch).await.unwrap(), [0, 0, 2, 2]);
        assert_eq!(*asked.borrow(), [0, 1, 2]);
        asked.borrow_mut().clear();
        assert_eq!(collect(1, &hidden, fetch).await.unwrap(), [0]);
        assert_eq!(*asked.borrow(), [0]);
    }
}
