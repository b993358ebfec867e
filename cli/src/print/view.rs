//! How results are shown: found out once, when the command starts.

use std::cell::Cell;
use std::io::IsTerminal;

use dialoguer::console::Term;
use tocsin_core::Timestamp;

use crate::args::Output;

/// A terminal that reports a smaller width does not know its width.
const MIN_WIDTH: u16 = 40;

/// How tables are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// For a terminal with so many columns.
    Width(u16),
    /// With all columns, as wide as they are.
    Whole,
    /// For a program: rows with tabs between the cells.
    Rows,
}

/// How results are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) layout: Layout,
    /// Relative times are relative to this; `None` where they are absolute.
    pub(crate) now: Option<Timestamp>,
}

thread_local! {
    // The command has one thread, and each test has its own.
    static VIEW: Cell<View> = const {
        Cell::new(View {
            layout: Layout::Whole,
            now: None,
        })
    };
}

pub(super) fn view() -> View {
    VIEW.get()
}

/// Sets how all results of this thread are shown.
pub(crate) fn set(view: View) {
    VIEW.set(view);
}

impl View {
    /// What fits the terminal, or the program, that reads the results.
    pub(crate) fn of_output(output: Output) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let size = Term::stdout().size_checked();
        let layout = match (output, is_terminal, size) {
            (Output::Wide, _, _) => Layout::Whole,
            (_, true, Some((_, width))) if width >= MIN_WIDTH => Layout::Width(width),
            (_, true, _) => Layout::Whole,
            (_, false, _) => Layout::Rows,
        };
        let relative = matches!(layout, Layout::Width(_));
        Self {
            layout,
            now: relative.then(Timestamp::now),
        }
    }
}
