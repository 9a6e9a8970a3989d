//! One batch, computed in parts on several cores.

use std::ops::Range;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor};
use dnabert_model::DropoutStream;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::TrainError;

/// Threads that each compute the gradients of a part of a batch.
///
/// Many cores in one matrix product scale badly, many rows on one core each scale well: every
/// worker has a rayon pool of one thread, in which burn's CPU backend then stays.
#[derive(Debug)]
pub(crate) struct Workers {
    pools: Vec<ThreadPool>,
}

/// Gradients and loss of one part.
type Part = (GradientsParams, f64);

/// The rows of one pass, and the seed of their dropout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    pub(crate) dropout: u64,
}

/// Gradients and loss of a step, summed over its passes.
pub(crate) struct StepSum<M> {
    gradients: GradientsAccumulator<M>,
    loss: f64,
}

impl<M: Module> StepSum<M> {
    pub(crate) fn new() -> Self {
        Self { gradients: GradientsAccumulator::new(), loss: 0.0 }
    }

    /// Adds a pass over `rows`, of which `loss` computes a range.
    pub(crate) fn add<F>(
        &mut self,
        workers: &Workers,
        model: &M,
        device: &Device,
        rows: Rows,
        loss: F,
    ) where
        F: Fn(&M, Range<usize>) -> Tensor<1> + Sync,
    {
        let parts = workers.run(model, device, rows.count, |model, range| {
            let stream = DropoutStream::new(rows.dropout, range.start, range.len());
            let loss = stream.scope(|| loss(model, range));
            let gradients = GradientsParams::from_grads(loss.backward(), model);
            (gradients, loss.into_data().iter::<f64>().sum())
        });
        for (gradients, loss) in parts {
            self.gradients.accumulate(model, gradients);
            self.loss += loss;
        }
    }

    /// The sums.
    ///
    /// # Errors
    ///
    /// [`TrainError::NotFinite`] for the loss.
    pub(crate) fn finish(mut self, step: usize) -> Result<Part, TrainError> {
        if !self.loss.is_finite() {
            return Err(TrainError::NotFinite { what: "loss", value: self.loss, step });
        }
        Ok((self.gradients.grads(), self.loss))
    }
}

impl Workers {
    pub(crate) fn new(count: usize) -> Result<Self, TrainError> {
        let pool = |_| ThreadPoolBuilder::new().num_threads(1).build();
        let pools =
            if count > 1 { (0..count).map(pool).collect::<Result<_, _>>()? } else { vec![] };
        Ok(Self { pools })
    }

    /// Runs `work` on the ranges of `rows` that the workers share, each with a model of its own
    /// autodiff graph; the parts come back in order.
    fn run<M, F>(&self, model: &M, device: &Device, rows: usize, work: F) -> Vec<Part>
    where
        M: Module,
        F: Fn(&M, Range<usize>) -> Part + Sync,
    {
        if self.pools.is_empty() || rows < 2 {
            return vec![work(model, 0..rows)];
        }
        std::thread::scope(|scope| {
            let started: Vec<_> = shares(rows, self.pools.len())
                .zip(&self.pools)
                .map(|(range, pool)| {
                    let (replica, work) = (model.clone().fork(device), &work);
                    scope.spawn(move || pool.install(move || work(&replica, range)))
                })
                .collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Part>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            started.into_iter().map(join).collect()
        })
    }
}

/// `rows` cut into at most `count` ranges of nearly the same length.
fn shares(rows: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    let count = count.min(rows);
    (0..count).map(move |part| part * rows / count..(part + 1) * rows / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_all_rows_in_order() {
        assert_eq!(shares(7, 3).collect::<Vec<_>>(), [0..2, 2..4, 4..7]);
        assert_eq!(shares(2, 4).collect::<Vec<_>>(), [0..1, 1..2]);
    }
}
