//! Several models as one.

use dnabert_core::{Attribution, Sequence};

use crate::mean_track;

/// The mean of several ways of explaining, each track of norm 1 first: as the paper of DNABERT adds up its
/// models of k = 3 to 6.
#[derive(Debug, Clone)]
pub struct MeanOf<A>(pub Vec<A>);

impl<A: Attribution> Attribution for MeanOf<A> {
    type Error = A::Error;

    /// [`mean_track`] of each sequence.
    ///
    /// # Panics
    ///
    /// If there is no way.
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, A::Error> {
        let all: Vec<Vec<Vec<f64>>> =
            self.0.iter().map(|way| way.attribute(sequences)).collect::<Result<_, _>>()?;
        let of_sequence = |at: usize| {
            let tracks: Vec<Vec<f64>> = all.iter().map(|tracks| tracks[at].clone()).collect();
            mean_track(&tracks)
        };
        Ok((0..sequences.len()).map(of_sequence).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Scores one letter.
    struct Likes(u8, f64);

    impl Attribution for Likes {
        type Error = Infallible;

        fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, Infallible> {
            let score = |letter: &u8| if *letter == self.0 { self.1 } else { 0.0 };
            let track = |sequence: &Sequence| sequence.as_bytes().iter().map(score).collect();
            Ok(sequences.iter().map(track).collect())
        }
    }

    #[test]
    fn no_way_outweighs_another() {
        let both = MeanOf(vec![Likes(b'A', 1.0), Likes(b'C', 1000.0)]);
        let found = both.attribute(&["AGC".parse().unwrap()]).unwrap();
        assert_eq!(found, [[0.5, 0.0, 0.5]]);
    }
}
