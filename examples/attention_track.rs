//! The attention of a model to each base of a sequence, as a figure, with the known motif marked.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::figure::{BaseTrack, Mark, base_tracks};
use dnabert::motif::file::read_motifs;
use dnabert::motif::{Background, scan::Scanner};
use dnabert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let datasets = Datasets::find()?;
    let model = Model::open(datasets.model("ctcf-gm12878"), &device(None)?)?;
    let rows = Benchmark::Ctcf.task(&datasets).examples(Split::Test)?;
    let bound: Vec<&Example> = rows.iter().filter(|row| row.label == 1).collect();

    // The sequence with the best match of CTCF's own matrix.
    let motifs = read_motifs(datasets.folder().join("jaspar/subset.jaspar"))?;
    let ctcf = motifs.iter().find(|motif| motif.name == "CTCF").ok_or("CTCF's matrix")?;
    let background = Background::from_sequences(bound.iter().map(|row| &row.sequence));
    let scanner = Scanner::new(&ctcf.frequencies(), &background);
    let hits = bound.iter().filter_map(|row| Some((row, scanner.best(&row.sequence)?)));
    let (row, hit) = hits.max_by(|a, b| a.1.score.total_cmp(&b.1.score)).ok_or("a sequence")?;

    let attention = model.attention().track(&row.sequence)?; // 1 is what even attention would give
    let tracks = [BaseTrack { name: "attention", scores: &attention }];
    let site = Mark { bases: hit.start..hit.start + scanner.width(), name: "CTCF".into() };
    let svg = base_tracks(&row.name, &row.sequence, &tracks, &[site])?;
    std::fs::create_dir_all("runs")?;
    std::fs::write("runs/attention.svg", svg)?;
    println!("drew runs/attention.svg");
    Ok(())
}
