//! What a model looks at: attention and other attributions as scores of bases, beside known sites.
//!
//! `cargo run --release --example attention` explains the shipped model of CTCF and writes a page with
//! landscapes, heads, tracks and tables; `-- --tracks FILE --to scores.bedgraph` writes the scores of any
//! sequences; `-- --help` lists what can be changed.
#![allow(clippy::print_stdout, reason = "a program's output")]

mod judge;
mod picture;
#[path = "../common/program.rs"]
mod program;
mod stream;
#[path = "../common/subject.rs"]
mod subject;

use std::error::Error;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use dnabert::interpret::{Heads, Query};
use dnabert::model::Checkpoint;
use dnabert::report::Report;
use dnabert::{AttentionReader, AttributionMethod, BoxedAttribution};
use judge::{agreement_rows, explain, judge, judged_rows};
use subject::{Subject, SubjectOptions};

/// Explains a model, base by base.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    subject: SubjectOptions,
    /// Only write the scores of these sequences (FASTA or table, plain or .gz), a batch at a time; needs --to
    #[arg(long, requires = "to")]
    tracks: Option<PathBuf>,
    /// File for these scores: .tsv, .bedgraph or .npy
    #[arg(long, requires = "tracks")]
    to: Option<PathBuf>,
    /// How these scores are made: attention, rollout, gradient-times-input, integrated-gradients or
    /// mutagenesis
    #[arg(long, default_value = "attention")]
    attribution: AttributionMethod,
    /// Layers whose attention is read, from 0, such as 0-3 [default: the last]
    #[arg(long, value_parser = layers)]
    layers: Option<RangeInclusive<usize>>,
    /// Heads of each that are read, from 0, such as 0,2 [default: all]
    #[arg(long, value_delimiter = ',')]
    heads: Option<Vec<usize>>,
    /// Whose attention is read [default: that of [CLS] where the model classifies by it, else of all
    /// tokens]
    #[arg(long, value_enum)]
    query: Option<Whose>,
    /// Sequences that are drawn letter by letter
    #[arg(long, default_value_t = 3)]
    examples: usize,
    /// Known sites (BED: the row's name, such as test.tsv:2, start, end), in place of a motif's best windows
    #[arg(long)]
    sites: Option<PathBuf>,
    /// Windows that the background reaches with at most this probability count as known sites
    #[arg(long, default_value_t = 1e-4)]
    site_p: f64,
}

/// Whose attention to a token is its score, as the command line calls it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Whose {
    /// That of [CLS]
    Cls,
    /// The mean over all tokens
    All,
}

fn main() -> ExitCode {
    program::finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let subject = arguments.subject.open("attention")?;
    if let (Some(input), Some(output)) = (&arguments.tracks, &arguments.to) {
        let way = match arguments.attribution {
            AttributionMethod::Attention => arguments.attention(&subject)?,
            other => other.open(&subject.model, subject.class, &subject.device)?,
        };
        return stream::run(&way, input, output);
    }
    report(arguments, &subject)
}

impl Arguments {
    /// The attention of the trained model, as the options have it.
    fn attention(&self, subject: &Subject) -> Result<BoxedAttribution, Box<dyn Error>> {
        let layers = Checkpoint::open(&subject.model)?.config().num_hidden_layers;
        let heads = Checkpoint::open(&subject.model)?.config().num_attention_heads;
        let chosen = Heads {
            layers: self.layers.clone().unwrap_or(layers - 1..=layers - 1),
            heads: self.heads.clone(),
        };
        if *chosen.layers.end() >= layers {
            return Err(format!("--layers: the model has {layers}").into());
        }
        if chosen.heads.iter().flatten().any(|&head| head >= heads) {
            return Err(format!("--heads: the model has {heads}").into());
        }
        Ok(Box::new(
            self.asked(AttentionReader::open(&subject.model, &subject.device)?).with_heads(chosen),
        ))
    }

    fn asked(&self, reader: AttentionReader) -> AttentionReader {
        match self.query {
            None => reader,
            Some(Whose::Cls) => reader.with_query(Query::Cls),
            Some(Whose::All) => reader.with_query(Query::All),
        }
    }
}

fn report(arguments: &Arguments, subject: &Subject) -> Result<(), Box<dyn Error>> {
    let bound = Subject::sequences(&subject.unseen, subject.class, true);
    let others = Subject::sequences(&subject.unseen, subject.class, false);
    let sites = match &arguments.sites {
        Some(path) => judge::listed_sites(subject, path)?,
        None => judge::known_sites(subject, &bound, arguments.site_p),
    };
    let device = &subject.device;
    let untrained = AttentionReader::untrained(&subject.model, arguments.subject.seed, device)?;
    let pretrained = AttentionReader::open(&subject.pretrained, device)?;
    let stages: Vec<(&str, BoxedAttribution)> = vec![
        ("untrained", subject.on_strands(Box::new(arguments.asked(untrained)))),
        ("pre-trained", subject.on_strands(Box::new(arguments.asked(pretrained)))),
        ("fine-tuned", subject.on_strands(arguments.attention(subject)?)),
    ];
    let explained = explain(subject, &stages, &bound, arguments.subject.seed)?;
    let judged = judge(&explained, &sites, arguments.subject.seed);
    let class = &subject.classes[subject.class];
    let mut report = Report::new(&format!("What the model of {} looks at", subject.name));
    report.paragraph(&format!(
        "Model: {}. Explained: class {class:?}, on the {} sequences of that class that the model has not \
         learned from (dev and test). Attention: last layer unless told otherwise, scores per base, 1 is \
         what even attention would give.",
        subject.model.display(),
        bound.len()
    ));
    let count = sites.iter().flatten().count();
    if count > 0 {
        report.section("Do scores find known sites?");
        let source = match (&arguments.sites, &subject.known) {
            (None, Some(known)) => format!(
                "the best window of {} ({}) on either strand, where the background reaches its score with a \
                 probability of at most {}",
                known.id, known.name, arguments.site_p
            ),
            (path, _) => format!("those of {}", path.clone().unwrap_or_default().display()),
        };
        report.paragraph(&format!(
            "Known sites: {source}; {count} of {} sequences have one. AUROC: the chance that a base of the \
             site scores above a base outside, mean over sequences, with a 95 % interval over sequences. \
             Shuffled: the bases' scores in random order.",
            bound.len()
        ));
        let (header, rows) = judged_rows(&judged);
        report.table(&header, &rows);
        let text = tsv(&header, &rows);
        print!("{text}");
        subject.write("known_sites.tsv", &text)?;
    }
    report.section("Do they agree?");
    report.paragraph(
        "Above the diagonal the rank correlation (Spearman) of two tracks, below it the share of the ten \
         highest bases that they have in common; means over sequences.",
    );
    let (header, rows) = agreement_rows(&explained);
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    report.table(&header, &rows);
    subject.write("agreement.tsv", &tsv(&header, &rows))?;
    picture::landscape(subject, &stages, [&bound, &others], &mut report)?;
    let reader = arguments.asked(AttentionReader::open(&subject.model, device)?);
    picture::heads(subject, &reader, &bound, &sites, &mut report)?;
    picture::examples(subject, &explained, &bound, &sites, arguments.examples, &mut report)?;
    subject.write("report.html", &report.finish())?;
    println!("wrote report.html, figures and tables to {}", subject.out.display());
    Ok(())
}

fn tsv(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = header.join("\t") + "\n";
    rows.iter().for_each(|row| text += &(row.join("\t") + "\n"));
    text
}

fn layers(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse().map_err(|_| format!("{text:?} is no layer"));
    let (first, last): (usize, usize) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("layer {first} comes after {last}"));
    }
    Ok(first..=last)
}
