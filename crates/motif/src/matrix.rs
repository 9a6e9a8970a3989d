//! A motif as a matrix: counts, then frequencies, then log-odds scores.
//!
//! Position frequency and weight matrices: Stormo 2000, doi 10.1093/bioinformatics/16.1.16.

use std::ops::Range;

use dnabert_core::{Sequence, derive_seed};

/// The order of the columns.
const BASES: [u8; 4] = *b"ACGT";

fn column(letter: u8) -> Option<usize> {
    BASES.iter().position(|&base| base == letter)
}

/// Why a count matrix cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// There are no sites, or no positions.
    #[error("a motif needs at least one site and one position")]
    Empty,
    /// A site is longer or shorter than the first.
    #[error("site {site} (0-based) has {found} bases, but the first has {expected}")]
    Length {
        /// The index of the site.
        site: usize,
        /// The length of the site.
        found: usize,
        /// The length of the first site.
        expected: usize,
    },
    /// A site has a letter that is not a base.
    #[error("site {site} (0-based) has the ambiguous letter {letter:?} at position {position}")]
    Letter {
        /// The index of the site.
        site: usize,
        /// The position in the site.
        position: usize,
        /// The letter.
        letter: char,
    },
    /// The counts at a position are all 0, or one is negative or not finite.
    #[error(
        "the counts at position {position} are {found:?}: none may be negative or infinite, and their \
         sum must be positive"
    )]
    Column {
        /// The position.
        position: usize,
        /// The counts of `A C G T`.
        found: [f64; 4],
    },
}

/// The number of times that each base occurs at each position of a motif: a position frequency
/// matrix.
///
/// There is one row for each position, with the columns `A C G T`. Counts may be fractions.
///
/// ```
/// use dnabert_motif::{Background, CountMatrix};
///
/// let sites = ["TATAAA", "TATATA", "TATAAA"].map(|site| site.parse().unwrap());
/// let counts = CountMatrix::from_sites(&sites)?;
/// assert_eq!(counts.rows()[4], [2.0, 0.0, 0.0, 1.0]); // A C G T
///
/// let frequencies = counts.frequencies(0.1); // with a pseudocount, so that none is 0
/// assert_eq!(frequencies.consensus(), "TATAAA");
///
/// let scores = frequencies.weights(&Background::uniform());
/// assert!(scores.score(b"TATAAA") > scores.score(b"GATAAA"));
/// # Ok::<(), dnabert_motif::MatrixError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CountMatrix(Vec<[f64; 4]>);

/// The frequency of each base at each position of a motif: a position probability matrix.
///
/// There is one row for each position, with the columns `A C G T`; a row sums to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct FrequencyMatrix(Vec<[f64; 4]>);

/// The log odds of each base at each position of a motif, in bits: a position weight matrix.
///
/// A score is log₂ of the frequency in the motif over the frequency in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoringMatrix(Vec<[f64; 4]>);

/// The frequency of each base in sequence without the motif.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Background([f64; 4]);

impl Background {
    /// A frequency of 1/4 for each base.
    pub fn uniform() -> Self {
        Self([0.25; 4])
    }

    /// The frequencies of the bases in `sequences`, with a pseudocount of 1 so that none is 0.
    pub fn from_sequences<'a>(sequences: impl IntoIterator<Item = &'a Sequence>) -> Self {
        let mut counts = [1.0; 4];
        for sequence in sequences {
            for column in sequence.as_bytes().iter().filter_map(|&letter| column(letter)) {
                counts[column] += 1.0;
            }
        }
        let sum: f64 = counts.iter().sum();
        Self(counts.map(|count| count / sum))
    }

    /// The frequencies of `A C G T`.
    pub fn frequencies(self) -> [f64; 4] {
        self.0
    }
}

impl CountMatrix {
    /// Counts the bases of aligned sites of equal length.
    ///
    /// # Errors
    ///
    /// [`MatrixError`], with the site if one is invalid.
    pub fn from_sites(sites: &[Sequence]) -> Result<Self, MatrixError> {
        let length = sites.first().ok_or(MatrixError::Empty)?.len();
        let mut rows = vec![[0.0; 4]; length];
        for (site, sequence) in sites.iter().enumerate() {
            if sequence.len() != length {
                return Err(MatrixError::Length { site, found: sequence.len(), expected: length });
            }
            for (position, (row, &letter)) in rows.iter_mut().zip(sequence.as_bytes()).enumerate() {
                let column = column(letter).ok_or(MatrixError::Letter {
                    site,
                    position,
                    letter: letter.into(),
                })?;
                row[column] += 1.0;
            }
        }
        Ok(Self(rows))
    }

    /// A matrix of given counts of `A C G T`, one row for each position.
    ///
    /// # Errors
    ///
    /// [`MatrixError::Empty`] if there are no rows; [`MatrixError::Column`] for a row whose counts
    /// are all 0, or that has a negative or infinite one.
    pub fn new(rows: Vec<[f64; 4]>) -> Result<Self, MatrixError> {
        if rows.is_empty() {
            return Err(MatrixError::Empty);
        }
        let is_count = |row: &[f64; 4]| {
            row.iter().all(|count| count.is_finite() && *count >= 0.0)
                && row.iter().sum::<f64>() > 0.0
        };
        match rows.iter().position(|row| !is_count(row)) {
            Some(position) => Err(MatrixError::Column { position, found: rows[position] }),
            None => Ok(Self(rows)),
        }
    }

    /// The rows, one for each position.
    pub fn rows(&self) -> &[[f64; 4]] {
        &self.0
    }

    /// The number of positions.
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// The number of sites: the largest sum of a row.
    pub fn sites(&self) -> f64 {
        self.0.iter().map(|row| row.iter().sum()).fold(0.0, f64::max)
    }

    /// The matrix of the other strand.
    #[must_use]
    pub fn reverse_complement(&self) -> Self {
        Self(reverse_complement(&self.0))
    }

    /// The range from the first to the last position with at least `bits` of information over a
    /// background, or `None` if there is none.
    pub fn informative(&self, bits: f64, background: &Background) -> Option<Range<usize>> {
        let information = self.frequencies(0.25).information(background);
        let first = information.iter().position(|&found| found >= bits)?;
        let last = information.iter().rposition(|&found| found >= bits)?;
        Some(first..last + 1)
    }

    /// The matrix of the positions in `range`.
    ///
    /// # Panics
    ///
    /// If `range` is empty or reaches outside the motif.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(!range.is_empty(), "a motif needs at least one position");
        Self(self.0[range].to_vec())
    }

    /// The frequencies, after adding `pseudocount` to each count.
    pub fn frequencies(&self, pseudocount: f64) -> FrequencyMatrix {
        let divide = |row: &[f64; 4]| {
            let sum: f64 = row.iter().sum::<f64>() + 4.0 * pseudocount;
            row.map(|count| (count + pseudocount) / sum)
        };
        FrequencyMatrix(self.0.iter().map(divide).collect())
    }
}

impl FrequencyMatrix {
    /// The rows, one for each position.
    pub fn rows(&self) -> &[[f64; 4]] {
        &self.0
    }

    /// The most frequent base at each position; of equally frequent bases the first in `A C G T`.
    pub fn consensus(&self) -> String {
        let best = |row: &[f64; 4]| {
            let best = (1..4).fold(0, |best, at| if row[at] > row[best] { at } else { best });
            char::from(BASES[best])
        };
        self.0.iter().map(best).collect()
    }

    /// The information of each position over a background, in bits (relative entropy).
    ///
    /// It is at most 2 over a uniform background.
    pub fn information(&self, background: &Background) -> Vec<f64> {
        let term = |(frequency, base): (&f64, f64)| {
            if *frequency > 0.0 { frequency * (frequency / base).log2() } else { 0.0 }
        };
        self.0.iter().map(|row| row.iter().zip(background.0).map(term).sum()).collect()
    }

    /// Draws a random site from the frequencies; the same seed gives the same site.
    #[allow(clippy::missing_panics_doc, reason = "every base is a valid letter")]
    pub fn draw(&self, seed: u64) -> Sequence {
        let letters = self.0.iter().enumerate().map(|(place, row)| {
            // 53 bits give a number below 1.
            let number = (derive_seed(seed, &[place as u64]) >> 11) as f64 / 2_f64.powi(53);
            let mut left = number * row.iter().sum::<f64>();
            let base = row.iter().position(|frequency| {
                left -= frequency;
                left < 0.0
            });
            BASES[base.unwrap_or(3)]
        });
        let text = String::from_utf8(letters.collect()).expect("bases are ASCII");
        text.parse().expect("every base is a valid letter")
    }

    /// The matrix of the other strand.
    #[must_use]
    pub fn reverse_complement(&self) -> Self {
        Self(reverse_complement(&self.0))
    }

    /// The log odds over a background; a frequency of 0 scores −∞.
    pub fn weights(&self, background: &Background) -> ScoringMatrix {
        let weigh = |row: &[f64; 4]| std::array::from_fn(|at| (row[at] / background.0[at]).log2());
        ScoringMatrix(self.0.iter().map(weigh).collect())
    }
}

impl ScoringMatrix {
    /// The rows, one for each position.
    pub fn rows(&self) -> &[[f64; 4]] {
        &self.0
    }

    /// The score of a window in bits: the sum of the scores of its bases.
    ///
    /// An ambiguous letter gets the lowest score of its position.
    ///
    /// # Panics
    ///
    /// If the window is not as long as the motif.
    pub fn score(&self, window: &[u8]) -> f64 {
        assert_eq!(window.len(), self.0.len(), "the window must be as long as the motif");
        let weigh = |(row, &letter): (&[f64; 4], &u8)| {
            column(letter)
                .map_or_else(|| row.iter().copied().fold(f64::INFINITY, f64::min), |at| row[at])
        };
        self.0.iter().zip(window).map(weigh).sum()
    }
}

fn reverse_complement(rows: &[[f64; 4]]) -> Vec<[f64; 4]> {
    rows.iter().rev().map(|row| [row[3], row[2], row[1], row[0]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(texts: &[&str]) -> Vec<Sequence> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn each_stage_follows_from_the_one_before() {
        let counts = CountMatrix::from_sites(&sites(&["AC", "AG", "AG", "TG"])).unwrap();
        assert_eq!(counts.rows(), [[3.0, 0.0, 0.0, 1.0], [0.0, 1.0, 3.0, 0.0]]);
        let frequencies = counts.frequencies(0.0);
        assert_eq!(frequencies.rows()[0], [0.75, 0.0, 0.0, 0.25]);
        assert_eq!(frequencies.consensus(), "AG");
        assert_eq!(frequencies.reverse_complement().consensus(), "CT");
        let weights = frequencies.weights(&Background::uniform());
        assert!((weights.score(b"AG") - 2.0 * 3_f64.log2()).abs() < 1e-12);
        assert_eq!(weights.score(b"CG"), f64::NEG_INFINITY);
        // 2 bits minus the entropy of the frequencies 3/4 and 1/4.
        let bits = 2.0 - (0.75 * (1.0_f64 / 0.75).log2() + 0.25 * 2.0);
        assert!((frequencies.information(&Background::uniform())[0] - bits).abs() < 1e-12);
    }

    #[test]
    fn an_error_names_the_invalid_site() {
        assert_eq!(CountMatrix::from_sites(&[]), Err(MatrixError::Empty));
        let error = CountMatrix::from_sites(&sites(&["ACG", "AC"])).unwrap_err();
        assert_eq!(error.to_string(), "site 1 (0-based) has 2 bases, but the first has 3");
        let error = CountMatrix::from_sites(&sites(&["ACG", "ANG"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "site 1 (0-based) has the ambiguous letter 'N' at position 1"
        );
    }

    #[test]
    fn drawn_sites_have_the_frequencies_of_the_motif() {
        let motif =
            CountMatrix::from_sites(&sites(&["AC", "AG", "AG", "TG"])).unwrap().frequencies(0.0);
        let drawn: Vec<Sequence> = (0..4000).map(|seed| motif.draw(seed)).collect();
        let again = CountMatrix::from_sites(&drawn).unwrap().frequencies(0.0);
        for (found, expected) in again.rows().iter().flatten().zip(motif.rows().iter().flatten()) {
            assert!((found - expected).abs() < 0.03, "{found} {expected}");
        }
    }

    #[test]
    fn a_background_ignores_ambiguous_letters() {
        let shares = Background::from_sequences(&sites(&["AAAANNN", "CC"])).frequencies();
        assert_eq!(shares, [0.5, 0.3, 0.1, 0.1]);
    }
}
