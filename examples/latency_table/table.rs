//! A table as Markdown has it, whose columns line up as plain text too.

#![allow(unreachable_pub, reason = "`pub` says what the example uses; a binary has no other public")]

use std::fmt;

/// Rows of cells; the first one is the head.
pub struct Table<const COLUMNS: usize>(Vec<[String; COLUMNS]>);

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// A table with its head alone.
    pub fn new(head: [&str; COLUMNS]) -> Self {
        Self(vec![head.map(str::to_owned)])
    }

    /// One more row.
    pub fn row(&mut self, cells: [&dyn fmt::Display; COLUMNS]) {
        self.0.push(cells.map(ToString::to_string));
    }

    fn width(&self, column: usize) -> usize {
        self.0.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    }
}

impl<const COLUMNS: usize> fmt::Display for Table<COLUMNS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, row) in self.0.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                let width = self.width(column);
                // The first column says what the row is about; the others are figures.
                if column == 0 { write!(f, "| {cell:<width$} ")? } else { write!(f, "| {cell:>width$} ")? }
            }
            writeln!(f, "|")?;
            if index == 0 {
                for column in 0..COLUMNS {
                    let rule = "-".repeat(self.width(column));
                    if column == 0 { write!(f, "|-{rule}-")? } else { write!(f, "|-{rule}:")? }
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}
