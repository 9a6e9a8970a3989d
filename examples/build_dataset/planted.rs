//! Sequences in which sites of motifs were planted: where the truth is known, base by base.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use dnabert::core::{LetterPolicy, Sequence, Strand, derive_seed, file};
use dnabert::genome::Runs;
use dnabert::motif::file::read_motifs;
use dnabert::motif::{Background, Counts, Frequencies, Motif};

/// Options of planted sets.
#[derive(Debug, Args)]
pub(crate) struct Planted {
    /// Motifs: JASPAR, MEME or TRANSFAC
    motifs: PathBuf,
    /// Those that are planted, each for a class, by identifier or name; of several matrices of one name any is taken.
    /// `all` stands for every name of the file
    #[arg(required = true)]
    planted: Vec<String>,
    /// Rows of train, dev and test, dealt to the classes in turn: without a site, and with one of each motif
    #[arg(long, default_value = "2000,300,300", value_parser = three)]
    rows: [usize; 3],
    /// Bases of a sequence
    #[arg(long, default_value_t = 101)]
    width: usize,
    /// Plant into sequences of this genome (FASTA, plain or gzip) [default: random ones of even composition]
    #[arg(long)]
    genome: Option<PathBuf>,
    /// Plant so many bases at most beside the middle [default: anywhere]
    #[arg(long)]
    within: Option<usize>,
    /// Seed of sequences and sites
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the tables, and for sites.bed
    #[arg(long)]
    out: PathBuf,
}

/// A class: its motif, which may have several matrices.
struct Class<'a> {
    name: &'a str,
    matrices: Vec<(&'a Motif, Frequencies)>,
}

/// What sites are planted into.
enum Ground {
    /// Random bases.
    Even(Frequencies),
    /// Stretches of a genome, and the number of windows in all of them.
    Genome(Vec<Sequence>, usize),
}

/// Writes sequences with one site, drawn from a motif, on either strand, and as many without; and `sites.bed`, where
/// sequences are called as their rows are (`test.tsv:2`).
pub(crate) fn run(options: &Planted) -> Result<(), Box<dyn Error>> {
    let motifs = read_motifs(&options.motifs)?;
    let classes = classes(&motifs, &options.planted)?;
    let longest = classes.iter().flat_map(|class| &class.matrices).map(|(motif, _)| motif.width());
    if longest.max() > Some(options.width) {
        return Err(format!("--width {}: a motif is longer", options.width).into());
    }
    let ground = Ground::open(options.genome.as_deref(), options.width)?;
    std::fs::create_dir_all(&options.out)?;
    let mut bed = String::new();
    for (split, (name, rows)) in ["train", "dev", "test"].iter().zip(&options.rows).enumerate() {
        let mut table = "sequence\tlabel\n".to_owned();
        for row in 0..*rows {
            let seed = derive_seed(options.seed, &[split as u64, row as u64]);
            let mut sequence = ground.draw(derive_seed(seed, &[0]), options.width);
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
        file::write(&options.out.join(format!("{name}.tsv")), table.as_bytes())?;
    }
    file::write(&options.out.join("sites.bed"), bed.as_bytes())?;
    let background = Background::uniform();
    for (label, class) in classes.iter().enumerate() {
        for (motif, shares) in &class.matrices {
            let bits: f64 = shares.information(&background).iter().sum();
            let (id, name, width, label) = (&motif.id, &motif.name, motif.width(), label + 1);
            println!("planted {id} {name} ({width} places, {bits:.1} bits), class {label}");
        }
    }
    println!("wrote train.tsv, dev.tsv, test.tsv and sites.bed to {}", options.out.display());
    Ok(())
}

impl Planted {
    /// Where a site of `width` bases begins.
    fn start(&self, width: usize, seed: u64) -> usize {
        let room = self.width - width;
        let beside = self.within.unwrap_or(room);
        let first = (room / 2).saturating_sub(beside);
        let last = (room / 2).saturating_add(beside).min(room);
        first + (seed % (last - first + 1) as u64) as usize
    }
}

impl Ground {
    fn open(genome: Option<&Path>, width: usize) -> Result<Self, Box<dyn Error>> {
        let Some(path) = genome else {
            return Ok(Self::Even(Counts::new(vec![[1.0; 4]; width])?.frequencies(0.0)));
        };
        let mut stretches = Vec::new();
        for run in Runs::open(path, LetterPolicy::default(), usize::MAX)? {
            stretches.push(run?.sequence);
        }
        stretches.retain(|stretch| stretch.len() >= width);
        let windows = stretches.iter().map(|stretch| stretch.len() - width + 1).sum();
        if windows == 0 {
            return Err(format!("{}: no {width} bases in a row", path.display()).into());
        }
        Ok(Self::Genome(stretches, windows))
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

/// The motifs of a file that are asked for, each a class.
fn classes<'a>(motifs: &'a [Motif], asked: &'a [String]) -> Result<Vec<Class<'a>>, String> {
    let mut names: Vec<&str> = Vec::new();
    for name in asked {
        match name.as_str() {
            "all" => names.extend(motifs.iter().map(|motif| motif.name.as_str())),
            name => names.push(name),
        }
    }
    let mut classes: Vec<Class<'_>> = Vec::new();
    for name in names {
        if classes.iter().any(|class| class.name == name) {
            continue;
        }
        let is_it = |motif: &&Motif| motif.id == name || motif.name == name;
        let matrices: Vec<_> = motifs
            .iter()
            .filter(is_it)
            .map(|motif| (motif, motif.counts.frequencies(0.0)))
            .collect();
        if matrices.is_empty() {
            return Err(format!("{name}: no such motif in the file"));
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

/// A site on one strand or the other.
fn turned(site: Sequence, seed: u64) -> (Sequence, Strand) {
    if seed & 1 == 0 {
        (site, Strand::Forward)
    } else {
        (site.reverse_complement(), Strand::Reverse)
    }
}
