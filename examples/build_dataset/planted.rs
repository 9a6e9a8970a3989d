//! Sequences in which sites of a motif were planted: where the truth is known, base by base.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use dnabert::core::{Sequence, Strand, derive_seed, file};
use dnabert::motif::file::read_motifs;
use dnabert::motif::{Background, Counts};

/// Options of planted sets.
#[derive(Debug, Args)]
pub(crate) struct Planted {
    /// Motifs: JASPAR, MEME or TRANSFAC
    motifs: PathBuf,
    /// The one that is planted, by its identifier or name
    motif: String,
    /// Rows of train, dev and test; every other has a site
    #[arg(long, default_value = "2000,300,300", value_parser = three)]
    rows: [usize; 3],
    /// Bases of a sequence
    #[arg(long, default_value_t = 101)]
    width: usize,
    /// Seed of sequences and sites
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the tables, and for sites.bed
    #[arg(long)]
    out: PathBuf,
}

/// Writes random sequences of even composition, half of them with one site, drawn from the motif, on
/// either strand and at any place; and `sites.bed`, where sequences are called as their rows are
/// (`test.tsv:2`).
pub(crate) fn run(options: &Planted) -> Result<(), Box<dyn Error>> {
    let motifs = read_motifs(&options.motifs)?;
    let motif = motifs
        .iter()
        .find(|motif| motif.id == options.motif || motif.name == options.motif)
        .ok_or_else(|| format!("{}: no such motif in the file", options.motif))?;
    if motif.width() > options.width {
        return Err(format!("--width {}: the motif is longer", options.width).into());
    }
    let shares = motif.counts.frequencies(0.0);
    let even = Counts::new(vec![[1.0; 4]; options.width])?.frequencies(0.0);
    std::fs::create_dir_all(&options.out)?;
    let mut bed = String::new();
    for (split, (name, rows)) in ["train", "dev", "test"].iter().zip(&options.rows).enumerate() {
        let mut table = "sequence\tlabel\n".to_owned();
        for row in 0..*rows {
            let seed = derive_seed(options.seed, &[split as u64, row as u64]);
            let mut sequence = even.draw(derive_seed(seed, &[0]));
            let label = row % 2;
            if label == 1 {
                let places = (options.width - motif.width() + 1) as u64;
                let start = (derive_seed(seed, &[1]) % places) as usize;
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
    let bits: f64 = shares.information(&background).iter().sum();
    println!(
        "planted {} {} ({} places, {bits:.1} bits) in {}",
        motif.id,
        motif.name,
        motif.width(),
        options.out.display()
    );
    Ok(())
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
