//! A motif with its identifier and name.

use crate::{Background, CountMatrix, FrequencyMatrix, ScoringMatrix};

/// A motif as in databases: a count matrix with an identifier and a name.
///
/// ```
/// use dnabert_motif::{Background, CountMatrix, Motif};
///
/// let sites = ["TATAAA", "TATATA", "TATAAA"].map(|site| site.parse().unwrap());
/// let counts = CountMatrix::from_sites(&sites)?;
/// let motif = Motif { id: "M1".into(), name: "TATA box".into(), counts };
/// assert_eq!(motif.frequencies().consensus(), "TATAAA");
/// let weights = motif.weights(&Background::uniform());
/// assert!(weights.score(b"TATAAA") > 5.0); // bits
/// # Ok::<(), dnabert_motif::MatrixError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Motif {
    /// The identifier, such as `MA0139.2`.
    pub id: String,
    /// The name, such as `CTCF`.
    pub name: String,
    /// The counts of each base at each position.
    pub counts: CountMatrix,
}

/// Pseudocount of each position, spread evenly over the four bases.
const PSEUDO_SITES: f64 = 1.0;

impl Motif {
    /// The number of positions.
    pub fn width(&self) -> usize {
        self.counts.width()
    }

    /// The frequencies, with a pseudocount of 1/4 for each base so that none is 0.
    pub fn frequencies(&self) -> FrequencyMatrix {
        self.counts.frequencies(PSEUDO_SITES / 4.0)
    }

    /// The log odds of these frequencies over a background.
    pub fn weights(&self, background: &Background) -> ScoringMatrix {
        self.frequencies().weights(background)
    }

    /// The motif of the other strand.
    #[must_use]
    pub fn reverse_complement(&self) -> Self {
        Self { counts: self.counts.reverse_complement(), ..self.clone() }
    }
}
