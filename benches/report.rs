//! A table of files that the bench `gpu` or `benches/peers/gpu.py` wrote, with a column for each device and number format:
//! `cargo bench -p dnabert-benches --bench report -- mine.jsonl theirs.jsonl`.
#![allow(clippy::print_stdout, reason = "a table is what it is for")]

use std::error::Error;

use serde_json::Value;

/// Values by row and column, both in the order of their first appearance.
#[derive(Default)]
struct Table {
    rows: Vec<String>,
    columns: Vec<String>,
    cells: Vec<(usize, usize, String)>,
}

/// The place of a name; a new one is added.
fn place(names: &mut Vec<String>, name: String) -> usize {
    names.iter().position(|known| *known == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    })
}

impl Table {
    /// Adds a line of JSON.
    fn add(&mut self, line: &str) -> Result<(), Box<dyn Error>> {
        let case: Value = serde_json::from_str(line)?;
        let text = |key: &str| case[key].as_str().ok_or(format!("{key} is missing in {line}"));
        let number = |key: &str| case[key].as_f64().ok_or(format!("{key} is missing in {line}"));
        // PyTorch runs networks of DNABERT's size alone.
        let size = case["size"].as_str().filter(|size| *size != "base");
        let size = size.map(|size| format!(" ({size})")).unwrap_or_default();
        let row = format!("{}, {} × {}{size}", text("work")?, number("rows")?, number("length")?);
        let column = format!("{}, {}", text("device")?, text("dtype")?);
        let cell = format!(
            "{:.1} ms, {:.0} tokens/s, {:.2} TFLOP/s; first {:.1} s",
            1000.0 * number("seconds")?,
            number("tokens_per_second")?,
            number("tflops")?,
            number("first_seconds")?
        );
        let (row, column) = (place(&mut self.rows, row), place(&mut self.columns, column));
        // A case that was run again replaces the earlier one.
        self.cells.retain(|(old_row, old_column, _)| (*old_row, *old_column) != (row, column));
        self.cells.push((row, column, cell));
        Ok(())
    }

    fn print(&self) {
        println!("| work | {} |", self.columns.join(" | "));
        println!("| --- |{}", " --- |".repeat(self.columns.len()));
        for (row, name) in self.rows.iter().enumerate() {
            let cells = (0..self.columns.len()).map(|column| {
                let here = self.cells.iter().find(|cell| (cell.0, cell.1) == (row, column));
                here.map_or("–", |cell| &cell.2)
            });
            println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if files.is_empty() {
        println!("name one or more files that the bench gpu or benches/peers/gpu.py wrote");
        return Ok(());
    }
    let mut table = Table::default();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
        for line in text.lines() {
            table.add(line)?;
        }
    }
    table.print();
    Ok(())
}
