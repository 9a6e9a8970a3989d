//! A context model as a baseline for masked language models: both predict the same hidden tokens.

use dnabert_baseline::ContextModel;
use dnabert_baseline::context::{Around, digit};
use dnabert_core::{Encoding, MaskPlan, Sequence, derive_seed};
use dnabert_tasks::corpus::{CorpusError, Pieces};
use dnabert_train::metric::argmax;
use dnabert_train::pretrain::RowEvaluation;

/// Counts the contexts of all bases of `pieces`; see [`ContextModel::new`] for the settings.
///
/// # Errors
///
/// [`CorpusError::Store`].
pub fn fit_context(
    pieces: &Pieces,
    longest_hole: usize,
    reach: usize,
) -> Result<ContextModel, CorpusError> {
    let mut model = ContextModel::new(longest_hole, reach);
    for stretch in pieces.stretches(1 << 16, 2 * reach + longest_hole - 1) {
        model.count(&stretch?.sequence);
    }
    model.finish();
    Ok(model)
}

/// How a context model predicts hidden k-mers.
#[derive(Debug, Clone, Copy)]
pub struct ContextBaseline<'a> {
    /// The counts.
    pub model: &'a ContextModel,
    /// Number of bases that are read on each side of a gap.
    pub reach: usize,
    /// The weight of shorter contexts, in counts.
    pub backing: f64,
}

impl ContextBaseline<'_> {
    /// Evaluates the model on rows of k-mers and their sequences, with the same masks as
    /// [`evaluate_rows`](dnabert_train::pretrain::evaluate_rows).
    ///
    /// A base is known if a token that is not hidden covers it. The prediction of a hidden k-mer is
    /// right if all of its unknown bases are right.
    ///
    /// # Panics
    ///
    /// If a sequence holds an ambiguous letter.
    pub fn evaluate_rows(
        &self,
        rows: &[(Sequence, Encoding)],
        plan: &dyn MaskPlan,
        seed: u64,
    ) -> Vec<RowEvaluation> {
        let evaluate = |(index, (sequence, row)): (usize, &(Sequence, Encoding))| {
            let hidden = plan.mask(row, derive_seed(seed, &[index as u64])).places;
            self.evaluate(sequence, row, &hidden)
        };
        rows.iter().enumerate().map(evaluate).collect()
    }

    fn evaluate(&self, sequence: &Sequence, row: &Encoding, hidden: &[usize]) -> RowEvaluation {
        let truth: Vec<u8> = sequence
            .as_bytes()
            .iter()
            .map(|&letter| digit(letter).expect("a corpus holds bases only"))
            .collect();
        let mut known = vec![false; truth.len()];
        let mut turn = hidden.iter().peekable();
        for (place, span) in row.spans.iter().enumerate() {
            if turn.next_if_eq(&&place).is_none()
                && let Some(span) = span
            {
                known[span.clone()].fill(true);
            }
        }
        let predicted = self.fill(&truth, &known);
        let mut found = RowEvaluation::default();
        for span in hidden.iter().filter_map(|&place| row.spans[place].clone()) {
            found.tokens += 1;
            let bases = || span.clone().filter(|&base| !known[base]);
            let right = |base: usize| argmax(&predicted[base]) == usize::from(truth[base]);
            found.right += usize::from(bases().all(right));
            let chance = |base: usize| predicted[base][usize::from(truth[base])];
            found.loss -= bases().map(|base| chance(base).ln()).sum::<f64>();
        }
        found
    }

    /// Probabilities of the unknown bases. The values at known bases have no meaning.
    fn fill(&self, truth: &[u8], known: &[bool]) -> Vec<[f64; 4]> {
        let mut filled = vec![[0.0; 4]; truth.len()];
        let mut start = 0;
        for run in known.chunk_by(|a, b| a == b) {
            let end = start + run.len();
            if !run[0] {
                let side = |places: &mut dyn Iterator<Item = usize>| -> Vec<u8> {
                    let places = places.filter(|&place| known[place]);
                    places.take(self.reach).map(|place| truth[place]).collect()
                };
                let left = side(&mut (0..start).rev());
                let right = side(&mut (end..truth.len()));
                let around = Around { left: &left, right: &right };
                let found = self.model.predict(run.len(), around, self.reach, self.backing);
                filled[start..end].copy_from_slice(&found);
            }
            start = end;
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use dnabert_core::Tokenizer;
    use dnabert_kmer::{KmerMasking, KmerTokenizer};

    use super::*;

    #[test]
    fn what_always_stands_between_two_contexts_is_predicted() {
        let text = "ACCGTATTGCAAGC".repeat(35);
        let sequence: Sequence = text.parse().unwrap();
        let mut model = ContextModel::new(6, 3);
        model.count(&sequence);
        model.finish();
        let row = KmerTokenizer::new(6).unwrap().encode(&sequence).unwrap();
        let baseline = ContextBaseline { model: &model, reach: 3, backing: 0.01 };
        let masking = KmerMasking::new(6, 0.15).unwrap();
        let found = baseline.evaluate_rows(&[(sequence, row)], &masking, 3);
        assert!(found[0].tokens > 40, "{found:?}");
        // Gaps that are longer than any that was counted, or lie at an end, may be wrong.
        assert!(found[0].right as f64 > 0.8 * found[0].tokens as f64, "{found:?}");
        let blind = ContextBaseline { reach: 0, ..baseline };
        let sequence: Sequence = text.parse().unwrap();
        let row = KmerTokenizer::new(6).unwrap().encode(&sequence).unwrap();
        let blind = blind.evaluate_rows(&[(sequence, row)], &masking, 3);
        assert!(blind[0].right < found[0].right && blind[0].loss > found[0].loss, "{blind:?}");
    }
}
