//! The base probabilities of a masked language model.

use burn::tensor::{Int, Tensor, TensorData};
use dnabert_core::{Attribution, Encoding, Sequence, TokenizeError, Tokenizer};
use dnabert_kmer::{KmerTokenizer, Vocabulary};
use dnabert_model::{Encoder, MaskedLanguageModel};

use crate::reader::{SequenceReader, in_batch};

/// A masked language model over k-mers that predicts single bases.
///
/// To predict a base, all k-mers that cover it are masked. Each of them then has four candidates,
/// which differ in that base only, since its other bases are known. The probabilities of the base
/// are the geometric mean of the probabilities that the masked k-mers give to their candidates,
/// normalised over the four bases. Sequences that do not fit in one row are read in rows that
/// overlap by a quarter. The prediction of a base is from a row with all k-mers that cover it.
///
/// ```
/// use dnabert_inference::{Model, device};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/small-4");
/// let scorer = Model::open(folder, &device(None)?)?.masked_scorer()?;
/// let sequence = "ACGTTGCAACGTTGCAACGT".parse()?;
/// let rows = scorer.log_probabilities(&[sequence])?.remove(0);
/// let of_base = rows[10].expect("a base that the model can hide"); // ln P of A, C, G and T
/// assert!((of_base.iter().map(|log| log.exp()).sum::<f64>() - 1.0).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MaskedScorer {
    model: MaskedLanguageModel,
    reader: SequenceReader<KmerTokenizer>,
}

/// A row in which the k-mers over one base are masked.
struct Question {
    sequence: usize,
    base: usize,
    row: Encoding,
    /// Masked positions of the row, and the first base of each masked k-mer.
    hidden: Vec<(usize, usize)>,
}

impl MaskedScorer {
    /// A scorer. `model` should come from [`valid`](burn::module::Module::valid), so that dropout
    /// is off.
    pub fn new(model: MaskedLanguageModel, reader: SequenceReader<KmerTokenizer>) -> Self {
        Self { model, reader }
    }

    /// The natural logarithms of the probabilities of `A C G T` at each base; `None` where no k-mer
    /// covers a base.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first sequence that cannot be read.
    pub fn log_probabilities(
        &self,
        sequences: &[Sequence],
    ) -> Result<Vec<Vec<Option<[f64; 4]>>>, TokenizeError> {
        let all: Vec<(usize, usize)> = sequences
            .iter()
            .enumerate()
            .flat_map(|(index, sequence)| (0..sequence.len()).map(move |base| (index, base)))
            .collect();
        let mut answers: Vec<Vec<Option<[f64; 4]>>> =
            sequences.iter().map(|sequence| vec![None; sequence.len()]).collect();
        for (place, answer) in all.iter().zip(self.log_probabilities_at(sequences, &all)?) {
            answers[place.0][place.1] = answer;
        }
        Ok(answers)
    }

    /// As [`log_probabilities`](Self::log_probabilities), for some bases. Each position is the
    /// index of a sequence and of a base in it. Positions of one sequence should be adjacent in the
    /// list.
    ///
    /// # Errors
    ///
    /// As [`log_probabilities`](Self::log_probabilities).
    ///
    /// # Panics
    ///
    /// If a position is outside of its sequence.
    pub fn log_probabilities_at(
        &self,
        sequences: &[Sequence],
        places: &[(usize, usize)],
    ) -> Result<Vec<Option<[f64; 4]>>, TokenizeError> {
        let mut answers = vec![None; places.len()];
        let mut waiting: Vec<(usize, Question)> = Vec::new();
        let mut current: Option<(usize, Vec<Encoding>)> = None;
        for (at, &(index, base)) in places.iter().enumerate() {
            let sequence = &sequences[index];
            assert!(base < sequence.len(), "base {base} of {}", sequence.len());
            if current.as_ref().is_none_or(|(known, _)| *known != index) {
                let rows: Result<Vec<Encoding>, _> = self.reader.rows(sequence).collect();
                let rows = rows.map_err(in_batch(index))?;
                current = Some((index, rows));
            }
            let rows = current.as_ref().map_or(&[][..], |(_, rows)| rows);
            let Some(question) = self.question(index, base, rows) else { continue };
            waiting.push((at, question));
            if self.reader.is_full(waiting.iter().map(|(_, question)| &question.row)) {
                self.run(sequences, &mut waiting, &mut answers);
            }
        }
        if !waiting.is_empty() {
            self.run(sequences, &mut waiting, &mut answers);
        }
        Ok(answers)
    }

    /// The row with the most k-mers over the base, with these k-mers masked.
    fn question(&self, sequence: usize, base: usize, rows: &[Encoding]) -> Option<Question> {
        let over = |row: &Encoding| -> Vec<(usize, usize)> {
            // Most rows of a long sequence do not cover the base.
            let first = row.spans.iter().flatten().next();
            let last = row.spans.iter().rev().flatten().next();
            if first.is_none_or(|span| base < span.start)
                || last.is_none_or(|span| base >= span.end)
            {
                return Vec::new();
            }
            let spans = row.spans.iter().enumerate();
            let over = spans.filter_map(|(place, span)| Some((place, span.as_ref()?)));
            over.filter(|(_, span)| span.contains(&base))
                .map(|(place, span)| (place, span.start))
                .collect()
        };
        // If the base is at the edge of one row, the next row has more context for it.
        let (row, hidden) =
            rows.iter().map(|row| (row, over(row))).max_by_key(|(_, hidden)| hidden.len())?;
        if hidden.is_empty() {
            return None;
        }
        let mut row = row.clone();
        let mask = self.reader.tokenizer().special_tokens().mask;
        hidden.iter().for_each(|&(place, _)| row.ids[place] = mask);
        Some(Question { sequence, base, row, hidden })
    }

    fn run(
        &self,
        sequences: &[Sequence],
        waiting: &mut Vec<(usize, Question)>,
        answers: &mut [Option<[f64; 4]>],
    ) {
        let rows: Vec<&Encoding> = waiting.iter().map(|(_, question)| &question.row).collect();
        let batch = self.reader.upload(&rows);
        let hidden = self.model.encoder.encode(&batch, &mut ()).hidden;
        let [rows, length, width] = hidden.dims();
        // Only masked tokens go through the decoder, which is the widest layer.
        let places: Vec<i32> = waiting
            .iter()
            .enumerate()
            .flat_map(|(row, (_, question))| {
                question.hidden.iter().map(move |(place, _)| (row * length + place) as i32)
            })
            .collect();
        let places = TensorData::new(places.clone(), [places.len()]);
        let places = Tensor::<1, Int>::from_data(places, self.reader.device());
        let states = hidden.reshape([rows * length, width]).select(0, places);
        let scores = self.model.predict(states);
        let [_, vocabulary] = scores.dims();
        let scores: Vec<f32> = scores.into_data().iter::<f32>().collect();
        let mut scores = scores.chunks(vocabulary);
        for (at, question) in waiting.drain(..) {
            let sequence = &sequences[question.sequence];
            let mut sums = [0.0; 4];
            for ((_, start), scores) in question.hidden.iter().zip(&mut scores) {
                let own = candidates(
                    self.reader.tokenizer().vocabulary(),
                    sequence,
                    *start,
                    question.base,
                );
                let own = own.map(|id| f64::from(scores[id as usize]));
                let norm = log_sum(own);
                sums.iter_mut().zip(own).for_each(|(sum, score)| *sum += score - norm);
            }
            let means = sums.map(|sum| sum / question.hidden.len() as f64);
            let norm = log_sum(means);
            answers[at] = Some(means.map(|mean| mean - norm));
        }
    }
}

/// The ids of the k-mer from `start` with each of `A C G T` at `base`.
fn candidates(vocabulary: &Vocabulary, sequence: &Sequence, start: usize, base: usize) -> [u32; 4] {
    let kmer = &sequence.as_str()[start..start + vocabulary.k()];
    let at = base - start;
    ["A", "C", "G", "T"].map(|letter| {
        let candidate = format!("{}{letter}{}", &kmer[..at], &kmer[at + 1..]);
        vocabulary.id(&candidate).expect("a token's bases are A, C, G and T")
    })
}

/// ln Σ exp.
fn log_sum(values: [f64; 4]) -> f64 {
    let most = values.into_iter().fold(f64::NEG_INFINITY, f64::max);
    most + values.iter().map(|value| (value - most).exp()).sum::<f64>().ln()
}

impl Attribution for MaskedScorer {
    type Error = TokenizeError;

    /// ln P(base) of each base, given the rest of the sequence: it is high where the sequence is as
    /// the model expects. 0 where no k-mer covers a base.
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, TokenizeError> {
        let answers = self.log_probabilities(sequences)?;
        let of_base = |(letter, answer): (&u8, Option<[f64; 4]>)| {
            let column = b"ACGT".iter().position(|base| base == letter);
            answer.zip(column).map_or(0.0, |(answer, column)| answer[column])
        };
        Ok(sequences
            .iter()
            .zip(answers)
            .map(|(sequence, answers)| {
                sequence.as_bytes().iter().zip(answers).map(of_base).collect()
            })
            .collect())
    }
}
