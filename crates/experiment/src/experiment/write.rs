//! The files that an experiment writes.

use std::fmt::{self, Write as _};
use std::path::Path;

use dnabert_inference::AnyClassifier;
use dnabert_model::{Adaptation, checkpoint};

use super::{ExperimentError, Outcome};
use dnabert_figure::{FigureError, confusion};

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
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| ExperimentError::Write { path, source }
        };
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let model = folder.join("model");
        let beside = folder.join(".model.new");
        remove(&beside).map_err(failed(&beside))?;
        self.classifier().save(&beside)?;
        remove(&model).map_err(failed(&model))?;
        std::fs::rename(&beside, &model).map_err(failed(&model))?;
        // Folders of an earlier run with more members must not be taken for those of this run.
        for number in 2.. {
            let stale = ["model", "adapters"].map(|name| folder.join(format!("{name}-{number}")));
            if !stale.iter().any(|path| path.is_dir()) {
                break;
            }
            stale.iter().try_for_each(|path| remove(path).map_err(failed(path)))?;
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

        let path = folder.join("predictions.tsv");
        dnabert_core::file::write(&path, self.predictions_table().as_bytes())
            .map_err(failed(&path))?;

        let classes = &self.metrics.classes;
        let drawn = [
            ("confusion.svg", confusion(self.metrics.evaluation.test.confusion.counts(), classes)),
            ("curves.svg", crate::curves(&[("", &self.test())], classes)),
        ];
        for (name, svg) in drawn {
            let path = folder.join(name);
            match svg {
                Ok(svg) => {
                    dnabert_core::file::write(&path, svg.as_bytes()).map_err(failed(&path))?;
                }
                Err(FigureError::Empty(_)) => (),
                Err(source) => return Err(ExperimentError::Figure { path, source }),
            }
        }

        let path = folder.join("metrics.json");
        let json = serde_json::to_string_pretty(&self.metrics)
            .map_err(|error| failed(&path)(error.into()))?;
        dnabert_core::file::write(&path, (json + "\n").as_bytes()).map_err(failed(&path))
    }

    /// The classifier for `model/`: a single one as it is, several as an ensemble.
    fn classifier(&self) -> AnyClassifier {
        match self.models.members() {
            [one] if !self.models.both_strands() => one.classifier.clone(),
            _ => self.models.clone().into(),
        }
    }

    /// `predictions.tsv`: name, class, predicted class, and the probability of each class.
    fn predictions_table(&self) -> String {
        let classes = &self.metrics.classes;
        let mut table = String::from("name\tlabel\tpredicted");
        for class in classes {
            put(&mut table, format_args!("\tp_{class}"));
        }
        for prediction in &self.predictions {
            let mut best = 0;
            for (class, probability) in prediction.probabilities.iter().enumerate() {
                if *probability > prediction.probabilities[best] {
                    best = class;
                }
            }
            let (truth, best) = (&classes[prediction.label], &classes[best]);
            put(&mut table, format_args!("\n{}\t{truth}\t{best}", prediction.name));
            for probability in &prediction.probabilities {
                put(&mut table, format_args!("\t{probability:.6}"));
            }
        }
        table.push('\n');
        table
    }
}

/// Removes a folder of an earlier run, if it exists.
fn remove(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn put(text: &mut String, arguments: fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String cannot fail");
}
