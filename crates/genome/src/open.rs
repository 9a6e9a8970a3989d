//! Opens files that may be compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Opens a file for reading, and decompresses it if its first bytes are those of gzip or bgzip.
/// The path `-` is standard input.
///
/// ```
/// use std::io::BufRead as _;
///
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), ">chr1\nACGT\n")?;
/// let lines: Vec<String> = dnabert_genome::open(file.path())?.lines().collect::<Result<_, _>>()?;
/// assert_eq!(lines, [">chr1", "ACGT"]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The I/O error of opening the file or reading its first bytes.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    if path == Path::new(STANDARD_INPUT) {
        return decompress(BufReader::new(io::stdin()));
    }
    decompress(BufReader::new(File::open(path)?))
}

fn decompress(mut file: impl BufRead + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    if file.fill_buf()?.starts_with(&GZIP_MAGIC) {
        Ok(Box::new(BufReader::new(MultiGzDecoder::new(file))))
    } else {
        Ok(Box::new(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::{Read, Write};

    #[test]
    fn consecutive_gzip_members_are_one_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no-suffix");
        let mut bytes = Vec::new();
        for part in ["first ", "second"] {
            let mut encoder = GzEncoder::new(&mut bytes, Compression::fast());
            encoder.write_all(part.as_bytes()).unwrap();
            encoder.finish().unwrap();
        }
        std::fs::write(&path, bytes).unwrap();
        let mut text = String::new();
        open(&path).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "first second");
    }
}
