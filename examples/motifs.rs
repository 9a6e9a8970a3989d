//! Motifs that a model looks at: found on rows that it learned from, tested on rows that it did not.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::motif::compare::{Collection, ColumnScore};
use dnabert::motif::discover::{Data, Discovery, ScoredSequence};
use dnabert::motif::file::read_motifs;
use dnabert::prelude::*;

/// Sequences of a class, and attention to their bases.
struct Attributed {
    bound: Vec<Sequence>,
    attention: Vec<Vec<f64>>,
    others: Vec<Sequence>,
}

impl Attributed {
    fn new(model: &Model, rows: Vec<Example>) -> Result<Self, Box<dyn std::error::Error>> {
        let (bound, others): (Vec<Example>, Vec<Example>) =
            rows.into_iter().partition(|row| row.label == 1);
        let [bound, others] = [bound, others]
            .map(|rows| rows.into_iter().map(|row| row.sequence).collect::<Vec<_>>());
        // A site may be on either strand.
        let attention = BothStrands(model.attention()).attribute(&bound)?;
        Ok(Self { bound, attention, others })
    }

    fn positives(&self) -> Vec<ScoredSequence<'_>> {
        let pairs = self.bound.iter().zip(&self.attention);
        pairs.map(|(sequence, scores)| ScoredSequence { sequence, scores }).collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let datasets = Datasets::find()?;
    let model = Model::open(datasets.model("ctcf-gm12878"), &device(None)?)?;
    let task = Benchmark::Ctcf.task(&datasets);
    let known = Attributed::new(&model, task.examples(Split::Train)?)?;
    let mut rows = task.examples(Split::Dev)?;
    rows.extend(task.examples(Split::Test)?);
    let unseen = Attributed::new(&model, rows)?;

    let settings = Discovery { both_strands: true, ..Discovery::default() };
    let negatives = [&known, &unseen].map(|rows| rows.others.iter().collect::<Vec<_>>());
    let found = settings.find_held_out(
        &Data { positives: &known.positives(), negatives: &negatives[0] },
        &Data { positives: &unseen.positives(), negatives: &negatives[1] },
    );
    let motifs = read_motifs(datasets.folder().join("jaspar/subset.jaspar"))?;
    let collection = Collection::new(&motifs, ColumnScore::Euclidean);
    for motif in found {
        let best = collection.search(&motif.counts.frequencies(0.25)).remove(0);
        let name = &motifs[best.target].name;
        let p = motif.held_out.p_value;
        println!(
            "{}: p {p:.1e} on unseen rows, most like {name} (q {:.1e})",
            motif.frequencies().consensus(),
            best.q_value
        );
    }
    Ok(())
}
