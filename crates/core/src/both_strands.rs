//! Predictions and attributions averaged over both strands.

use crate::{Attribution, Classifier, Sequence};

/// A classifier or attribution method that averages over a sequence and its reverse complement.
///
/// Use it for sites that work on either strand, such as binding sites of transcription factors.
///
/// ```
/// use dnabert_core::{BothStrands, Classifier, Sequence};
///
/// /// The fraction of A.
/// struct Adenine;
///
/// impl Classifier for Adenine {
///     type Error = std::convert::Infallible;
///
///     fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
///         let fraction = |sequence: &Sequence| {
///             let count = sequence.as_bytes().iter().filter(|&&base| base == b'A').count();
///             vec![count as f32 / sequence.len() as f32]
///         };
///         Ok(sequences.iter().map(fraction).collect())
///     }
/// }
///
/// let sequence: Sequence = "AAAT".parse()?;
/// assert_eq!(Adenine.predict(&[sequence.clone()])?, [[0.75]]);
/// assert_eq!(BothStrands(Adenine).predict(&[sequence])?, [[0.5]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct BothStrands<C>(pub C);

impl<C: Classifier> Classifier for BothStrands<C> {
    type Error = C::Error;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, C::Error> {
        let forward = self.0.predict(sequences)?;
        let reverse: Vec<Sequence> = sequences.iter().map(Sequence::reverse_complement).collect();
        let reverse = self.0.predict(&reverse)?;
        let mean = |(one, other): (Vec<f32>, Vec<f32>)| {
            one.iter().zip(other).map(|(a, b)| f32::midpoint(*a, b)).collect()
        };
        Ok(forward.into_iter().zip(reverse).map(mean).collect())
    }
}

impl<A: Attribution> Attribution for BothStrands<A> {
    type Error = A::Error;

    /// Averages the score of each base with that of its complement on the other strand.
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, A::Error> {
        let forward = self.0.attribute(sequences)?;
        let reverse: Vec<Sequence> = sequences.iter().map(Sequence::reverse_complement).collect();
        let reverse = self.0.attribute(&reverse)?;
        let mean = |(one, other): (Vec<f64>, Vec<f64>)| {
            one.iter().zip(other.iter().rev()).map(|(a, b)| f64::midpoint(*a, *b)).collect()
        };
        Ok(forward.into_iter().zip(reverse).map(mean).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// The fraction of A.
    struct Adenine;

    impl Classifier for Adenine {
        type Error = Infallible;

        fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Infallible> {
            let fraction = |sequence: &Sequence| {
                let letters = sequence.as_bytes();
                let count = letters.iter().filter(|&&letter| letter == b'A').count();
                vec![count as f32 / letters.len() as f32]
            };
            Ok(sequences.iter().map(fraction).collect())
        }
    }

    impl Attribution for Adenine {
        type Error = Infallible;

        /// 1 for A, 0 for any other letter.
        fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, Infallible> {
            let score = |letter: &u8| f64::from(u8::from(*letter == b'A'));
            let track = |sequence: &Sequence| sequence.as_bytes().iter().map(score).collect();
            Ok(sequences.iter().map(track).collect())
        }
    }

    #[test]
    fn scores_of_the_other_strand_are_reversed_before_averaging() {
        let found = BothStrands(Adenine).attribute(&["AACT".parse().unwrap()]).unwrap();
        assert_eq!(found, [[0.5, 0.5, 0.0, 0.5]]);
    }

    #[test]
    fn a_sequence_and_its_reverse_complement_have_the_same_prediction() {
        let sequences: Vec<Sequence> = ["AAAC", "GTTT"].map(|text| text.parse().unwrap()).to_vec();
        let found = BothStrands(Adenine).predict(&sequences).unwrap();
        assert_eq!(found, [[0.375], [0.375]]);
    }
}
