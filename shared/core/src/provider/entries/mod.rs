//! The entries of a long list that are needed, picked out while the list arrives.
//!
//! A lookup by list can be answered with megabytes, and as values in memory they would
//! take forty times as much. [`EntryReader`] takes the response in pieces as they come and
//! holds one entry at a time. It keeps those that contain a text, and forgets the others.

use std::ops::ControlFlow;

/// The largest part of a response that is read, in bytes; no receipt needs more. A list
/// of which only some [`Entries`] are kept may be longer.
pub const RESPONSE_LIMIT: usize = 64 * 1024;

/// How much of a list is read, in bytes: 100 tickets with texts of usual length take less
/// than one megabyte.
pub const LIST_LIMIT: usize = 8 * 1024 * 1024;

/// The longest entry that is read, in bytes. The longest text of a ticket is 65,536
/// characters (GitHub), which are 384 KiB if each one is escaped.
pub const ENTRY_LIMIT: usize = 512 * 1024;

/// The entries of a list that are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// Where the list stands.
    pub list: List,
    /// What an entry contains as JSON text. It must not need escapes.
    pub containing: String,
}

/// Where a list stands in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The response is the list.
    Root,
    /// It is in this field of an object.
    Field(&'static str),
}

impl List {
    /// The nesting depth of its entries.
    const fn depth(self) -> usize {
        match self {
            Self::Root => 1,
            Self::Field(_) => 2,
        }
    }

    fn enclose(self, entries: &[u8]) -> Vec<u8> {
        let (before, after) = match self {
            Self::Root => ("[".to_owned(), "]"),
            Self::Field(name) => (format!("{{\"{name}\":["), "]}"),
        };
        [before.as_bytes(), entries, after.as_bytes()].concat()
    }
}

/// How much of a response was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All that the reader needs.
    Whole,
    /// The response broke off.
    Interrupted,
    /// There is more than this number of bytes, which is the limit of the whole or of one
    /// entry.
    OverLimit(usize),
}

/// Reads a list in pieces.
#[derive(Debug)]
pub struct EntryReader<'a> {
    entries: &'a Entries,
    place: Place,
    depth: usize,
    string: StringState,
    /// The last string before the list at the depth of its field.
    key: Vec<u8>,
    /// What comes before the list. If there is none, this is the response.
    head: Vec<u8>,
    entry: Entry,
    kept: Vec<u8>,
    read: usize,
    over: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    Inside,
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StringState {
    Outside,
    Inside,
    Escape,
}

/// The entry that is being read.
#[derive(Debug)]
enum Entry {
    Held(Vec<u8>),
    TooLong,
}

impl<'a> EntryReader<'a> {
    /// A reader that keeps `entries`.
    #[must_use]
    pub const fn new(entries: &'a Entries) -> Self {
        Self {
            entries,
            place: Place::Before,
            depth: 0,
            string: StringState::Outside,
            key: Vec::new(),
            head: Vec::new(),
            entry: Entry::Held(Vec::new()),
            kept: Vec::new(),
            read: 0,
            over: None,
        }
    }

    /// Takes the next piece. `Break` says that nothing more is needed.
    pub fn push(&mut self, piece: &[u8]) -> ControlFlow<()> {
        for byte in piece {
            match self.place {
                Place::Before => self.before(*byte),
                Place::Inside => self.inside(*byte),
                Place::After => return ControlFlow::Break(()),
            }
            self.read += 1;
            if self.read == LIST_LIMIT && self.place == Place::Inside {
                self.over.get_or_insert(LIST_LIMIT);
                return ControlFlow::Break(());
            }
            if self.place == Place::Before && self.head.len() == RESPONSE_LIMIT {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// The list with the entries that were kept, as JSON, and whether all were seen. A
    /// response without the list is returned as it is.
    #[must_use]
    pub fn finish(self) -> (Vec<u8>, Extent) {
        let extent = match (self.over, self.place) {
            (Some(limit), _) => Extent::OverLimit(limit),
            (None, Place::Inside) => Extent::Interrupted,
            (None, Place::Before | Place::After) => Extent::Whole,
        };
        match self.place {
            Place::Before => (self.head, extent),
            Place::Inside | Place::After => (self.entries.list.enclose(&self.kept), extent),
        }
    }

    fn before(&mut self, byte: u8) {
        self.head.push(byte);
        let begins = byte == b'['
            && self.string == StringState::Outside
            && self.depth + 1 == self.entries.list.depth()
            && match self.entries.list {
                List::Root => true,
                List::Field(name) => self.key == name.as_bytes(),
            };
        if self.string == StringState::Outside && byte == b'"' {
            self.key.clear();
        } else if self.string == StringState::Inside && byte != b'"' && self.depth == 1 {
            self.key.push(byte);
        }
        self.step(byte);
        if begins {
            self.place = Place::Inside;
        }
    }

    fn inside(&mut self, byte: u8) {
        let between =
            self.string == StringState::Outside && self.depth == self.entries.list.depth();
        match byte {
            b',' if between => self.end_entry(),
            b']' if between => {
                self.end_entry();
                self.place = Place::After;
            }
            _ => {
                self.hold(byte);
                self.step(byte);
            }
        }
    }

    /// Follows strings and nesting.
    const fn step(&mut self, byte: u8) {
        self.string = match (self.string, byte) {
            (StringState::Outside, b'"') | (StringState::Escape, _) => StringState::Inside,
            (StringState::Inside, b'\\') => StringState::Escape,
            (StringState::Inside, b'"') => StringState::Outside,
            (state, _) => state,
        };
        if matches!(self.string, StringState::Outside) {
            match byte {
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn hold(&mut self, byte: u8) {
        match &mut self.entry {
            Entry::Held(entry) if entry.len() < ENTRY_LIMIT => entry.push(byte),
            Entry::Held(_) => {
                self.entry = Entry::TooLong;
                self.over.get_or_insert(ENTRY_LIMIT);
            }
            Entry::TooLong => {}
        }
    }

    fn end_entry(&mut self) {
        let Entry::Held(entry) = &mut self.entry else {
            self.entry = Entry::Held(Vec::new());
            return;
        };
        let needed = std::str::from_utf8(entry)
            .is_ok_and(|entry| entry.contains(self.entries.containing.as_str()));
        // All that contain the text are this delivery, or quote it: more than one entry of
        // full length is not needed.
        if needed && self.kept.len() + entry.len() <= ENTRY_LIMIT {
            if !self.kept.is_empty() {
                self.kept.push(b',');
            }
            self.kept.extend_from_slice(entry);
        } else if needed {
            self.over.get_or_insert(ENTRY_LIMIT);
        }
        entry.clear();
    }
}

#[cfg(test)]
mod tests;
