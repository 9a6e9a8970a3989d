//! Summary of several runs of one method.

use super::Run;
use crate::{Evaluation, Predictions};

/// Mean and standard deviation of several values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation; `None` for a single value.
    pub deviation: Option<f64>,
}

/// One method with all its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The method.
    pub method: String,
    /// The evaluation of each run on its test rows, in order, without intervals.
    pub evaluations: Vec<Evaluation>,
}

impl Spread {
    /// The mean and deviation of some values; `None` if there are none.
    pub fn from_values(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        Some(Self { mean, deviation })
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", self.mean)?;
        self.deviation.map_or(Ok(()), |deviation| write!(f, " ± {deviation:.3}"))
    }
}

impl Summary {
    /// One summary for each method of the runs, in order of first appearance.
    pub fn from_runs(runs: &[Run]) -> Vec<Self> {
        let mut summaries: Vec<Self> = Vec::new();
        for run in runs {
            let (dev, test) = (Predictions::from(&run.dev), Predictions::from(&run.test));
            let evaluation = Evaluation::without_intervals(&dev, &test);
            match summaries.iter_mut().find(|summary| summary.method == run.key.method) {
                Some(summary) => summary.evaluations.push(evaluation),
                None => summaries
                    .push(Self { method: run.key.method.clone(), evaluations: vec![evaluation] }),
            }
        }
        summaries
    }

    /// The mean and deviation of a metric over the runs that have it.
    pub fn spread(&self, value: impl Fn(&Evaluation) -> Option<f64>) -> Option<Spread> {
        Spread::from_values(&self.evaluations.iter().filter_map(value).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_that_of_a_sample() {
        let spread = Spread::from_values(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!((spread.mean - 2.5).abs() < 1e-12);
        assert!((spread.deviation.unwrap() - (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(spread.to_string(), "2.500 ± 1.291");
        assert_eq!(Spread::from_values(&[0.5]).unwrap().to_string(), "0.500");
        assert_eq!(Spread::from_values(&[]), None);
    }
}
