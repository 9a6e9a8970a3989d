//! What an experiment leaves on disk, and shows.

use std::fmt::{self, Display, Write as _};
use std::path::Path;

use super::{ExperimentError, Metrics, Outcome};

impl Outcome {
    /// Writes `metrics.json`, `predictions.tsv` and the model folder `model/` into `folder`, made
    /// where absent. Files are replaced only by whole new ones.
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
        self.predictor.save(&self.config, folder.join("model"))?;

        let path = folder.join("predictions.tsv");
        dnabert_core::file::write(&path, self.predictions_table().as_bytes())
            .map_err(failed(&path))?;

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

impl Display for Metrics {
    /// A table of the test split's figures, and what they stand beside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [train, dev, test] = self.examples;
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.4}"));
        writeln!(f, "{}: {train} train, {dev} dev, {test} test examples", self.task)?;
        let lost = self.lost_tokens;
        if lost != super::LostTokens::default() {
            let super::LostTokens { unknown, skipped, truncated } = lost;
            writeln!(f, "tokens lost: {unknown} unknown, {skipped} skipped, {truncated} cut off")?;
        }
        writeln!(f, "best epoch {} of {}, chosen on dev\n", self.best_epoch, self.history.len())?;
        writeln!(f, "{:<22}{:>9}{:>9}", "", "dev", "test")?;
        let rows = |report: &dnabert_train::ClassificationReport| {
            [
                ("accuracy", Some(report.accuracy)),
                ("F1, macro", Some(report.f1_macro)),
                ("precision, macro", Some(report.precision_macro)),
                ("recall, macro", Some(report.recall_macro)),
                ("MCC", Some(report.mcc)),
                ("AUROC", report.auroc),
                ("AUPRC", report.auprc),
            ]
        };
        for ((name, dev), (_, test)) in rows(&self.dev).into_iter().zip(rows(&self.test)) {
            writeln!(f, "{name:<22}{:>9}{:>9}", number(dev), number(test))?;
        }
        if let Some(interval) = self.confidence_interval {
            let range = format!("{:.4} to {:.4}", interval.low, interval.high);
            writeln!(f, "{:<22}{range:>18}", "AUROC, 95 % interval")?;
        }
        writeln!(f, "{:<22}{:>18}", "AUROC of GC content", number(self.gc_auroc))?;
        writeln!(f, "{:<22}{:>18}", "AUROC, shuffled", number(self.shuffled_auroc))?;
        writeln!(f, "\ntest examples by class (row) and prediction (column):")?;
        let width = self.classes.iter().map(String::len).max().unwrap_or_default().max(6) + 2;
        write!(f, "{:width$}", "")?;
        for class in &self.classes {
            write!(f, "{class:>width$}")?;
        }
        for (class, counts) in self.classes.iter().zip(self.test.confusion.counts()) {
            write!(f, "\n{class:width$}")?;
            for count in counts {
                write!(f, "{count:>width$}")?;
            }
        }
        writeln!(f)?;
        if self.collapsed {
            writeln!(f, "\nThe model collapsed: it gives every dev example the same class.")?;
        }
        Ok(())
    }
}
