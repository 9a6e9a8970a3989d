//! The learning rate over the steps of a run.

/// Linear warm-up from 0, then linear decay to 0: BERT's schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearSchedule {
    /// The highest rate, reached at the end of the warm-up.
    pub peak: f64,
    /// Steps of warm-up.
    pub warmup_steps: usize,
    /// Steps of the whole run.
    pub total_steps: usize,
}

impl LinearSchedule {
    /// The rate of `step`, counted from 0; 0 from `total_steps` on.
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
