//! Scores of tokens as scores of bases.

use std::collections::BTreeMap;

use dnabert_core::{Encoding, Stitcher};

/// Converts the scores of tokens to scores of the bases of one sequence, row by row from left to
/// right.
///
/// The score of a base is the mean over the tokens that cover it, or 0 without such tokens. Special
/// tokens and padding cover no base and are ignored.
///
/// ```
/// use dnabert_core::Tokenizer;
/// use dnabert_interpret::TrackBuilder;
/// use dnabert_kmer::KmerTokenizer;
///
/// let row = KmerTokenizer::new(3)?.encode(&"ACGTA".parse()?)?;
/// let mut track = TrackBuilder::default();
/// // [CLS] ACG CGT GTA [SEP]
/// track.add(&row, &[9.0, 1.0, 2.0, 3.0, 9.0]);
/// assert_eq!(track.finish(5), [1.0, 1.5, 2.0, 2.5, 3.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TrackBuilder(Stitcher);

impl Default for TrackBuilder {
    fn default() -> Self {
        Self(Stitcher::new(1))
    }
}

impl TrackBuilder {
    /// Adds the scores of the tokens of a row; scores of padding after the last token are ignored.
    ///
    /// # Panics
    ///
    /// If there are fewer scores than tokens.
    pub fn add(&mut self, row: &Encoding, scores: &[f32]) {
        assert!(scores.len() >= row.len(), "{} scores for {} tokens", scores.len(), row.len());
        for (span, &score) in row.spans.iter().zip(scores) {
            if let Some(span) = span {
                self.0.add(span.clone(), &[score]);
            }
        }
    }

    /// Returns the scores of the first `bases` bases.
    pub fn finish(mut self, bases: usize) -> Vec<f64> {
        let mut track = Vec::with_capacity(bases);
        self.0.finish(bases, |_, mean| track.push(mean.map_or(0.0, |mean| f64::from(mean[0]))));
        track
    }
}

/// Collects the tracks of several sequences, whose rows come one sequence after the other.
///
/// Only the current sequence is kept as tokens.
///
/// ```
/// use dnabert_core::Tokenizer;
/// use dnabert_interpret::Tracks;
/// use dnabert_kmer::KmerTokenizer;
///
/// let row = KmerTokenizer::new(3)?.encode(&"ACGT".parse()?)?; // [CLS] ACG CGT [SEP]
/// let mut tracks = Tracks::default();
/// tracks.add(0, 4, &row, &[0.0, 1.0, 2.0, 0.0]);
/// assert_eq!(tracks.finish([4]), [[1.0, 1.5, 1.5, 2.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tracks {
    /// The index of the current sequence, its number of bases, and its track so far.
    current: Option<(usize, usize, TrackBuilder)>,
    done: BTreeMap<usize, Vec<f64>>,
}

impl Tracks {
    /// Adds the scores of a row of sequence `index`, which has `bases` bases.
    ///
    /// # Panics
    ///
    /// See [`TrackBuilder::add`].
    pub fn add(&mut self, index: usize, bases: usize, row: &Encoding, scores: &[f32]) {
        if self.current.as_ref().is_none_or(|(current, _, _)| *current != index) {
            self.close();
            self.current = Some((index, bases, TrackBuilder::default()));
        }
        if let Some((_, _, track)) = &mut self.current {
            track.add(row, scores);
        }
    }

    fn close(&mut self) {
        if let Some((index, bases, track)) = self.current.take() {
            self.done.insert(index, track.finish(bases));
        }
    }

    /// Returns the tracks of all sequences, given their numbers of bases; a sequence without rows
    /// has only zeros.
    pub fn finish(mut self, bases: impl IntoIterator<Item = usize>) -> Vec<Vec<f64>> {
        self.close();
        let mut track =
            |(index, bases)| self.done.remove(&index).unwrap_or_else(|| vec![0.0; bases]);
        bases.into_iter().enumerate().map(&mut track).collect()
    }
}

/// Scales scores to Euclidean norm 1, so that tracks can be compared; all-zero scores stay zero.
pub fn unit_norm(scores: &mut [f64]) {
    let norm = scores.iter().map(|score| score * score).sum::<f64>().sqrt();
    if norm > 0.0 {
        scores.iter_mut().for_each(|score| *score /= norm);
    }
}

/// Returns the mean of several tracks of one sequence, each scaled to norm 1 first.
///
/// So no model outweighs another. The DNABERT paper combines models with different k in this way.
///
/// # Panics
///
/// If there are no tracks, or if they have different lengths.
///
/// ```
/// let mean = dnabert_interpret::mean_track(&[vec![3.0, 4.0], vec![0.0, 10.0]]);
/// assert!((mean[0] - 0.3).abs() < 1e-12 && (mean[1] - 0.9).abs() < 1e-12);
/// ```
pub fn mean_track(tracks: &[Vec<f64>]) -> Vec<f64> {
    let length = tracks.first().map(Vec::len).expect("a track");
    assert!(tracks.iter().all(|track| track.len() == length), "tracks of one sequence");
    let mut sums = vec![0.0; length];
    for track in tracks {
        let mut track = track.clone();
        unit_norm(&mut track);
        sums.iter_mut().zip(track).for_each(|(sum, score)| *sum += score);
    }
    sums.into_iter().map(|sum| sum / tracks.len() as f64).collect()
}
