//! Text files as people have them: plain or compressed, with line ends of any system, with or without
//! a byte order mark.
//!
//! Every reader of a text format uses this module, so that none has to know of these again.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The byte order mark of UTF-8.
const UTF_8: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF_16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// Opens a text file for reading, decompresses it if its first bytes are those of gzip or bgzip, and
/// reads it as [`Text`]. The path `-` is standard input.
///
/// ```
/// use std::io::BufRead as _;
///
/// # let file = tempfile::NamedTempFile::new()?;
/// std::fs::write(file.path(), "\u{feff}>chr1\r\nACGT\r\n")?;
/// let text = dnabert_core::text::open(file.path())?;
/// let lines: Vec<String> = text.lines().collect::<Result<_, _>>()?;
/// assert_eq!(lines, [">chr1", "ACGT"]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The I/O error of opening the file or reading its first bytes; an error of kind
/// [`InvalidData`](io::ErrorKind::InvalidData) for a text in UTF-16.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    Ok(Box::new(Text::new(decompress(path)?)?))
}

/// The whole text of a file, read as by [`open`].
///
/// # Errors
///
/// As [`open`]; also for a text that is not UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a file, and decompresses it if its first bytes are those of gzip or bgzip; all other bytes
/// stay as they are. The path `-` is standard input.
///
/// # Errors
///
/// The I/O error of opening the file or reading its first bytes.
pub fn decompress(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let file: Box<dyn Read + Send> = match path == Path::new(STANDARD_INPUT) {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path)?),
    };
    let (start, file) = start(BufReader::new(file), GZIP.len())?;
    if start == GZIP {
        Ok(Box::new(BufReader::new(MultiGzDecoder::new(Cursor::new(start).chain(file)))))
    } else {
        Ok(Box::new(Cursor::new(start).chain(file)))
    }
}

/// The first bytes of an input, fewer only if it ends, and the rest.
fn start<R: BufRead>(mut input: R, count: usize) -> io::Result<(Vec<u8>, R)> {
    let mut start = Vec::new();
    input.by_ref().take(count as u64).read_to_end(&mut start)?;
    Ok((start, input))
}

/// A text without byte order mark, whose lines end in `\n`: `\r\n` and a single `\r` are read as
/// `\n`.
///
/// ```
/// use std::io::Read as _;
///
/// use dnabert_core::text::Text;
///
/// let mut read = String::new();
/// Text::new(&b"\xef\xbb\xbfone\r\ntwo\rthree\n"[..])?.read_to_string(&mut read)?;
/// assert_eq!(read, "one\ntwo\nthree\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Text<R> {
    input: io::Chain<Cursor<Vec<u8>>, R>,
    /// The number of bytes in the buffer that are known to be before the next `\r`. A reader of
    /// lines asks for the same buffer again and again, and it is searched once.
    clean: usize,
    /// Whether the last byte that was read is `\r`: then `\n` belongs to it.
    after_return: bool,
}

impl<R: BufRead> Text<R> {
    /// Reads the first bytes of the input.
    ///
    /// # Errors
    ///
    /// The I/O error of reading; an error of kind [`InvalidData`](io::ErrorKind::InvalidData) for a
    /// text in UTF-16.
    pub fn new(input: R) -> io::Result<Self> {
        let (mut start, input) = start(input, UTF_8.len())?;
        if UTF_16.iter().any(|mark| start.starts_with(mark)) {
            let message = "the text is in UTF-16; save it as UTF-8";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if start == UTF_8 {
            start.clear();
        }
        Ok(Self { input: Cursor::new(start).chain(input), clean: 0, after_return: false })
    }
}

impl<R: BufRead> BufRead for Text<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.after_return {
            if self.input.fill_buf()?.first() == Some(&b'\n') {
                self.input.consume(1);
            }
            self.after_return = false;
        }
        let buffer = self.input.fill_buf()?;
        if self.clean == 0 {
            let end = buffer.iter().position(|&byte| byte == b'\r');
            self.clean = end.unwrap_or(buffer.len());
        }
        Ok(match self.clean {
            0 if !buffer.is_empty() => b"\n",
            clean => &buffer[..clean],
        })
    }

    fn consume(&mut self, count: usize) {
        // A line end is given alone: where it is consumed, nothing before it is left.
        self.after_return = count > 0 && self.clean == 0;
        self.clean -= count.min(self.clean);
        self.input.consume(count);
    }
}

impl<R: BufRead> Read for Text<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, to)
    }
}

/// An input that shows all bytes to a function as they are read.
///
/// ```
/// use std::io::Read as _;
///
/// use dnabert_core::text::Watched;
///
/// let (mut lines, mut read) = (0, String::new());
/// let count = |bytes: &[u8]| lines += bytes.iter().filter(|&&byte| byte == b'\n').count();
/// Watched::new(&b"one\ntwo\n"[..], count).read_to_string(&mut read)?;
/// assert_eq!((lines, read.as_str()), (2, "one\ntwo\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Watched<R, F> {
    input: R,
    see: F,
}

impl<R: BufRead, F: FnMut(&[u8])> Watched<R, F> {
    /// Shows the bytes of `input` to `see`, each once.
    pub fn new(input: R, see: F) -> Self {
        Self { input, see }
    }
}

impl<R: BufRead, F: FnMut(&[u8])> BufRead for Watched<R, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is consumed is in the buffer, so nothing is read here.
        let buffer = self.input.fill_buf().unwrap_or_default();
        (self.see)(&buffer[..count.min(buffer.len())]);
        self.input.consume(count);
    }
}

impl<R: BufRead, F: FnMut(&[u8])> Read for Watched<R, F> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, to)
    }
}

/// Reads through the buffer of an input.
fn read_buffered(input: &mut impl BufRead, to: &mut [u8]) -> io::Result<usize> {
    let found = input.fill_buf()?;
    let count = found.len().min(to.len());
    to[..count].copy_from_slice(&found[..count]);
    input.consume(count);
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn consecutive_gzip_members_are_one_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no-suffix");
        let mut bytes = Vec::new();
        for part in ["\u{feff}first\r", "\nsecond"] {
            let mut encoder = GzEncoder::new(&mut bytes, Compression::fast());
            encoder.write_all(part.as_bytes()).unwrap();
            encoder.finish().unwrap();
        }
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read(&path).unwrap(), "first\nsecond");
    }

    #[test]
    fn short_files_and_utf_16_are_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for (bytes, expected) in [(&b""[..], ""), (b"\r", "\n"), (b"\xef\xbb\xbf", ""), (b">", ">")]
        {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap(), expected);
        }
        for bytes in [b"\xff\xfeA\0", b"\xfe\xff\0A"] {
            std::fs::write(&path, bytes).unwrap();
            assert!(read(&path).unwrap_err().to_string().contains("UTF-16"));
        }
    }

    proptest! {
        /// Whatever the pieces in which the input comes, and whatever is consumed of them.
        #[test]
        fn line_ends_are_those_of_unix(
            text in "([ab]|\r|\n|\r\n){0,60}", capacity in 1_usize..9, step in 1_usize..9,
        ) {
            let mut input = Text::new(BufReader::with_capacity(capacity, text.as_bytes())).unwrap();
            let mut found = Vec::new();
            let mut piece = vec![0; step];
            loop {
                let count = input.read(&mut piece).unwrap();
                if count == 0 {
                    break;
                }
                found.extend(&piece[..count]);
            }
            let expected = text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(String::from_utf8(found).unwrap(), expected);
        }
    }
}
