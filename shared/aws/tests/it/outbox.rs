//! What waits: due times, fallbacks, drains.

use std::time::Duration;

use tocsin_aws::{Begun, CasResult, FallbackRef, Ledger, OutboxCursor, TakeDrain, VersionedHealth};
use tocsin_core::alert::Severity;
use tocsin_core::delivery::settlement::{Deferral, NewState};
use tocsin_core::delivery::{NewDelivery, State};
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;
use tocsin_core::outbox::{DueKey, Priority};

use crate::ledger::{
    add, alert_id, at, claim, delivery, destination, due, ledgers, other, record, settle,
    settlement,
};

#[tokio::test]
async fn what_is_due_comes_by_priority_and_time() {
    for (name, ledger) in ledgers() {
        let of = |alert: &str, severity, second| NewDelivery {
            severity,
            ..delivery(alert, second)
        };
        let elsewhere = NewDelivery {
            destination_id: other(),
            ..delivery("elsewhere", 1)
        };
        add(
            &ledger,
            &[
                of("late", Severity::High, 30),
                of("early", Severity::High, 10),
                of("future", Severity::High, 1_000),
                of("critical", Severity::Critical, 20),
                of("low", Severity::Low, 1),
                of("info", Severity::Info, 2),
                elsewhere,
            ],
        )
        .await;
        let ids = async |priority, limit| {
            let due = ledger.due(destination(), priority, at(100), limit);
            let due = due.await.unwrap().entries;
            due.iter()
                .map(|one| one.alert_id.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(Priority::Critical, 10).await, ["critical"], "{name}");
        assert_eq!(ids(Priority::High, 10).await, ["early", "late"], "{name}");
        assert_eq!(ids(Priority::High, 1).await, ["early"], "{name}");
        assert_eq!(ids(Priority::Normal, 10).await, ["low", "info"], "{name}");
        let all = everything(&ledger).await;
        assert_eq!(all.len(), 7, "{name}");
        assert!(all.contains(&"elsewhere".to_owned()), "{name}: {all:?}");
    }
}

/// The alerts of the whole outbox.
async fn everything(ledger: &Ledger) -> Vec<String> {
    let mut all = Vec::new();
    let mut start: Option<OutboxCursor> = None;
    loop {
        let page = ledger.outbox_page(start).await.unwrap();
        let entries = page.entries.iter();
        all.extend(entries.map(|one| one.alert_id.to_string()));
        start = page.next;
        if start.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_deferral_moves_what_nobody_took_further() {
    for (name, ledger) in ledgers() {
        add(&ledger, &[delivery("a", 150), delivery("taken", 150)]).await;
        claim(&ledger, "taken", 1, 1).await.unwrap();
        let deferral = |alert: &str| Deferral {
            alert_id: alert_id(alert),
            destination_id: destination(),
            attempts: 0,
            due: DueKey {
                priority: Priority::High,
                at: at(2),
            },
        };
        // One of them twice in one call, and one that does not exist.
        let all = ["a", "a", "taken", "unknown"].map(deferral);
        for deferred in ledger.defer(&all, at(2)).await {
            deferred.unwrap();
        }
        assert_eq!(due(&ledger, 2).await, ["a"], "{name}");
        assert_eq!(record(&ledger, "unknown").await, None, "{name}");
        let waiting = record(&ledger, "a").await.unwrap();
        assert_eq!(
            (waiting.state, waiting.next_attempt_at),
            (State::Queued, Some(at(2)))
        );
    }
}

#[tokio::test]
async fn a_fallback_begins_in_time_or_is_cancelled() {
    for (name, ledger) in ledgers() {
        let standby = |alert: &str| NewDelivery {
            fallback_for: Some(other()),
            ..delivery(alert, 300)
        };
        let reference = |alert: &str, fallback_for| FallbackRef {
            alert_id: alert_id(alert),
            destination_id: destination(),
            fallback_for,
        };
        let alerts = ["cancelled", "begun", "of-another", "brought"];
        add(&ledger, &alerts.map(standby)).await;
        add(&ledger, &[delivery("target", 300)]).await;
        let began_at = async |alert| record(&ledger, alert).await.unwrap().began_at;
        assert_eq!(began_at("begun").await, at(300), "{name}");
        assert_eq!(began_at("target").await, at(0), "{name}");

        // One that does not exist is recorded, one that is a target stays.
        let begin = ["begun", "new", "target"].map(standby);
        for begun in ledger.begin_fallbacks(&begin, at(10)).await {
            begun.unwrap();
        }
        let mut now_due = due(&ledger, 10).await;
        now_due.sort();
        assert_eq!(now_due, ["begun", "new"], "{name}");
        // Their retry windows begin with them, not with the alert.
        assert_eq!(began_at("begun").await, at(10), "{name}");
        assert_eq!(began_at("new").await, at(10), "{name}");

        let lease = claim(&ledger, "begun", 1, 10).await.unwrap();
        let cancel = [
            reference("cancelled", other()),
            reference("begun", other()),
            reference("of-another", destination()),
            reference("target", other()),
            reference("unknown", other()),
        ];
        for cancelled in ledger.cancel_fallbacks(&cancel).await {
            cancelled.unwrap();
        }
        assert_eq!(record(&ledger, "cancelled").await, None, "{name}");
        for kept in ["begun", "of-another", "target"] {
            assert!(record(&ledger, kept).await.is_some(), "{name}: {kept}");
        }
        let retrying = settlement("begun", 1, lease, NewState::Retrying { due: at(500) });
        settle(&ledger, retrying).await;

        // Those that have not begun wait for something else.
        assert_eq!(
            ledger.bring_forward(destination(), at(20)).await.unwrap(),
            2,
            "{name}"
        );
        let mut now_due = due(&ledger, 20).await;
        now_due.sort();
        assert_eq!(now_due, ["begun", "new", "target"], "{name}");
    }
}

#[tokio::test]
async fn any_destination_that_fails_begins_a_shared_fallback() {
    let third = DestinationId::generate();
    for (name, ledger) in ledgers() {
        let standby = |fallback_for| NewDelivery {
            fallback_for: Some(fallback_for),
            ..delivery("a", 300)
        };
        add(&ledger, &[standby(other())]).await;
        // Both fail, and settle in one call.
        let standbys = [third, third].map(standby);
        for begun in ledger.begin_fallbacks(&standbys, at(10)).await {
            assert_eq!(begun.unwrap(), Begun::Now, "{name}");
        }
        assert_eq!(due(&ledger, 10).await, ["a"], "{name}");
        let begun = record(&ledger, "a").await.unwrap();
        assert_eq!(begun.fallback_for, Some(third), "{name}");
        // The first one's delivery does not cancel it any more.
        let cancel = FallbackRef {
            alert_id: alert_id("a"),
            destination_id: destination(),
            fallback_for: other(),
        };
        ledger
            .cancel_fallbacks(&[cancel])
            .await
            .pop()
            .unwrap()
            .unwrap();
        assert_eq!(due(&ledger, 10).await, ["a"], "{name}");
    }
}

#[tokio::test]
async fn a_fallback_that_becomes_a_target_is_due_now_and_is_not_cancelled() {
    for (name, ledger) in ledgers() {
        let standby = NewDelivery {
            fallback_for: Some(other()),
            severity: Severity::Medium,
            ..delivery("standby", 300)
        };
        add(&ledger, &[standby, delivery("target", 150)]).await;
        // The repeated alert is HIGH.
        let targets = ["standby", "target", "cancelled"].map(|alert| delivery(alert, 150));
        let begun = ledger.begin_fallbacks(&targets, at(10)).await;
        let begun: Vec<_> = begun.into_iter().map(Result::unwrap).collect();
        assert_eq!(begun, [Begun::Now, Begun::Before, Begun::Now], "{name}");
        let mut now_due = due(&ledger, 10).await;
        now_due.sort();
        assert_eq!(now_due, ["cancelled", "standby"], "{name}");
        let promoted = record(&ledger, "standby").await.unwrap();
        assert_eq!(promoted.fallback_for, None, "{name}");
        assert_eq!(promoted.began_at, at(10), "{name}");
        assert_eq!(promoted.next_attempt_at, Some(at(10)), "{name}");
        let cancel = FallbackRef {
            alert_id: alert_id("standby"),
            destination_id: destination(),
            fallback_for: other(),
        };
        ledger
            .cancel_fallbacks(&[cancel])
            .await
            .pop()
            .unwrap()
            .unwrap();
        assert!(record(&ledger, "standby").await.is_some(), "{name}");
        // A repetition of the repetition changes nothing that has begun.
        claim(&ledger, "standby", 1, 11).await.unwrap();
        let again = ledger.begin_fallbacks(&targets[..1], at(12)).await.pop();
        assert_eq!(again.unwrap().unwrap(), Begun::Before, "{name}");
    }
}

#[tokio::test]
async fn more_than_one_call_holds_is_brought_forward() {
    for (name, ledger) in ledgers() {
        let many: Vec<_> = (0..60)
            .map(|at| delivery(&format!("a-{at}"), 1_000))
            .collect();
        add(&ledger, &many).await;
        claim(&ledger, "a-0", 1, 1).await.unwrap();
        assert_eq!(
            ledger.bring_forward(destination(), at(2)).await.unwrap(),
            59,
            "{name}"
        );
        let due = ledger.due(destination(), Priority::High, at(2), 100);
        assert_eq!(due.await.unwrap().entries.len(), 59, "{name}");
    }
}

#[tokio::test]
async fn one_drain_of_a_destination_runs() {
    for (name, ledger) in ledgers() {
        let take = async |until, now| {
            let taken = ledger.take_drain(destination(), at(until), at(now));
            taken.await.unwrap()
        };
        assert_eq!(take(100, 0).await, TakeDrain::Taken, "{name}");
        assert_eq!(take(101, 1).await, TakeDrain::InUse, "{name}");
        // Another drain's release changes nothing.
        ledger.release_drain(destination(), at(99)).await.unwrap();
        assert_eq!(take(102, 2).await, TakeDrain::InUse, "{name}");
        ledger.release_drain(destination(), at(100)).await.unwrap();
        assert_eq!(take(103, 3).await, TakeDrain::Taken, "{name}");
        assert_eq!(take(300, 200).await, TakeDrain::Taken, "{name}");
        ledger.release_drain(other(), at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn two_drains_of_one_millisecond_are_two() {
    for (name, ledger) in ledgers() {
        let one = at(100);
        let other = one.plus(Duration::from_nanos(1));
        assert_eq!(one.unix_millis(), other.unix_millis());
        let take = async |until, now| {
            let taken = ledger.take_drain(destination(), until, at(now));
            taken.await.unwrap()
        };
        // The first one writes the item, the second and the third one change it.
        for now in [0, 1] {
            assert_eq!(take(one, now).await, TakeDrain::Taken, "{name}");
            assert_eq!(take(other, now).await, TakeDrain::InUse, "{name}");
            ledger.release_drain(destination(), other).await.unwrap();
            assert_eq!(take(other, now).await, TakeDrain::InUse, "{name}");
            ledger.release_drain(destination(), one).await.unwrap();
        }
        assert_eq!(take(other, 2).await, TakeDrain::Taken, "{name}");
    }
}

#[tokio::test]
async fn a_drain_does_not_disturb_the_health() {
    for (name, ledger) in ledgers() {
        let swap = async |seen: &VersionedHealth| {
            let health = Health::default().with_backlog();
            let swapped = ledger.compare_and_swap_health(destination(), seen, health, at(1));
            match swapped.await.unwrap() {
                CasResult::Swapped(health) => health,
                CasResult::Conflict(current) => panic!("{name}: {current:?}"),
            }
        };
        ledger
            .take_drain(destination(), at(100), at(0))
            .await
            .unwrap();
        let mut health = ledger.health(&[destination()]).await.unwrap();
        let seen = health.remove(&destination()).unwrap_or_default();
        let seen = swap(&seen).await;
        ledger.release_drain(destination(), at(100)).await.unwrap();
        ledger
            .take_drain(destination(), at(200), at(2))
            .await
            .unwrap();
        let last = swap(&seen).await;
        let health = ledger.health(&[destination()]).await.unwrap();
        assert_eq!(health[&destination()], last, "{name}");
        // Both survive each other.
        let busy = ledger
            .take_drain(destination(), at(300), at(3))
            .await
            .unwrap();
        assert_eq!(busy, TakeDrain::InUse, "{name}");
    }
}
