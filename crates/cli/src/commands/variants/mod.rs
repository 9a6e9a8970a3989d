//! `dnabert variants`: scores the variants of a VCF file by the predictions for both alleles.

pub(crate) mod further;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use dnabert::core::LetterPolicy;
use dnabert::genome::vcf::Variants;
use dnabert::genome::{Genome, Naming};
use dnabert::model::ProblemType;
use dnabert::variants::effects::StrandMode;
use dnabert::variants::{
    Format, Haplotypes, LeftOut, ReferencePolicy, Scorer, Shard, VariantWriter,
};
use dnabert::{Ensemble, model_folder};

use self::further::{AttentionChange, Distance, Likelihood};
use crate::args::network::NetworkOptions;
use crate::console::{note, noteln, outln};
use crate::failure::{Outcome, usage};

/// Score the variants of a VCF file by a model's predictions for both alleles.
///
/// Writes the same records with more INFO fields. A run that was stopped continues when it is
/// started again.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert variants --model datasets/models/ctcf-gm12878 --width 101 --out scored.vcf my.vcf genome.fa")]
pub(crate) struct Arguments {
    /// Variants: VCF, plain, gzip or bgzip
    vcf: PathBuf,
    /// Their genome: FASTA, plain, gzip or bgzip
    genome: PathBuf,
    /// Trained classifier: a folder, or a name on the Hugging Face Hub; several form an ensemble,
    /// whose predictions are averaged (hidden states and attention are those of the first)
    #[arg(long, required = true)]
    model: Vec<String>,
    /// Bases of the model's window: the length of the sequences that it was trained on
    #[arg(long, value_parser = clap::value_parser!(u16).range(8..))]
    width: u16,
    /// File to write: .vcf, .tsv or .parquet (--features parquet)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Number of extra windows on each side of the one around the variant, for models that read one
    /// position, such as a splice site. The largest change over all windows is reported
    #[arg(long, default_value_t = 0)]
    reach: u16,
    /// The strand that the model reads
    #[arg(long, value_enum, default_value = "mean")]
    strands: Strands,
    /// What to do where the reference allele differs from the genome
    #[arg(long, value_enum, default_value = "error")]
    mismatch: Mismatch,
    /// Treat chr1 and 1 as the same chromosome
    #[arg(long)]
    ignore_chr: bool,
    /// Only score every n-th variant, from the i-th: i/n
    #[arg(long)]
    shard: Option<Shard>,
    #[command(flatten)]
    more: MoreOptions,
    #[command(flatten)]
    network: NetworkOptions,
}

/// Additional scores.
#[derive(Debug, Args)]
#[command(next_help_heading = "More scores")]
struct MoreOptions {
    /// Variants that most likely have no effect (VCF of the same genome); scores get an empirical
    /// p-value from them
    #[arg(long, value_name = "VCF")]
    background: Option<PathBuf>,
    /// Also score with this pre-trained model, without fine-tuning: the log likelihood ratio of the
    /// reference and the alternate allele
    #[arg(long, value_name = "MODEL")]
    likelihood: Option<String>,
    /// Also report the distance between the hidden states of the two windows
    #[arg(long)]
    embedding: bool,
    /// Also report the change of attention
    #[arg(long)]
    attention: bool,
    /// Join the alleles that this sample has on the same copy of a chromosome (phased genotypes,
    /// sorted by position), and score each haplotype as one allele; the other alleles are left out
    #[arg(long, value_name = "SAMPLE")]
    haplotypes: Option<String>,
    /// Maximum number of unchanged bases between two alleles that are joined
    #[arg(long, requires = "haplotypes", default_value_t = 20)]
    within: usize,
}

/// Strands, by their names on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Strands {
    /// Forward: for genes on the forward strand
    Forward,
    /// Reverse: for genes on the reverse strand
    Reverse,
    /// The mean of both: for binding sites
    Mean,
}

/// What to do with a wrong reference allele, by its name on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mismatch {
    /// Stop
    Error,
    /// Skip the variant, and count it
    Skip,
    /// Swap the alleles where the alternate allele is that of the genome, and count it
    Swap,
}

impl From<Strands> for StrandMode {
    fn from(strands: Strands) -> Self {
        match strands {
            Strands::Forward => Self::Forward,
            Strands::Reverse => Self::Reverse,
            Strands::Mean => Self::Mean,
        }
    }
}

impl From<Mismatch> for ReferencePolicy {
    fn from(mismatch: Mismatch) -> Self {
        match mismatch {
            Mismatch::Error => Self::Error,
            Mismatch::Skip => Self::Skip,
            Mismatch::Swap => Self::Swap,
        }
    }
}

/// Refuses a class that the models do not have.
pub(crate) fn check_class(models: &Ensemble, class: usize) -> Outcome {
    match models.labels().len() {
        classes if class >= classes => {
            Err(usage(format!("--class {class}: the model has {classes} classes")))
        }
        _ => Ok(()),
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { vcf, genome, width, out, more, .. } = arguments;
    let width = *width;
    let network = &arguments.network;
    let device = network.device()?;
    Format::from_path(out).map_err(|error| usage(error.to_string()))?;
    let naming = if arguments.ignore_chr { Naming::IgnoreChr } else { Naming::Exact };
    let genome_path = genome;
    let genome = Genome::open(genome_path, LetterPolicy::default())?.with_naming(naming);
    let likelihood = match &more.likelihood {
        Some(model) => Some(network.model(&model_folder(model)?, &device)?.masked_scorer()?),
        None => None,
    };
    let models = network.ensemble(&arguments.model, &device)?;
    // Hidden states and attention are those of the first model, which must then be a network.
    let first = if more.embedding || more.attention {
        Some(network.model(&model_folder(&arguments.model[0])?, &device)?)
    } else {
        None
    };
    let of_labels = models.problem() == ProblemType::MultiLabelClassification;
    if models.problem() == ProblemType::Regression || models.labels().len() < 2 && !of_labels {
        let model = &arguments.model[0];
        return Err(usage(format!("--model {model}: its outputs are not class probabilities")));
    }
    let classes = models.labels().to_vec();
    let mut scorer = Scorer::new(models, &classes, &genome, width.into())
        .with_reach(arguments.reach.into())
        .with_strands(arguments.strands.into())
        .with_policy(arguments.mismatch.into())
        .with_labels(of_labels);
    if let Some(likelihood) = &likelihood {
        scorer = scorer.with_further(Likelihood(likelihood));
    }
    if let Some(first) = &first {
        if more.embedding {
            scorer = scorer.with_further(Distance(first.embedder()));
        }
        if more.attention {
            scorer = scorer.with_further(AttentionChange(first.attention()));
        }
    }
    if let Some(path) = &more.background {
        noteln!("scoring the background");
        scorer = scorer.with_background(path)?;
    }
    let variants = Variants::open(vcf)?;
    let shard = arguments.shard.unwrap_or_default();
    let settings = format!(
        "variants {}, genome {}, ignore chr {}, model {} in {}, width {width}, reach {}, reading {:?}, mismatch {:?}, likelihood {:?}, background {:?}, haplotypes {:?} within {}",
        vcf.display(),
        genome_path.display(),
        arguments.ignore_chr,
        arguments.model.join(" and "),
        network.precision(),
        arguments.reach,
        arguments.strands,
        arguments.mismatch,
        more.likelihood,
        more.background,
        more.haplotypes,
        more.within
    );
    let started = Instant::now();
    let mut progress = |done: usize| {
        let rate = done as f64 / started.elapsed().as_secs_f64();
        note!("\r{done} variants, {rate:.1} per second ");
    };
    let open = |header: &[String]| {
        let writer = VariantWriter::open(out, header, &scorer.fields(), &settings, shard)?;
        if writer.before() > 0 {
            noteln!("{} variants are there from an earlier run", writer.before());
        }
        Ok::<_, Box<dyn std::error::Error>>(writer)
    };
    let (output, counts, left_out) = match &more.haplotypes {
        None => {
            let mut output = open(variants.header())?;
            let counts = scorer.run(variants, shard, &mut output, &mut progress);
            (output, counts.map_err(|error| error.in_file(vcf))?, LeftOut::default())
        }
        Some(name) => {
            let sample = variants.samples().iter().position(|sample| sample == name);
            let sample = sample.ok_or_else(|| {
                let samples = variants.samples().join(", ");
                format!("{}: no sample {name:?}; there are: {samples}", vcf.display())
            })?;
            let mut output = open(&Haplotypes::<Variants>::header(variants.header()))?;
            let mut joined = Haplotypes::new(variants, &genome, sample, more.within);
            let counts = scorer.run(&mut joined, shard, &mut output, &mut progress);
            (output, counts.map_err(|error| error.in_file(vcf))?, joined.left_out().clone())
        }
    };
    output.finish()?;
    note!("\n");
    outln!("{} variants, {} alleles scored", counts.variants, counts.alleles);
    if counts.swapped > 0 {
        outln!("{} alleles exchanged with the reference", counts.swapped);
    }
    for (reason, count) in &counts.skipped {
        outln!("{count} alleles skipped: {reason}");
    }
    for (reason, count) in &left_out.alleles {
        outln!("{count} alleles of the sample are in no haplotype: {reason}");
    }
    if left_out.no_call > 0 {
        outln!("{} lines have no genotype of the sample", left_out.no_call);
    }
    noteln!("wrote {}", out.display());
    Ok(())
}
