//! Tables: drawn for a terminal as wide as that is, and as plain rows with tabs between
//! the cells where a program reads.

use anstream::{AutoStream, ColorChoice};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Color, ColumnConstraint, ContentArrangement};
use dialoguer::console::measure_text_width;

use super::style::Style;
use super::text::{Show, Text, text};
use super::view::{Layout, view};

/// The least width of a column whose text may be wrapped.
const WRAPPED_WIDTH: usize = 24;

/// What a column needs beside its text: a line, and a space on each side.
const FRAME: usize = 3;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    heading: &'static str,
    fit: Fit,
    priority: u8,
}

/// What happens to text that is wider than the terminal allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It is never wrapped: people copy ids, times and names as a whole.
    Whole,
    /// It is wrapped between words.
    Wrapped,
}

impl Column {
    /// A column of ids, times, names or words, which are never wrapped. Where not all
    /// columns fit, those of the highest number are left out first; those of 0 stay.
    pub(crate) const fn whole(heading: &'static str, priority: u8) -> Self {
        let fit = Fit::Whole;
        Self {
            heading,
            fit,
            priority,
        }
    }

    /// A column of sentences, which are wrapped.
    pub(crate) const fn wrapped(heading: &'static str, priority: u8) -> Self {
        let fit = Fit::Wrapped;
        Self {
            heading,
            fit,
            priority,
        }
    }
}

/// A table.
pub(crate) struct Table {
    columns: &'static [Column],
    rows: Vec<Vec<Cell>>,
}

/// A cell; [`Style::cell`] makes it.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: Text,
    style: Style,
}

impl Style {
    /// A cell of a table in this style.
    #[expect(clippy::needless_pass_by_value, reason = "most values are temporary")]
    pub(crate) fn cell(self, value: impl Show) -> Cell {
        Cell {
            text: text!("{}", value),
            style: self,
        }
    }
}

impl Cell {
    fn width(&self) -> usize {
        let lines = self.text.as_str().lines();
        lines.map(measure_text_width).max().unwrap_or(0)
    }

    fn drawn(&self) -> comfy_table::Cell {
        let cell = comfy_table::Cell::new(self.text.as_str());
        if AutoStream::choice(&std::io::stdout()) == ColorChoice::Never {
            return cell;
        }
        match self.style {
            Style::Plain => cell,
            Style::Success => cell.fg(Color::Green),
            Style::Pending => cell.fg(Color::Yellow),
            Style::Error => cell.fg(Color::Red),
            Style::Muted => cell.fg(Color::DarkGrey),
        }
    }
}

impl Table {
    /// A table with these columns.
    pub(crate) const fn new(columns: &'static [Column]) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row, with a cell for each column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<_> = cells.into_iter().collect();
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// The table as it is shown.
    pub(crate) fn draw(&self) -> Text {
        match view().layout {
            Layout::Rows => self.plain(),
            Layout::Whole => self.framed(&self.all(), None),
            Layout::Width(width) => {
                let shown = self.fitting(width.into());
                let drawn = self.framed(&shown, Some(width));
                let left_out = self.all().into_iter().filter(|at| !shown.contains(at));
                let left_out: Vec<_> = left_out.map(|at| self.columns[at].heading).collect();
                if left_out.is_empty() {
                    return drawn;
                }
                let note = text!("not shown: {}; --wide shows all", left_out.join(", "));
                Text::lines([drawn, Style::Muted.paint(note)])
            }
        }
    }

    fn all(&self) -> Vec<usize> {
        (0..self.columns.len()).collect()
    }

    /// One line for each row, tabs between the cells, no headings.
    fn plain(&self) -> Text {
        let cells = |row: &Vec<Cell>| {
            let lines = |cell: &Cell| {
                let lines: Vec<_> = cell.text.as_str().lines().collect();
                text!("{}", lines.join(" "))
            };
            Text::joined(row.iter().map(lines), "\t")
        };
        Text::lines(self.rows.iter().map(cells))
    }

    /// The columns that fit into this width.
    fn fitting(&self, width: usize) -> Vec<usize> {
        let mut shown = self.all();
        let needed = |at: &usize| {
            let content = self.content_width(*at);
            FRAME
                + match self.columns[*at].fit {
                    Fit::Whole => content,
                    Fit::Wrapped => content.min(WRAPPED_WIDTH),
                }
        };
        while shown.iter().map(needed).sum::<usize>() + 1 > width {
            let dropped = shown
                .iter()
                .copied()
                .filter(|at| self.columns[*at].priority > 0)
                .max_by_key(|at| (self.columns[*at].priority, *at));
            let Some(dropped) = dropped else { break };
            shown.retain(|at| *at != dropped);
        }
        shown
    }

    fn content_width(&self, at: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[at].width());
        let heading = measure_text_width(self.columns[at].heading);
        cells.chain([heading]).max().unwrap_or(0)
    }

    fn framed(&self, shown: &[usize], width: Option<u16>) -> Text {
        let mut table = comfy_table::Table::new();
        let headings = shown.iter().map(|at| self.columns[*at].heading);
        table.load_style(UTF8_FULL_CONDENSED).set_header(headings);
        for row in &self.rows {
            table.add_row(shown.iter().map(|at| row[*at].drawn()));
        }
        if let Some(width) = width {
            table
                .set_width(width)
                .set_content_arrangement(ContentArrangement::Dynamic);
            for (column, at) in table.column_iter_mut().zip(shown) {
                if self.columns[*at].fit == Fit::Whole {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
        }
        Text::own(table.to_string())
    }
}
