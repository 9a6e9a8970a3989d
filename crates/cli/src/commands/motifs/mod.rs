//! `dnabert motifs`: finds the motifs that a model has learned, and their names.

mod control;
mod output;
mod overview;

use clap::Args;
use dnabert::core::Sequence;
use dnabert::motif::Motif;
use dnabert::motif::compare::{Collection, ColumnScore, Match};
use dnabert::motif::discover::{Data, Discovery, FoundMotif, ScoredSequence};
use dnabert::{AttributionMethod, BoxedAttribution};

use crate::args::subject::{Named, Subject, SubjectOptions, attribute};
use crate::failure::Outcome;

/// Find the motifs that a model has learned, and name them.
///
/// Motifs are found on the rows that the model was trained on, and tested on other rows. By default
/// it uses the shipped model of CTCF.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert motifs --controls 20 --motifs jaspar.txt --out runs/motifs")]
pub(crate) struct Arguments {
    #[command(flatten)]
    subject: SubjectOptions,
    /// Attribution method: attention, rollout, gradient-times-input, integrated-gradients or
    /// mutagenesis
    #[arg(long, default_value = "attention")]
    attribution: AttributionMethod,
    /// Maximum number of motifs
    #[arg(long, default_value_t = 5)]
    max_motifs: usize,
    /// Maximum q-value of motifs, and of names
    #[arg(long, default_value_t = 0.01)]
    q_value: f64,
    /// How columns of two motifs are compared: euclidean, pearson, sandelin-wasserman or
    /// kullback-leibler
    #[arg(long, default_value = "euclidean")]
    column_score: ColumnScore,
    /// Run controls: the same search on the attention of an untrained model, on scores moved along
    /// their sequences, and on this many shuffles of the labels
    #[arg(long, default_value_t = 0)]
    controls: usize,
}

/// Maximum number of logos of an earlier run to remove.
const MOST_LOGOS: usize = 100;

/// Sequences with their scores, and the background sequences that they are compared with.
struct Rows {
    positives: Named,
    scores: Vec<Vec<f64>>,
    negatives: Vec<Sequence>,
}

/// A motif and its names.
struct NamedMotif {
    motif: Motif,
    found: FoundMotif,
    /// All motifs of the collection, the best match first.
    matches: Vec<Match>,
    /// The best match, if its q-value is low enough.
    best: Option<Match>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let subject = arguments.subject.open("motifs")?;
    subject.clear(&["controls.tsv"])?;
    for number in 1..=MOST_LOGOS {
        subject.clear(&[
            &format!("logos/motif_{number}.svg"),
            &format!("logos/motif_{number}_reverse.svg"),
        ])?;
    }
    let way = subject.model.attribution(arguments.attribution, subject.class)?;
    let way = subject.on_strands(way);
    let known = rows(arguments.attribution.name(), &subject, &way, &subject.train)?;
    let unseen = rows(arguments.attribution.name(), &subject, &way, &subject.unseen)?;
    let named = find(arguments, &subject, &known, &unseen);
    let controls = if arguments.controls > 0 {
        control::run(arguments, &subject, &way, [&known, &unseen])?
    } else {
        Vec::new()
    };
    let overview = overview::Overview::new(&subject, &way, &named, &unseen)?;
    output::write(arguments, &subject, &named, [&known, &unseen], &overview, &controls)
}

/// The rows of the class with their scores, and the other rows.
fn rows(
    what: &str,
    subject: &Subject,
    way: &BoxedAttribution,
    rows: &[dnabert::core::Example],
) -> Outcome<Rows> {
    let positives = subject.of_class(rows, true);
    let scores = attribute(what, way, &positives)?;
    Ok(Rows { positives, scores, negatives: subject.of_class(rows, false).sequences })
}

impl Rows {
    fn scored(&self) -> Vec<ScoredSequence<'_>> {
        let pairs = self.positives.sequences.iter().zip(&self.scores);
        pairs.map(|(sequence, scores)| ScoredSequence { sequence, scores }).collect()
    }
}

/// Motifs found on rows of the training set, tested on others, and named.
fn find(arguments: &Arguments, subject: &Subject, known: &Rows, unseen: &Rows) -> Vec<NamedMotif> {
    let settings = Discovery {
        max_motifs: arguments.max_motifs,
        q_value: arguments.q_value,
        both_strands: subject.both_strands,
        seed: arguments.subject.seed,
        ..Discovery::default()
    };
    let (known_rows, unseen_rows) = (known.scored(), unseen.scored());
    let negatives = [known, unseen].map(|rows| rows.negatives.iter().collect::<Vec<_>>());
    let found = settings.find_held_out(
        &Data { positives: &known_rows, negatives: &negatives[0] },
        &Data { positives: &unseen_rows, negatives: &negatives[1] },
    );
    let collection = Collection::new(&subject.motifs, arguments.column_score);
    let name = |(number, found): (usize, FoundMotif)| {
        let matches = collection.search(&found.counts.frequencies(0.25));
        let motif = Motif {
            id: format!("motif_{}", number + 1),
            name: found.frequencies().consensus(),
            counts: found.counts.clone(),
        };
        let best = matches.first().filter(|best| best.q_value <= arguments.q_value).copied();
        NamedMotif { motif, found, matches, best }
    };
    found.into_iter().enumerate().map(name).collect()
}
