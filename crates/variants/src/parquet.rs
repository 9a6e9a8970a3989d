//! Writes scored alleles as a Parquet file, one group of rows at a time.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use crate::annotate::InfoField;

/// Rows of a group, which are in memory until they are written.
const GROUP: usize = 1 << 16;

/// Why a table cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetTableError {
    /// The file cannot be written.
    #[error("{path}")]
    Write {
        /// The file.
        path: String,
        /// The cause.
        source: ParquetError,
    },
    /// A value does not have the type of its column.
    #[error("{path}: row {row}, column {column}: {found:?} is not of type {kind}")]
    Value {
        /// The file.
        path: String,
        /// The row, from 1.
        row: usize,
        /// The name of the column.
        column: String,
        /// The value.
        found: String,
        /// The type of the column: `Float`, `Integer` or `String`.
        kind: &'static str,
    },
    /// A row does not have one value for each column.
    #[error("{path}: row {row} has {found} values for {expected} columns")]
    Width {
        /// The file.
        path: String,
        /// The row, from 1.
        row: usize,
        /// Values of the row.
        found: usize,
        /// Columns.
        expected: usize,
    },
}

/// Writes rows of text values into typed columns; `.` becomes null.
///
/// Memory holds one group of 65,536 rows. The file is complete after [`finish`](Self::finish).
///
/// ```
/// use dnabert_variants::{ParquetTable, annotate::InfoField};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("scores.parquet");
/// let column = |key: &str, kind| InfoField { key: key.into(), description: String::new(), kind };
/// let columns = [column("variant", "String"), column("score", "Float")];
/// let mut table = ParquetTable::create(&path, &columns)?;
/// table.push(&["rs1", "0.25"])?;
/// table.push(&["rs2", "."])?;
/// assert!(table.push(&["rs3", "high"]).is_err());
/// table.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ParquetTable {
    path: String,
    writer: SerializedFileWriter<File>,
    columns: Vec<Column>,
    rows: usize,
}

impl std::fmt::Debug for ParquetTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetTable")
            .field("path", &self.path)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// The values of a column that are not yet written; nulls have level 0 and no value.
struct Column {
    name: String,
    kind: &'static str,
    values: Values,
    levels: Vec<i16>,
}

enum Values {
    Float(Vec<f64>),
    Integer(Vec<i64>),
    Text(Vec<ByteArray>),
}

impl ParquetTable {
    /// Creates a file with these columns, all of which may be null.
    ///
    /// # Errors
    ///
    /// [`ParquetTableError::Write`] if the file cannot be written.
    pub fn create(
        path: impl AsRef<Path>,
        columns: &[InfoField],
    ) -> Result<Self, ParquetTableError> {
        let name = path.as_ref().display().to_string();
        let failed = |source| ParquetTableError::Write { path: name.clone(), source };
        let open = || -> Result<SerializedFileWriter<File>, ParquetError> {
            let fields = columns.iter().map(|column| field(column).map(Arc::new));
            let schema = Type::group_type_builder("variants")
                .with_fields(fields.collect::<Result<_, _>>()?)
                .build()?;
            let properties =
                WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            let file = File::create(path.as_ref())?;
            SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
        };
        let writer = open().map_err(failed)?;
        let columns = columns.iter().map(Column::new).collect();
        Ok(Self { path: name, writer, columns, rows: 0 })
    }

    /// Adds a row, with one value for each column; a wrong row is left out.
    ///
    /// # Errors
    ///
    /// [`ParquetTableError`] if the row is wrong, or if a full group cannot be written.
    pub fn push(&mut self, values: &[&str]) -> Result<(), ParquetTableError> {
        let row = self.rows + 1;
        if values.len() != self.columns.len() {
            return Err(ParquetTableError::Width {
                path: self.path.clone(),
                row,
                found: values.len(),
                expected: self.columns.len(),
            });
        }
        for (at, value) in values.iter().enumerate() {
            if !self.columns[at].push(value) {
                // The whole row is left out.
                self.columns[..at].iter_mut().for_each(Column::pop);
                let column = &self.columns[at];
                return Err(ParquetTableError::Value {
                    path: self.path.clone(),
                    row,
                    column: column.name.clone(),
                    found: (*value).to_owned(),
                    kind: column.kind,
                });
            }
        }
        self.rows = row;
        if row % GROUP == 0 { self.flush() } else { Ok(()) }
    }

    /// Writes the rows in memory as a group.
    fn flush(&mut self) -> Result<(), ParquetTableError> {
        if self.columns.iter().all(|column| column.levels.is_empty()) {
            return Ok(());
        }
        let mut write = || -> Result<(), ParquetError> {
            let mut group = self.writer.next_row_group()?;
            for column in &mut self.columns {
                column.write(&mut group)?;
            }
            group.close().map(drop)
        };
        write().map_err(|source| ParquetTableError::Write { path: self.path.clone(), source })
    }

    /// Writes the last rows and the footer.
    ///
    /// # Errors
    ///
    /// [`ParquetTableError::Write`] if the file cannot be written.
    pub fn finish(mut self) -> Result<(), ParquetTableError> {
        self.flush()?;
        let failed = |source| ParquetTableError::Write { path: self.path.clone(), source };
        let file = self.writer.into_inner().map_err(failed)?;
        file.sync_all().map_err(|error| failed(error.into()))
    }
}

/// The type of a column in the file.
fn field(column: &InfoField) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        "Float" => (Physical::DOUBLE, None),
        "Integer" => (Physical::INT64, None),
        _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(&column.key, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

impl Column {
    fn new(field: &InfoField) -> Self {
        let values = match field.kind {
            "Float" => Values::Float(Vec::new()),
            "Integer" => Values::Integer(Vec::new()),
            _ => Values::Text(Vec::new()),
        };
        Self { name: field.key.clone(), kind: field.kind, values, levels: Vec::new() }
    }

    /// Adds a value, and returns whether it has the column's type.
    fn push(&mut self, value: &str) -> bool {
        if value == "." {
            self.levels.push(0);
            return true;
        }
        let is_taken = match &mut self.values {
            Values::Float(values) => value.parse().map(|value| values.push(value)).is_ok(),
            Values::Integer(values) => value.parse().map(|value| values.push(value)).is_ok(),
            Values::Text(values) => {
                values.push(value.into());
                true
            }
        };
        self.levels.extend(is_taken.then_some(1));
        is_taken
    }

    /// Removes the last value.
    fn pop(&mut self) {
        if self.levels.pop() == Some(1) {
            match &mut self.values {
                Values::Float(values) => drop(values.pop()),
                Values::Integer(values) => drop(values.pop()),
                Values::Text(values) => drop(values.pop()),
            }
        }
    }

    fn write(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, File>,
    ) -> Result<(), ParquetError> {
        let missing = || ParquetError::General("the file has fewer columns".into());
        let mut writer = group.next_column()?.ok_or_else(missing)?;
        let levels = std::mem::take(&mut self.levels);
        let levels = Some(&levels[..]);
        match &mut self.values {
            Values::Float(values) => {
                writer.typed::<DoubleType>().write_batch(&std::mem::take(values), levels, None)
            }
            Values::Integer(values) => {
                writer.typed::<Int64Type>().write_batch(&std::mem::take(values), levels, None)
            }
            Values::Text(values) => {
                writer.typed::<ByteArrayType>().write_batch(&std::mem::take(values), levels, None)
            }
        }?;
        writer.close()
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    use super::*;

    fn columns() -> Vec<InfoField> {
        let field =
            |key: &str, kind| InfoField { key: key.into(), kind, description: String::new() };
        vec![field("name", "String"), field("place", "Integer"), field("score", "Float")]
    }

    #[test]
    fn rows_of_several_groups_are_read_back_with_types_and_nulls() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let mut table = ParquetTable::create(&path, &columns()).unwrap();
        let count = GROUP + 10;
        for row in 0..count {
            let (place, score) = (row.to_string(), (row as f64 / 4.0).to_string());
            let score = if row % 3 == 0 { "." } else { &score };
            table.push(&["a>b", &place, score]).unwrap();
        }
        table.finish().unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let mut rows = 0;
        for (number, row) in reader.get_row_iter(None).unwrap().enumerate() {
            let row = row.unwrap();
            assert_eq!(row.get_string(0).unwrap(), "a>b");
            assert_eq!(row.get_long(1).unwrap(), number as i64);
            match number % 3 {
                0 => assert!(row.get_double(2).is_err(), "null"),
                _ => assert_eq!(row.get_double(2).unwrap(), number as f64 / 4.0),
            }
            rows += 1;
        }
        assert_eq!(rows, count);
    }

    #[test]
    fn a_value_of_another_type_is_an_error_that_quotes_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = ParquetTable::create(folder.path().join("t.parquet"), &columns()).unwrap();
        table.push(&["x", "1", "0.5"]).unwrap();
        let error = table.push(&["x", "1.5", "0.5"]).unwrap_err().to_string();
        assert!(error.ends_with("row 2, column place: \"1.5\" is not of type Integer"), "{error}");
        assert!(table.push(&["x"]).is_err());
        // No value of the wrong rows is kept.
        table.push(&["y", ".", "0.25"]).unwrap();
        assert!(table.columns.iter().all(|column| column.levels.len() == 2));
        assert!(ParquetTable::create("/no/such/folder/t.parquet", &columns()).is_err());
    }
}
