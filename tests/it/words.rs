//! Retired words do not come back: in code, comments, documentation and output a
//! thing has one name. CONTRIBUTING.md has the same list for people.

use std::path::{Path, PathBuf};

use tocsin_tests::harness::root;

use crate::documents::BUILT;

/// The files and folders that are searched, from the root of the repository.
const SCOPE: &[&str] = &[""];

/// Files that are not searched: this list, the list for people, the history of
/// changes, and the template of an earlier release.
const NOT_SEARCHED: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "tests/fixtures/template-0.1.0.yaml",
    "tests/it/words.rs",
];

const EXTENSIONS: &[&str] = &[
    "json", "md", "mjs", "py", "rs", "snap", "toml", "txt", "yaml",
];

/// Phrases, and what to say in place of them. They are found in prose and inside
/// identifiers alike: `hand over` is in "hand-over", `hand_over` and `HandOver`.
const PHRASES: &[(&str, &str)] = &[
    ("anew", "again"),
    ("barred", "deferred"),
    ("became", "disposition, or: what happened to"),
    ("carried out", "applied, done"),
    ("carries out", "applies, does"),
    ("carry out", "apply, do"),
    ("carrying out", "applying, doing"),
    ("consignment", "routed deliveries"),
    ("consignments", "routed deliveries"),
    ("deaf", "never accepting"),
    ("fares", "health"),
    ("grave", "high-severity"),
    ("hand back", "defer"),
    ("hand backs", "deferrals"),
    ("hand over", "dispatch, batch"),
    ("hand overs", "dispatches, batches"),
    ("handed back", "deferred"),
    ("handed over", "dispatched"),
    ("handing over", "dispatching"),
    ("handover", "dispatch, batch"),
    ("handovers", "dispatches, batches"),
    ("hands over", "dispatches"),
    ("lane", "destination"),
    ("lanes", "destinations"),
    ("least form", "minimal form"),
    ("mend", "fix, normalize"),
    ("mended", "fixed, normalized"),
    ("mending", "normalization"),
    ("mends", "fixes, normalizes"),
    ("neutralise", "sanitize"),
    ("neutralised", "sanitized"),
    ("neutralises", "sanitizes"),
    ("out of order", "fails"),
    ("parcel", "the deliveries of an alert"),
    ("parcels", "the deliveries of alerts"),
    ("paused", "the circuit breaker is open"),
    ("pauses", "circuit breaker"),
    ("place in line", "slot"),
    ("rank", "priority"),
    ("ranks", "priorities"),
    ("a stand in", "a base URL, a simulator"),
    ("stand in for", "be the fallback of, play, replace"),
    ("stand ins", "base URLs, simulators"),
    ("stands in for", "is the fallback of, plays, replaces"),
    ("stood in", "replaced, simulated"),
    ("strike out", "redact"),
    ("struck out", "redacted"),
    ("takes a turn", "reserves a slot"),
    ("taking turns", "reserving slots"),
    ("the books", "the ledger, the ledger check"),
    ("trial", "run"),
    ("trials", "runs"),
    ("undigestible", "content that the receiver cannot process"),
    ("what became", "what happened"),
    ("whoever", "name the subject"),
    ("withdrawn", "removed"),
    ("work off", "process"),
    ("works off", "processes"),
];

/// Identifiers of Rust code, for words that prose may use, and the name in place
/// of them. Case matters; comments and texts are not looked at.
const IDENTIFIERS: &[(&str, &str)] = &[
    ("Arrival", "Origin"),
    ("Bond", "SecretBinding"),
    ("Complaint", "FailureReport"),
    ("Earlier", "PriorAttempt"),
    ("Ending", "Exit"),
    ("Fenced", "SettleResult"),
    ("Grave", "High"),
    ("Granted", "ClaimedTask"),
    ("Lane", "Destination"),
    ("Letter", "ReceivedMessage"),
    ("Line", "RateLimiter, Connection"),
    ("Load", "payload"),
    ("Look", "IndexQuery"),
    ("Looked", "LookupStep"),
    ("Order", "DeliveryTask, Injection"),
    ("Pause", "CircuitBreaker"),
    ("Rank", "Priority"),
    ("Sign", "Observation"),
    ("Taker", "SizeLimit"),
    ("Tried", "AttemptedTask"),
    ("Turn", "slot"),
    ("letter", "dead_letter"),
    ("own_alert", "system_alert"),
    ("stand_in", "base_url"),
];

/// Where retired words stay: names on the wire, in the template and in tables of
/// deployed stacks; ordinary English.
const ALLOWED: &[&str] = &[
    // The API, the command line, tables and the retry queue.
    "\"handOver\"",
    "\"handOvers\"",
    "\"hand-overs\"",
    "\"failedHandOvers\"",
    "`handOvers`",
    "(listDeadLetters, handOvers)",
    "\"neutralised\"",
    "\"parcels\"",
    "\"standIns\"",
    "`standIns`",
    "standsInFor",
    "\"withdrawn\"",
    // The template: resources, outputs, variables, names of queues and alarms.
    "FailedHandOvers",
    "TOCSIN_FAILED_HAND_OVERS_URL",
    "failed-handovers",
    "keep failed hand-overs.",
    // Tokio's clock.
    "start_paused",
];

/// The words of a text, in small letters: identifiers are taken apart.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_small = false;
    for one in text.chars() {
        if !one.is_alphanumeric() || (one.is_uppercase() && was_small) {
            words.push(std::mem::take(&mut word));
        }
        if one.is_alphanumeric() {
            word.extend(one.to_lowercase());
        }
        was_small = one.is_lowercase() || one.is_numeric();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The identifiers of a line of Rust, without its comment and its texts.
fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    // Every other part is a text: lines that begin or end inside one are rare.
    let outside = code.split('"').step_by(2);
    outside.flat_map(|part| part.split(|one: char| !one.is_alphanumeric() && one != '_'))
}

/// The retired words of a line, each with what to say.
fn retired(line: &str, is_rust: bool) -> Vec<(&'static str, &'static str)> {
    let mut rest = line.to_owned();
    for allowed in ALLOWED {
        rest = rest.replace(allowed, "…");
    }
    let words = format!(" {} ", words(&rest).join(" "));
    let phrases = PHRASES
        .iter()
        .filter(|(phrase, _)| words.contains(&format!(" {phrase} ")));
    let names = IDENTIFIERS
        .iter()
        .filter(|(name, _)| is_rust && identifiers(&rest).any(|one| one == *name));
    let mut found: Vec<_> = phrases.chain(names).copied().collect();
    if is_negated_badly(&words) {
        found.push(("is no", "is not a"));
    }
    found
}

/// "This is no alert", but not "there is no alert" nor "it is no longer".
fn is_negated_badly(words: &str) -> bool {
    words.match_indices(" is no ").any(|(at, phrase)| {
        let before = words[..at].rsplit(' ').next().unwrap_or_default();
        let after = words[at + phrase.len()..].split(' ').next();
        !before.is_empty()
            && before != "there"
            && !["longer", "more", "other"].contains(&after.unwrap_or_default())
    })
}

/// All files below a path that are searched.
fn files(path: &Path, into: &mut Vec<PathBuf>) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.is_dir() {
        if !BUILT.contains(&&*name) {
            for entry in std::fs::read_dir(path).unwrap() {
                files(&entry.unwrap().path(), into);
            }
        }
        return;
    }
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    if name == "Makefile" || name == "run" || EXTENSIONS.contains(&&*extension) {
        into.push(path.to_owned());
    }
}

#[test]
fn no_retired_word_is_used() {
    let root = root();
    let mut paths = Vec::new();
    for part in SCOPE {
        files(&root.join(part), &mut paths);
    }
    paths.sort();
    let mut found = Vec::new();
    for path in &paths {
        let shown = path.strip_prefix(&root).unwrap().display().to_string();
        if NOT_SEARCHED.contains(&shown.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{shown}: {error}"));
        let is_rust = path.extension().is_some_and(|one| one == "rs");
        for (number, line) in (1..).zip(text.lines()) {
            for (word, say) in retired(line, is_rust) {
                found.push(format!("{shown}:{number}: \"{word}\", say: {say}"));
            }
        }
    }
    assert!(paths.len() > 10, "only {} files were searched", paths.len());
    assert!(
        found.is_empty(),
        "{} retired words:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn retired_words_are_found_in_prose_and_in_identifiers() {
    for line in [
        "A hand-over of one alert",
        "let hand_over = 1;",
        "struct HandOver;",
        "the alert was mended",
        "What is no alert",
        "enum Rank { Grave }",
        "let letter = 1; // one",
    ] {
        assert!(!retired(line, true).is_empty(), "{line}");
    }
    for line in [
        "there is no alert, and it is no longer sent",
        "let found = answer[\"handOvers\"];",
        "// Order of the rows; a line of text",
        "recommended amendments",
        "use std::cmp::Ordering;",
        "letters and digits",
    ] {
        assert_eq!(retired(line, true), [], "{line}");
    }
}
