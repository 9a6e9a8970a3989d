//! In-silico saturation mutagenesis.

use dnabert_core::{Attribution, Classifier, Sequence, log_odds};

/// In-silico saturation mutagenesis: replaces each base by each of the other three and runs the
/// classifier again.
///
/// Effects are differences of the log odds (natural logarithm) of one class. Unlike differences of
/// probabilities, they do not vanish if the classifier is certain. The unchanged sequence is scored
/// once, and mutants of several sequences share batches.
///
/// ```
/// use std::convert::Infallible;
///
/// use dnabert_core::{Attribution, Classifier, Sequence};
/// use dnabert_interpret::Mutagenesis;
///
/// /// Class 1 is likely for sequences that contain TATA.
/// struct Tata;
///
/// impl Classifier for Tata {
///     type Error = Infallible;
///
///     fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Infallible> {
///         let probability = |s: &Sequence| if s.as_str().contains("TATA") { 0.9 } else { 0.1 };
///         Ok(sequences.iter().map(probability).map(|p| vec![1.0 - p, p]).collect())
///     }
/// }
///
/// let tracks = Mutagenesis::new(Tata, 1).attribute(&["GCTATAGC".parse()?])?;
/// // Only the bases of TATA matter: ln 9 − (−ln 9) = 4.39.
/// let rounded: Vec<f64> = tracks[0].iter().map(|score| (score * 100.0).round() / 100.0).collect();
/// assert_eq!(rounded, [0.0, 0.0, 4.39, 4.39, 4.39, 4.39, 0.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Mutagenesis<C> {
    classifier: C,
    class: usize,
}

/// The effects of all substitutions in one sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct MutationEffects {
    /// The log odds of the class for the unchanged sequence.
    pub reference: f64,
    /// For each base and each replacement `A C G T`, the change of the log odds; 0 for the base
    /// itself and for ambiguous letters.
    pub effects: Vec<[f64; 4]>,
}

const LETTERS: [&str; 4] = ["A", "C", "G", "T"];

/// The number of sequences in one call of the classifier.
const AT_ONCE: usize = 1024;

impl MutationEffects {
    /// Returns the importance of each base: the mean decrease of the log odds when it is replaced.
    ///
    /// It is negative if other bases make the class more likely.
    pub fn track(&self) -> Vec<f64> {
        self.effects.iter().map(|effects| -effects.iter().sum::<f64>() / 3.0).collect()
    }
}

impl<C: Classifier> Mutagenesis<C> {
    /// Analyses the probability that `classifier` gives to `class`.
    pub fn new(classifier: C, class: usize) -> Self {
        Self { classifier, class }
    }

    /// Returns the effects of all substitutions in each sequence.
    ///
    /// # Errors
    ///
    /// The error of the classifier.
    ///
    /// # Panics
    ///
    /// If the classifier does not have the class.
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

    /// Returns the [`MutationEffects::track`] of each sequence.
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, C::Error> {
        Ok(self.effects(sequences)?.iter().map(MutationEffects::track).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use super::*;

    /// A classifier whose log odds are the number of times that GAT occurs; it records its inputs.
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
        // Replacing the last base of GAC by T gives GAT.
        assert!((found[1].effects[2][3] - 1.0).abs() < 1e-5 && found[1].effects[2][1] == 0.0);
        // The 2 unchanged sequences and 3 mutants for each of 9 bases, none twice.
        let mut asked = gat.0.into_inner().unwrap();
        assert_eq!(asked.len(), 2 + 3 * 9);
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 2 + 3 * 9);
    }
}
