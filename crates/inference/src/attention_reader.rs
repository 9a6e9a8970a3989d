//! Reads the attention of a network as a score for each base.

use dnabert_core::{Attribution, Sequence, TokenizeError, Tokenizer};
use dnabert_interpret::{AttentionScores, HeadScores, Heads, Query, Rollout, Tracks};
use dnabert_model::{Bert, Encoder, TokenBatch};

use crate::AnyTokenizer;
use crate::reader::SequenceReader;

/// A network whose attention is read as one score for each base.
///
/// A score is the mean attention over the tokens that cover the base, times the number of tokens in
/// the row. So uniform attention gives a score of 1, whatever the length of the sequence. Special
/// tokens and padding cover no base and are left out. Sequences that do not fit in one row are read
/// in rows that overlap by a quarter.
///
/// ```
/// use dnabert_inference::{Model, device};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let attention = Model::open(folder, &device(None)?)?.attention();
/// let sequence = "ACGTTGCA".repeat(25).parse()?;
/// let track = attention.track(&sequence)?; // one value for each base
/// assert_eq!(track.len(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AttentionReader<E: Encoder = Bert, T = AnyTokenizer> {
    encoder: E,
    reader: SequenceReader<T>,
    source: Source,
    query: Query,
}

/// How attention is combined to scores.
#[derive(Debug, Clone)]
enum Source {
    Heads(Heads),
    Rollout,
}

impl<E: Encoder, T: Tokenizer> AttentionReader<E, T> {
    /// A reader of `heads`, by [`Query::Cls`]. `encoder` should come from
    /// [`valid`](burn::module::Module::valid), so that dropout is off.
    pub fn new(encoder: E, reader: SequenceReader<T>, heads: Heads) -> Self {
        Self { encoder, reader, source: Source::Heads(heads), query: Query::default() }
    }

    /// The same reader for other layers and heads.
    #[must_use]
    pub fn with_heads(mut self, heads: Heads) -> Self {
        self.source = Source::Heads(heads);
        self
    }

    /// The same reader for [attention rollout](Rollout), instead of heads.
    #[must_use]
    pub fn with_rollout(mut self) -> Self {
        self.source = Source::Rollout;
        self
    }

    /// The same reader for another query.
    #[must_use]
    pub fn with_query(mut self, query: Query) -> Self {
        self.query = query;
        self
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &T {
        self.reader.tokenizer()
    }

    /// The scores of the bases of one sequence: see [`tracks`](Self::tracks).
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for a sequence that cannot be read.
    ///
    /// # Panics
    ///
    /// As [`tracks`](Self::tracks).
    pub fn track(&self, sequence: &Sequence) -> Result<Vec<f64>, TokenizeError> {
        match self.tracks(std::slice::from_ref(sequence)) {
            Ok(mut tracks) => Ok(tracks.remove(0)),
            Err(TokenizeError::InBatch { source, .. }) => Err(*source),
            Err(error) => Err(error),
        }
    }

    /// The scores of the bases of each sequence; 0 where no token covers a base. Besides the
    /// scores, only one batch of rows is in memory.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first sequence that cannot be read.
    ///
    /// # Panics
    ///
    /// If the network does not have one of the layers or heads.
    pub fn tracks(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, TokenizeError> {
        let mut tracks = Tracks::default();
        self.reader.each_batch(sequences, |batch, rows| {
            for ((index, row), mut scores) in rows.iter().zip(self.scores(batch)) {
                times(&mut scores, row.len());
                tracks.add(*index, sequences[*index].len(), row, &scores);
            }
        })?;
        Ok(tracks.finish(sequences.iter().map(Sequence::len)))
    }

    /// As [`tracks`](Self::tracks), for every head of every layer separately:
    /// `[sequence][head][base]`, with the heads of the first layer first.
    ///
    /// # Errors
    ///
    /// As [`tracks`](Self::tracks).
    pub fn head_tracks(&self, sequences: &[Sequence]) -> Result<Vec<Vec<Vec<f64>>>, TokenizeError> {
        let mut tracks: Vec<Tracks> = Vec::new();
        self.reader.each_batch(sequences, |batch, rows| {
            let mut sink = HeadScores::new(self.query, batch.mask.clone());
            let _ = self.encoder.encode(batch, &mut sink);
            for ((index, row), heads) in rows.iter().zip(sink.finish()) {
                tracks.resize(heads.len(), Tracks::default());
                for (tracks, mut scores) in tracks.iter_mut().zip(heads) {
                    times(&mut scores, row.len());
                    tracks.add(*index, sequences[*index].len(), row, &scores);
                }
            }
        })?;
        let mut found: Vec<Vec<Vec<f64>>> = vec![Vec::new(); sequences.len()];
        for head in tracks {
            let tracks = head.finish(sequences.iter().map(Sequence::len));
            found.iter_mut().zip(tracks).for_each(|(own, track)| own.push(track));
        }
        Ok(found)
    }

    /// Scores of tokens, `[batch][length]`.
    fn scores(&self, batch: &TokenBatch) -> Vec<Vec<f32>> {
        let scores = match &self.source {
            Source::Heads(heads) => {
                let mut sink = AttentionScores::new(heads.clone(), self.query, batch.mask.clone());
                let _ = self.encoder.encode(batch, &mut sink);
                sink.finish()
            }
            Source::Rollout => {
                let mut sink = Rollout::new(self.query, batch.mask.clone());
                let _ = self.encoder.encode(batch, &mut sink);
                sink.finish()
            }
        };
        assert!(!scores.is_empty(), "the network has no layer of {:?}", self.source);
        scores
    }
}

/// Scales attention so that uniform attention over a row of `tokens` is 1.
fn times(scores: &mut [f32], tokens: usize) {
    scores.iter_mut().for_each(|score| *score *= tokens as f32);
}

impl<E: Encoder + Sync, T: Tokenizer> Attribution for AttentionReader<E, T> {
    type Error = TokenizeError;

    /// See [`tracks`](AttentionReader::tracks).
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, TokenizeError> {
        self.tracks(sequences)
    }
}
