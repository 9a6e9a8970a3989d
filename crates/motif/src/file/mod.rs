//! Motif files: JASPAR, MEME and TRANSFAC.
//!
//! ```
//! use dnabert_motif::Background;
//! use dnabert_motif::file::{MotifFormat, read_motifs};
//!
//! # let file = tempfile::NamedTempFile::new()?;
//! # let path = file.path();
//! let text = ">MA0108.2 TBP\nA [0 9 0 9]\nC [1 0 0 0]\nG [0 0 0 0]\nT [8 0 9 0]\n";
//! std::fs::write(path, text)?;
//! let motifs = read_motifs(path)?; // the format is recognised by the first line
//! assert_eq!((motifs[0].id.as_str(), motifs[0].name.as_str()), ("MA0108.2", "TBP"));
//! let meme = MotifFormat::Meme.format(&motifs, &Background::uniform());
//! assert!(meme.contains("MOTIF MA0108.2 TBP"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod jaspar;
mod meme;
mod numbers;
mod transfac;

use std::path::Path;
use std::str::FromStr;

pub use error::{MotifFileError, ParseError, ParseErrorKind};

use crate::{Background, Motif};

/// A format of motif files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MotifFormat {
    /// Counts: `>ID name`, then one line for each base.
    Jaspar,
    /// Frequencies: MEME's minimal format, version 4.
    Meme,
    /// Counts: a record with `ID`, `P0` and one line for each position, ended by `//`.
    Transfac,
}

impl FromStr for MotifFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "jaspar" => Ok(Self::Jaspar),
            "meme" => Ok(Self::Meme),
            "transfac" => Ok(Self::Transfac),
            other => {
                Err(format!("unknown motif format {other:?}: expected jaspar, meme or transfac"))
            }
        }
    }
}

impl MotifFormat {
    /// The format of a text by its first line that is not blank.
    pub fn from_text(text: &str) -> Option<Self> {
        let first = text.lines().find(|line| !line.trim().is_empty())?;
        if first.starts_with('>') {
            Some(Self::Jaspar)
        } else if first.starts_with("MEME version") {
            Some(Self::Meme)
        } else if ["AC", "ID", "VV", "NA", "XX", "P0", "PO"]
            .iter()
            .any(|tag| first.starts_with(tag))
        {
            Some(Self::Transfac)
        } else {
            None
        }
    }

    /// Parses the motifs of a text.
    ///
    /// # Errors
    ///
    /// [`ParseError`] with line and motif.
    pub fn parse(self, text: &str) -> Result<Vec<Motif>, ParseError> {
        match self {
            Self::Jaspar => jaspar::parse(text),
            Self::Meme => meme::parse(text),
            Self::Transfac => transfac::parse(text),
        }
    }

    /// Formats motifs as text.
    ///
    /// JASPAR and TRANSFAC keep fractional counts. MEME keeps six digits of each frequency, and
    /// uses the background.
    pub fn format(self, motifs: &[Motif], background: &Background) -> String {
        match self {
            Self::Jaspar => jaspar::format(motifs),
            Self::Meme => meme::format(motifs, background),
            Self::Transfac => transfac::format(motifs),
        }
    }
}

/// Reads a motif file in any [`MotifFormat`], which its first line gives.
///
/// ```
/// use dnabert_motif::file::read_motifs;
///
/// let text = ">MA0.1 box\nA [ 9 0 8 ]\nC [ 0 0 1 ]\nG [ 0 1 0 ]\nT [ 1 9 1 ]\n";
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("box.jaspar");
/// std::fs::write(&path, text)?;
/// let motifs = read_motifs(&path)?;
/// assert_eq!((&*motifs[0].name, motifs[0].width()), ("box", 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`MotifFileError`] with the file, and with line and motif if the content is invalid.
pub fn read_motifs(path: impl AsRef<Path>) -> Result<Vec<Motif>, MotifFileError> {
    let path = path.as_ref();
    let read = |source| MotifFileError::Read { path: path.into(), source };
    let text = std::fs::read_to_string(path).map_err(read)?;
    let format = MotifFormat::from_text(&text)
        .ok_or_else(|| MotifFileError::Format { path: path.into() })?;
    let motifs = format
        .parse(&text)
        .map_err(|source| MotifFileError::Parse { path: path.into(), source })?;
    if motifs.is_empty() {
        return Err(MotifFileError::Empty { path: path.into() });
    }
    Ok(motifs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::CountMatrix;

    const ALL: [MotifFormat; 3] = [MotifFormat::Jaspar, MotifFormat::Meme, MotifFormat::Transfac];

    fn round_trip(format: MotifFormat, motifs: &[Motif]) -> Vec<Motif> {
        let text = format.format(motifs, &Background::uniform());
        assert_eq!(MotifFormat::from_text(&text), Some(format), "{text}");
        format.parse(&text).unwrap()
    }

    proptest! {
        #[test]
        fn written_motifs_are_read_back(
            columns in prop::collection::vec(prop::collection::vec(0_u32..50, 4), 1..30),
        ) {
            let total = 200.0;
            // Every position has the same number of sites, because MEME stores one for the motif.
            let row = |column: &Vec<u32>| {
                let [a, c, g] = [0, 1, 2].map(|at| f64::from(column[at]));
                [a, c, g, total - a - c - g]
            };
            let counts = CountMatrix::new(columns.iter().map(row).collect()).unwrap();
            let motif = Motif { id: "X1.1".into(), name: "a::b".into(), counts };
            for format in ALL {
                let [found] = &round_trip(format, std::slice::from_ref(&motif))[..] else { panic!() };
                prop_assert_eq!((&found.id, &found.name), (&motif.id, &motif.name));
                let pairs = found.counts.rows().iter().zip(motif.counts.rows());
                let off = pairs.flat_map(|(a, b)| a.iter().zip(b)).map(|(a, b)| (a - b).abs());
                prop_assert!(off.fold(0.0, f64::max) < 1e-3, "{:?}", format);
            }
        }

        #[test]
        fn parsing_never_panics(text in "(>|MEME version 4|MOTIF|ID|P0|//|A|\\[|[0-9.]{1,4}|letter-probability matrix:|w=|alength=|\n| ){0,40}") {
            for format in ALL {
                let _ = format.parse(&text);
            }
        }
    }

    #[test]
    fn an_error_names_line_and_motif() {
        let bad = ">M1 one\nA [ 1 2 ]\nC [ 1 2 ]\nG [ 1 x ]\nT [ 1 2 ]\n";
        let error = MotifFormat::Jaspar.parse(bad).unwrap_err().to_string();
        assert_eq!(error, "line 4, motif M1: \"x\" is not a number");
        let short = ">M1 one\nA [ 1 2 ]\nC [ 1 2 ]\nG [ 1 ]\nT [ 1 2 ]\n";
        let error = MotifFormat::Jaspar.parse(short).unwrap_err().to_string();
        assert_eq!(error, "line 4, motif M1: found 1 numbers, expected 2");
        let cut = "MEME version 4\nMOTIF M2 two\nletter-probability matrix: alength= 4 w= 3 nsites= 5\n1 0 0 0\n";
        let error = MotifFormat::Meme.parse(cut).unwrap_err().to_string();
        assert_eq!(error, "line 4, motif M2: the text ends before the motif is complete");
        let bare = "MEME version 4\nMOTIF M1\nMOTIF M2\n";
        let error = MotifFormat::Meme.parse(bare).unwrap_err().to_string();
        assert_eq!(
            error,
            "line 3, motif M1: found \"MOTIF M2\", expected a letter-probability matrix"
        );
        let protein = "MEME version 4\nMOTIF M2\nletter-probability matrix: alength= 20 w= 3\n";
        let error = MotifFormat::Meme.parse(protein).unwrap_err().to_string();
        assert_eq!(error, "line 3, motif M2: an alphabet of 20 letters, but DNA has 4");
        let cut = "ID M3\nP0 A C G T\n01 1 2 3 4\n";
        let error = MotifFormat::Transfac.parse(cut).unwrap_err().to_string();
        assert_eq!(error, "line 3, motif M3: the text ends before the motif is complete");
        let error = MotifFormat::Jaspar.parse(">M4\nA 0\nC 0\nG 0\nT 0\n").unwrap_err().to_string();
        assert!(error.starts_with("line 5, motif M4: the counts at position 0"), "{error}");
    }

    #[test]
    fn jaspar_files_can_lack_letters_and_meme_files_can_lack_sites() {
        let bare = ">M1\n1 0\n0 0\n0 3\n2 0\n";
        let [motif] = &MotifFormat::Jaspar.parse(bare).unwrap()[..] else { panic!() };
        assert_eq!(motif.counts.rows(), [[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, 3.0, 0.0]]);
        assert_eq!(motif.name, "M1");
        let meme =
            "MEME version 4\n\nMOTIF a b\nletter-probability matrix: w= 1\n1.0 0 0 0\nURL x\n";
        let [motif] = &MotifFormat::Meme.parse(meme).unwrap()[..] else { panic!() };
        assert_eq!(motif.counts.rows(), [[20.0, 0.0, 0.0, 0.0]]);
    }
}
