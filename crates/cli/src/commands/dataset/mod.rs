//! `dnabert dataset`: builds a data set from primary sources: a genome and the positions of sites.

mod planted;

use std::path::{Path, PathBuf};

use crate::args::positive;
use crate::console::{noteln, outln};
use crate::failure::{Outcome, usage};
use clap::{Args, Subcommand, ValueEnum};
use dnabert::core::LetterPolicy;
use dnabert::genome::annotation::{
    AnnotationFormat, Part, Transcript, Transcripts, read_transcripts,
};
use dnabert::genome::bed::{BedRecord, read_bed, read_narrow_peak};
use dnabert::genome::fps::read_fps;
use dnabert::genome::{Genome, Interval, Naming};
use dnabert::tasks::build::{
    BindingConfig, Built, HardNegatives, Negatives, NonSites, PromoterConfig, SpliceConfig, Splits,
    TataBox, adversarial_non_sites, build_binding, build_promoters, build_splice, write,
};
use dnabert::tasks::sha256;
use dnabert::{Model, Predictor, device};

/// Build a data set from a genome and the positions of its sites.
///
/// Writes train.tsv, dev.tsv, test.tsv and manifest.json. The same files, settings and seed give
/// the same bytes.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert dataset binding genome.fa peaks.narrowPeak.gz --dev chr8 --test chr9 --out data/mine")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one for each run")]
enum Task {
    /// Windows around transcription starts, and negatives without one
    Promoter {
        #[command(flatten)]
        sources: Sources,
        /// Bases before the start
        #[arg(long, default_value_t = 249)]
        upstream: usize,
        /// Bases from the start on, the start included
        #[arg(long, default_value_t = 51, value_parser = positive)]
        downstream: usize,
        /// Minimum distance of two starts on the same strand, in bases
        #[arg(long, default_value_t = 150)]
        spacing: usize,
        /// Minimum distance of a genomic negative from any start, in bases
        #[arg(long, default_value_t = 1000)]
        away: usize,
        /// Which promoters to use: with or without TATAAA or TATATA in the bases −38 to −19. For
        /// promoters with a box, genomic negatives have one, too
        #[arg(long, value_enum, default_value = "any")]
        tata: Tata,
        /// How negatives are made
        #[arg(long, value_enum, default_value = "genomic")]
        negatives: Kind,
    },
    /// Windows around the summits of peaks, and negatives that are not bound
    Binding {
        #[command(flatten)]
        sources: Sources,
        /// Bases of a window
        #[arg(long, default_value_t = 101, value_parser = positive)]
        width: usize,
        /// Number of peaks, the strongest first [default: all]
        #[arg(long, value_parser = positive)]
        top: Option<usize>,
        /// Minimum distance of a genomic negative from any peak, also from weak ones, in bases
        #[arg(long, default_value_t = 1000)]
        away: usize,
        /// How negatives are made
        #[arg(long, value_enum, default_value = "gc-matched")]
        negatives: Kind,
    },
    /// Windows around donors and acceptors, and negatives from the same transcripts
    Splice {
        #[command(flatten)]
        sources: Sources,
        /// Bases of a window, an even number
        #[arg(long, default_value_t = 400, value_parser = even)]
        width: usize,
        /// Use the boundaries of coding parts (CDS), not of exons
        #[arg(long)]
        coding: bool,
        /// Keep donors without GT and acceptors without AG
        #[arg(long)]
        all_sites: bool,
        /// Use any positions that are not sites as negatives, not only those with GT or AG
        #[arg(long)]
        no_decoys: bool,
        /// Hard negatives: replace negatives of train by as many non-sites that these trained
        /// models predict as sites, as far as there are any. The models must be classifiers of
        /// neither, donor and acceptor for windows of this width. Give the models of all rounds so
        /// far, the first round first: each replaces its fraction. The other settings and the seed
        /// should be those of the earlier rounds
        #[arg(long, value_name = "MODELS", value_delimiter = ',', conflicts_with = "clusters")]
        adversary: Vec<PathBuf>,
    },
    /// Sequences with planted sites of motifs, and the positions of these sites
    Planted(planted::Planted),
}

/// Files, splits and seed.
#[derive(Debug, Args)]
struct Sources {
    /// Genome: FASTA, plain or bgzip (read through an index, which is created next to it) or gzip
    /// (held in memory)
    genome: PathBuf,
    /// The sites: starts as BED or EPD's .fps, narrowPeak, GTF or GFF3, plain or gzip
    sites: PathBuf,
    /// Chromosomes of the dev split
    #[arg(long, value_delimiter = ',', required_unless_present_any = ["dev_from", "clusters"])]
    dev: Vec<String>,
    /// Chromosomes of the test split
    #[arg(long, value_delimiter = ',', required_unless_present_any = ["test_from", "clusters"])]
    test: Vec<String>,
    /// Instead of chromosomes: the first base of the dev split, from 0, on each of them
    #[arg(long, requires = "test_from", conflicts_with_all = ["dev", "test"])]
    dev_from: Option<usize>,
    /// The first base of the test split
    #[arg(long, requires = "dev_from", conflicts_with_all = ["dev", "test"])]
    test_from: Option<usize>,
    /// Instead of both: split by clusters of windows that share this many bases, on either strand
    #[arg(long, conflicts_with_all = ["dev", "test", "dev_from", "test_from"], value_parser = positive)]
    clusters: Option<usize>,
    /// Treat chr1 and 1 as the same chromosome
    #[arg(long)]
    ignore_chr: bool,
    /// Seed of the negatives
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the data set
    #[arg(long, default_value = "runs/dataset")]
    out: PathBuf,
}

/// Which promoters to use.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tata {
    /// All, with or without a TATA box
    Any,
    /// Only those with a TATA box
    With,
    /// Only those without a TATA box
    Without,
}

/// How negatives are made.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// 12 of the 20 pieces of each positive replaced by random bases
    Substituted,
    /// Random windows of the genome
    Genomic,
    /// Random windows with the GC content of a positive
    GcMatched,
    /// Each positive, shuffled so that its dinucleotide counts are kept
    DinucleotideShuffled,
}

impl From<Kind> for Negatives {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Substituted => Self::Substituted,
            Kind::Genomic => Self::Genomic,
            Kind::GcMatched => Self::GcMatched,
            Kind::DinucleotideShuffled => Self::DinucleotideShuffled,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.task {
        Task::Planted(options) => planted::run(options),
        Task::Promoter { sources, upstream, downstream, spacing, away, tata, negatives } => {
            let config = PromoterConfig {
                upstream: *upstream,
                downstream: *downstream,
                spacing: *spacing,
                away: *away,
                tata: match tata {
                    Tata::Any => TataBox::Any,
                    Tata::With => TataBox::With,
                    Tata::Without => TataBox::Without,
                },
                negatives: (*negatives).into(),
                seed: sources.seed,
            };
            let starts = read_starts(&sources.sites)?;
            let genome = sources.genome()?;
            let built = build_promoters(&genome, &starts, &config)?;
            sources.write(&genome, &built, &format!("{config:?}"))
        }
        Task::Binding { sources, width, top, away, negatives } => {
            let config = BindingConfig {
                width: *width,
                top: *top,
                away: *away,
                negatives: (*negatives).into(),
                seed: sources.seed,
            };
            let peaks = read_narrow_peak(&sources.sites)?;
            if top.is_some() && peaks.iter().any(|peak| peak.signal.is_none()) {
                return Err(usage("--top: the peaks have no signal (column 7 of narrowPeak)"));
            }
            let middles = peaks.iter().filter(|peak| peak.summit.is_none()).count();
            if middles > 0 {
                outln!("{middles} of {} peaks have no summit: their middle is used", peaks.len());
            }
            if peaks.is_empty() {
                return Err(format!("{}: no peak in this file", sources.sites.display()).into());
            }
            let genome = sources.genome()?;
            let built = build_binding(&genome, &peaks, &config)?;
            sources.write(&genome, &built, &format!("{config:?}"))
        }
        Task::Splice { sources, width, coding, all_sites, no_decoys, adversary } => {
            let config = SpliceConfig {
                width: *width,
                canonical: !all_sites,
                others: if *no_decoys { NonSites::Anywhere } else { NonSites::Decoys },
                seed: sources.seed,
            };
            let format = AnnotationFormat::from_path(&sources.sites)
                .ok_or_else(|| format!("{}: no .gtf, .gff or .gff3", sources.sites.display()))?;
            let part = if *coding { Part::Coding } else { Part::Exon };
            let transcripts = read_transcripts(&sources.sites, format, part)?;
            tell_left_out(&transcripts);
            let genome = sources.genome()?;
            let mut built = build_splice(&genome, &transcripts.whole, &config)?;
            let mut settings = format!("{config:?} {part:?}");
            if !adversary.is_empty() {
                let mut models = Vec::new();
                for folder in adversary {
                    let (model, hash) = open_adversary(folder)?;
                    settings += &format!(" adversary {hash}");
                    models.push(model);
                }
                settings += ", in train only";
                let splits = sources.splits(&genome)?;
                let (genes, rounds) = (&transcripts.whole, &models[..]);
                let HardNegatives { negatives, replaced } =
                    built.mine_hard_negatives(&splits, |wanted, is_of_train| {
                        adversarial_non_sites(&genome, genes, &config, rounds, wanted, is_of_train)
                    })?;
                let fools = match &models[..] {
                    [_] => "fool the model".to_owned(),
                    models => format!("fool one of {} models", models.len()),
                };
                outln!("{replaced} of {negatives} non-sites of train {fools}");
            }
            sources.write(&genome, &built, &settings)
        }
    }
}

/// Opens a classifier of neither, donor and acceptor. Also returns the hash of its weights.
fn open_adversary(folder: &Path) -> Outcome<(Predictor, String)> {
    let weights = folder.join("model.safetensors");
    let hash = sha256(&weights).map_err(|error| format!("{}: {error}", weights.display()))?;
    let model = Model::open(folder, &device(None)?)?.predictor()?;
    if model.labels().len() != 3 {
        let (folder, labels) = (folder.display(), model.labels().join(", "));
        return Err(format!("{folder}: an adversary of {labels}, not of three classes").into());
    }
    Ok((model, hash))
}

/// Reads transcription starts from BED, from FPS, or from the transcripts of an annotation.
fn read_starts(path: &Path) -> Outcome<Vec<Interval>> {
    if let Some(format) = AnnotationFormat::from_path(path) {
        let read = read_transcripts(path, format, Part::Exon)?;
        tell_left_out(&read);
        let transcripts = read.whole;
        let start = |transcript: &Transcript| {
            let (first, base) = (&transcript.parts[0], transcript.start());
            Interval::new(first.chromosome(), base, base + 1, first.strand())
        };
        return Ok(transcripts.iter().map(start).collect::<Result<_, _>>()?);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_fps = name.trim_end_matches(".gz").ends_with(".fps");
    let records = if is_fps { read_fps(path)? } else { read_bed(path)? };
    let start = |record: &BedRecord| {
        let (interval, base) = (&record.interval, record.transcription_start());
        Interval::new(interval.chromosome(), base, base + 1, interval.strand())
    };
    Ok(records.iter().map(start).collect::<Result<_, _>>()?)
}

/// Prints what of an annotation is left out: transcripts on several strands or chromosomes, and parts
/// without a transcript.
fn tell_left_out(transcripts: &Transcripts) {
    if let [first, ..] = &transcripts.torn[..] {
        let count = transcripts.torn.len();
        outln!("left out: {count} transcripts on several strands or chromosomes ({first} is one)");
    }
    if transcripts.orphans > 0 {
        outln!("left out: {} parts that name no transcript", transcripts.orphans);
    }
}

impl Sources {
    fn genome(&self) -> Outcome<Genome> {
        let genome = Genome::open(&self.genome, LetterPolicy::default())?;
        Ok(genome.with_naming(self.naming()))
    }

    fn naming(&self) -> Naming {
        if self.ignore_chr { Naming::IgnoreChr } else { Naming::Exact }
    }

    /// The splits, with the chromosome names of the genome.
    fn splits(&self, genome: &Genome) -> Outcome<Splits> {
        if let (Some(dev), Some(test)) = (self.dev_from, self.test_from) {
            return Ok(Splits::Position { dev, test });
        }
        if let Some(shared) = self.clusters {
            return Ok(Splits::Clusters { shared, seed: self.seed });
        }
        Ok(Splits::chromosomes(genome, &self.dev, &self.test)?)
    }

    fn write(&self, genome: &Genome, built: &Built, settings: &str) -> Outcome {
        let splits = self.splits(genome)?;
        let hashed = |path: &Path| -> std::io::Result<String> {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            Ok(format!("{name} sha256 {}", sha256(path)?))
        };
        let made_of = [
            ("genome", hashed(&self.genome)?),
            ("sites", hashed(&self.sites)?),
            ("settings", settings.to_owned()),
            ("splits", format!("{splits:?}")),
            ("chromosome names", format!("{:?}", self.naming())),
        ];
        write(built, &splits, &made_of, &self.out)?;
        let across = splits.deal(&built.windows).iter().filter(|split| split.is_none()).count();
        let count = built.windows.len() - across;
        outln!("{count} windows, and {across} across a border, which no split has");
        outln!("of the sites, {}", built.left_out);
        crate::config::write_beside(&self.out)?;
        noteln!("wrote train.tsv, dev.tsv, test.tsv and manifest.json to {}", self.out.display());
        Ok(())
    }
}

fn even(text: &str) -> Result<usize, String> {
    let width = text.parse().ok().filter(|width: &usize| width.is_multiple_of(2) && *width >= 4);
    width.ok_or_else(|| "must be an even number from 4 on".to_owned())
}
