//! Scores of two columns.

use std::str::FromStr;

/// A score of two columns of frequencies; higher means more similar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColumnScore {
    /// Minus the Euclidean distance, the default of TOMTOM.
    #[default]
    Euclidean,
    /// Pearson's correlation; 0 if a column is uniform.
    Pearson,
    /// 2 minus the squared Euclidean distance (Sandelin and Wasserman 2004, doi
    /// 10.1016/j.jmb.2004.02.048).
    SandelinWasserman,
    /// Minus the mean of the two Kullback–Leibler divergences; frequencies below 0.01 count as
    /// 0.01.
    KullbackLeibler,
}

impl FromStr for ColumnScore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "euclidean" => Ok(Self::Euclidean),
            "pearson" => Ok(Self::Pearson),
            "sandelin-wasserman" => Ok(Self::SandelinWasserman),
            "kullback-leibler" => Ok(Self::KullbackLeibler),
            other => Err(format!(
                "unknown column score {other:?}: expected euclidean, pearson, sandelin-wasserman or \
                 kullback-leibler"
            )),
        }
    }
}

/// The lowest frequency in a Kullback–Leibler divergence.
const LEAST: f64 = 0.01;

impl ColumnScore {
    /// The score of two columns.
    #[inline]
    pub fn score(self, a: &[f64; 4], b: &[f64; 4]) -> f64 {
        let square = || a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        match self {
            Self::Euclidean => -square().sqrt(),
            Self::SandelinWasserman => 2.0 - square(),
            Self::Pearson => {
                // Frequencies sum to 1, so their mean is 1/4.
                let product = |a: &[f64; 4], b: &[f64; 4]| {
                    a.iter().zip(b).map(|(a, b)| (a - 0.25) * (b - 0.25)).sum::<f64>()
                };
                let norm = (product(a, a) * product(b, b)).sqrt();
                if norm > 0.0 { product(a, b) / norm } else { 0.0 }
            }
            Self::KullbackLeibler => {
                let term = |(a, b): (&f64, &f64)| {
                    let (a, b) = (a.max(LEAST), b.max(LEAST));
                    (a - b) * (a / b).ln()
                };
                -0.5 * a.iter().zip(b).map(term).sum::<f64>()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ColumnScore; 4] = [
        ColumnScore::Euclidean,
        ColumnScore::Pearson,
        ColumnScore::SandelinWasserman,
        ColumnScore::KullbackLeibler,
    ];

    #[test]
    fn a_column_is_most_similar_to_itself() {
        let (a, b) = ([0.7, 0.1, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4]);
        for score in ALL {
            assert!(score.score(&a, &a) > score.score(&a, &b), "{score:?}");
            assert!((score.score(&a, &b) - score.score(&b, &a)).abs() < 1e-12, "{score:?}");
        }
        assert_eq!(ColumnScore::Euclidean.score(&a, &a), 0.0);
        assert!((ColumnScore::Pearson.score(&a, &a) - 1.0).abs() < 1e-12);
        assert_eq!(ColumnScore::Pearson.score(&a, &[0.25; 4]), 0.0);
        let square = ColumnScore::Euclidean.score(&a, &b).powi(2);
        assert!((ColumnScore::SandelinWasserman.score(&a, &b) - (2.0 - square)).abs() < 1e-12);
    }
}
