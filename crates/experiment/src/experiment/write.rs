//! What an experiment leaves on disk.

use std::fmt::{self, Write as _};
use std::path::Path;

use dnabert_model::{Adaptation, checkpoint};

use super::{ExperimentError, Outcome};
use dnabert_figure::{FigureError, confusion};

impl Outcome {
    /// Writes `metrics.json`, `predictions.tsv`, the figures `confusion.svg` and, unless a class has
    /// no test example, `curves.svg`, the model folder `model/` and, where low-rank adapters were
    /// trained, `adapters/` with these alone, into `folder`, made where absent; further members go to
    /// `model-2/` and so on, and those that an earlier run left there are removed. Files are replaced only by whole new ones.
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
        let numbered = |name: &str, number: usize| match number {
            1 => folder.join(name),
            _ => folder.join(format!("{name}-{number}")),
        };
        for (number, member) in (1..).zip(self.models.members()) {
            member.save(&self.config, numbered("model", number))?;
            if let Adaptation::LowRank(low_rank) = self.metrics.config.adaptation {
                let base = &self.metrics.trainings[number - 1].start;
                let adapters = numbered("adapters", number);
                checkpoint::save_adapters(member.model(), &self.config, low_rank, base, adapters)?;
            }
        }

        // Of a run with more members into the same folder: beside the new metrics they would be taken for this run's.
        for number in self.models.members().len() + 1.. {
            let stale = ["model", "adapters"].map(|name| numbered(name, number));
            let stale: Vec<_> = stale.into_iter().filter(|path| path.is_dir()).collect();
            if stale.is_empty() {
                break;
            }
            stale
                .iter()
                .try_for_each(|path| std::fs::remove_dir_all(path).map_err(failed(path)))?;
        }

        let path = folder.join("predictions.tsv");
        dnabert_core::file::write(&path, self.predictions_table().as_bytes())
            .map_err(failed(&path))?;

        let classes = &self.metrics.classes;
        let drawn = [
            ("confusion.svg", confusion(self.metrics.judgement.test.confusion.counts(), classes)),
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

fn put(text: &mut String, arguments: fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String cannot fail");
}
