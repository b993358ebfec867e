use super::*;

fn entry(alert: &str, second: u8) -> TimelineEntry {
    TimelineEntry {
        alert_id: AlertId::new(alert).unwrap(),
        received_at: format!("2026-01-01T00:00:{second:02}Z").parse().unwrap(),
        detection_id: "d".to_owned(),
        title: "t".to_owned(),
        alert_type: AlertType::Rule,
        severity: Severity::Low,
        disposition: Disposition::Routed,
    }
}

/// A day in its partitions, each in the order of the index.
struct Day(Vec<(Shard, Vec<TimelineEntry>)>);

impl Day {
    fn of(entries: Vec<(Shard, TimelineEntry)>) -> Self {
        let mut day = Self(Shard::all().map(|shard| (shard, Vec::new())).collect());
        for (shard, entry) in entries {
            let partition = day.0.iter_mut().find(|(other, _)| *other == shard);
            partition.unwrap().1.push(entry);
        }
        for (_, entries) in &mut day.0 {
            entries.sort_by(|a, b| position(a).cmp(&position(b)));
        }
        day
    }

    fn page(&self, from: &Cursor, limit: usize) -> (Vec<TimelineEntry>, Option<Cursor>) {
        let pages = self.0.iter().map(|(shard, entries)| {
            let start = shard.start(from);
            let mut rest = entries.iter().filter(|one| match &start.after {
                None => one.received_at <= start.last(),
                Some((id, _)) => position(one) > (Reverse(start.at), id.as_str()),
            });
            let entries: Vec<_> = rest.by_ref().take(limit.div_ceil(8)).cloned().collect();
            let more = rest.next().is_some();
            let next = entries.last().map(TimelineEntry::cursor);
            ShardPage {
                shard: *shard,
                entries,
                next: next.filter(|_| more),
            }
        });
        merge(pages.collect(), limit)
    }
}

fn position(entry: &TimelineEntry) -> (Reverse<Timestamp>, &str) {
    (Reverse(entry.received_at), entry.alert_id.as_str())
}

/// Many alerts have the same moment: the router records a batch at once.
#[test]
fn every_alert_of_a_day_is_listed_once_newest_first() {
    let new = (0..70).map(|at| {
        let id = format!("new-{at}");
        (Shard::of(&id), entry(&id, 20 + at / 10))
    });
    let old = (0..30).map(|at| (Shard::Whole, entry(&format!("old-{at}"), at / 10)));
    let day = Day::of(new.chain(old).collect());
    for limit in [1, 2, 7, 10, 64, 200] {
        let mut listed = Vec::new();
        let mut next = Some(Cursor::before("2026-01-02T00:00:00Z".parse().unwrap()));
        while let Some(from) = next {
            let page;
            (page, next) = day.page(&from, limit);
            assert!(page.len() <= limit);
            assert!(!page.is_empty() || next.is_none());
            listed.extend(page);
        }
        assert!(
            listed.is_sorted_by_key(|one| Reverse(one.received_at)),
            "{limit}"
        );
        let mut ids: Vec<_> = listed.iter().map(|one| one.alert_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), listed.len()), (100, 100), "{limit}");
    }
}

#[test]
fn the_partition_of_an_alert_never_changes() {
    let at = "2026-01-01T12:00:00Z".parse().unwrap();
    let partition = |id| partition(at, &AlertId::new(id).unwrap());
    assert_eq!(
        ["a", "b", "c"].map(partition),
        ["2026-01-01#4", "2026-01-01#5", "2026-01-01#2"]
    );
    assert_eq!(Shard::Whole.partition(at), "2026-01-01");
}

#[test]
fn a_position_of_version_0_1_0_is_read() {
    let json = r#"{"at":"2026-01-01T00:00:00Z","after":["a","ALERT"]}"#;
    let cursor: Cursor = serde_json::from_str(json).unwrap();
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(cursor, Cursor::after_alert(at, &AlertId::new("a").unwrap()));
    assert_eq!(serde_json::to_string(&cursor).unwrap(), json);
}
