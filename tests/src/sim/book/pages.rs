//! Listing records: by update time and page, or by the order of changes and cursor.
//!
//! Repeats and disorder within a page are a habit of the system; no record is ever left out for it.

use serde_json::Value;

use super::{Book, Item};
use crate::sim::dice::{chance, dice};
use crate::sim::dress::dress;

/// One page of a listing.
pub(crate) struct Page {
    /// Records in the window, all pages together.
    pub total: usize,
    /// The page's records as they leave the system.
    pub rows: Vec<Value>,
    /// The change to go on from, if more follow.
    pub next: Option<u64>,
}

impl Book {
    /// Page `page` (from 1) of the records changed within `from..=to`, oldest change first.
    ///
    /// As with any paging by offset, a record that changes while its window is being read moves to
    /// the end (or out of the window) and those behind it move up: a poller has to reckon with it.
    pub(crate) fn page_by_time(&self, from: i64, to: i64, page: usize, size: usize) -> Page {
        if from > to {
            return Page { total: 0, rows: Vec::new(), next: None };
        }
        let window = || self.by_time.range((from, 0)..=(to, u64::MAX));
        let skipped = page.saturating_sub(1).saturating_mul(size);
        let rows: Vec<usize> = window().skip(skipped).take(size).map(|(_, index)| *index).collect();
        Page { total: window().count(), rows: self.rows(&rows), next: None }
    }

    /// Up to `limit` records whose change comes after `cursor` and whose time is not before `since`.
    pub(crate) fn page_after(&self, cursor: u64, since: i64, limit: usize) -> Page {
        let wanted = |(_, index): &(&u64, &usize)| self.items[**index].changed_at >= since;
        let mut rest = self.by_change.range(cursor + 1..).filter(wanted).map(|(_, index)| *index);
        let rows: Vec<usize> = rest.by_ref().take(limit).collect();
        let next = rest.next().and(rows.last()).map(|last| self.items[*last].change);
        Page { total: rows.len(), rows: self.rows(&rows), next }
    }

    /// The record with that id as it leaves the system.
    pub(crate) fn dressed(&self, id: &str) -> Option<Value> {
        self.item(id).map(|item| dress(self.system, item, &self.quirks, self.seed))
    }

    fn rows(&self, indexes: &[usize]) -> Vec<Value> {
        let items = indexes.iter().map(|index| &self.items[*index]);
        let mut rows: Vec<Value> = items.flat_map(|item| self.row(item)).collect();
        let first = indexes.first().map_or(0, |index| self.items[*index].change);
        let mut rng = dice(self.seed, "page order", first);
        if chance(&mut rng, self.quirks.out_of_order_rate) {
            rows.reverse();
        }
        rows
    }

    /// The record as it leaves the system, once or twice.
    fn row(&self, item: &Item) -> Vec<Value> {
        let row = dress(self.system, item, &self.quirks, self.seed);
        let mut rng = dice(self.seed, &format!("row {}", item.id), u64::from(item.revision));
        let times = if chance(&mut rng, self.quirks.repeat_rate) { 2 } else { 1 };
        vec![row; times]
    }
}
