//! Motif files: JASPAR, HOMER, MEME and TRANSFAC.
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
mod homer;
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
    /// Frequencies or counts: `>ID name`, then one line for each position, as HOMER and gimmemotifs
    /// write them.
    Homer,
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
            "homer" => Ok(Self::Homer),
            "meme" => Ok(Self::Meme),
            "transfac" => Ok(Self::Transfac),
            other => Err(format!(
                "unknown motif format {other:?}: expected jaspar, homer, meme or transfac"
            )),
        }
    }
}

impl MotifFormat {
    /// The format of a text by its first line that is neither blank nor a comment (`#`). JASPAR and
    /// HOMER begin alike: then the shape of the matrices decides; `None` also if either would do.
    pub fn from_text(text: &str) -> Option<Self> {
        let is_content = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
        let first = text.lines().find(is_content)?.trim_end();
        if first.starts_with('>') {
            return homer::is_homer(text).map(|is_homer| match is_homer {
                true => Self::Homer,
                false => Self::Jaspar,
            });
        }
        if first.starts_with("MEME version") {
            return Some(Self::Meme);
        }
        // A tag of two letters.
        let tag = first.split(char::is_whitespace).next().unwrap_or_default();
        let is_tag = tag.len() == 2 && tag.starts_with(|letter: char| letter.is_ascii_uppercase());
        is_tag.then_some(Self::Transfac)
    }

    /// Parses the motifs of a text.
    ///
    /// # Errors
    ///
    /// [`ParseError`] with line and motif.
    pub fn parse(self, text: &str) -> Result<Vec<Motif>, ParseError> {
        match self {
            Self::Jaspar => jaspar::parse(text),
            Self::Homer => homer::parse(text),
            Self::Meme => meme::parse(text),
            Self::Transfac => transfac::parse(text),
        }
    }

    /// Formats motifs as text.
    ///
    /// JASPAR, HOMER and TRANSFAC keep fractional counts. MEME keeps six digits of each frequency, and
    /// uses the background.
    pub fn format(self, motifs: &[Motif], background: &Background) -> String {
        match self {
            Self::Jaspar => jaspar::format(motifs),
            Self::Homer => homer::format(motifs),
            Self::Meme => meme::format(motifs, background),
            Self::Transfac => transfac::format(motifs),
        }
    }
}

/// Reads a motif file in any [`MotifFormat`], which is [recognised](MotifFormat::from_text), plain or
/// gzip.
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
    let text = dnabert_core::text::read(path).map_err(read)?;
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

    const ALL: [MotifFormat; 4] =
        [MotifFormat::Jaspar, MotifFormat::Homer, MotifFormat::Meme, MotifFormat::Transfac];

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
    fn a_line_for_each_position_is_not_taken_for_a_base() {
        let counts = |text: &str| -> Vec<Vec<[f64; 4]>> {
            let format = MotifFormat::from_text(text).unwrap();
            let motifs = format.parse(text).unwrap();
            motifs.into_iter().map(|motif| motif.counts.rows().to_vec()).collect()
        };
        // HOMER: a header with tabs, frequencies, motifs of any width.
        let homer = "# made by hand\n>ACG\tbox\t7.1\n0.7 0.1 0.1 0.1\n0.1 0.7 0.1 0.1\n0.1 0.1 0.7 0.1\n\
                     >CC\n0.05 0.85 0.05 0.05\n0.05 0.85 0.05 0.05\n";
        let found = counts(homer);
        assert_eq!((found[0].len(), found[1].len()), (3, 2));
        assert_eq!(found[0][1], [2.0, 14.0, 2.0, 2.0]);
        // Four positions: those of frequencies, or of equal counts, sum alike.
        let four = ">M\n0.7 0.1 0.1 0.1\n0.7 0.1 0.1 0.1\n0.7 0.1 0.1 0.1\n0.1 0.1 0.1 0.7\n";
        assert_eq!(counts(four)[0][3], [2.0, 2.0, 2.0, 14.0]);
        let four = ">M\n8 9 9 1\n1 1 1 1\n1 0 0 0\n0 0 0 8\n";
        assert_eq!(counts(four)[0][3], [1.0, 1.0, 0.0, 8.0]);
        let either = ">M\n7 1 1 1\n1 7 1 1\n1 1 7 1\n1 1 1 7\n";
        assert_eq!(MotifFormat::from_text(either), None);
        assert_eq!(counts(&either.replace("\n7", "\nA 7"))[0][0], [7.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn matrices_end_where_they_end() {
        let meme = "MEME version 4\nMOTIF a\nletter-probability matrix:\n1 0 0 0\n0 1 0 0\nMOTIF b\n\
                    letter-probability matrix: nsites= 10.0\n1 0 0 0\n";
        let widths: Vec<usize> =
            MotifFormat::Meme.parse(meme).unwrap().iter().map(Motif::width).collect();
        assert_eq!(widths, [2, 1]);
        let wrong = "MEME version 4\nMOTIF a\nletter-probability matrix: w= 1\n1 0 0 0\n0 1 0 0\n";
        let error = MotifFormat::Meme.parse(wrong).unwrap_err().to_string();
        assert!(
            error.starts_with("line 5, motif a: found \"0 1 0 0\", expected the end"),
            "{error}"
        );
        // Other tables of a record may have numbered lines, too.
        let transfac =
            "NA box\nP0 A C G T\n01 1 2 3 4\n02 1 2 3 4\nXX\n03 5 5 5 5\nXL 1\n04 9 9 9 9\n//\n";
        assert_eq!(MotifFormat::from_text(transfac), Some(MotifFormat::Transfac));
        let [motif] = &MotifFormat::Transfac.parse(transfac).unwrap()[..] else { panic!() };
        assert_eq!((motif.width(), &*motif.id, &*motif.name), (2, "box", "box"));
        let two = transfac.replace("//\n", "").repeat(2);
        assert_eq!(MotifFormat::Transfac.parse(&two).unwrap(), [motif.clone(), motif.clone()]);
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
