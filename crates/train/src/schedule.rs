//! The learning-rate schedule.

/// BERT's schedule: linear warm-up from 0, then linear decay to 0.
///
/// ```
/// use dnabert_train::LinearSchedule;
///
/// let schedule = LinearSchedule { peak: 2.0, warmup_steps: 4, total_steps: 12 };
/// assert_eq!([0, 2, 4, 8, 12].map(|step| schedule.rate(step)), [0.0, 1.0, 2.0, 1.0, 0.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearSchedule {
    /// The highest learning rate, reached at the end of the warm-up.
    pub peak: f64,
    /// The number of warm-up steps.
    pub warmup_steps: usize,
    /// The number of steps of the whole run.
    pub total_steps: usize,
}

impl LinearSchedule {
    /// Returns the learning rate of `step`, counted from 0; it is 0 from `total_steps` on.
    pub fn rate(&self, step: usize) -> f64 {
        let factor = if step < self.warmup_steps {
            step as f64 / self.warmup_steps as f64
        } else {
            let decay = self.total_steps.saturating_sub(self.warmup_steps).max(1);
            self.total_steps.saturating_sub(step) as f64 / decay as f64
        };
        self.peak * factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_from_zero_and_falls_to_zero() {
        let schedule = LinearSchedule { peak: 2.0, warmup_steps: 4, total_steps: 12 };
        let rates: Vec<f64> = [0, 2, 4, 8, 12, 20].map(|step| schedule.rate(step)).to_vec();
        assert_eq!(rates, [0.0, 1.0, 2.0, 1.0, 0.0, 0.0]);
    }
}
