//! The sites of a motif in sequences: lightmotif's vectorised scores on both strands.
//!
//! ```
//! use dnabert_motif::scan::Scanner;
//! use dnabert_motif::{Background, CountMatrix};
//!
//! let sites = ["TATAAA", "TATATA", "TATAAG"].map(|site| site.parse().unwrap());
//! let motif = CountMatrix::from_sites(&sites)?.frequencies(0.25);
//! let scanner = Scanner::new(&motif, &Background::uniform());
//! let hits = scanner.hits(&"GGTATAAAGGGGTTTATAGG".parse()?, scanner.threshold(1e-3));
//! assert_eq!(hits.iter().map(|hit| hit.start).collect::<Vec<_>>(), [2, 12]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::OnceLock;

use dnabert_core::{Sequence, Strand};
use lightmotif::abc::{Background as ScanBackground, Dna};
use lightmotif::dense::DenseMatrix;
use lightmotif::pwm::dist::ScoreDistribution;
use lightmotif::pwm::{
    FrequencyMatrix as LightmotifFrequencies, ScoringMatrix as LightmotifScores,
};
use lightmotif::seq::{EncodedSequence, StripedSequence};

use crate::{Background, FrequencyMatrix};

/// A site of a motif in a sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The position of its first base on the forward strand.
    pub start: usize,
    /// [`Strand::Forward`] or [`Strand::Reverse`].
    pub strand: Strand,
    /// The log odds of motif over background, in bits.
    pub score: f64,
}

/// Scores every window of a sequence by a motif, on both strands.
#[derive(Debug, Clone)]
pub struct Scanner {
    width: usize,
    forward: LightmotifScores<Dna>,
    reverse: LightmotifScores<Dna>,
    /// Whether sites can lie on the reverse strand.
    both_strands: bool,
    /// Computed on first use, because it takes longer than the scan of a short sequence.
    distribution: OnceLock<ScoreDistribution<Dna>>,
}

impl Scanner {
    /// A scanner for the log odds of a motif over a background.
    ///
    /// # Panics
    ///
    /// If a frequency of the motif is 0, which would score −∞; add a pseudocount, as
    /// [`Motif::frequencies`](crate::Motif::frequencies) does.
    pub fn new(motif: &FrequencyMatrix, background: &Background) -> Self {
        assert!(motif.rows().iter().flatten().all(|&f| f > 0.0), "a frequency of 0");
        // lightmotif orders letters A C T G N.
        let letters = |[a, c, g, t]: [f64; 4]| [a, c, t, g, 0.0].map(|frequency| frequency as f32);
        let matrix = |motif: &FrequencyMatrix| {
            let rows = motif.rows().iter().map(|&row| letters(row));
            LightmotifFrequencies::<Dna>::new_unchecked(DenseMatrix::from_rows(rows))
                .to_scoring(ScanBackground::new_unchecked(letters(background.frequencies())))
        };
        let forward = matrix(motif);
        let reverse = matrix(&motif.reverse_complement());
        let width = motif.rows().len();
        Self { width, forward, reverse, both_strands: true, distribution: OnceLock::new() }
    }

    /// The width of the motif.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Restricts the scanner to the forward strand, for signals with a direction such as splice
    /// sites.
    #[must_use]
    pub fn forward_only(mut self) -> Self {
        self.both_strands = false;
        self
    }

    /// The highest possible score of a window.
    pub fn max_score(&self) -> f64 {
        self.forward.max_score().into()
    }

    fn strands(&self) -> &'static [Strand] {
        if self.both_strands { &[Strand::Forward, Strand::Reverse] } else { &[Strand::Forward] }
    }

    fn distribution(&self) -> &ScoreDistribution<Dna> {
        self.distribution.get_or_init(|| self.forward.to_score_distribution())
    }

    /// The lowest score that a window of the background reaches with a probability of at most
    /// `p_value` (Staden 1989, doi 10.1093/bioinformatics/5.2.89, with scores rounded as in MEME).
    ///
    /// If even the best window is more probable than `p_value`, the threshold exceeds every score.
    ///
    /// # Panics
    ///
    /// If `p_value` is NaN.
    pub fn threshold(&self, p_value: f64) -> f64 {
        assert!(!p_value.is_nan(), "the p-value must be a number");
        self.distribution().score(p_value).into()
    }

    /// The probability that a window of the background reaches `score`.
    pub fn p_value(&self, score: f64) -> f64 {
        self.distribution().pvalue(score as f32)
    }

    /// The scores of all windows by the position of their first base, on the forward strand and on
    /// the reverse strand.
    ///
    /// A window with an ambiguous letter scores −∞. A sequence shorter than the motif has no
    /// windows.
    pub fn scores(&self, sequence: &Sequence) -> [Vec<f32>; 2] {
        if sequence.len() < self.width {
            return [Vec::new(), Vec::new()];
        }
        let letters: Vec<u8> = sequence
            .as_bytes()
            .iter()
            .map(|&letter| if b"ACGT".contains(&letter) { letter } else { b'N' })
            .collect();
        let mut striped: StripedSequence<Dna> =
            EncodedSequence::<Dna>::encode_lossy(letters).to_striped();
        striped.configure(&self.forward);
        let windows = sequence.len() - self.width + 1;
        [&self.forward, &self.reverse].map(|matrix| {
            let scores = matrix.score(&striped).unstripe();
            scores.iter().copied().take(windows).collect()
        })
    }

    /// The window with the highest score, or `None` if every window has an ambiguous letter.
    ///
    /// Of windows with the same score it is the first one, and on the same position that of the
    /// forward strand.
    pub fn best(&self, sequence: &Sequence) -> Option<Hit> {
        self.best_where(sequence, |_| true)
    }

    /// As [`best`](Self::best), among the windows whose first position passes a test.
    pub fn best_where(&self, sequence: &Sequence, passes: impl Fn(usize) -> bool) -> Option<Hit> {
        let scores = self.scores(sequence);
        let mut best: Option<Hit> = None;
        for start in 0..scores[0].len() {
            for (&strand, scores) in self.strands().iter().zip(&scores) {
                let score = f64::from(scores[start]);
                let is_better = best.is_none_or(|best| score > best.score);
                if score.is_finite() && is_better && passes(start) {
                    best = Some(Hit { start, strand, score });
                }
            }
        }
        best
    }

    /// All windows with a score of at least `threshold`, by position.
    pub fn hits(&self, sequence: &Sequence, threshold: f64) -> Vec<Hit> {
        let scores = self.scores(sequence);
        let mut hits = Vec::new();
        for start in 0..scores[0].len() {
            for (&strand, scores) in self.strands().iter().zip(&scores) {
                let score = f64::from(scores[start]);
                if score.is_finite() && score >= threshold {
                    hits.push(Hit { start, strand, score });
                }
            }
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::CountMatrix;

    fn motif() -> FrequencyMatrix {
        let sites = ["TATAAA", "TATATA", "TATAAG"].map(|site| site.parse().unwrap());
        CountMatrix::from_sites(&sites).unwrap().frequencies(0.25)
    }

    proptest! {
        #[test]
        fn a_window_scores_the_sum_of_its_bases(text in "[ACGTN]{0,200}") {
            let sequence: Sequence = text.parse().unwrap();
            let background = Background::from_sequences([&"AACGTT".parse().unwrap()]);
            let scanner = Scanner::new(&motif(), &background);
            let [forward, reverse] = scanner.scores(&sequence);
            prop_assert_eq!(forward.len(), (text.len() + 1).saturating_sub(6));
            for (strand, motif) in [(forward, motif()), (reverse, motif().reverse_complement())] {
                let weights = motif.weights(&background);
                for (score, window) in strand.iter().zip(text.as_bytes().windows(6)) {
                    if window.contains(&b'N') {
                        prop_assert_eq!(*score, f32::NEG_INFINITY);
                    } else {
                        prop_assert!((f64::from(*score) - weights.score(window)).abs() < 1e-4);
                    }
                }
            }
        }
    }

    #[test]
    fn a_site_is_found_on_its_strand() {
        let scanner = Scanner::new(&motif(), &Background::uniform());
        let hit = scanner.best(&"GGGTTTATAGGG".parse().unwrap()).unwrap();
        assert_eq!((hit.start, hit.strand), (3, Strand::Reverse));
        assert_eq!(scanner.hits(&"GGGTTTATAGGG".parse().unwrap(), hit.score), [hit]);
        assert!(scanner.best(&"GGG".parse().unwrap()).is_none());
        let forward = scanner.forward_only().best(&"GGGTTTATAGGG".parse().unwrap()).unwrap();
        assert_eq!(forward.strand, Strand::Forward);
        assert!(forward.score < hit.score);
    }

    #[test]
    fn a_threshold_is_reached_with_its_p_value() {
        let scanner = Scanner::new(&motif(), &Background::uniform());
        let threshold = scanner.threshold(0.01);
        let mut passing = 0;
        for word in 0..4096_usize {
            let letter = |place: usize| char::from(b"ACGT"[word >> (2 * place) & 3]);
            let window: String = (0..6).map(letter).collect();
            let [forward, _] = scanner.scores(&window.parse().unwrap());
            passing += usize::from(f64::from(forward[0]) >= threshold);
        }
        let fraction = passing as f64 / 4096.0;
        assert!((0.004..=0.0105).contains(&fraction), "{fraction}");
        assert!(scanner.p_value(threshold) <= 0.0101);
    }
}
