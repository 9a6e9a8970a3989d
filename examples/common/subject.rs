//! What is explained: a data set, a model of it, and the sites that are known in it.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dnabert::backend::describe;
use dnabert::core::{Attribution, BothStrands, Example, Sequence, Split, Task};
use dnabert::model::Checkpoint;
use dnabert::motif::Motif;
use dnabert::motif::file::read_motifs;
use dnabert::tasks::{
    BindingSet, BindingTask, PromoterSet, PromoterTask, SpliceSet, SpliceTask, TableFormat,
    TableTask,
};
use dnabert::{Backend, BoxedAttribution, Device, device, model_folder};

/// Options of the examples that explain a model.
#[derive(Debug, Args)]
pub(crate) struct SubjectOptions {
    /// Shipped data set
    #[arg(long, value_enum, default_value = "ctcf", conflicts_with_all = ["train", "dev", "test"])]
    data: Data,
    /// Table that the model learned from (TSV or CSV, plain or .gz: sequence, label); needs --dev, --test
    /// and --model
    #[arg(long, requires_all = ["dev", "test", "model"])]
    train: Option<PathBuf>,
    /// Table that chose its epoch
    #[arg(long, requires = "train")]
    dev: Option<PathBuf>,
    /// Table that it has not seen
    #[arg(long, requires = "train")]
    test: Option<PathBuf>,
    /// Trained classifier: a folder in the Hugging Face layout, or a name on its Hub [default: the shipped
    /// one of the data set]
    #[arg(long)]
    model: Option<String>,
    /// Pre-trained model that stands beside it [default: the shipped one]
    #[arg(long)]
    pretrained: Option<String>,
    /// The class that is explained, by its number [default: 1]
    #[arg(long, default_value_t = 1, hide_default_value = true)]
    class: usize,
    /// Motifs whose names are looked up: JASPAR, MEME or TRANSFAC [default: the shipped 21 of JASPAR]
    #[arg(long)]
    motifs: Option<PathBuf>,
    /// The motif in that file whose best sites count as known [default: the factor's own, if shipped]
    #[arg(long)]
    known: Option<String>,
    /// The project's datasets folder
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets"), hide_default_value = true)]
    datasets: PathBuf,
    /// Device: flex, wgpu or cuda [default: the first that was compiled in]
    #[arg(long)]
    device: Option<Backend>,
    /// Seed of what is drawn at random
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder for what is written
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// The shipped sets, as the command line calls them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Data {
    /// CTCF in human GM12878 cells
    Ctcf,
    /// TAp73-alpha in human Saos-2 cells (no model of it is shipped: --model)
    Tap73alpha,
    /// Fly promoters, 300 bp
    Promoter,
    /// Fly splice sites, 200 bp
    Splice,
}

impl Data {
    /// The shipped model of it, and its motif.
    fn usual(self) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Ctcf => (Some("ctcf-gm12878"), Some("MA0139.2")),
            Self::Tap73alpha => (None, Some("MA0861.2")),
            Self::Promoter => (Some("promoter-fly"), Some("MA0108.3")),
            Self::Splice => (Some("splice-fly"), None),
        }
    }

    /// Whether a site may be on either strand.
    fn has_both_strands(self) -> bool {
        matches!(self, Self::Ctcf | Self::Tap73alpha)
    }
}

/// A data set, a model, and what is known.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) classes: Vec<String>,
    pub(crate) class: usize,
    /// Rows that the model learned from.
    pub(crate) train: Vec<Example>,
    /// Rows that it did not: dev, which chose its epoch, and test.
    pub(crate) unseen: Vec<Example>,
    pub(crate) model: PathBuf,
    #[allow(dead_code, reason = "for `attention`")]
    pub(crate) pretrained: PathBuf,
    #[allow(dead_code, reason = "for `motifs`")]
    pub(crate) motifs: Vec<Motif>,
    #[allow(dead_code, reason = "for `attention`")]
    pub(crate) known: Option<Motif>,
    pub(crate) both_strands: bool,
    pub(crate) device: Device,
    pub(crate) out: PathBuf,
}

impl SubjectOptions {
    /// Reads what the options name; `what` names the folder that is written to by default.
    pub(crate) fn open(&self, what: &str) -> Result<Subject, Box<dyn Error>> {
        let (own_model, own_motif) = self.data.usual();
        let shipped = |name: &str| self.datasets.join("models").join(name);
        let model = match (&self.model, own_model) {
            (Some(model), _) => model_folder(model)?,
            (None, Some(name)) => shipped(name),
            (None, None) => {
                return Err(
                    "no model of this set is shipped: train one with `tf_binding`, and name its \
                            folder with --model"
                        .into(),
                );
            }
        };
        let pretrained = match &self.pretrained {
            Some(model) => model_folder(model)?,
            None => shipped("small-4"),
        };
        let subset = self.datasets.join("jaspar/subset.jaspar");
        let motifs = read_motifs(self.motifs.as_ref().unwrap_or(&subset))?;
        let is_own = self.train.is_some();
        let known = match (&self.known, own_motif) {
            (Some(id), _) => {
                let found = motifs.iter().find(|motif| motif.id == *id || motif.name == *id);
                Some(found.ok_or_else(|| format!("{id}: no such motif in the file"))?.clone())
            }
            (None, Some(id)) if !is_own => {
                read_motifs(&subset)?.into_iter().find(|motif| motif.id == id)
            }
            _ => None,
        };
        let device = device(self.device)?;
        eprintln!("on {}", describe(&device));
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
                pretrained: pretrained.clone(),
                motifs: motifs.clone(),
                known: known.clone(),
                both_strands: is_own || self.data.has_both_strands(),
                device: device.clone(),
                out: self.out.clone().unwrap_or(out),
                name,
            })
        };
        let datasets = &self.datasets;
        let found = match (&self.train, &self.dev, &self.test) {
            (Some(train), Some(dev), Some(test)) => {
                let tables = [train, dev, test].map(Clone::clone);
                subject(&TableTask::open("tables", tables, TableFormat::default())?)
            }
            _ => match self.data {
                Data::Ctcf => subject(&BindingTask::new(datasets, BindingSet::CtcfGm12878)),
                Data::Tap73alpha => subject(&BindingTask::new(datasets, BindingSet::Tap73Alpha)),
                Data::Promoter => subject(&PromoterTask::new(datasets, PromoterSet::Fly300)),
                Data::Splice => subject(&SpliceTask::new(datasets, SpliceSet::Fly)),
            },
        }?;
        let labels = Checkpoint::open(&found.model)?.config().labels();
        if found.class >= labels || found.class >= found.classes.len() {
            return Err(format!("--class {}: the model has {labels} classes", found.class).into());
        }
        Ok(found)
    }
}

impl Subject {
    /// The sequences of the explained class, or of all others.
    pub(crate) fn sequences(rows: &[Example], class: usize, own: bool) -> Vec<Sequence> {
        let rows = rows.iter().filter(|row| (row.label == class) == own);
        rows.map(|row| row.sequence.clone()).collect()
    }

    /// A way of explaining, on both strands where sites may be on either.
    pub(crate) fn on_strands(&self, way: BoxedAttribution) -> BoxedAttribution {
        if self.both_strands { Box::new(BothStrands(way)) } else { way }
    }

    /// Writes a file of the run.
    pub(crate) fn write(&self, file: &str, text: &str) -> std::io::Result<()> {
        let path = self.out.join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        dnabert::core::file::write(&path, text.as_bytes())
    }
}

/// The tracks of sequences, with a line of what is done.
pub(crate) fn attribute(
    what: &str,
    way: &BoxedAttribution,
    sequences: &[Sequence],
) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let start = std::time::Instant::now();
    let tracks = way.attribute(sequences)?;
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{what}: {} sequences in {seconds:.1} s", sequences.len());
    Ok(tracks)
}
