//! Sequences with planted sites of motifs. The bases that determine the label are known exactly.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::console::{noteln, outln};
use crate::failure::{Outcome, usage};
use crate::files;
use clap::Args;
use dnabert::core::{LetterPolicy, Sequence, Strand, derive_seed};
use dnabert::genome::Runs;
use dnabert::motif::file::read_motifs;
use dnabert::motif::{Background, CountMatrix, FrequencyMatrix, Motif};
use dnabert::tasks::sha256;
use serde_json::json;

/// Options of planted sets.
#[derive(Debug, Args)]
pub(crate) struct Planted {
    /// File of motifs: JASPAR, MEME or TRANSFAC
    motifs: PathBuf,
    /// Motifs to plant, each for one class, by identifier or name. If several matrices have the
    /// name, any of them is used for a site. `all` means every name in the file
    #[arg(required = true)]
    planted: Vec<String>,
    /// Rows of train, dev and test, assigned to the classes in turn: no site, then one site of each
    /// motif
    #[arg(long, default_value = "2000,300,300", value_parser = three)]
    rows: [usize; 3],
    /// Bases of a sequence
    #[arg(long, default_value_t = 101)]
    width: usize,
    /// Plant into sequences of this genome (FASTA, plain or gzip). Each stretch without ambiguous
    /// letters is cut into train, dev and test in proportion to the rows. It may have sites of its
    /// own, which are not listed [default: random sequences with equal base frequencies]
    #[arg(long)]
    genome: Option<PathBuf>,
    /// Plant at most this many bases from the middle (plus up to half a base from rounding)
    /// [default: anywhere]
    #[arg(long)]
    within: Option<usize>,
    /// Seed of sequences and sites
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the tables and sites.bed
    #[arg(long)]
    out: PathBuf,
}

/// A class: its motif, which may have several matrices.
struct Class<'a> {
    name: &'a str,
    matrices: Vec<(&'a Motif, FrequencyMatrix)>,
}

/// The sequences that sites are planted into.
enum Ground {
    /// Random bases.
    Even(FrequencyMatrix),
    /// Stretches of a genome, and the number of windows in all of them.
    Genome(Vec<Sequence>, usize),
}

/// The splits, in the order of `--rows`.
const SPLITS: [&str; 3] = ["train", "dev", "test"];

/// Writes sequences with one site, drawn from a motif, on either strand, and sequences without a
/// site. Also writes `sites.bed`, which names sequences by their rows (`test.tsv:2`), and
/// `manifest.json`, which lists the sources and the meaning of the labels.
pub(crate) fn run(options: &Planted) -> Outcome {
    let motifs = read_motifs(&options.motifs)?;
    let classes = classes(&motifs, &options.planted)?;
    let matrices = || classes.iter().flat_map(|class| &class.matrices);
    if let Some((motif, _)) = matrices().find(|(motif, _)| motif.width() > options.width) {
        let (id, places) = (&motif.id, motif.width());
        return Err(usage(format!("--width {}: {id} has {places} places", options.width)));
    }
    let grounds = Ground::open(options.genome.as_deref(), options.width, options.rows)?;
    files::create_folder(&options.out)?;
    let mut bed = String::new();
    for (split, (name, rows)) in SPLITS.iter().zip(&options.rows).enumerate() {
        let mut table = "sequence\tlabel\n".to_owned();
        for row in 0..*rows {
            let seed = derive_seed(options.seed, &[split as u64, row as u64]);
            let mut sequence = grounds[split].draw(derive_seed(seed, &[0]), options.width);
            let label = row % (classes.len() + 1);
            if let Some(class) = label.checked_sub(1).map(|class| &classes[class]) {
                let matrix = derive_seed(seed, &[4]) % class.matrices.len() as u64;
                let (motif, shares) = &class.matrices[matrix as usize];
                let start = options.start(motif.width(), derive_seed(seed, &[1]));
                let site = shares.draw(derive_seed(seed, &[2]));
                let (site, strand) = turned(site, derive_seed(seed, &[3]));
                let end = start + motif.width();
                sequence = sequence.replace(start..end, &site);
                let _ = writeln!(
                    bed,
                    "{name}.tsv:{}\t{start}\t{end}\t{}\t0\t{strand}",
                    row + 2,
                    motif.id
                );
            }
            let _ = writeln!(table, "{sequence}\t{label}");
        }
        files::write(&options.out.join(format!("{name}.tsv")), table)?;
    }
    files::write(&options.out.join("sites.bed"), bed)?;
    let background = Background::uniform();
    for (label, class) in classes.iter().enumerate() {
        for (motif, shares) in &class.matrices {
            let bits: f64 = shares.information(&background).iter().sum();
            let (id, name, width, label) = (&motif.id, &motif.name, motif.width(), label + 1);
            outln!("planted {id} {name} ({width} places, {bits:.1} bits), class {label}");
        }
    }
    let manifest = serde_json::to_string_pretty(&options.manifest(&classes)?)? + "\n";
    files::write(&options.out.join("manifest.json"), manifest)?;
    let out = options.out.display();
    crate::config::write_beside(&options.out)?;
    noteln!("wrote train.tsv, dev.tsv, test.tsv, sites.bed and manifest.json to {out}");
    Ok(())
}

impl Planted {
    /// The settings and files of a set, and its classes by label.
    fn manifest(&self, classes: &[Class<'_>]) -> Outcome<serde_json::Value> {
        let hashed = |path: &Path| -> Result<String, String> {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let hash = sha256(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(format!("{name} sha256 {hash}"))
        };
        let class = |class: &Class<'_>| {
            let ids: Vec<&str> = class.matrices.iter().map(|(motif, _)| &*motif.id).collect();
            format!("{}: {}", class.name, ids.join(", "))
        };
        let classes: Vec<String> =
            ["no site".to_owned()].into_iter().chain(classes.iter().map(class)).collect();
        let Self { rows, width, within, seed, .. } = self;
        Ok(json!({
            "motifs": hashed(&self.motifs)?,
            "genome": self.genome.as_deref().map(hashed).transpose()?,
            "rows": rows,
            "width": width,
            "within": within,
            "seed": seed,
            "classes": classes,
        }))
    }

    /// The start of a site of `width` bases.
    fn start(&self, width: usize, seed: u64) -> usize {
        let room = self.width - width;
        let beside = self.within.unwrap_or(room);
        let first = (room / 2).saturating_sub(beside);
        let last = (room / 2).saturating_add(beside).min(room);
        first + (seed % (last - first + 1) as u64) as usize
    }
}

impl Ground {
    /// The background sequences of each split. No two splits share a base of a genome.
    fn open(genome: Option<&Path>, width: usize, rows: [usize; 3]) -> Outcome<[Self; 3]> {
        let Some(path) = genome else {
            let even = CountMatrix::new(vec![[1.0; 4]; width])?.frequencies(0.0);
            return Ok([(); 3].map(|()| Self::Even(even.clone())));
        };
        let all = rows.iter().sum::<usize>().max(1);
        let mut stretches = [const { Vec::new() }; 3];
        for run in Runs::open(path, LetterPolicy::default(), usize::MAX)? {
            let sequence = run?.sequence;
            let border = |rows: usize| (sequence.len() as f64 * rows as f64 / all as f64) as usize;
            let borders = [0, border(rows[0]), border(rows[0] + rows[1]), sequence.len()];
            for (split, part) in borders.windows(2).enumerate() {
                if part[1] - part[0] >= width {
                    stretches[split].push(sequence.slice(part[0]..part[1]));
                }
            }
        }
        for (split, parts) in stretches.iter().enumerate() {
            if parts.is_empty() && rows[split] > 0 {
                let (path, split) = (path.display(), SPLITS[split]);
                return Err(format!("{path}: no {width} bases in a row for {split}").into());
            }
        }
        Ok(stretches.map(|parts| {
            let windows = parts.iter().map(|part| part.len() - width + 1).sum();
            Self::Genome(parts, windows)
        }))
    }

    fn draw(&self, seed: u64, width: usize) -> Sequence {
        match self {
            Self::Even(shares) => shares.draw(seed),
            Self::Genome(stretches, windows) => {
                let mut start = (seed % *windows as u64) as usize;
                for stretch in stretches {
                    let here = stretch.len() - width + 1;
                    if start < here {
                        return stretch.slice(start..start + width);
                    }
                    start -= here;
                }
                unreachable!("a window is in one of the stretches")
            }
        }
    }
}

/// The requested motifs of a file, each as a class. No matrix may be in two of them.
fn classes<'a>(motifs: &'a [Motif], asked: &'a [String]) -> Outcome<Vec<Class<'a>>> {
    let mut names: Vec<&str> = Vec::new();
    for name in asked {
        if name == "all" {
            for motif in motifs {
                if !names.contains(&&*motif.name) {
                    names.push(&motif.name);
                }
            }
        } else {
            names.push(name);
        }
    }
    let mut classes: Vec<Class<'_>> = Vec::new();
    for name in names {
        let matrices: Vec<(&Motif, FrequencyMatrix)> = motifs
            .iter()
            .filter(|motif| motif.id == name || motif.name == name)
            .map(|motif| (motif, motif.counts.frequencies(0.0)))
            .collect();
        if matrices.is_empty() {
            return Err(format!("{name}: no such motif in the file").into());
        }
        for class in &classes {
            let has = |id: &str| class.matrices.iter().any(|(motif, _)| motif.id == id);
            if let Some((motif, _)) = matrices.iter().find(|(motif, _)| has(&motif.id)) {
                let (id, other) = (&motif.id, class.name);
                return Err(usage(format!("{name}: {id} is planted for {other} already")));
            }
        }
        classes.push(Class { name, matrices });
    }
    Ok(classes)
}

fn three(text: &str) -> Result<[usize; 3], String> {
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    numbers
        .ok()
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| "three numbers, such as 2000,300,300".to_owned())
}

/// A site on a random strand.
fn turned(site: Sequence, seed: u64) -> (Sequence, Strand) {
    if seed & 1 == 0 {
        (site, Strand::Forward)
    } else {
        (site.reverse_complement(), Strand::Reverse)
    }
}
