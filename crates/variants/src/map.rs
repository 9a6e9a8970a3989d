//! All small changes of one window.

use dnabert_core::{Classifier, Sequence};

use crate::effects::Reading;

/// What every substitution, and the deletion of every base, does to a class in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct MutationMap {
    /// The window.
    pub window: Sequence,
    /// Natural log odds of the class as the window is.
    pub reference: f64,
    /// For each base by how much log odds rise with `A C G T` in its place, and without it; 0 for the base
    /// itself.
    pub effects: Vec<[f64; 5]>,
}

/// The columns of [`MutationMap::effects`].
pub const COLUMNS: [&str; 5] = ["A", "C", "G", "T", "deleted"];

/// Windows that are read at once.
const AT_ONCE: usize = 1024;

/// Probabilities nearer to 0 or 1 are not told apart from it in single precision.
const SURE: f64 = 1e-7;

impl MutationMap {
    /// Of the first bases of a stretch, as many as a window has; the stretch is one base longer, by which the
    /// window is filled up where a base is deleted.
    ///
    /// # Errors
    ///
    /// That of the classifier.
    ///
    /// # Panics
    ///
    /// If the stretch has no base, or the classifier no such class.
    pub fn new<C: Classifier>(
        classifier: &C,
        class: usize,
        stretch: &Sequence,
        reading: Reading,
    ) -> Result<Self, C::Error> {
        let width = stretch.len() - 1;
        let window = stretch.slice(0..width);
        let mut mutants = vec![window.clone()];
        for base in 0..width {
            for letter in &COLUMNS[..4] {
                mutants.push(window.replace(base..base + 1, &letter.parse().expect("a base")));
            }
            mutants.push(stretch.replace(base..base + 1, &Sequence::default()));
        }
        let mut log_odds = Vec::with_capacity(mutants.len());
        for some in mutants.chunks(AT_ONCE) {
            log_odds.extend(read(classifier, class, some, reading)?);
        }
        let reference = log_odds[0];
        let effects =
            log_odds[1..].chunks(5).map(|row| std::array::from_fn(|at| row[at] - reference));
        Ok(Self { window, reference, effects: effects.collect() })
    }

    /// How much each base counts: the mean fall of the log odds over the three substitutions.
    pub fn track(&self) -> Vec<f64> {
        self.effects.iter().map(|row| -row[..4].iter().sum::<f64>() / 3.0).collect()
    }
}

fn read<C: Classifier>(
    classifier: &C,
    class: usize,
    windows: &[Sequence],
    reading: Reading,
) -> Result<Vec<f64>, C::Error> {
    let of = |rows: Vec<Vec<f32>>| rows.into_iter().map(|row| f64::from(row[class]));
    let turned = || windows.iter().map(Sequence::reverse_complement).collect::<Vec<_>>();
    let probabilities: Vec<f64> = match reading {
        Reading::Forward => of(classifier.predict(windows)?).collect(),
        Reading::Reverse => of(classifier.predict(&turned())?).collect(),
        Reading::Mean => of(classifier.predict(windows)?)
            .zip(of(classifier.predict(&turned())?))
            .map(|(a, b)| f64::midpoint(a, b))
            .collect(),
    };
    let log_odds = |p: f64| (p.clamp(SURE, 1.0 - SURE) / (1.0 - p.clamp(SURE, 1.0 - SURE))).ln();
    Ok(probabilities.into_iter().map(log_odds).collect())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Likes GAT.
    struct Gat;

    impl Classifier for Gat {
        type Error = Infallible;

        fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Infallible> {
            let row = |sequence: &Sequence| {
                assert_eq!(sequence.len(), 6);
                let p = if sequence.as_str().contains("GAT") { 0.9 } else { 0.1 };
                vec![1.0 - p, p]
            };
            Ok(sequences.iter().map(row).collect())
        }
    }

    #[test]
    fn deletions_are_filled_up_and_the_base_itself_changes_nothing() {
        let map = MutationMap::new(&Gat, 1, &"CCGATCC".parse().unwrap(), Reading::Forward).unwrap();
        let loss = -2.0 * 9_f64.ln();
        for (base, row) in map.effects.iter().enumerate() {
            let own = b"ACGT".iter().position(|letter| *letter == b"CCGATC"[base]).unwrap();
            assert_eq!(row[own], 0.0);
            let expected = if (2..5).contains(&base) { loss } else { 0.0 };
            assert!((row[4] - expected).abs() < 1e-5, "{base}: {row:?}");
            assert!((map.track()[base] + expected).abs() < 1e-5);
        }
        // The deletion of a base at the end draws in the next.
        let map = MutationMap::new(&Gat, 1, &"CCCGACT".parse().unwrap(), Reading::Forward).unwrap();
        assert!((map.effects[5][4] + loss).abs() < 1e-5);
    }
}
