//! Matrices in NumPy's file format, written row by row.

use std::io::{self, Seek, SeekFrom, Write};

/// Writes an `.npy` file (format 1.0, little-endian f32, `[rows, width]`). The number of rows need
/// not be known before the end.
///
/// ```
/// use std::io::Cursor;
///
/// use dnabert_inference::npy::NpyWriter;
///
/// let mut file = NpyWriter::new(Cursor::new(Vec::new()), 3)?;
/// file.push(&[0.5, 1.0, -2.0])?;
/// file.push(&[1.5, 0.0, 4.0])?;
/// let bytes = file.finish()?.into_inner();
/// assert!(bytes.starts_with(b"\x93NUMPY"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct NpyWriter<W> {
    output: W,
    width: usize,
    rows: u64,
}

/// Bytes of the header, including length and magic: room for any shape, and a multiple of 64.
const HEADER: usize = 128;

impl<W: Write + Seek> NpyWriter<W> {
    /// A file of rows with `width` values each.
    ///
    /// # Errors
    ///
    /// Errors of the output.
    pub fn new(output: W, width: usize) -> io::Result<Self> {
        let mut writer = Self { output, width, rows: 0 };
        writer.write_header()?;
        Ok(writer)
    }

    /// Appends a row.
    ///
    /// # Errors
    ///
    /// Errors of the output; [`io::ErrorKind::InvalidInput`] for a row of another width.
    pub fn push(&mut self, row: &[f32]) -> io::Result<()> {
        if row.len() != self.width {
            let message = format!("a row of {} values in a matrix of {}", row.len(), self.width);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.rows += 1;
        self.output.write_all(&bytes)
    }

    /// The rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes the number of rows into the header, and returns the output.
    ///
    /// # Errors
    ///
    /// Errors of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.seek(SeekFrom::Start(0))?;
        self.write_header()?;
        self.output.seek(SeekFrom::End(0))?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn write_header(&mut self) -> io::Result<()> {
        let shape = format!("({}, {})", self.rows, self.width);
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let mut header = b"\x93NUMPY\x01\x00".to_vec();
        header.extend(((HEADER - 10) as u16).to_le_bytes());
        header.extend(text.as_bytes());
        header.resize(HEADER - 1, b' ');
        header.push(b'\n');
        self.output.write_all(&header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_stands_in_the_header_and_rows_follow() {
        let mut writer = NpyWriter::new(io::Cursor::new(Vec::new()), 2).unwrap();
        writer.push(&[1.0, -2.5]).unwrap();
        writer.push(&[0.0, f32::NAN]).unwrap();
        assert!(writer.push(&[1.0]).is_err());
        let bytes = writer.finish().unwrap().into_inner();
        assert_eq!(bytes.len(), HEADER + 16);
        let text = String::from_utf8_lossy(&bytes[10..HEADER]);
        assert!(text.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"));
        assert_eq!(bytes[HEADER..HEADER + 8], [0, 0, 128, 63, 0, 0, 32, 192]);
    }
}
