//! What the vendors were made to create.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// One thing that a vendor created: an incident, an issue, a task, a run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// The vendor: the name of a provider.
    pub provider: &'static str,
    /// All its names; receipts hold one of them.
    pub ids: Vec<String>,
    /// When, in UTC.
    pub created_at: String,
    /// How often it was asked for: repetitions that the vendor itself recognised.
    pub count: u32,
    /// What came with the repetitions.
    pub repetitions: Vec<Value>,
    /// What went wrong after the vendor had answered that all is well.
    pub failed: Option<String>,
    /// The thing, as the vendor shows it.
    pub thing: Value,
    /// Within what the vendor counts or deduplicates: a repository, a key.
    #[serde(skip)]
    pub(super) scope: String,
}

impl Created {
    /// A repetition that the vendor recognised.
    pub(super) fn repeat(&mut self, body: Value) {
        self.count += 1;
        self.repetitions.push(body);
    }
}

/// Everything that was created, oldest first.
#[derive(Debug, Default)]
pub(super) struct Things {
    all: Vec<Created>,
    identities: u64,
}

impl Things {
    /// The number that the next thing of this scope gets, counted from 1.
    pub(super) fn next(&self, provider: &str, scope: &str) -> usize {
        1 + self.of(provider).filter(|one| one.scope == scope).count()
    }

    pub(super) fn add(
        &mut self,
        provider: &'static str,
        scope: &str,
        ids: Vec<String>,
        thing: Value,
    ) -> &mut Created {
        self.all.push(Created {
            provider,
            ids,
            created_at: now(),
            count: 1,
            repetitions: Vec::new(),
            failed: None,
            thing,
            scope: scope.to_owned(),
        });
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    /// All of one vendor, oldest first.
    pub(super) fn of(&self, provider: &str) -> impl DoubleEndedIterator<Item = &Created> {
        self.all.iter().filter(move |one| one.provider == provider)
    }

    /// The latest thing of this name.
    pub(super) fn find(&self, provider: &str, id: &str) -> Option<&Created> {
        let named = |one: &&Created| one.ids.iter().any(|known| known == id);
        self.of(provider).rev().find(named)
    }

    /// The latest thing of this name that `wanted` wants.
    pub(super) fn find_mut(
        &mut self,
        provider: &str,
        id: &str,
        wanted: impl Fn(&Created) -> bool,
    ) -> Option<&mut Created> {
        self.all.iter_mut().rev().find(|one| {
            one.provider == provider && one.ids.iter().any(|known| known == id) && wanted(one)
        })
    }

    /// 32 hexadecimal digits that were never given before.
    pub(super) fn hex(&mut self) -> String {
        self.identities += 1;
        let digest = Sha256::digest(self.identities.to_be_bytes());
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        format!("{:032x}", u128::from_be_bytes(first))
    }

    /// The same in the form of a UUID.
    pub(super) fn uuid(&mut self) -> String {
        let hex = self.hex();
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }
}

/// The present, as vendors write it: `2026-01-31T09:30:00Z`.
pub(super) fn now() -> String {
    moment(OffsetDateTime::now_utc())
}

/// A time as vendors write it.
pub(super) fn moment(now: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second()
    )
}

/// Whether `text` is a moment as [`now`] writes it, with or without a fraction.
/// Two such moments compare as their first 19 characters do.
pub(super) fn is_moment(text: &str) -> bool {
    let Some((whole, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let end = rest.strip_suffix('Z').unwrap_or("?");
    looks_like(whole, "0000-00-00T00:00:00")
        && (end.is_empty() || end.strip_prefix('.').is_some_and(digits))
}

/// Whether `text` has digits where `pattern` has zeros, and is the same elsewhere.
pub(super) fn looks_like(text: &str, pattern: &str) -> bool {
    let same = |(have, want): (u8, u8)| match want {
        b'0' => have.is_ascii_digit(),
        _ => have == want,
    };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_known_by_their_look() {
        assert!(is_moment(&now()));
        assert!(is_moment("2026-01-31T09:30:00.123Z"));
        for wrong in [
            "2026-01-31",
            "2026-01-31 09:30:00Z",
            "2026-01-31T09:30:00.Z",
            "yesterday",
            "",
        ] {
            assert!(!is_moment(wrong), "{wrong}");
        }
    }

    #[test]
    fn things_count_up_and_are_found_by_any_of_their_names() {
        let mut things = Things::default();
        assert_eq!(things.next("jira", "SEC"), 1);
        let ids = vec!["SEC-1".to_owned(), "10001".to_owned()];
        things.add("jira", "SEC", ids, Value::Null);
        assert_eq!(things.next("jira", "SEC"), 2);
        assert_eq!(things.next("jira", "OPS"), 1);
        assert!(things.find("jira", "10001").is_some());
        assert!(things.find("github", "10001").is_none());
        assert_ne!(things.uuid(), things.uuid());
    }
}
