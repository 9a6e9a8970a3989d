//! The effects of all single-base changes of one window.

use dnabert_core::{Classifier, Sequence};

use crate::effects::StrandMode;

/// The effects of all substitutions and single-base deletions of a window on the probability of a
/// class (in-silico saturation mutagenesis).
#[derive(Debug, Clone, PartialEq)]
pub struct MutationMap {
    /// The window.
    pub window: Sequence,
    /// The natural log odds of the class for the unchanged window.
    pub reference: f64,
    /// For each base, the change of the log odds if it is replaced by `A C G T`, and if it is deleted;
    /// 0 for the base itself.
    pub effects: Vec<[f64; 5]>,
}

/// The columns of [`MutationMap::effects`].
pub const COLUMNS: [&str; 5] = ["A", "C", "G", "T", "deleted"];

/// Windows in one call of the classifier.
const AT_ONCE: usize = 1024;

impl MutationMap {
    /// The map of a window, given the bases to its left and right (`None` at an end of the chromosome).
    ///
    /// After a deletion the window is filled up so that its middle stays: from the left if the base is
    /// in the left half, otherwise from the right; from the other side at an end of the chromosome.
    ///
    /// # Errors
    ///
    /// The error of the classifier.
    ///
    /// # Panics
    ///
    /// If the window is empty, neither neighbour is given, or the classifier does not have the class.
    ///
    /// ```
    /// use dnabert_core::{Classifier, Sequence};
    /// use dnabert_variants::{effects::StrandMode, map::MutationMap};
    ///
    /// /// Finds GAT.
    /// struct Gat;
    ///
    /// impl Classifier for Gat {
    ///     type Error = std::convert::Infallible;
    ///
    ///     fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
    ///         let score = |bases: &Sequence| if bases.as_str().contains("GAT") { 0.9 } else { 0.1 };
    ///         Ok(sequences.iter().map(|bases| vec![1.0 - score(bases), score(bases)]).collect())
    ///     }
    /// }
    ///
    /// let neighbours = [Some("C".parse()?), Some("C".parse()?)];
    /// let map = MutationMap::new(&Gat, 1, "CCGATC".parse()?, neighbours, StrandMode::Forward)?;
    /// let important: Vec<bool> = map.track().iter().map(|score| *score > 1.0).collect();
    /// assert_eq!(important, [false, false, true, true, true, false]); // GAT
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new<C: Classifier>(
        classifier: &C,
        class: usize,
        window: Sequence,
        [left, right]: [Option<Sequence>; 2],
        strands: StrandMode,
    ) -> Result<Self, C::Error> {
        let width = window.len();
        assert!(left.is_some() || right.is_some(), "no base next to the window");
        let nothing = Sequence::default();
        let mut mutants = vec![window.clone()];
        for base in 0..width {
            for letter in &COLUMNS[..4] {
                mutants.push(window.replace(base..base + 1, &letter.parse().expect("a base")));
            }
            let shorter = window.replace(base..base + 1, &nothing);
            mutants.push(match (&left, &right) {
                (Some(left), None) => shorter.replace(0..0, left),
                (Some(left), _) if base < width / 2 => shorter.replace(0..0, left),
                (_, Some(right)) => shorter.replace(width - 1..width - 1, right),
                (None, None) => shorter,
            });
        }
        let mut log_odds = Vec::with_capacity(mutants.len());
        for some in mutants.chunks(AT_ONCE) {
            let rows = strands.predict(classifier, some)?;
            log_odds.extend(rows.iter().map(|row| dnabert_core::log_odds(row[class].into())));
        }
        let reference = log_odds[0];
        let effects =
            log_odds[1..].chunks(5).map(|row| std::array::from_fn(|at| row[at] - reference));
        Ok(Self { window, reference, effects: effects.collect() })
    }

    /// The importance of each base: the mean decrease of the log odds over its three substitutions.
    pub fn track(&self) -> Vec<f64> {
        self.effects.iter().map(|row| -row[..4].iter().sum::<f64>() / 3.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Finds GAT.
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
    fn deletions_are_filled_up_and_the_base_itself_has_no_effect() {
        let map = |window: &str, left: Option<&str>, right: Option<&str>| {
            let beside = [left, right].map(|base| base.map(|base| base.parse().unwrap()));
            MutationMap::new(&Gat, 1, window.parse().unwrap(), beside, StrandMode::Forward).unwrap()
        };
        let found = map("CCGATC", Some("C"), Some("C"));
        let loss = -2.0 * 9_f64.ln();
        for (base, row) in found.effects.iter().enumerate() {
            let own = b"ACGT".iter().position(|letter| *letter == b"CCGATC"[base]).unwrap();
            assert_eq!(row[own], 0.0);
            let expected = if (2..5).contains(&base) { loss } else { 0.0 };
            assert!((row[4] - expected).abs() < 1e-5, "{base}: {row:?}");
            assert!((found.track()[base] + expected).abs() < 1e-5);
        }
        // A deletion in the right half is filled up from the right, one in the left half from the left.
        let found = map("ATCGAC", Some("G"), Some("T"));
        assert!(
            (found.effects[5][4] + loss).abs() < 1e-5 && (found.effects[2][4] + loss).abs() < 1e-5
        );
        // At an end of the chromosome the window is filled up from the other side.
        assert!((map("CCCGAC", None, Some("T")).effects[0][4]).abs() < 1e-5);
    }
}
