//! Averages of several attribution methods.

use dnabert_core::{Attribution, Sequence};

use crate::mean_track;

/// An [`Attribution`] that averages several others, each track scaled to norm 1 first.
///
/// The DNABERT paper combines its models of k = 3 to 6 in this way.
///
/// ```
/// use std::convert::Infallible;
///
/// use dnabert_core::{Attribution, Sequence};
/// use dnabert_interpret::MeanOf;
///
/// /// Gives the same score to each base of one kind.
/// struct Marks(u8);
/// impl Attribution for Marks {
///     type Error = Infallible;
///     fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, Infallible> {
///         let mark = |&base: &u8| f64::from(base == self.0);
///         let track = |sequence: &Sequence| sequence.as_bytes().iter().map(mark).collect();
///         Ok(sequences.iter().map(track).collect())
///     }
/// }
///
/// let tracks = MeanOf(vec![Marks(b'A'), Marks(b'C')]).attribute(&["ACGT".parse()?])?;
/// assert_eq!(tracks, [[0.5, 0.5, 0.0, 0.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MeanOf<A>(pub Vec<A>);

impl<A: Attribution> Attribution for MeanOf<A> {
    type Error = A::Error;

    /// Returns the [`mean_track`] of each sequence.
    ///
    /// # Panics
    ///
    /// If the list of methods is empty.
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

    /// Gives a score to one letter.
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
