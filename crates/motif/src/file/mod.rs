//! Files of motifs: JASPAR, MEME and TRANSFAC.

mod error;
mod jaspar;
mod meme;
mod numbers;
mod transfac;

use std::path::Path;
use std::str::FromStr;

pub use error::{MotifFileError, ParseError, ParseErrorKind};

use crate::{Background, Motif};

/// How motifs are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MotifFormat {
    /// Counts: `>ID name`, then a line for each base.
    Jaspar,
    /// Shares: MEME's minimal format, version 4.
    Meme,
    /// Counts: a record with `ID`, `P0` and a line for each place, ended by `//`.
    Transfac,
}

impl FromStr for MotifFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "jaspar" => Ok(Self::Jaspar),
            "meme" => Ok(Self::Meme),
            "transfac" => Ok(Self::Transfac),
            other => Err(format!("{other}: none of jaspar, meme, transfac")),
        }
    }
}

impl MotifFormat {
    /// The format that the first line with something on it gives away.
    pub fn of_text(text: &str) -> Option<Self> {
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

    /// The motifs of a text.
    ///
    /// # Errors
    ///
    /// [`ParseError`] naming line and motif.
    pub fn parse(self, text: &str) -> Result<Vec<Motif>, ParseError> {
        match self {
            Self::Jaspar => jaspar::parse(text),
            Self::Meme => meme::parse(text),
            Self::Transfac => transfac::parse(text),
        }
    }

    /// Motifs as text. Formats of counts keep fractions of sites; MEME keeps six digits of each share.
    pub fn format(self, motifs: &[Motif], background: &Background) -> String {
        match self {
            Self::Jaspar => jaspar::format(motifs),
            Self::Meme => meme::format(motifs, background),
            Self::Transfac => transfac::format(motifs),
        }
    }
}

/// Reads a file of motifs in any [`MotifFormat`], told by its first line.
///
/// # Errors
///
/// [`MotifFileError`] naming file, line and motif.
pub fn read_motifs(path: impl AsRef<Path>) -> Result<Vec<Motif>, MotifFileError> {
    let path = path.as_ref();
    let read = |source| MotifFileError::Read { path: path.into(), source };
    let text = std::fs::read_to_string(path).map_err(read)?;
    let format =
        MotifFormat::of_text(&text).ok_or_else(|| MotifFileError::Format { path: path.into() })?;
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
    use crate::Counts;

    const ALL: [MotifFormat; 3] = [MotifFormat::Jaspar, MotifFormat::Meme, MotifFormat::Transfac];

    fn round_trip(format: MotifFormat, motifs: &[Motif]) -> Vec<Motif> {
        let text = format.format(motifs, &Background::uniform());
        assert_eq!(MotifFormat::of_text(&text), Some(format), "{text}");
        format.parse(&text).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_again(
            columns in prop::collection::vec(prop::collection::vec(0_u32..50, 4), 1..30),
        ) {
            let total = 200.0;
            // Every place has as many sites as the others: MEME keeps one number for all.
            let row = |column: &Vec<u32>| {
                let [a, c, g] = [0, 1, 2].map(|at| f64::from(column[at]));
                [a, c, g, total - a - c - g]
            };
            let counts = Counts::new(columns.iter().map(row).collect()).unwrap();
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
        fn no_text_panics(text in "(>|MEME version 4|MOTIF|ID|P0|//|A|\\[|[0-9.]{1,4}|letter-probability matrix:|w=|alength=|\n| ){0,40}") {
            for format in ALL {
                let _ = format.parse(&text);
            }
        }
    }

    #[test]
    fn errors_name_line_and_motif() {
        let bad = ">M1 one\nA [ 1 2 ]\nC [ 1 2 ]\nG [ 1 x ]\nT [ 1 2 ]\n";
        let error = MotifFormat::Jaspar.parse(bad).unwrap_err().to_string();
        assert_eq!(error, "line 4, motif M1: \"x\" is no number");
        let short = ">M1 one\nA [ 1 2 ]\nC [ 1 2 ]\nG [ 1 ]\nT [ 1 2 ]\n";
        let error = MotifFormat::Jaspar.parse(short).unwrap_err().to_string();
        assert_eq!(error, "line 4, motif M1: 1 numbers, where 2 are expected");
        let cut = "MEME version 4\nMOTIF M2 two\nletter-probability matrix: alength= 4 w= 3 nsites= 5\n1 0 0 0\n";
        let error = MotifFormat::Meme.parse(cut).unwrap_err().to_string();
        assert_eq!(error, "line 4, motif M2: the text ends within the motif");
        let bare = "MEME version 4\nMOTIF M1\nMOTIF M2\n";
        let error = MotifFormat::Meme.parse(bare).unwrap_err().to_string();
        assert_eq!(
            error,
            "line 3, motif M1: \"MOTIF M2\", where its letter-probability matrix is expected"
        );
        let protein = "MEME version 4\nMOTIF M2\nletter-probability matrix: alength= 20 w= 3\n";
        let error = MotifFormat::Meme.parse(protein).unwrap_err().to_string();
        assert_eq!(error, "line 3, motif M2: 20 letters, where DNA has 4");
        let cut = "ID M3\nP0 A C G T\n01 1 2 3 4\n";
        let error = MotifFormat::Transfac.parse(cut).unwrap_err().to_string();
        assert_eq!(error, "line 3, motif M3: the text ends within the motif");
        let error = MotifFormat::Jaspar.parse(">M4\nA 0\nC 0\nG 0\nT 0\n").unwrap_err().to_string();
        assert!(error.starts_with("line 5, motif M4: the counts at position 0"), "{error}");
    }

    #[test]
    fn old_jaspar_files_have_bare_numbers_and_meme_files_may_lack_sites() {
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
