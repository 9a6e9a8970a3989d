//! The subject of an explanation: a data set, a model of it, and its known sites.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dnabert::core::{
    Attribution, BothStrands, Example, Sequence, Split, Task, TokenizeError, derive_seed,
};
use dnabert::motif::Motif;
use dnabert::motif::file::read_motifs;
use dnabert::tasks::{TableFormat, TableTask};
use dnabert::{Benchmark, BoxedAttribution, Device, Model, model_folder};

use super::network::NetworkOptions;
use super::{DatasetsOptions, Strands};
use crate::console::noteln;
use crate::failure::{Outcome, usage};
use crate::files;

/// A data set, a model of it, and its known sites.
#[derive(Debug, Args)]
pub(crate) struct SubjectOptions {
    /// Shipped data set
    #[arg(long, value_enum, default_value = "ctcf", conflicts_with_all = ["train", "dev", "test"])]
    data: Data,
    /// Training table of the model (TSV or CSV, plain or .gz: sequence, label); needs --dev, --test
    /// and --model
    #[arg(long, requires_all = ["dev", "test", "model"])]
    train: Option<PathBuf>,
    /// Table on which the model's epoch was chosen
    #[arg(long, requires = "train")]
    dev: Option<PathBuf>,
    /// Table that was not used in training
    #[arg(long, requires = "train")]
    test: Option<PathBuf>,
    /// Trained classifier: a folder in the Hugging Face layout, or a name on its Hub [default: the
    /// shipped one of the data set]
    #[arg(long)]
    model: Option<String>,
    /// The class to explain, by its number [default: 1]
    #[arg(long, default_value_t = 1, hide_default_value = true)]
    pub(crate) class: usize,
    /// Strands that a site may be on. With both, scores are means over a sequence and its reverse
    /// complement [default: both for binding and your own tables, one for promoters and splice
    /// sites]
    #[arg(long, value_enum)]
    strands: Option<Strands>,
    /// Known motifs, to name the motifs that are found: JASPAR, MEME or TRANSFAC [default: the
    /// shipped 21 of JASPAR]
    #[arg(long)]
    motifs: Option<PathBuf>,
    #[command(flatten)]
    datasets: DatasetsOptions,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
    /// Seed of all random draws
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder for results
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// The shipped sets, by their names on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Data {
    /// CTCF in human GM12878 cells
    Ctcf,
    /// TAp73-alpha in human Saos-2 cells
    Tap73alpha,
    /// Fly promoters, 300 bp
    Promoter,
    /// Fly splice sites, 200 bp
    Splice,
}

impl Data {
    /// The shipped model of it, and its motif.
    fn usual(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Ctcf => ("ctcf-gm12878", Some("MA0139.2")),
            Self::Tap73alpha => ("tap73alpha-convolutional", Some("MA0861.2")),
            Self::Promoter => ("promoter-fly", Some("MA0108.3")),
            Self::Splice => ("splice-fly", None),
        }
    }

    /// Its task.
    fn benchmark(self) -> Benchmark {
        match self {
            Self::Ctcf => Benchmark::Ctcf,
            Self::Tap73alpha => Benchmark::Tap73Alpha,
            Self::Promoter => Benchmark::Promoter300,
            Self::Splice => Benchmark::SpliceFly,
        }
    }

    /// Whether a site may be on either strand.
    fn has_both_strands(self) -> bool {
        matches!(self, Self::Ctcf | Self::Tap73alpha)
    }
}

/// A data set, a model, and the known sites.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) classes: Vec<String>,
    pub(crate) class: usize,
    /// Rows that the model was trained on.
    pub(crate) train: Vec<Example>,
    /// Rows that it was not trained on: dev, which chose its epoch, and test.
    pub(crate) unseen: Vec<Example>,
    pub(crate) model: Model,
    pub(crate) motifs: Vec<Motif>,
    pub(crate) both_strands: bool,
    pub(crate) device: Device,
    pub(crate) out: PathBuf,
}

impl SubjectOptions {
    /// Opens the trained model.
    pub(crate) fn model(&self, device: &Device) -> Outcome<Model> {
        let folder = match &self.model {
            Some(model) => model_folder(model)?,
            None => self.shipped(self.data.usual().0)?,
        };
        self.network.model(&folder, device)
    }

    /// The folder of a model that the project ships.
    pub(crate) fn shipped(&self, name: &str) -> Outcome<PathBuf> {
        Ok(self.datasets.find()?.model(name))
    }

    /// The shipped motif of the factor, by its identifier.
    pub(crate) fn own_motif(&self) -> Option<&'static str> {
        if self.train.is_some() { None } else { self.data.usual().1 }
    }

    /// Whether sites may be on both strands.
    pub(crate) fn both_strands(&self) -> bool {
        match self.strands {
            Some(strands) => strands == Strands::Both,
            None => self.train.is_some() || self.data.has_both_strands(),
        }
    }

    /// The requested device.
    pub(crate) fn device(&self) -> Outcome<Device> {
        self.network.device()
    }

    /// Reads the files of the options. `what` is the name of the default output folder.
    pub(crate) fn open(&self, what: &str) -> Outcome<Subject> {
        let motifs = match &self.motifs {
            Some(path) => read_motifs(path)?,
            None => read_motifs(self.datasets.find()?.folder().join("jaspar/subset.jaspar"))?,
        };
        if let (Some(train), Some(dev), Some(test)) = (&self.train, &self.dev, &self.test) {
            let names = [train, dev, test].map(|path| path.file_name());
            if names[0] == names[1] || names[0] == names[2] || names[1] == names[2] {
                return Err(usage(
                    "--train, --dev and --test have equal file names, by which rows are called",
                ));
            }
        }
        let device = self.device()?;
        let model = self.model(&device)?;
        let subject = |task: &dyn Task<Error = dnabert::tasks::DataError>| {
            let mut unseen = task.examples(Split::Dev)?;
            unseen.extend(task.examples(Split::Test)?);
            let name = task.name().to_owned();
            let out = PathBuf::from("runs").join(format!("{what}-{name}"));
            Ok::<_, Box<dyn Error>>(Subject {
                classes: task.classes().to_vec(),
                class: self.class,
                train: task.examples(Split::Train)?,
                unseen,
                model: model.clone(),
                motifs: motifs.clone(),
                both_strands: self.both_strands(),
                device: device.clone(),
                out: self.out.clone().unwrap_or(out),
                name,
            })
        };
        let found = match (&self.train, &self.dev, &self.test) {
            (Some(train), Some(dev), Some(test)) => {
                let tables = [train, dev, test].map(Clone::clone);
                subject(&TableTask::open("tables", tables, TableFormat::default())?)
            }
            _ => subject(&self.data.benchmark().task(&self.datasets.find()?)),
        }?;
        let labels = found.model.config().labels();
        let classes = found.classes.len();
        if found.class >= labels.min(classes) {
            let class = found.class;
            return Err(usage(format!(
                "--class {class}: counted from 0, the model has {labels} classes and the data set {classes}"
            )));
        }
        for (what, rows) in [("train", &found.train), ("dev and test", &found.unseen)] {
            let own = rows.iter().filter(|row| row.label == found.class).count();
            if own == 0 || own == rows.len() {
                return Err(format!(
                    "{what}: {own} of {} rows are of class {}: both kinds are needed",
                    rows.len(),
                    found.class
                )
                .into());
            }
        }
        Ok(found)
    }
}

/// Sequences and their names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Named {
    pub(crate) names: Vec<String>,
    pub(crate) sequences: Vec<Sequence>,
}

impl Subject {
    /// The sequences of the explained class, or of all others.
    pub(crate) fn of_class(&self, rows: &[Example], own: bool) -> Named {
        let mut named = Named::default();
        for row in rows.iter().filter(|row| (row.label == self.class) == own) {
            named.names.push(row.name.clone());
            named.sequences.push(row.sequence.clone());
        }
        named
    }

    /// An attribution method, averaged over both strands where sites may be on either.
    pub(crate) fn on_strands(&self, way: BoxedAttribution) -> BoxedAttribution {
        on_strands(way, self.both_strands)
    }

    /// Removes files of an earlier run from the output folder.
    pub(crate) fn clear(&self, files: &[&str]) -> std::io::Result<()> {
        for file in files {
            let path = self.out.join(file);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => (),
            }
        }
        Ok(())
    }

    /// Writes a file of the run. With the feature `raster`, a figure is also written as PNG.
    pub(crate) fn write(&self, file: &str, text: &str) -> Outcome {
        let path = self.out.join(file);
        files::create_folder(path.parent().unwrap_or(Path::new(".")))?;
        files::write(&path, text)?;
        #[cfg(feature = "raster")]
        if path.extension().is_some_and(|extension| extension == "svg") {
            let png = dnabert::figure::png(text, 2.0).map_err(std::io::Error::other)?;
            files::write(&path.with_extension("png"), &png)?;
        }
        Ok(())
    }
}

/// An attribution method, averaged over both strands if `both` is true.
pub(crate) fn on_strands(way: BoxedAttribution, both: bool) -> BoxedAttribution {
    if both { Box::new(BothStrands(way)) } else { way }
}

/// The attribution tracks of sequences. Prints a line of progress.
pub(crate) fn attribute(
    what: &str,
    way: &BoxedAttribution,
    named: &Named,
) -> Outcome<Vec<Vec<f64>>> {
    let start = std::time::Instant::now();
    let tracks = way
        .attribute(&named.sequences)
        .map_err(|error| name_failure(error, |at| &named.names[at]))?;
    let seconds = start.elapsed().as_secs_f64();
    noteln!("{what}: {} sequences in {seconds:.1} s", named.sequences.len());
    Ok(tracks)
}

/// Adds the name of the sequence to an error.
pub(crate) fn name_failure<'a>(
    error: TokenizeError,
    name: impl Fn(usize) -> &'a str,
) -> Box<dyn Error> {
    match error {
        TokenizeError::InBatch { index, source } => format!("{}: {source}", name(index)).into(),
        other => other.into(),
    }
}

/// The Fisher–Yates shuffle.
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64, place: u64) {
    for at in (1..items.len()).rev() {
        let other = derive_seed(seed, &[place, at as u64]) % (at as u64 + 1);
        items.swap(at, other as usize);
    }
}
