//! Where a motif stands in sequences: lightmotif's vectorised scores on both strands.

use std::sync::OnceLock;

use dnabert_core::{Sequence, Strand};
use lightmotif::abc::{Background as ScanBackground, Dna};
use lightmotif::dense::DenseMatrix;
use lightmotif::pwm::dist::ScoreDistribution;
use lightmotif::pwm::{FrequencyMatrix, ScoringMatrix};
use lightmotif::seq::{EncodedSequence, StripedSequence};

use crate::{Background, Frequencies};

/// A place where a motif stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The first base, from 0, on the strand in the file.
    pub start: usize,
    /// [`Strand::Forward`] or [`Strand::Reverse`].
    pub strand: Strand,
    /// Log odds of motif over background, in bits.
    pub score: f64,
}

/// Scores every window of a sequence, on both strands, by a motif.
#[derive(Debug, Clone)]
pub struct Scanner {
    width: usize,
    forward: ScoringMatrix<Dna>,
    reverse: ScoringMatrix<Dna>,
    /// Whether sites may be on the reverse strand.
    both_strands: bool,
    /// Made when first asked for: it takes longer than to scan a short sequence.
    distribution: OnceLock<ScoreDistribution<Dna>>,
}

impl Scanner {
    /// For the log odds of a motif over a background. Shares of 0 would weigh −∞: see
    /// [`Motif::frequencies`](crate::Motif::frequencies).
    ///
    /// # Panics
    ///
    /// If a share of the motif is 0.
    pub fn new(motif: &Frequencies, background: &Background) -> Self {
        assert!(motif.rows().iter().flatten().all(|&share| share > 0.0), "a share of 0");
        // lightmotif has the letters A C T G N.
        let letters = |[a, c, g, t]: [f64; 4]| [a, c, t, g, 0.0].map(|share| share as f32);
        let matrix = |motif: &Frequencies| {
            let rows = motif.rows().iter().map(|&row| letters(row));
            FrequencyMatrix::<Dna>::new_unchecked(DenseMatrix::from_rows(rows))
                .to_scoring(ScanBackground::new_unchecked(letters(background.shares())))
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

    /// The same scanner, whose hits lie on the forward strand only: for signals that have a direction, such
    /// as splice sites.
    #[must_use]
    pub fn forward_only(mut self) -> Self {
        self.both_strands = false;
        self
    }

    /// The highest score that a window can have.
    pub fn max_score(&self) -> f64 {
        self.forward.max_score().into()
    }

    fn strands(&self) -> &'static [Strand] {
        if self.both_strands { &[Strand::Forward, Strand::Reverse] } else { &[Strand::Forward] }
    }

    fn distribution(&self) -> &ScoreDistribution<Dna> {
        self.distribution.get_or_init(|| self.forward.to_score_distribution())
    }

    /// The least score that windows of the background reach with a probability of at most `p_value`
    /// (Staden 1989, doi 10.1093/bioinformatics/5.2.89, with scores rounded as MEME does). Where even the
    /// best window is likelier, it is above what any window scores.
    ///
    /// # Panics
    ///
    /// If `p_value` is no number.
    pub fn threshold(&self, p_value: f64) -> f64 {
        assert!(!p_value.is_nan(), "a probability");
        self.distribution().score(p_value).into()
    }

    /// The probability that a window of the background scores at least this.
    pub fn p_value(&self, score: f64) -> f64 {
        self.distribution().pvalue(score as f32)
    }

    /// Scores of all windows, by their first base: on the forward and on the reverse strand. Windows with
    /// a letter that is no base score −∞; a sequence shorter than the motif has none.
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

    /// The window with the highest score, the first of several, the forward strand first; `None` where
    /// no window is made of bases alone.
    pub fn best(&self, sequence: &Sequence) -> Option<Hit> {
        self.best_where(sequence, |_| true)
    }

    /// As [`best`](Self::best), of the windows whose first base passes.
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

    /// All windows that score at least `threshold`, by their first base.
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
    use crate::Counts;

    fn motif() -> Frequencies {
        let sites = ["TATAAA", "TATATA", "TATAAG"].map(|site| site.parse().unwrap());
        Counts::of_sites(&sites).unwrap().frequencies(0.25)
    }

    proptest! {
        #[test]
        fn scores_are_the_sums_of_weights(text in "[ACGTN]{0,200}") {
            let sequence: Sequence = text.parse().unwrap();
            let background = Background::of([&"AACGTT".parse().unwrap()]);
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
    fn a_threshold_is_passed_as_often_as_said() {
        let scanner = Scanner::new(&motif(), &Background::uniform());
        let threshold = scanner.threshold(0.01);
        let mut passing = 0;
        for word in 0..4096_usize {
            let letter = |place: usize| char::from(b"ACGT"[word >> (2 * place) & 3]);
            let window: String = (0..6).map(letter).collect();
            let [forward, _] = scanner.scores(&window.parse().unwrap());
            passing += usize::from(f64::from(forward[0]) >= threshold);
        }
        let share = passing as f64 / 4096.0;
        assert!((0.004..=0.0105).contains(&share), "{share}");
        assert!(scanner.p_value(threshold) <= 0.0101);
    }
}
