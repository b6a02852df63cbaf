//! New matters and what follows them: urges, supplements, repeats, withdrawals, visits.
//!
//! What happens at number `n` follows from the seed and the book so far, never from the clock.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;

use super::{Book, Coming, Due, Item};
use crate::sim::dice::{chance, dice, pick};
use crate::sim::follow_up::{self, FollowUp, Visit};
use crate::sim::matters::Truth;
use crate::sim::system::{Action, System};
use crate::sim::video::{Outcome, room};

impl Book {
    /// Files the next matter, claiming `at` as its time, and perhaps something about an earlier one.
    pub fn arrive(&mut self, at: i64, now: i64) {
        let mut rng = dice(self.seed, "arrival", self.next_number);
        let matter = self.system.matter(self.seed, self.next_number);
        let (id, number) = self.number(at);
        let body = self.system.compose(&matter, &id, &number, at);
        let index = self.file(id, number, body, matter.truth);
        self.new_matters += 1;
        if chance(&mut rng, self.quirks.half_filled_rate) {
            self.items[index].withheld = true;
            let at = now + self.lag(&mut rng);
            self.due.push(Due { at, item: index, what: Coming::Details });
        }
        let claimed = if chance(&mut rng, self.quirks.late_rate) { at - self.lag(&mut rng) } else { at };
        self.touch(index, claimed, now);
        if self.system == System::Video && chance(&mut rng, self.quirks.room_rate) {
            let at = now + self.lag(&mut rng);
            self.due.push(Due { at, item: index, what: Coming::Room });
        }
        self.follow(&mut rng, at, now);
    }

    /// Holds a session in a room about the case with that id; answers the room's number.
    pub fn hold_session_by_hand(&mut self, id: &str, outcome: Outcome, now: i64) -> Option<String> {
        let index = *self.by_id.get(id)?;
        Some(self.hold_session(index, outcome, now))
    }

    fn hold_session(&mut self, index: usize, outcome: Outcome, now: i64) -> String {
        let item = &mut self.items[index];
        item.sessions += 1;
        item.body["status"] = 20.into();
        item.body["mediation_result"] = outcome.code().into();
        let events = room::events(&item.id, item.sessions, outcome, now);
        let id = events[0]["room"]["room_id"].as_str().unwrap_or_default().to_owned();
        for event in events {
            self.post_event(index, event, now);
        }
        self.touch(index, now, now);
        id
    }

    fn session_outcome(&self, index: usize) -> Outcome {
        let mut rng = dice(self.seed, &format!("session {}", self.items[index].id), 0);
        *pick(&mut rng, &[Outcome::Agreed, Outcome::Agreed, Outcome::Partly, Outcome::Failed])
    }

    /// Lets happen what is due: missing details arrive, visits are made.
    pub fn settle(&mut self, now: i64) {
        let (due, later) = std::mem::take(&mut self.due).into_iter().partition(|d| d.at <= now);
        self.due = later;
        let due: Vec<Due> = due;
        for Due { item, what, .. } in due {
            match what {
                Coming::Details => self.items[item].withheld = false,
                Coming::Visit => self.visit(item, now),
                Coming::Room => {
                    let outcome = self.session_outcome(item);
                    self.hold_session(item, outcome, now);
                    continue;
                }
            }
            self.touch(item, now, now);
        }
    }

    /// Files a test's own record, or puts its fields over the one it names; answers its id.
    pub fn put(&mut self, fields: &Value, now: i64) -> String {
        let known = self.system.id_of(fields).and_then(|id| self.by_id.get(id).copied());
        let index = known.unwrap_or_else(|| self.file_own(fields, now));
        merge(&mut self.items[index].body, fields);
        self.touch(index, now, now);
        self.items[index].id.clone()
    }

    /// Files one record of a given follow-up by hand, about the record with that id.
    pub fn follow_by_hand(&mut self, id: &str, what: FollowUp, now: i64) -> Option<String> {
        let index = *self.by_id.get(id)?;
        Some(self.follow_with(index, what, now))
    }

    fn file_own(&mut self, fields: &Value, now: i64) -> usize {
        let matter = self.system.matter(self.seed, self.next_number);
        let (fresh, number) = self.number(now);
        let id = self.system.id_of(fields).map_or(fresh, str::to_owned);
        let body = self.system.compose(&matter, &id, &number, now);
        self.new_matters += 1;
        let index = self.file(id, number, body, matter.truth);
        merge(&mut self.items[index].body, fields);
        if let Some(number) = fields["orderNum"].as_str() {
            self.items[index].number = number.into();
            self.by_id.insert(number.into(), index);
        }
        index
    }

    fn number(&mut self, now: i64) -> (String, String) {
        let numbers = self.system.numbers(self.next_number, now);
        self.next_number += 1;
        numbers
    }

    fn file(&mut self, id: String, number: String, body: Value, truth: Truth) -> usize {
        let index = self.items.len();
        self.by_id.insert(id.clone(), index);
        self.by_id.insert(number.clone(), index);
        self.items.push(Item {
            id,
            number,
            body,
            truth,
            changed_at: i64::MIN,
            change: 0,
            revision: 0,
            withheld: false,
            withdrawn: false,
            reopened: 0,
            sessions: 0,
            answers: Vec::new(),
            acknowledged: Vec::new(),
        });
        index
    }

    fn lag(&self, rng: &mut StdRng) -> i64 {
        rng.random_range(1..=self.quirks.late_by_s.max(1))
    }

    fn follow(&mut self, rng: &mut StdRng, at: i64, now: i64) {
        let rates = [
            (FollowUp::Urge, self.quirks.urge_rate),
            (FollowUp::Supplement, self.quirks.supplement_rate),
            (FollowUp::RepeatFiling, self.quirks.repeat_filing_rate),
            (FollowUp::Withdraw, self.quirks.withdraw_rate),
        ];
        for (what, rate) in rates {
            let index = rng.random_range(0..self.items.len());
            if chance(rng, rate) && self.items[index].may_get(what) {
                self.follow_with(index, what, at.max(now));
            }
        }
    }

    /// Does it, and answers the id of the record that carries the follow-up.
    fn follow_with(&mut self, index: usize, what: FollowUp, now: i64) -> String {
        self.items[index].withdrawn |= what == FollowUp::Withdraw;
        let carrier = if follow_up::has_own_number(self.system, what) {
            let (id, number) = self.number(now);
            let earlier = &self.items[index];
            let body = follow_up::renumber(self.system, what, earlier, &id, &number, now);
            let mut truth = earlier.truth.clone();
            truth.follows = Some(earlier.id.clone());
            self.file(id, number, body, truth)
        } else {
            follow_up::change(self.system, what, &mut self.items[index].body, now);
            index
        };
        self.touch(carrier, now, now);
        self.items[carrier].id.clone()
    }

    pub(super) fn expect_visit(&mut self, index: usize, now: i64) {
        let mut rng = self.visit_dice(index, "expect");
        if chance(&mut rng, self.quirks.visit_rate) {
            let at = now + self.lag(&mut rng);
            self.due.push(Due { at, item: index, what: Coming::Visit });
        }
    }

    fn visit(&mut self, index: usize, now: i64) {
        let mut rng = self.visit_dice(index, "visit");
        let dissatisfied = chance(&mut rng, self.quirks.dissatisfied_rate);
        let visit = match dissatisfied {
            true => Visit::Dissatisfied,
            false if rng.random_bool(0.5) => Visit::Satisfied,
            false => Visit::FairlySatisfied,
        };
        if dissatisfied {
            self.items[index].reopened += 1;
        }
        follow_up::visited(self.system, visit, &mut self.items[index].body, now);
    }

    fn visit_dice(&self, index: usize, purpose: &str) -> StdRng {
        let item = &self.items[index];
        dice(self.seed, &format!("{purpose} {}", item.id), u64::from(item.reopened))
    }
}

impl Item {
    /// Whether a citizen would do that: not about a follow-up, nor about what is withdrawn, and
    /// nobody withdraws what is settled.
    fn may_get(&self, what: FollowUp) -> bool {
        let settled = self.has(Action::Result) || self.has(Action::Decline);
        let pointless = what == FollowUp::Withdraw && settled;
        self.truth.follows.is_none() && !self.withdrawn && !pointless
    }
}

/// Puts `over` on `base`, object by object; anything else replaces.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}
