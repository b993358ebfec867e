//! What a sender does with its deliveries, on both paths.

use std::time::Duration;

use super::world::{BATCH, Event, LEASE, Work, World};
use crate::Timestamp;
use crate::health::{Admission, Observation};
use crate::outbox::LEASE_GRACE;
use crate::outcome::Outcome;
use crate::retry::Decision;

/// The deliveries that start within this time are claimed and settled together.
const GROUP: Duration = Duration::from_millis(500);

impl World<'_> {
    /// The wait before the next group, and how many deliveries it has at most.
    fn room(&self, work: &Work, now: Timestamp) -> (Duration, usize) {
        let pace = self.health.pace();
        if work.drain_until.is_none() {
            // Only a drain keeps to the pace.
            (
                Duration::ZERO,
                if pace.interval.is_zero() { BATCH } else { 0 },
            )
        } else if pace.interval.is_zero() {
            (
                Duration::ZERO,
                (work.size * 2).clamp(pace.start, pace.limit),
            )
        } else {
            let first = work.size == 0;
            let wait = if first {
                pace.wait(now)
            } else {
                Duration::ZERO
            };
            let room = GROUP.as_secs_f64() / pace.interval.as_secs_f64();
            (wait, (room as usize).clamp(1, pace.limit))
        }
    }

    /// Claims and attempts the next group: what is admitted, or else one probe.
    pub(super) fn send(&mut self, mut work: Work) {
        let now = self.clock();
        let (wait, room) = self.room(&work, now);
        work.size = room;
        let admission = |(id, _): &(usize, u32)| {
            let key = self.items[*id].key;
            self.health.admits(&key, now)
        };
        let admissions: Vec<_> = work.waiting.iter().map(admission).collect();
        let at = |wanted| {
            let positions = 0..admissions.len();
            positions
                .filter(|at| admissions[*at] == wanted)
                .collect::<Vec<_>>()
        };
        let mut picked = at(Admission::Allow);
        picked.truncate(room);
        if picked.is_empty() {
            picked = at(Admission::Probe);
            picked.truncate(room.min(1));
            for at in &picked {
                let key = self.items[work.waiting[*at].0].key;
                self.change(self.health.begin_probe(&key, now));
            }
        }
        let interval = self.health.pace().interval;
        let mut group = Vec::new();
        let mut end = self.now;
        for at in picked.iter().rev() {
            let Some((id, attempts)) = work.waiting.remove(*at) else {
                continue;
            };
            group.push((id, attempts));
        }
        group.reverse();
        group.retain(|(id, attempts)| {
            let item = &self.items[*id];
            item.attempts == *attempts && item.lease_until < now && item.due.is_some()
        });
        let mut attempted = Vec::new();
        for (id, attempts) in group {
            let item = &mut self.items[id];
            item.attempts += 1;
            item.lease_until = now.plus(LEASE);
            let lease_due = now.plus(LEASE + LEASE_GRACE);
            let due = item.due.map_or(lease_due, |due| due.at.max(lease_due));
            self.set_due(id, Some(due));
            let begins = self.now.plus(wait + interval * attempted.len() as u32);
            let (outcome, takes) = (self.receiver)(begins, &self.items[id]);
            self.requests += 1;
            if matches!(outcome, Outcome::Delivered(_)) {
                let before = self.items[id].delivered_at.replace(begins);
                assert_eq!(before, None, "delivered twice");
            }
            end = end.max(begins.plus(takes));
            attempted.push((id, attempts + 1, self.outcomes.len()));
            self.outcomes.push(outcome);
        }
        let next_at = self.now.plus(wait + interval * attempted.len() as u32);
        if !attempted.is_empty() {
            self.push(end, Event::Over(work, attempted, next_at));
        } else if picked.is_empty() {
            self.leave(&work, now);
        } else {
            self.push(self.now, Event::Sender(work));
        }
    }

    /// Ends with deliveries that are not attempted: those of the fast path are due.
    fn leave(&mut self, work: &Work, now: Timestamp) {
        if work.drain_until.is_none() {
            let held = work.waiting.iter().map(|(id, _)| self.held(*id, now));
            let wait = held.min().map(|until| until.since(now));
            for (id, _) in &work.waiting {
                self.set_due(*id, Some(now));
            }
            if let Some(wait) = wait {
                self.change(self.health.with_backlog());
                self.send_wake_up(wait);
            }
        }
        self.finish(work);
    }

    /// Records and settles a group.
    pub(super) fn over(&mut self, work: Work, group: &[(usize, u32, usize)], next_at: Timestamp) {
        let now = self.clock();
        let observe = |(id, _, outcome): &(usize, u32, usize)| {
            let key = self.items[*id].key;
            Some((key, Observation::of(&self.outcomes[*outcome])?))
        };
        let observations: Vec<_> = group.iter().filter_map(observe).collect();
        let random = self.random();
        let was_open = self.health.breaker.is_some();
        self.change(self.health.record(&observations, now, random));
        for (id, attempt, outcome) in group {
            let outcome = self.outcomes[*outcome].clone();
            let random = self.random();
            let item = &self.items[*id];
            let key = item.key;
            let held = self.health.retry_at(&key, now);
            let decision = self
                .policy
                .decide(&outcome, *attempt, item.began_at, held, now, random);
            self.items[*id].lease_until = now.minus(LEASE);
            match decision {
                Decision::Done => self.set_due(*id, None),
                Decision::Retry { due } => self.set_due(*id, Some(due)),
                Decision::Exhausted => {
                    self.items[*id].exhausted = true;
                    self.set_due(*id, None);
                }
            }
        }
        if was_open && self.health.breaker.is_none() {
            // Others wait for this.
            self.send_wake_up(Duration::ZERO);
        }
        let trouble = self.health.held_until(now).is_some();
        let over = work.drain_until.is_some_and(|until| until <= self.now);
        if work.waiting.is_empty() || over || trouble && work.drain_until.is_some() {
            self.finish(&work);
        } else {
            self.push(self.now.max(next_at), Event::Sender(work));
        }
    }

    /// The sender ends: a drain gives its lease back and sends the next wake-up.
    fn finish(&mut self, work: &Work) {
        let now = self.clock();
        self.running -= 1;
        if let Some(next) = self.queued.pop_front() {
            self.dispatch(next);
        }
        let held = self.health.held_until(now).map(|until| until.since(now));
        if work.drain_until.is_some() {
            self.drain_until = None;
            self.send_wake_up(held.unwrap_or_default());
        } else if let Some(wait) = held {
            self.send_wake_up(wait);
        }
    }
}
