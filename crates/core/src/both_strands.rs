//! Reading both strands.

use crate::{Attribution, Classifier, Sequence};

/// A classifier, or a way of explaining one, whose answer is the mean over a sequence and its reverse complement: for sites that
/// mean the same on both strands, such as those of transcription factors.
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

    /// The mean of a base's score and that of its partner on the other strand.
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

    /// The share of A.
    struct Adenine;

    impl Classifier for Adenine {
        type Error = Infallible;

        fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Infallible> {
            let share = |sequence: &Sequence| {
                let letters = sequence.as_bytes();
                let count = letters.iter().filter(|&&letter| letter == b'A').count();
                vec![count as f32 / letters.len() as f32]
            };
            Ok(sequences.iter().map(share).collect())
        }
    }

    impl Attribution for Adenine {
        type Error = Infallible;

        /// 1 for A.
        fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, Infallible> {
            let score = |letter: &u8| f64::from(u8::from(*letter == b'A'));
            let track = |sequence: &Sequence| sequence.as_bytes().iter().map(score).collect();
            Ok(sequences.iter().map(track).collect())
        }
    }

    #[test]
    fn scores_of_the_other_strand_stand_at_their_bases() {
        let found = BothStrands(Adenine).attribute(&["AACT".parse().unwrap()]).unwrap();
        assert_eq!(found, [[0.5, 0.5, 0.0, 0.5]]);
    }

    #[test]
    fn a_sequence_and_its_reverse_complement_have_the_same_answer() {
        let sequences: Vec<Sequence> = ["AAAC", "GTTT"].map(|text| text.parse().unwrap()).to_vec();
        let found = BothStrands(Adenine).predict(&sequences).unwrap();
        assert_eq!(found, [[0.375], [0.375]]);
    }
}
