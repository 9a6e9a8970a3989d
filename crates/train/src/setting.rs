//! Checks of training settings.

use crate::TrainError;

/// Rejects the first count that is 0.
pub(crate) fn at_least_one(counts: &[(&'static str, usize)]) -> Result<(), TrainError> {
    match counts.iter().find(|(_, count)| *count == 0) {
        Some((field, _)) => Err(refused(field, &0, "must be at least 1")),
        None => Ok(()),
    }
}

/// Rejects the first number that is not positive and finite.
pub(crate) fn positive(numbers: &[(&'static str, f64)]) -> Result<(), TrainError> {
    match numbers.iter().find(|(_, number)| !(number.is_finite() && *number > 0.0)) {
        Some((field, number)) => Err(refused(field, number, "must be positive")),
        None => Ok(()),
    }
}

/// Rejects the first number outside [0, 1).
pub(crate) fn share(numbers: &[(&'static str, f64)]) -> Result<(), TrainError> {
    match numbers.iter().find(|(_, number)| !(0.0..1.0).contains(number)) {
        Some((field, number)) => Err(refused(field, number, "must lie in [0, 1)")),
        None => Ok(()),
    }
}

fn refused(field: &'static str, value: &impl ToString, reason: &'static str) -> TrainError {
    TrainError::Setting { field, value: value.to_string(), reason }
}
