//! The files that an experiment writes.

use std::path::Path;

use dnabert_inference::AnyClassifier;
use dnabert_model::{Adaptation, checkpoint};

use super::{ExperimentError, Outcome};
use crate::results_folder::{Results, remove};

impl Outcome {
    /// Writes the results into `folder`, which is created where it does not exist: `metrics.json`,
    /// `predictions.tsv`, the figure `confusion.svg`, and the figure `curves.svg` unless a class
    /// has no test example. The classifier is written to `model/`: a network, or an ensemble with
    /// one folder for each member. Where low-rank adapters were trained, `adapters/` contains only
    /// them. Old files and folders are replaced only when their new content is complete.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] for a file that cannot be written.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<(), ExperimentError> {
        let folder = folder.as_ref();
        let results = Results {
            classifier: &self.classifier(),
            classes: &self.metrics.classes,
            predictions: &self.predictions,
            evaluation: &self.metrics.evaluation,
            metrics: &self.metrics,
        };
        results.write(folder)?;
        // Folders of an earlier run with more members must not be taken for those of this run.
        for number in 2.. {
            let stale = ["model", "adapters"].map(|name| folder.join(format!("{name}-{number}")));
            if !stale.iter().any(|path| path.is_dir()) {
                break;
            }
            stale.iter().try_for_each(|path| remove(path))?;
        }
        if let Adaptation::LowRank(low_rank) = self.metrics.config.adaptation {
            for (number, member) in (1..).zip(self.models.members()) {
                let Some(network) = member.classifier.network() else { continue };
                let name =
                    if number == 1 { "adapters".into() } else { format!("adapters-{number}") };
                let base = &self.metrics.trainings[number - 1].start;
                let (model, config) = (network.model(), network.config());
                checkpoint::save_adapters(model, config, low_rank, base, folder.join(name))?;
            }
        }
        Ok(())
    }

    /// The classifier for `model/`: a single one as it is, several as an ensemble.
    fn classifier(&self) -> AnyClassifier {
        match self.models.members() {
            [one] if !self.models.both_strands() => one.classifier.clone(),
            _ => self.models.clone().into(),
        }
    }
}
