//! Output of vectors: a text table, or a NumPy matrix with a separate index.

use std::io::{self, Seek, Write};
use std::ops::Range;

use dnabert::npy::NpyWriter;

/// Writes vectors, one by one.
pub(crate) trait Table {
    /// Adds the vector of the bases `span` of the sequence `name`. Special tokens have no span, and
    /// a base without a token has no vector.
    fn row(
        &mut self,
        name: &str,
        span: Option<Range<usize>>,
        vector: Option<&[f32]>,
    ) -> io::Result<()>;

    /// Writes the data that are still in memory.
    fn finish(&mut self) -> io::Result<()>;
}

/// Name, start, end, and the values; `NA` where there is no vector.
pub(crate) struct Tsv<W> {
    output: W,
    width: usize,
}

impl<W: Write> Tsv<W> {
    pub(crate) fn new(mut output: W, width: usize) -> io::Result<Self> {
        write!(output, "name\tstart\tend")?;
        (0..width).try_for_each(|unit| write!(output, "\th{unit}"))?;
        writeln!(output)?;
        Ok(Self { output, width })
    }
}

impl<W: Write> Table for Tsv<W> {
    fn row(
        &mut self,
        name: &str,
        span: Option<Range<usize>>,
        vector: Option<&[f32]>,
    ) -> io::Result<()> {
        place(&mut self.output, name, span)?;
        match vector {
            Some(vector) => {
                vector.iter().try_for_each(|value| write!(self.output, "\t{value}"))?;
            }
            None => (0..self.width).try_for_each(|_| write!(self.output, "\tNA"))?,
        }
        writeln!(self.output)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// A matrix with a row for each vector (NaN where there is none). A separate table has the name,
/// start and end of each row.
pub(crate) struct Npy<W: Write + Seek> {
    matrix: Option<NpyWriter<W>>,
    index: W,
    width: usize,
}

impl<W: Write + Seek> Npy<W> {
    pub(crate) fn new(matrix: W, mut index: W, width: usize) -> io::Result<Self> {
        writeln!(index, "name\tstart\tend")?;
        Ok(Self { matrix: Some(NpyWriter::new(matrix, width)?), index, width })
    }
}

impl<W: Write + Seek> Table for Npy<W> {
    fn row(
        &mut self,
        name: &str,
        span: Option<Range<usize>>,
        vector: Option<&[f32]>,
    ) -> io::Result<()> {
        place(&mut self.index, name, span)?;
        writeln!(self.index)?;
        let Some(matrix) = &mut self.matrix else { return Ok(()) };
        match vector {
            Some(vector) => matrix.push(vector),
            None => matrix.push(&vec![f32::NAN; self.width]),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Some(matrix) = self.matrix.take() {
            matrix.finish()?;
        }
        self.index.flush()
    }
}

fn place(output: &mut impl Write, name: &str, span: Option<Range<usize>>) -> io::Result<()> {
    match span {
        Some(span) => write!(output, "{name}\t{}\t{}", span.start, span.end),
        None => write!(output, "{name}\tNA\tNA"),
    }
}
