//! A motif as a matrix: counts, then frequencies, then weights.

use std::ops::Range;

use dnabert_core::{Sequence, derive_seed};

/// Columns `A C G T`.
const BASES: [u8; 4] = *b"ACGT";

fn column(letter: u8) -> Option<usize> {
    BASES.iter().position(|&base| base == letter)
}

/// Why sites make no matrix.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// There is none.
    #[error("no site")]
    Empty,
    /// A site is longer or shorter than the first.
    #[error("site {site} (from 0) has {found} bases, and the first has {expected}")]
    Length {
        /// The site, from 0.
        site: usize,
        /// Its bases.
        found: usize,
        /// Bases of the first.
        expected: usize,
    },
    /// A site has a letter that is no base.
    #[error("site {site} (from 0) has the letter {letter:?} at position {position}")]
    Letter {
        /// The site, from 0.
        site: usize,
        /// The position in it, from 0.
        position: usize,
        /// The letter.
        letter: char,
    },
    /// A column counts nothing, less than nothing, or no number.
    #[error(
        "the counts at position {position} are {found:?}: none may be negative, and one must count"
    )]
    Column {
        /// The position, from 0.
        position: usize,
        /// Its counts of `A C G T`.
        found: [f64; 4],
    },
}

/// How often each base stands at each place of a motif (a position frequency matrix): one row for
/// each place, columns `A C G T`.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts(Vec<[f64; 4]>);

/// The share of each base at each place; the shares of a place add up to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Frequencies(Vec<[f64; 4]>);

/// The logarithm, to base 2, of each share over the share of the background (a position weight
/// matrix).
#[derive(Debug, Clone, PartialEq)]
pub struct Weights(Vec<[f64; 4]>);

/// The share of each base where there is no motif.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Background([f64; 4]);

impl Background {
    /// A quarter each.
    pub fn uniform() -> Self {
        Self([0.25; 4])
    }

    /// The shares of the bases of some sequences, each base counted once more, so that none is 0.
    pub fn of<'a>(sequences: impl IntoIterator<Item = &'a Sequence>) -> Self {
        let mut counts = [1.0; 4];
        for sequence in sequences {
            for column in sequence.as_bytes().iter().filter_map(|&letter| column(letter)) {
                counts[column] += 1.0;
            }
        }
        let sum: f64 = counts.iter().sum();
        Self(counts.map(|count| count / sum))
    }

    /// The shares of `A C G T`.
    pub fn shares(self) -> [f64; 4] {
        self.0
    }
}

impl Counts {
    /// Counts the bases of sites of one length.
    ///
    /// # Errors
    ///
    /// [`MatrixError`] naming the site.
    pub fn of_sites(sites: &[Sequence]) -> Result<Self, MatrixError> {
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

    /// Takes the counts of `A C G T` at each place; shares times a number of sites are counts, too.
    ///
    /// # Errors
    ///
    /// [`MatrixError::Empty`] without places, [`MatrixError::Column`] for one that counts nothing.
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

    /// One row for each place.
    pub fn rows(&self) -> &[[f64; 4]] {
        &self.0
    }

    /// The number of places.
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// The most sites that a place counts.
    pub fn sites(&self) -> f64 {
        self.0.iter().map(|row| row.iter().sum()).fold(0.0, f64::max)
    }

    /// The counts on the other strand.
    #[must_use]
    pub fn reverse_complement(&self) -> Self {
        Self(reverse_complement(&self.0))
    }

    /// The shortest stretch of places that has all with at least `bits` of information over a background;
    /// `None` where no place has.
    pub fn informative(&self, bits: f64, background: &Background) -> Option<Range<usize>> {
        let information = self.frequencies(0.25).information(background);
        let first = information.iter().position(|&found| found >= bits)?;
        let last = information.iter().rposition(|&found| found >= bits)?;
        Some(first..last + 1)
    }

    /// The places of `range` alone.
    ///
    /// # Panics
    ///
    /// If there is none, or they lie outside.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(!range.is_empty(), "a motif of no place");
        Self(self.0[range].to_vec())
    }

    /// Shares, with `pseudocount` added to each count.
    pub fn frequencies(&self, pseudocount: f64) -> Frequencies {
        let share = |row: &[f64; 4]| {
            let sum: f64 = row.iter().sum::<f64>() + 4.0 * pseudocount;
            row.map(|count| (count + pseudocount) / sum)
        };
        Frequencies(self.0.iter().map(share).collect())
    }
}

impl Frequencies {
    /// One row for each place.
    pub fn rows(&self) -> &[[f64; 4]] {
        &self.0
    }

    /// The most frequent base of each place, the first of several.
    pub fn consensus(&self) -> String {
        let best = |row: &[f64; 4]| {
            let best = (1..4).fold(0, |best, at| if row[at] > row[best] { at } else { best });
            char::from(BASES[best])
        };
        self.0.iter().map(best).collect()
    }

    /// Bits that each place says over a background (relative entropy); at most 2 over an even one.
    pub fn information(&self, background: &Background) -> Vec<f64> {
        let term = |(share, base): (&f64, f64)| {
            if *share > 0.0 { share * (share / base).log2() } else { 0.0 }
        };
        self.0.iter().map(|row| row.iter().zip(background.0).map(term).sum()).collect()
    }

    /// A site drawn from the shares of each place; the same seed draws the same.
    #[allow(clippy::missing_panics_doc, reason = "bases are letters")]
    pub fn draw(&self, seed: u64) -> Sequence {
        let letters = self.0.iter().enumerate().map(|(place, row)| {
            // 53 bits make a share below 1.
            let share = (derive_seed(seed, &[place as u64]) >> 11) as f64 / 2_f64.powi(53);
            let mut left = share * row.iter().sum::<f64>();
            let base = row.iter().position(|share| {
                left -= share;
                left < 0.0
            });
            BASES[base.unwrap_or(3)]
        });
        let text = String::from_utf8(letters.collect()).expect("letters are ASCII");
        text.parse().expect("letters are bases")
    }

    /// The matrix of the other strand.
    #[must_use]
    pub fn reverse_complement(&self) -> Self {
        Self(reverse_complement(&self.0))
    }

    /// Log odds over a background; a share of 0 weighs −∞.
    pub fn weights(&self, background: &Background) -> Weights {
        let weigh = |row: &[f64; 4]| std::array::from_fn(|at| (row[at] / background.0[at]).log2());
        Weights(self.0.iter().map(weigh).collect())
    }
}

impl Weights {
    /// One row for each place.
    pub fn rows(&self) -> &[[f64; 4]] {
        &self.0
    }

    /// The sum of weights of a window as long as the motif, in bits; a letter that is no base weighs
    /// what the lightest base of its place does.
    ///
    /// # Panics
    ///
    /// If the window has another length.
    pub fn score(&self, window: &[u8]) -> f64 {
        assert_eq!(window.len(), self.0.len(), "a window as long as the motif");
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
        let counts = Counts::of_sites(&sites(&["AC", "AG", "AG", "TG"])).unwrap();
        assert_eq!(counts.rows(), [[3.0, 0.0, 0.0, 1.0], [0.0, 1.0, 3.0, 0.0]]);
        let frequencies = counts.frequencies(0.0);
        assert_eq!(frequencies.rows()[0], [0.75, 0.0, 0.0, 0.25]);
        assert_eq!(frequencies.consensus(), "AG");
        assert_eq!(frequencies.reverse_complement().consensus(), "CT");
        let weights = frequencies.weights(&Background::uniform());
        assert!((weights.score(b"AG") - 2.0 * 3_f64.log2()).abs() < 1e-12);
        assert_eq!(weights.score(b"CG"), f64::NEG_INFINITY);
        // 2 bits less the entropy of 3 to 1.
        let bits = 2.0 - (0.75 * (1.0_f64 / 0.75).log2() + 0.25 * 2.0);
        assert!((frequencies.information(&Background::uniform())[0] - bits).abs() < 1e-12);
    }

    #[test]
    fn sites_that_make_no_matrix_are_named() {
        assert_eq!(Counts::of_sites(&[]), Err(MatrixError::Empty));
        let error = Counts::of_sites(&sites(&["ACG", "AC"])).unwrap_err();
        assert_eq!(error.to_string(), "site 1 (from 0) has 2 bases, and the first has 3");
        let error = Counts::of_sites(&sites(&["ACG", "ANG"])).unwrap_err();
        assert_eq!(error.to_string(), "site 1 (from 0) has the letter 'N' at position 1");
    }

    #[test]
    fn drawn_sites_have_the_shares_of_the_motif() {
        let motif = Counts::of_sites(&sites(&["AC", "AG", "AG", "TG"])).unwrap().frequencies(0.0);
        let drawn: Vec<Sequence> = (0..4000).map(|seed| motif.draw(seed)).collect();
        let shares = Counts::of_sites(&drawn).unwrap().frequencies(0.0);
        for (found, expected) in shares.rows().iter().flatten().zip(motif.rows().iter().flatten()) {
            assert!((found - expected).abs() < 0.03, "{found} {expected}");
        }
    }

    #[test]
    fn a_background_counts_bases_alone() {
        let shares = Background::of(&sites(&["AAAANNN", "CC"])).shares();
        assert_eq!(shares, [0.5, 0.3, 0.1, 0.1]);
    }
}
