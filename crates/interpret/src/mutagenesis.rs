//! What changes when a base is changed.

use dnabert_core::{Attribution, Classifier, Sequence, log_odds};

/// In-silico saturation mutagenesis: every base of a sequence in turn is replaced by each of the other
/// three, and the classifier asked again.
///
/// Effects are differences of log odds (natural logarithm) of one class, which unlike differences of
/// probabilities do not vanish where the classifier is sure. The unchanged sequence is asked about once,
/// and mutants of many sequences share batches.
#[derive(Debug, Clone)]
pub struct Mutagenesis<C> {
    classifier: C,
    class: usize,
}

/// The effects of all substitutions in one sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct MutationEffects {
    /// The log odds of the class for the sequence as it is.
    pub reference: f64,
    /// For each base, and `A C G T` in its place, by how much log odds rise; 0 for the base itself, and
    /// where it is an ambiguous letter.
    pub effects: Vec<[f64; 4]>,
}

const LETTERS: [&str; 4] = ["A", "C", "G", "T"];

/// Sequences that the classifier is asked about at once.
const AT_ONCE: usize = 1024;

impl MutationEffects {
    /// How much each base counts: the mean fall of the log odds when it is replaced; negative where the
    /// class would rather have another base.
    pub fn track(&self) -> Vec<f64> {
        self.effects.iter().map(|effects| -effects.iter().sum::<f64>() / 3.0).collect()
    }
}

impl<C: Classifier> Mutagenesis<C> {
    /// Of the probability that a classifier gives to a class.
    pub fn new(classifier: C, class: usize) -> Self {
        Self { classifier, class }
    }

    /// The effects of all substitutions in each sequence.
    ///
    /// # Errors
    ///
    /// That of the classifier.
    ///
    /// # Panics
    ///
    /// If the classifier has no such class.
    pub fn effects(&self, sequences: &[Sequence]) -> Result<Vec<MutationEffects>, C::Error> {
        let reference = self.log_odds(sequences)?;
        let mut found: Vec<MutationEffects> = sequences
            .iter()
            .zip(reference)
            .map(|(sequence, reference)| MutationEffects {
                reference,
                effects: vec![[0.0; 4]; sequence.len()],
            })
            .collect();
        let bases = LETTERS.map(|letter| letter.parse().expect("a base"));
        let mut places = Vec::with_capacity(AT_ONCE);
        let mut mutants = Vec::with_capacity(AT_ONCE);
        for (index, sequence) in sequences.iter().enumerate() {
            for base in 0..sequence.len() {
                for (column, letter) in LETTERS.iter().enumerate() {
                    let own = &sequence.as_str()[base..=base];
                    if own == *letter || !LETTERS.contains(&own) {
                        continue;
                    }
                    places.push((index, base, column));
                    mutants.push(sequence.replace(base..base + 1, &bases[column]));
                    if mutants.len() == AT_ONCE {
                        self.fill(&mut found, &mut places, &mut mutants)?;
                    }
                }
            }
        }
        self.fill(&mut found, &mut places, &mut mutants)?;
        Ok(found)
    }

    fn fill(
        &self,
        found: &mut [MutationEffects],
        places: &mut Vec<(usize, usize, usize)>,
        mutants: &mut Vec<Sequence>,
    ) -> Result<(), C::Error> {
        let log_odds = self.log_odds(mutants)?;
        for ((index, base, column), log_odds) in places.drain(..).zip(log_odds) {
            let found = &mut found[index];
            found.effects[base][column] = log_odds - found.reference;
        }
        mutants.clear();
        Ok(())
    }

    fn log_odds(&self, sequences: &[Sequence]) -> Result<Vec<f64>, C::Error> {
        let rows = self.classifier.predict(sequences)?;
        Ok(rows.iter().map(|row| log_odds(row[self.class].into())).collect())
    }
}

impl<C: Classifier> Attribution for Mutagenesis<C> {
    type Error = C::Error;

    /// [`MutationEffects::track`] of each sequence.
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, C::Error> {
        Ok(self.effects(sequences)?.iter().map(MutationEffects::track).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use super::*;

    /// Log odds are the number of times that GAT stands in the sequence. Remembers what it was asked.
    #[derive(Debug, Default)]
    struct Gat(Mutex<Vec<String>>);

    impl Classifier for Gat {
        type Error = Infallible;

        fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Infallible> {
            let row = |sequence: &Sequence| {
                self.0.lock().unwrap().push(sequence.to_string());
                let count = sequence.as_str().matches("GAT").count() as f32;
                let p = 1.0 / (1.0 + (-count).exp());
                vec![1.0 - p, p]
            };
            Ok(sequences.iter().map(row).collect())
        }
    }

    #[test]
    fn bases_of_a_word_count_and_others_do_not() {
        let gat = Gat::default();
        let sequences = ["CCGATCN", "GAC"].map(|text| text.parse().unwrap());
        let found = Mutagenesis::new(&gat, 1).effects(&sequences).unwrap();
        assert!((found[0].reference - 1.0).abs() < 1e-5);
        let track = found[0].track();
        for (base, score) in track.iter().enumerate() {
            let expected = if (2..5).contains(&base) { 1.0 } else { 0.0 };
            assert!((score - expected).abs() < 1e-5, "{track:?}");
        }
        // GAC lacks the T that makes it a GAT.
        assert!((found[1].effects[2][3] - 1.0).abs() < 1e-5 && found[1].effects[2][1] == 0.0);
        // Two as they are, and three for each of 9 bases, none twice.
        let mut asked = gat.0.into_inner().unwrap();
        assert_eq!(asked.len(), 2 + 3 * 9);
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 2 + 3 * 9);
    }
}
