//! The outbox: which changes are to be pushed, in which order, and what the hub said to each.
//!
//! A push keeps its id over all attempts and over a restart. A change leaves the outbox only into a
//! delivery, and a delivery ends only acknowledged or refused.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Book;
use crate::sim::dice::{chance, dice};
use crate::sim::dress::dress;

/// One change of one record, waiting to be pushed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Parcel {
    id: String,
    body: Value,
    not_before: i64,
}

/// One push: a record or a batch, sent until someone answers for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The same over all attempts.
    pub webhook_id: String,
    /// Ids of the records in it.
    pub ids: Vec<String>,
    /// What became of it.
    pub state: DeliveryState,
    /// Times it was sent.
    pub attempts: u32,
    /// Last HTTP status, 0 if none came.
    pub status: u16,
    /// Last answer's body.
    pub receipt: Value,
    /// The records, until the push has ended.
    pub(crate) records: Vec<Value>,
}

/// Where a push stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Not yet answered for.
    Pending,
    /// The hub took it.
    Acknowledged,
    /// The hub refused it for good.
    Refused,
}

impl Book {
    /// Puts a record's present form into the outbox, with the system's bad habits.
    pub(super) fn post(&mut self, index: usize, now: i64) {
        let item = &self.items[index];
        let mut rng = dice(self.seed, &format!("post {}", item.id), u64::from(item.revision));
        let body = dress(self.system, item, &self.quirks, self.seed);
        let late = chance(&mut rng, self.quirks.late_rate);
        let lag = if late { rng.random_range(1..=self.quirks.late_by_s.max(1)) } else { 0 };
        let parcel = Parcel { id: item.id.clone(), body, not_before: now + lag };
        if chance(&mut rng, self.quirks.repeat_rate) {
            self.outbox.push_back(parcel.clone());
        }
        let behind = if chance(&mut rng, self.quirks.out_of_order_rate) { 5 } else { 0 };
        let place = self.outbox.len() - rng.random_range(0..=behind).min(self.outbox.len());
        self.outbox.insert(place, parcel);
    }

    /// Puts something that happened into the outbox, in its order.
    pub(super) fn post_event(&mut self, index: usize, body: Value, now: i64) {
        if self.pushing {
            let id = self.items[index].id.clone();
            self.outbox.push_back(Parcel { id, body, not_before: now });
        }
    }

    /// Makes a delivery of up to `size` changes that may go; answers its place.
    pub(crate) fn next_delivery(&mut self, size: usize, now: i64) -> Option<usize> {
        let mut ready = Vec::new();
        let mut place = 0;
        while place < self.outbox.len() && ready.len() < size.max(1) {
            if self.outbox[place].not_before > now {
                place += 1;
            } else if let Some(parcel) = self.outbox.remove(place) {
                ready.push(parcel);
            }
        }
        if ready.is_empty() {
            return None;
        }
        let (ids, records) = ready.into_iter().map(|parcel| (parcel.id, parcel.body)).unzip();
        self.deliveries.push(Delivery {
            webhook_id: format!("msg_{:016x}_{:08}", self.seed, self.deliveries.len() + 1),
            ids,
            state: DeliveryState::Pending,
            attempts: 0,
            status: 0,
            receipt: Value::Null,
            records,
        });
        Some(self.deliveries.len() - 1)
    }

    /// Places of the deliveries that were under way when the book was stored.
    pub(crate) fn pending_deliveries(&self) -> Vec<usize> {
        let all = self.deliveries.iter().enumerate();
        all.filter(|(_, d)| d.state == DeliveryState::Pending).map(|(place, _)| place).collect()
    }

    /// The delivery at that place.
    pub(crate) fn delivery(&self, place: usize) -> Delivery {
        self.deliveries[place].clone()
    }

    /// Notes the answer to one attempt; an ended delivery forgets its records.
    pub(crate) fn attempted(&mut self, place: usize, status: u16, receipt: Value, state: DeliveryState) {
        let delivery = &mut self.deliveries[place];
        delivery.attempts += 1;
        delivery.status = status;
        delivery.receipt = receipt;
        delivery.state = state;
        if state == DeliveryState::Pending {
            return;
        }
        delivery.records.clear();
        if state == DeliveryState::Acknowledged {
            for id in &delivery.ids {
                if let Some(index) = self.by_id.get(id) {
                    self.items[*index].acknowledged.push(delivery.webhook_id.clone());
                }
            }
        }
    }
}
