//! Cuts JSON to a size: the longest values first, the small ones not at all.

use std::borrow::Cow;

use super::tree::{Node, text_size};
use crate::text::{Unit, truncate};

/// A value that would be cut to less than this is left out.
const LEAST: usize = 128;

/// Room for the element that counts what was left out.
const COUNT: usize = 64;

impl Node<'_> {
    /// The value in at most `room` bytes of compact JSON; at least a few bytes for the
    /// mark of a cut are used in any case.
    ///
    /// The elements of a list or object share the room: those below a common bound are
    /// kept whole, and longer ones are cut to it. Where there are too many for that, an
    /// object keeps its smallest elements and a list its first ones, and the number of
    /// the others is noted in their place.
    pub(super) fn within(self, room: usize) -> Self {
        if self.size() <= room {
            return self;
        }
        match self {
            Self::Scalar(text) => Self::Text(marker(text.len())),
            Self::Text(text) => {
                let room = room.saturating_sub(2).max(1);
                Self::Text(truncate(&text, room, Unit::JsonBytes).into_owned().into())
            }
            Self::List(items) => list_within(items, room),
            Self::Object(entries) => object_within(entries, room),
        }
    }
}

fn marker(bytes: usize) -> Cow<'static, str> {
    format!("… ({bytes} bytes cut)").into()
}

fn left_out(count: usize) -> Node<'static> {
    Node::Text(format!("… ({count} more entries cut)").into())
}

fn list_within(items: Vec<Node<'_>>, room: usize) -> Node<'_> {
    let sizes: Vec<_> = items.iter().map(|item| item.size() + 1).collect();
    let mut room = room.saturating_sub(2 + COUNT);
    let bound = common_bound(&sizes, room);
    let mut kept = Vec::new();
    let mut count = 0;
    for (item, size) in items.into_iter().zip(sizes) {
        let share = bound.map_or(size, |bound| bound.min(size));
        if count > 0 || share > room {
            count += 1;
        } else {
            room -= share;
            kept.push(item.within(share - 1));
        }
    }
    if count > 0 {
        kept.push(left_out(count));
    }
    Node::List(kept)
}

fn object_within<'a>(entries: Vec<(Cow<'a, str>, Node<'a>)>, room: usize) -> Node<'a> {
    // With the colon and the comma.
    let overhead = |key: &str| text_size(key) + 2;
    let sizes: Vec<_> = entries
        .iter()
        .map(|(key, value)| overhead(key) + value.size())
        .collect();
    let room = room.saturating_sub(2 + COUNT);
    let bound = common_bound(&sizes, room).unwrap_or_else(|| largest_kept(&sizes, room));
    // The smallest take their shares first, wherever they stand.
    let mut ascending: Vec<usize> = (0..sizes.len()).collect();
    ascending.sort_by_key(|at| sizes[*at]);
    let mut room = room;
    let mut shares = vec![None; sizes.len()];
    for at in ascending {
        let (share, overhead) = (bound.min(sizes[at]), overhead(&entries[at].0));
        let is_cut = sizes[at] > share;
        // Nothing is gained by a key without its value.
        let is_useful = !is_cut || (bound >= LEAST && overhead + LEAST / 2 <= share);
        if share <= room && is_useful {
            room -= share;
            shares[at] = Some(share - overhead);
        }
    }
    let mut kept = Vec::new();
    let mut count = 0;
    for ((key, value), share) in entries.into_iter().zip(shares) {
        match share {
            Some(share) => kept.push((key, value.within(share))),
            None => count += 1,
        }
    }
    if count > 0 {
        let mut key = "_truncated".to_owned();
        while kept.iter().any(|(taken, _)| *taken == key) {
            key.push('~');
        }
        kept.push((key.into(), left_out(count)));
    }
    Node::Object(kept)
}

/// The largest bound to which all elements can be cut so that they fit; `None` where
/// that is too small to be of use.
fn common_bound(sizes: &[usize], room: usize) -> Option<usize> {
    let mut ascending = sizes.to_vec();
    ascending.sort_unstable();
    let mut room = room;
    for (at, size) in ascending.iter().enumerate() {
        let share = room / (ascending.len() - at);
        if *size > share {
            return (share >= LEAST).then_some(share);
        }
        room -= size;
    }
    Some(usize::MAX)
}

/// The size of the largest element that is kept, if the smallest are kept.
fn largest_kept(sizes: &[usize], room: usize) -> usize {
    let mut ascending = sizes.to_vec();
    ascending.sort_unstable();
    let mut sum = 0;
    let fitting = ascending.iter().take_while(|size| {
        sum += **size;
        sum <= room
    });
    fitting.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn within(value: &Value, room: usize) -> Value {
        let json = value.to_string();
        let cut = Node::read(&json).0.within(room);
        assert!(
            cut.size() <= room.max(2 + COUNT + 20),
            "{} of {room}",
            cut.size()
        );
        cut.into_value()
    }

    #[test]
    fn the_longest_are_cut_and_the_small_ones_kept_whole() {
        let value = json!({"agent": "A".repeat(5_000), "ip": "198.51.100.7", "n": {"raw": "B".repeat(2_000), "user": "bob"}});
        let cut = within(&value, 1_000);
        assert_eq!(cut["ip"], "198.51.100.7");
        assert_eq!(cut["n"]["user"], "bob");
        let agent = cut["agent"].as_str().unwrap();
        assert!(
            agent.starts_with("AAAA") && agent.ends_with("characters cut)"),
            "{agent}"
        );
        assert!(cut["n"]["raw"].as_str().unwrap().starts_with("BBBB"));
    }

    #[test]
    fn of_too_many_the_smallest_are_kept() {
        let mut map: serde_json::Map<_, _> = (0..200)
            .map(|at| (format!("k{at}"), json!("v".repeat(100))))
            .collect();
        map.insert("user".to_owned(), json!("bob"));
        let cut = within(&Value::Object(map), 2_000);
        assert_eq!(cut["user"], "bob");
        assert!(
            cut["_truncated"]
                .as_str()
                .unwrap()
                .contains("more entries cut")
        );
        let list = within(&json!((0..1_000).collect::<Vec<_>>()), 500);
        let list = list.as_array().unwrap();
        assert_eq!(list[..3], [json!(0), json!(1), json!(2)]);
        assert!(
            list.last()
                .unwrap()
                .as_str()
                .unwrap()
                .ends_with("more entries cut)")
        );
    }

    #[test]
    fn the_smallest_is_kept_wherever_it_stands() {
        let mut map: serde_json::Map<_, _> = (100..400)
            .map(|at| (format!("k{at}"), json!("v".repeat(92))))
            .collect();
        map.insert("user".to_owned(), json!("bob"));
        let value = Value::Object(map);
        for room in 2_000..2_110 {
            assert_eq!(within(&value, room)["user"], "bob", "{room}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::from),
            "[a-z\"é]{0,300}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 60, 12, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{0,30}", inner, 0..12)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_always_fits(value in any_json(), room in 0usize..3_000) {
            within(&value, room);
        }
    }
}
