//! A table for people. It fits the screen: long cells are cut, and columns that have no room are left out and named.

use super::screen::Screen;
use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Row, Table, TableStyle,
};
use std::io::{self, Write};

/// A header over a line, and nothing else: rows without rules between them fit on half the screen.
const STYLE: TableStyle = NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));
/// How many characters of a cell are shown if the screen has no width.
const CELL_CHARS_MAX: usize = 80;
/// How narrow a column may become before it is left out instead.
const COLUMN_MIN: u16 = 8;
/// The space around a cell's text, on both sides together.
const PADDING: u16 = 2;

/// What a cell holds, which says how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// To the right, so that digits of one value stand below each other.
    Number,
    /// The state of a component or a change, in its colour.
    State,
}

/// A cell.
#[derive(Debug, Clone)]
pub struct Shown {
    text: String,
    kind: Kind,
}

impl Shown {
    /// Creates a cell with text. It may come from outside.
    pub fn text(text: &str) -> Self {
        Self { text: printable(text), kind: Kind::Text }
    }

    /// Creates a cell with a number, or with nothing.
    pub fn number(text: impl std::fmt::Display) -> Self {
        Self { text: printable(&text.to_string()), kind: Kind::Number }
    }

    /// Creates a cell with the state of a component, or with the sign of a change: `+`, `~` or `-`.
    pub fn state(name: &str) -> Self {
        Self { text: printable(name), kind: Kind::State }
    }

    /// Returns the text as it is shown.
    pub fn content(&self) -> &str {
        &self.text
    }

    fn cell(self) -> Cell {
        let cell = Cell::new_owned(self.text.clone());
        match self.kind {
            Kind::Text => cell,
            Kind::Number => cell.set_alignment(CellAlignment::Right),
            Kind::State => match colour(&self.text) {
                Some(colour) => cell.fg(colour),
                None => cell,
            },
        }
    }
}

fn colour(state: &str) -> Option<Color> {
    match state {
        "error" | "-" => Some(Color::Red),
        "waiting" | "~" => Some(Color::Yellow),
        "running" | "caught_up" | "+" => Some(Color::Green),
        "paused" | "stopped" => Some(Color::DarkGrey),
        _ => None,
    }
}

/// The rows of a table.
#[derive(Debug)]
pub struct Grid {
    header: Vec<String>,
    rows: Vec<Vec<Shown>>,
}

impl Grid {
    /// Creates a table with the names of its columns.
    pub fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        Self { header: header.into_iter().map(printable).collect(), rows: Vec::new() }
    }

    /// Adds a row, with a cell for each column.
    pub fn add(&mut self, row: Vec<Shown>) {
        self.rows.push(row);
    }

    /// Writes the table as wide as the screen at most. Returns the names of the columns that have no room.
    pub fn write(mut self, out: &mut dyn Write, screen: &Screen) -> io::Result<Vec<String>> {
        let left_out = screen.width.map(|width| self.fit(width)).unwrap_or_default();
        let numbers: Vec<bool> = (0..self.header.len()).map(|at| self.is_of_numbers(at)).collect();
        let mut table = Table::new();
        table.load_style(STYLE).force_no_tty();
        if screen.is_coloured {
            table.enforce_styling();
        }
        if let Some(width) = screen.width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(self.header.iter().zip(numbers).map(|(name, is_number)| {
            let name = Cell::new(name).add_attribute(Attribute::Bold);
            if is_number { name.set_alignment(CellAlignment::Right) } else { name }
        }));
        for row in self.rows {
            let mut row: Row = row.into_iter().map(Shown::cell).collect::<Vec<_>>().into();
            row.max_height(1);
            table.add_row(row);
        }
        table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))?;
        Ok(left_out)
    }

    /// Returns whether a column has numbers alone, so that its name stands above them.
    fn is_of_numbers(&self, at: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(at)).filter(|cell| !cell.text.is_empty());
        cells.clone().next().is_some() && cells.all(|cell| cell.kind == Kind::Number)
    }

    /// Takes away the last columns until every other one can have a width at which it can be read.
    fn fit(&mut self, width: u16) -> Vec<String> {
        let least = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.text.chars().count());
            let longest = cells.chain([self.header[at].chars().count()]).max().unwrap_or_default();
            u32::from(COLUMN_MIN.min(u16::try_from(longest).unwrap_or(u16::MAX)) + PADDING)
        };
        let mut used = 0;
        let room = (0..self.header.len()).take_while(|at| {
            used += least(*at);
            used <= u32::from(width)
        });
        let keep = room.count().max(1);
        self.rows.iter_mut().for_each(|row| row.truncate(keep));
        self.header.split_off(keep.min(self.header.len()))
    }
}

/// Makes text from outside printable: it must neither control the terminal nor break the table.
fn printable(text: &str) -> String {
    let mut shown: String =
        text.chars().take(CELL_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(CELL_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
