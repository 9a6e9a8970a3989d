//! Several models that judge together.

use dnabert_core::{Classifier, Encoding, Sequence, TokenizeError};
use dnabert_model::ProblemType;

use crate::Predictor;

/// The mean of what several models say, such as of one model for each k; every model reads with
/// its own tokenizer.
#[derive(Debug)]
pub struct Ensemble {
    members: Vec<Predictor>,
}

/// Why models cannot judge together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnsembleError {
    /// No model at all.
    #[error("an ensemble needs a model")]
    Empty,
    /// Models with other outputs than the first one's.
    #[error(
        "model {index} (from 0) gives {found:?} ({found_problem:?}), and the first one gives {expected:?} ({expected_problem:?})"
    )]
    Labels {
        /// The model, counted from 0.
        index: usize,
        /// Its outputs.
        found: Vec<String>,
        /// Their meaning.
        found_problem: ProblemType,
        /// The first model's outputs.
        expected: Vec<String>,
        /// Their meaning.
        expected_problem: ProblemType,
    },
}

/// Why an ensemble cannot judge sequences.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model {member} (from 0) cannot read the sequences")]
pub struct MemberError {
    /// The model, counted from 0.
    pub member: usize,
    /// What is wrong.
    #[source]
    pub source: TokenizeError,
}

impl Ensemble {
    /// Models with the same outputs in the same order.
    ///
    /// # Errors
    ///
    /// [`EnsembleError`] for no model, or one whose outputs differ.
    pub fn new(members: Vec<Predictor>) -> Result<Self, EnsembleError> {
        let first = members.first().ok_or(EnsembleError::Empty)?;
        let same = |member: &Predictor| {
            member.labels() == first.labels() && member.problem() == first.problem()
        };
        if let Some(index) = members.iter().position(|member| !same(member)) {
            return Err(EnsembleError::Labels {
                index,
                found: members[index].labels().to_vec(),
                found_problem: members[index].problem(),
                expected: first.labels().to_vec(),
                expected_problem: first.problem(),
            });
        }
        Ok(Self { members })
    }

    /// The models.
    pub fn members(&self) -> &[Predictor] {
        &self.members
    }

    /// Names of the outputs.
    pub fn labels(&self) -> &[String] {
        self.members[0].labels()
    }

    /// What the outputs mean.
    pub fn problem(&self) -> ProblemType {
        self.members[0].problem()
    }

    /// As [`predict`](Classifier::predict), for pairs of sequences.
    ///
    /// # Errors
    ///
    /// [`MemberError`] naming the model and the pair.
    pub fn predict_pairs(
        &self,
        pairs: &[(Sequence, Sequence)],
    ) -> Result<Vec<Vec<f32>>, MemberError> {
        self.mean(|member| member.predict_pairs(pairs))
    }

    /// The mean of what the models say of rows that all of them read alike, as those of one experiment do.
    pub fn predict_encoded(&self, rows: &[&Encoding]) -> Vec<Vec<f64>> {
        let mut sums = vec![vec![0.0; self.labels().len()]; rows.len()];
        for member in &self.members {
            let found = member.predict_encoded(rows);
            for (sum, value) in sums.iter_mut().flatten().zip(found.into_iter().flatten()) {
                *sum += value / self.members.len() as f64;
            }
        }
        sums
    }

    fn mean(
        &self,
        ask: impl Fn(&Predictor) -> Result<Vec<Vec<f32>>, TokenizeError>,
    ) -> Result<Vec<Vec<f32>>, MemberError> {
        let mut sums: Vec<Vec<f64>> = Vec::new();
        for (member, predictor) in self.members.iter().enumerate() {
            let rows = ask(predictor).map_err(|source| MemberError { member, source })?;
            sums.resize(rows.len(), vec![0.0; self.labels().len()]);
            for (sum, row) in sums.iter_mut().flatten().zip(rows.iter().flatten()) {
                *sum += f64::from(*row);
            }
        }
        let count = self.members.len() as f64;
        let mean = |row: Vec<f64>| row.into_iter().map(|sum| (sum / count) as f32).collect();
        Ok(sums.into_iter().map(mean).collect())
    }
}

impl Classifier for Ensemble {
    type Error = MemberError;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, MemberError> {
        self.mean(|member| member.predict(sequences))
    }
}
