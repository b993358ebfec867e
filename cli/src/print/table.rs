//! Tables for people.

use anstream::{AutoStream, ColorChoice};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Color, ContentArrangement};

use super::style::Style;
use super::text::Text;

/// A terminal that reports a smaller width does not know its width.
const MIN_WIDTH: u16 = 20;

/// A table, as wide as the terminal allows.
pub(crate) struct Table(comfy_table::Table);

/// A cell; [`Style::cell`] makes it.
pub(crate) struct Cell(comfy_table::Cell);

impl Cell {
    pub(super) fn new(text: &Text, style: Style) -> Self {
        let cell = comfy_table::Cell::new(text.as_str());
        if AutoStream::choice(&std::io::stdout()) == ColorChoice::Never {
            return Self(cell);
        }
        Self(match style {
            Style::Plain => cell,
            Style::Success => cell.fg(Color::Green),
            Style::Pending => cell.fg(Color::Yellow),
            Style::Error => cell.fg(Color::Red),
            Style::Muted => cell.fg(Color::DarkGrey),
        })
    }
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_header(headings.iter().copied());
        if table.width().is_some_and(|width| width >= MIN_WIDTH) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.0.add_row(cells.into_iter().map(|cell| cell.0));
    }

    /// The drawn table.
    pub(crate) fn draw(&self) -> Text {
        Text::own(self.0.to_string())
    }
}
