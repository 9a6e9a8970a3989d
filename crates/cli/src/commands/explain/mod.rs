//! `dnabert explain`: attention and other attributions as scores of bases, compared with known
//! sites.

mod evaluate;
mod picture;
mod stream;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dnabert::datasets::shown;
use dnabert::figure::report::Report;
use dnabert::interpret::{Heads, MeanOf, Query};
use dnabert::model::Pooling;
use dnabert::motif::{Background, Motif};
use dnabert::{AttentionReader, AttributionMethod, BoxedAttribution, Model, model_folder};

use self::evaluate::{
    Chosen, Known, agreement_rows, evaluate, evaluated_rows, explain, listed_sites,
};
use crate::args::subject::{Subject, SubjectOptions, on_strands};
use crate::config;
use crate::console::{noteln, out};
use crate::failure::{Outcome, usage};

/// Explain a model: a score for each base, by attention, gradients or mutagenesis.
///
/// Writes a page with attention maps, heads, tracks and tables, or with --tracks the scores of any
/// sequences. By default it explains the shipped model of CTCF.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert explain --data tap73alpha --out runs/attention
  dnabert explain --model runs/mine/model --tracks sequences.fa --to scores.bedgraph")]
pub(crate) struct Arguments {
    #[command(flatten)]
    subject: SubjectOptions,
    /// Only write the scores of these sequences (FASTA or table, plain or .gz), a few at a time;
    /// needs --to
    #[arg(long, requires = "to", conflicts_with_all = ["train", "out", "seed", "motifs", "pretrained", "known", "sites", "site_p", "examples"], help_heading = "Scores of any sequences")]
    tracks: Option<PathBuf>,
    /// File for these scores: .tsv, .bedgraph or .npy
    #[arg(long, requires = "tracks", help_heading = "Scores of any sequences")]
    to: Option<PathBuf>,
    /// Attribution method of these scores: attention, rollout, gradient-times-input,
    /// integrated-gradients or mutagenesis [default: attention]
    #[arg(long, requires = "tracks", help_heading = "Scores of any sequences")]
    attribution: Option<AttributionMethod>,
    /// Another trained model, for example with another k. The scores are then the mean over all
    /// models, after those of each sequence are scaled to norm 1. May be given again
    #[arg(long, requires = "tracks", help_heading = "Scores of any sequences")]
    also: Vec<String>,
    /// Layers whose attention is read, from 0, such as 0-3 [default: the last]
    #[arg(long, value_parser = layers, help_heading = "Attention")]
    layers: Option<RangeInclusive<usize>>,
    /// Heads of each layer that are read, from 0, such as 0,2 [default: all]
    #[arg(long, value_delimiter = ',', help_heading = "Attention")]
    heads: Option<Vec<usize>>,
    /// Tokens whose attention is read [default: [CLS] where the model classifies by it, else all
    /// tokens]
    #[arg(long, value_enum, help_heading = "Attention")]
    query: Option<Whose>,
    /// Pre-trained model to compare with [default: the shipped one]
    #[arg(long, help_heading = "Comparison with known sites")]
    pretrained: Option<String>,
    /// Motif in the file of --motifs whose best windows are taken as known sites [default: the
    /// factor's own, if shipped]
    #[arg(long, help_heading = "Comparison with known sites")]
    known: Option<String>,
    /// Attribution methods to compare with attention, by their names [default: all, and the masked
    /// likelihood of the pre-trained model]
    #[arg(
        long,
        value_delimiter = ',',
        conflicts_with = "tracks",
        help_heading = "Comparison with known sites"
    )]
    beside: Vec<AttributionMethod>,
    /// Number of sequences that are drawn with their letters
    #[arg(long, default_value_t = 3, help_heading = "Comparison with known sites")]
    examples: usize,
    /// Known sites (BED: the row's name, such as test.tsv:2, start, end), instead of a motif's best
    /// windows
    #[arg(long, conflicts_with = "known", help_heading = "Comparison with known sites")]
    sites: Option<PathBuf>,
    /// Maximum p-value of a window that is taken as a known site
    #[arg(long, default_value_t = 1e-4, value_parser = probability, help_heading = "Comparison with known sites")]
    site_p: f64,
}

/// The tokens whose attention gives the scores, by their names on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Whose {
    /// Attention of [CLS]
    Cls,
    /// The mean over all tokens
    All,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    if let (Some(input), Some(output)) = (&arguments.tracks, &arguments.to) {
        return tracks(arguments, input, output);
    }
    report(arguments, &arguments.subject.open("attention")?)
}

/// Writes only scores.
fn tracks(arguments: &Arguments, input: &Path, output: &Path) -> Outcome {
    let device = arguments.subject.device()?;
    let both_strands = arguments.subject.both_strands();
    let method = |model: &Model| -> Outcome<BoxedAttribution> {
        Ok(on_strands(arguments.method(model)?, both_strands))
    };
    let mut methods = vec![method(&arguments.subject.model(&device)?)?];
    for model in &arguments.also {
        methods.push(method(&arguments.subject.network.model(&model_folder(model)?, &device)?)?);
    }
    // With one model, scores stay as they are.
    let mean: BoxedAttribution =
        if methods.len() > 1 { Box::new(MeanOf(methods)) } else { methods.remove(0) };
    stream::run(&mean, input, output)
}

impl Arguments {
    /// The attribution method of a trained model, as set by the options.
    fn method(&self, model: &Model) -> Outcome<BoxedAttribution> {
        let query = self.query(model);
        match self.attribution.unwrap_or(AttributionMethod::Attention) {
            AttributionMethod::Attention => self.attention(model, query),
            _ if self.layers.is_some() || self.heads.is_some() => {
                Err(usage("--layers and --heads are of attention alone"))
            }
            AttributionMethod::Rollout => {
                Ok(Box::new(model.attention().with_query(query).with_rollout()))
            }
            _ if self.query.is_some() => Err(usage("--query is of attention and rollout alone")),
            other => Ok(model.attribution(other, self.subject.class)?),
        }
    }

    /// The attention of a model, as set by the options.
    fn attention(&self, model: &Model, query: Query) -> Outcome<BoxedAttribution> {
        let layers = model.config().num_hidden_layers;
        let heads = model.config().num_attention_heads;
        let chosen = Heads {
            layers: self.layers.clone().unwrap_or(layers - 1..=layers - 1),
            heads: self.heads.clone(),
        };
        if *chosen.layers.end() >= layers {
            return Err(usage(format!("--layers: {} has {layers}", model.folder().display())));
        }
        if chosen.heads.iter().flatten().any(|&head| head >= heads) {
            return Err(usage(format!("--heads: {} has {heads}", model.folder().display())));
        }
        Ok(Box::new(model.attention().with_query(query).with_heads(chosen)))
    }

    /// The tokens whose attention is read: as suits the trained model, unless set by an option.
    fn query(&self, model: &Model) -> Query {
        match self.query {
            Some(Whose::Cls) => Query::Cls,
            Some(Whose::All) => Query::All,
            None if model.config().pooling == Pooling::Cls => Query::Cls,
            None => Query::All,
        }
    }

    /// The motif whose best windows are taken as known sites.
    fn known(&self, subject: &Subject) -> Outcome<Option<Motif>> {
        let find = |id: &str| {
            let same = |motif: &&Motif| motif.id == id || motif.name == id;
            subject.motifs.iter().find(same).cloned()
        };
        match (&self.known, self.subject.own_motif()) {
            (Some(id), _) => match find(id) {
                Some(motif) => Ok(Some(motif)),
                None => Err(usage(format!("--known {id}: no such motif in the file"))),
            },
            (None, own) => Ok(own.and_then(find)),
        }
    }
}

fn report(arguments: &Arguments, subject: &Subject) -> Outcome {
    let (bound, others) =
        (subject.of_class(&subject.unseen, true), subject.of_class(&subject.unseen, false));
    let known = Known {
        motif: arguments.known(subject)?,
        both_strands: subject.both_strands,
        background: Background::from_sequences(
            subject.train.iter().chain(&subject.unseen).map(|row| &row.sequence),
        ),
    };
    let sites = match &arguments.sites {
        Some(path) => listed_sites(&bound, path)?,
        None => known.sites(&bound.sequences, arguments.site_p),
    };
    let device = &subject.device;
    let pretrained = match &arguments.pretrained {
        Some(model) => model_folder(model)?,
        None => {
            let is_plain = subject.model.config().convolution_width.is_none();
            arguments.subject.shipped(if is_plain { "small-4" } else { "convolutional-4" })?
        }
    };
    // All three models are read in the same way: as suits the trained one.
    let query = arguments.query(&subject.model);
    let pretrained = arguments.subject.network.model(&pretrained, device)?;
    let untrained = Model::untrained(subject.model.folder(), arguments.subject.seed, device)?
        .with_precision(arguments.subject.network.precision())?;
    let stage = |model: &Model| -> Outcome<BoxedAttribution> {
        Ok(subject.on_strands(arguments.attention(model, query)?))
    };
    let stages = vec![
        ("untrained", stage(&untrained)?),
        ("pre-trained", stage(&pretrained)?),
        ("fine-tuned", stage(&subject.model)?),
    ];
    subject.clear(&["known_sites.tsv", "heads.svg"])?;
    let chosen =
        Chosen { beside: &arguments.beside, pretrained: &pretrained, seed: arguments.subject.seed };
    let explained = explain(subject, &stages, &chosen, &bound)?;
    let evaluated = evaluate(&explained, &sites, arguments.subject.seed);
    let class = &subject.classes[subject.class];
    let mut report = Report::new(&format!("What the model of {} looks at", subject.name));
    report.paragraph(&format!(
        "Model: {}. Explained: class {class:?}, on the {} sequences of that class that the model has not \
         learned from (dev and test). Attention: last layer unless told otherwise, scores per base, 1 is \
         what even attention would give.",
        shown(subject.model.folder()),
        bound.sequences.len()
    ));
    let count = sites.iter().flatten().count();
    if count > 0 {
        report.section("Do scores find known sites?");
        let source = match (&arguments.sites, &known.motif) {
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
             Shuffled: the bases' scores in random order. Of another sequence: the track of the next sequence, \
             which knows where sites usually lie, but not these.",
            bound.sequences.len()
        ));
        let (header, rows) = evaluated_rows(&evaluated);
        report.table(&header, &rows);
        let text = tsv(&header, &rows);
        out!("{text}");
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
    picture::landscape(subject, &stages, [&bound, &others], &known, &mut report)?;
    let reader: AttentionReader = subject.model.attention().with_query(query);
    picture::heads(subject, &reader, &bound.sequences, &sites, &mut report)?;
    let name = known.motif.as_ref().map_or("site", |motif| &*motif.name);
    let drawn = picture::Drawn { named: &bound, explained: &explained, sites: &sites, name };
    picture::examples(subject, &drawn, arguments.examples, &mut report)?;
    subject.write("report.html", &report.finish())?;
    config::write_beside(&subject.out)?;
    noteln!("wrote report.html, figures and tables to {}", subject.out.display());
    Ok(())
}

fn tsv(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = header.join("\t") + "\n";
    rows.iter().for_each(|row| text += &(row.join("\t") + "\n"));
    text
}

fn probability(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if 0.0 < value && value <= 1.0 {
        Ok(value)
    } else {
        Err("must be above 0, and at most 1".into())
    }
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
