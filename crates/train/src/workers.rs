//! Splits the computation of a batch over several cores or devices.

use std::ops::Range;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::distributed::{DistributedConfig, DistributedContext, ReduceOperation};
use burn::tensor::{Device, Tensor};
use dnabert_model::DropoutStream;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::TrainError;
use crate::reduce::{add_gradients, sum_over};

/// Workers that each compute the gradients of a part of a batch.
#[derive(Debug)]
pub(crate) enum Workers {
    /// One device, in the calling thread.
    One,
    /// CPU cores, with a rayon pool of one thread for each.
    ///
    /// One matrix product on many cores scales badly, but many rows on one core each scale well.
    /// burn's CPU backend stays in the pool that it is called from.
    Cores(Vec<ThreadPool>),
    /// One GPU for each worker. The devices sum their gradients among themselves.
    Devices {
        /// The GPUs; the weights and the optimizer are on the first.
        devices: Vec<Device>,
        /// Keeps the connections between the devices open.
        _context: DistributedContext,
    },
}

/// The gradients and the loss of one part.
type Part = (GradientsParams, f64);

/// The number of rows of one pass and the seed of their dropout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    pub(crate) dropout: u64,
}

/// The gradients and the loss of a step, summed over its passes.
pub(crate) struct StepSum {
    gradients: GradientsParams,
    loss: f64,
}

impl StepSum {
    pub(crate) fn new() -> Self {
        Self { gradients: GradientsParams::new(), loss: 0.0 }
    }

    /// Adds a pass over `rows`; `loss` computes the loss of a range of them.
    pub(crate) fn add<M: Module, F>(
        &mut self,
        workers: &Workers,
        model: &M,
        device: &Device,
        rows: Rows,
        loss: F,
    ) where
        F: Fn(&M, Range<usize>, &Device) -> Tensor<1> + Sync,
    {
        let parts = workers.run(model, device, rows.count, |model, range, device| {
            let stream = DropoutStream::new(rows.dropout, range.start, range.len());
            let loss = stream.scope(|| loss(model, range, device));
            let gradients = GradientsParams::from_grads(loss.backward(), model);
            (gradients, loss.into_data().iter::<f64>().sum())
        });
        for (gradients, loss) in parts {
            add_gradients(model, &mut self.gradients, gradients);
            self.loss += loss;
        }
    }

    /// Returns the summed gradients and loss.
    ///
    /// # Errors
    ///
    /// [`TrainError::NotFinite`] if the loss is NaN or infinite.
    pub(crate) fn finish(self, step: usize) -> Result<Part, TrainError> {
        if !self.loss.is_finite() {
            return Err(TrainError::NotFinite { what: "loss", value: self.loss, step });
        }
        Ok((self.gradients, self.loss))
    }
}

impl Workers {
    /// Creates workers on `count` CPU cores.
    pub(crate) fn new(count: usize) -> Result<Self, TrainError> {
        let pool = |_| ThreadPoolBuilder::new().num_threads(1).build();
        if count < 2 {
            return Ok(Self::One);
        }
        Ok(Self::Cores((0..count).map(pool).collect::<Result<_, _>>()?))
    }

    /// Returns the number of workers.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::One => 1,
            Self::Cores(pools) => pools.len(),
            Self::Devices { devices, .. } => devices.len(),
        }
    }

    /// Creates workers on `devices`, which must be of one kind.
    pub(crate) fn on(devices: &[Device]) -> Self {
        let devices = devices.to_vec();
        let config = DistributedConfig { all_reduce_op: ReduceOperation::Sum };
        let context = DistributedContext::init(devices.clone(), config);
        Self::Devices { devices, _context: context }
    }

    /// Splits `rows` into ranges, runs `work` on each worker's range, and returns the results in
    /// order.
    ///
    /// Each worker has a copy of the model with its own autodiff graph, made from plain tensors.
    /// `fork` would move the tracked tensors: burn 0.22.1 keeps their graph nodes and searches them
    /// after every backward pass, so that steps become slower and slower.
    fn run<M, F>(&self, model: &M, device: &Device, rows: usize, work: F) -> Vec<Part>
    where
        M: Module,
        F: Fn(&M, Range<usize>, &Device) -> Part + Sync,
    {
        let work = &work;
        match self {
            Self::Cores(pools) if rows > 1 => {
                in_threads(shares(rows, pools.len()).zip(pools).map(|(range, pool)| {
                    let replica = model.valid().train();
                    move || pool.install(move || work(&replica, range, device))
                }))
            }
            Self::Devices { devices, .. } if rows >= devices.len() => {
                let mut parts =
                    in_threads(shares(rows, devices.len()).zip(devices).map(|(range, place)| {
                        let place = place.clone().autodiff();
                        let replica = model.valid().to_device(&place.clone().inner()).train();
                        move || {
                            let (gradients, loss) = work(&replica, range, &place);
                            (sum_over(devices, &replica, gradients), loss)
                        }
                    }));
                // Each device holds the sum over all devices, so one copy is enough.
                parts.iter_mut().skip(1).for_each(|part| part.0 = GradientsParams::new());
                parts
            }
            _ => vec![work(model, 0..rows, device)],
        }
    }
}

/// Runs each task in its own thread and returns the results in order.
fn in_threads<T: FnOnce() -> Part + Send>(tasks: impl Iterator<Item = T>) -> Vec<Part> {
    std::thread::scope(|scope| {
        let started: Vec<_> = tasks.map(|task| scope.spawn(task)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Part>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        started.into_iter().map(join).collect()
    })
}

/// Cuts `rows` into at most `count` ranges of nearly equal length.
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
