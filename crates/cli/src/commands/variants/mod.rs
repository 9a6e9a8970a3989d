//! Variants: what a model says of both alleles.
//!
//! `cargo run --release --example variants` scores the known variants of the human beta-globin genes with the
//! shipped splice model, beside position weight matrices and beside what the pre-trained model expects;
//! `-- my.vcf genome.fa --model FOLDER --width 101 --out scored.vcf` scores yours; `-- --help` lists the rest.

mod globin;
mod map;
mod merge;
mod output;
mod score;
mod table;

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dnabert::backend::describe;
use dnabert::core::LetterPolicy;
use dnabert::genome::vcf::Variants;
use dnabert::genome::{Genome, Naming};
use dnabert::model::ProblemType;
use dnabert::variants::effects::Reading;
use dnabert::variants::{Haplotypes, ReferencePolicy};
use dnabert::{
    AttentionReader, Backend, Device, Embedder, Ensemble, MaskedScorer, Predictor, device,
    model_folder,
};
use output::{Format, Output, Shard};
use score::Scorer;
use crate::console::{noteln, outln};
use crate::failure::Outcome;

/// Scores variants by a trained model.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Variants: VCF, plain, gzip or bgzip [default: the shipped ones of beta-globin]
    #[arg(requires = "genome")]
    vcf: Option<PathBuf>,
    /// Their genome: FASTA, plain, gzip or bgzip
    #[arg(requires_all = ["model", "width", "out"])]
    genome: Option<PathBuf>,
    /// Trained classifier: a folder in the Hugging Face layout, or a name on its Hub [default: the shipped
    /// ones of splice sites]; several are an ensemble, whose answer is the mean (states and attention are those
    /// of the first)
    #[arg(long)]
    model: Vec<String>,
    /// Bases of the model's window: as long as the sequences that it was trained on
    #[arg(long, requires = "vcf", value_parser = clap::value_parser!(u16).range(8..))]
    width: Option<u16>,
    /// Windows on each side of the one around the variant: for models that read one place, such as a splice
    /// site; changes are then the greatest of all
    #[arg(long, requires = "vcf", default_value_t = 0)]
    reach: u16,
    /// The strand that the model reads
    #[arg(long, value_enum, default_value = "mean", conflicts_with_all = ["table", "merge"])]
    reading: Strands,
    /// What is done where the reference allele is not the genome's
    #[arg(long, value_enum, requires = "vcf", default_value = "error")]
    mismatch: Mismatch,
    /// Also score by this pre-trained model, without any fine-tuning: how much likelier it finds the
    /// reference than the alternate allele
    #[arg(long, requires = "vcf")]
    likelihood: Option<String>,
    /// Also give how far apart the states of the two windows are
    #[arg(long, requires = "vcf")]
    embedding: bool,
    /// Also give how much attention changes
    #[arg(long, requires = "vcf")]
    attention: bool,
    /// Variants that most likely do nothing (VCF of the same genome): scores get an empirical p-value
    #[arg(long, requires = "vcf")]
    background: Option<PathBuf>,
    /// Take chr1 and 1 for the same chromosome
    #[arg(long, requires = "vcf")]
    any_naming: bool,
    /// Join the alleles that this sample has on the same copy of a chromosome (phased genotypes, sorted by
    /// position), and score each haplotype as one allele; the other alleles are left out
    #[arg(long, requires = "vcf", value_name = "SAMPLE")]
    haplotypes: Option<String>,
    /// Unchanged bases that may lie between two alleles that are joined
    #[arg(long, requires = "haplotypes", default_value_t = 20)]
    within: usize,
    /// Only every n-th variant, from the i-th: i/n
    #[arg(long, requires = "vcf", conflicts_with = "merge")]
    shard: Option<Shard>,
    /// Put the files of all shards together again, in order, into --out
    #[arg(long, num_args = 1.., conflicts_with_all = ["vcf", "genome"], requires = "out")]
    merge: Vec<PathBuf>,
    /// Write what every substitution and deletion does in the window that has this stretch in its middle
    /// (chromosome:start-end, from 1) of this genome, as a table and figures in the folder --out
    #[arg(long, num_args = 2, value_names = ["GENOME", "STRETCH"], conflicts_with_all = ["vcf", "merge"], requires_all = ["out", "model", "map_width"])]
    map: Vec<String>,
    /// Bases of that window
    #[arg(long, requires = "map", value_parser = clap::value_parser!(u16).range(8..))]
    map_width: Option<u16>,
    /// The class whose changes a map shows, by its number, and that --table scores
    #[arg(long, default_value_t = 1, conflicts_with_all = ["vcf", "merge"])]
    class: usize,
    /// Do what DNABERT's mutate_seqs.py and SNP.py do: mutate the sequences of this table, and score both
    #[arg(long, conflicts_with_all = ["vcf", "merge", "map"], requires_all = ["out", "model"])]
    table: Option<PathBuf>,
    /// Their mutations: tab-separated row, start, end and allele [default: every base to A, T, G and C]
    #[arg(long, requires = "table")]
    mutations: Option<PathBuf>,
    /// File to write: .vcf or .tsv, where a run that was stopped goes on, or .parquet (--features parquet);
    /// without variants of yours, a folder
    #[arg(long)]
    out: Option<PathBuf>,
    /// Device: flex, wgpu or cuda [default: the first that was compiled in]
    #[arg(long)]
    device: Option<Backend>,
    /// The project's datasets folder
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets"), hide_default_value = true)]
    datasets: PathBuf,
}

/// Strands, as the command line calls them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Strands {
    /// Forward: for genes on the forward strand
    Forward,
    /// Reverse: for genes on the reverse strand
    Reverse,
    /// The mean of both: for binding sites
    Mean,
}

/// What is done with a wrong reference allele, as the command line calls it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mismatch {
    /// Stop
    Error,
    /// Pass it over, and count it
    Skip,
    /// Exchange the alleles where the alternate is the genome's, and count it
    Swap,
}

impl Arguments {
    /// The models, which answer together.
    fn models(&self, device: &Device) -> Outcome<Ensemble> {
        let folders = self.model.iter().map(|model| model_folder(model));
        open(&folders.collect::<Result<Vec<_>, _>>()?, device)
    }

    fn reading(&self) -> Reading {
        match self.reading {
            Strands::Forward => Reading::Forward,
            Strands::Reverse => Reading::Reverse,
            Strands::Mean => Reading::Mean,
        }
    }
}

/// Models as one.
fn open(folders: &[PathBuf], device: &Device) -> Outcome<Ensemble> {
    let members = folders.iter().map(|folder| Predictor::open(folder, device));
    Ok(Ensemble::new(members.collect::<Result<_, _>>()?)?)
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let out = arguments.out.as_deref();
    if let (false, Some(out)) = (arguments.merge.is_empty(), out) {
        return merge::merge(&arguments.merge, out);
    }
    let device = device(arguments.device)?;
    noteln!("on {}", describe(&device));
    if let (Some(table), Some(out)) = (&arguments.table, out) {
        let models = arguments.models(&device)?;
        return table::run(&models, arguments.class, table, arguments.mutations.as_deref(), out);
    }
    if let ([genome, stretch], Some(width), Some(out)) =
        (&arguments.map[..], arguments.map_width, out)
    {
        let models = arguments.models(&device)?;
        let genome = Genome::open(genome, LetterPolicy::default())?;
        let map =
            map::Map { class: arguments.class, width: width.into(), reading: arguments.reading() };
        return map.run(&models, &genome, stretch, out);
    }
    let (Some(vcf), Some(genome), Some(width), Some(out)) =
        (&arguments.vcf, &arguments.genome, arguments.width, out)
    else {
        return globin::run(&arguments.datasets, &arguments.model, out, &device);
    };
    Format::of(out)?;
    let naming = if arguments.any_naming { Naming::IgnoreChr } else { Naming::Exact };
    let genome_path = genome;
    let genome = Genome::open(genome_path, LetterPolicy::default())?.with_naming(naming);
    let likelihood = match &arguments.likelihood {
        Some(model) => Some(MaskedScorer::open(model_folder(model)?, &device)?),
        None => None,
    };
    let models = arguments.models(&device)?;
    let folder = model_folder(&arguments.model[0])?;
    let of_labels = models.problem() == ProblemType::MultiLabelClassification;
    if models.problem() == ProblemType::Regression || models.labels().len() < 2 && !of_labels {
        let model = &arguments.model[0];
        return Err(format!("--model {model}: its outputs are no probabilities of classes").into());
    }
    let mut scorer = Scorer {
        classes: models.labels().to_vec(),
        of_labels,
        classifier: models,
        likelihood: likelihood.as_ref(),
        embedder: arguments.embedding.then(|| Embedder::open(&folder, &device)).transpose()?,
        reader: arguments.attention.then(|| AttentionReader::open(&folder, &device)).transpose()?,
        width: width.into(),
        reach: arguments.reach.into(),
        reading: arguments.reading(),
        policy: match arguments.mismatch {
            Mismatch::Error => ReferencePolicy::Error,
            Mismatch::Skip => ReferencePolicy::Skip,
            Mismatch::Swap => ReferencePolicy::Swap,
        },
        background: None,
    };
    if let Some(path) = &arguments.background {
        scorer.background = Some(scorer.background(&genome, path)?);
    }
    let variants = Variants::open(vcf)?;
    let shard = arguments.shard.unwrap_or_default();
    let settings = format!(
        "variants {}, genome {}, any naming {}, model {}, width {width}, reach {}, reading {:?}, mismatch {:?}, likelihood {:?}, background {:?}, haplotypes {:?} within {}",
        vcf.display(),
        genome_path.display(),
        arguments.any_naming,
        arguments.model.join(" and "),
        arguments.reach,
        arguments.reading,
        arguments.mismatch,
        arguments.likelihood,
        arguments.background,
        arguments.haplotypes,
        arguments.within
    );
    let open = |header: &[String]| Output::open(out, header, &scorer.fields(), &settings, shard);
    let (output, counts) = match &arguments.haplotypes {
        None => {
            let mut output = open(variants.header())?;
            let counts = scorer.run(&genome, variants, shard, &mut output)?;
            (output, counts)
        }
        Some(name) => {
            let sample = variants.samples().iter().position(|sample| sample == name);
            let sample = sample.ok_or_else(|| {
                let samples = variants.samples().join(", ");
                format!("{}: no sample {name:?}; there are: {samples}", vcf.display())
            })?;
            let mut output = open(&Haplotypes::<Variants>::header(variants.header()))?;
            let joined = Haplotypes::new(variants, &genome, sample, arguments.within);
            let counts = scorer.run(&genome, joined, shard, &mut output)?;
            (output, counts)
        }
    };
    output.finish()?;
    outln!("{} variants, {} alleles scored", counts.variants, counts.alleles);
    if counts.swapped > 0 {
        outln!("{} alleles exchanged with the reference", counts.swapped);
    }
    for (reason, count) in &counts.skipped {
        outln!("{count} alleles skipped: {reason}");
    }
    outln!("wrote {}", out.display());
    Ok(())
}
