//! Scored alleles as a Parquet file, a group of rows at a time.

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

/// Rows that are held until they are written.
const GROUP: usize = 1 << 16;

/// Why a table is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetTableError {
    /// The file cannot be written.
    #[error("{path}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: ParquetError,
    },
    /// A value that is not of its column's type.
    #[error("{path}: row {row}: {found:?} is no {kind} for column {column}")]
    Value {
        /// The file.
        path: String,
        /// The row, from 1.
        row: usize,
        /// The column's name.
        column: String,
        /// What was given.
        found: String,
        /// What the column holds: `Float`, `Integer` or `String`.
        kind: &'static str,
    },
    /// A row with more or fewer values than there are columns.
    #[error("{path}: row {row} has {found} values for {expected} columns")]
    Width {
        /// The file.
        path: String,
        /// The row, from 1.
        row: usize,
        /// Values given.
        found: usize,
        /// Columns.
        expected: usize,
    },
}

/// Writes rows of text values into typed columns: `.` becomes null, memory holds one group of 65,536 rows.
///
/// The file is whole once [`finish`](Self::finish) has been called.
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

/// The values of a column that are not written yet; null ones have level 0 and no value.
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
    /// Begins a file with these columns, all of which may be null.
    ///
    /// # Errors
    ///
    /// [`ParquetTableError::Write`].
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

    /// Adds a row, one value for each column.
    ///
    /// # Errors
    ///
    /// [`ParquetTableError`]: of the row, or of the file where a group of rows is full.
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
                // The row is left out as a whole.
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

    /// Writes what is held as a group of rows.
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
    /// [`ParquetTableError::Write`].
    pub fn finish(mut self) -> Result<(), ParquetTableError> {
        self.flush()?;
        let failed = |source| ParquetTableError::Write { path: self.path.clone(), source };
        let file = self.writer.into_inner().map_err(failed)?;
        file.sync_all().map_err(|error| failed(error.into()))
    }
}

/// A column's type in the file.
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

    /// Whether the value is of the column's type.
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

    /// Takes the last value out again.
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
    fn rows_come_back_over_several_groups_with_their_types_and_nulls() {
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
    fn a_value_of_another_type_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = ParquetTable::create(folder.path().join("t.parquet"), &columns()).unwrap();
        table.push(&["x", "1", "0.5"]).unwrap();
        let error = table.push(&["x", "1.5", "0.5"]).unwrap_err().to_string();
        assert!(error.ends_with("row 2: \"1.5\" is no Integer for column place"), "{error}");
        assert!(table.push(&["x"]).is_err());
        // Nothing of the wrong rows is left.
        table.push(&["y", ".", "0.25"]).unwrap();
        assert!(table.columns.iter().all(|column| column.levels.len() == 2));
        assert!(ParquetTable::create("/no/such/folder/t.parquet", &columns()).is_err());
    }
}
