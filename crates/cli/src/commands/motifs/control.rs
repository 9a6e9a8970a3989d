//! Control searches: the same search where no true motif can be found.

use dnabert::core::{Example, derive_seed};
use dnabert::{BoxedAttribution, Model};

use super::{Arguments, Rows, find, rows};
use crate::args::subject::{Named, Subject, attribute, shuffle};
use crate::failure::Outcome;

/// The result of a control search.
pub(crate) struct Control {
    pub(crate) name: String,
    /// Number of motifs that passed.
    pub(crate) motifs: usize,
    /// The strongest motif: its consensus, its name and the q-value of that name, its p-value on
    /// held-out rows, and the fraction of its sites in high-scoring regions, with the fraction
    /// expected by chance.
    pub(crate) best: Option<Best>,
}

pub(crate) struct Best {
    pub(crate) consensus: String,
    pub(crate) name: String,
    pub(crate) name_q: f64,
    pub(crate) p_value: f64,
    pub(crate) in_high: f64,
    pub(crate) high: f64,
}

pub(crate) fn run(
    arguments: &Arguments,
    subject: &Subject,
    way: &BoxedAttribution,
    trained: [&Rows; 2],
) -> Outcome<Vec<Control>> {
    let mut controls = vec![control("trained model", arguments, subject, trained)];
    let seed = arguments.subject.seed;
    let untrained = Model::untrained(subject.model.folder(), seed, &subject.device)?.attention();
    let untrained = subject.on_strands(Box::new(untrained));
    let [known, unseen] = [&subject.train, &subject.unseen]
        .map(|part| rows("attention of an untrained model", subject, &untrained, part));
    let (known, unseen) = (known?, unseen?);
    controls.push(control("attention, untrained model", arguments, subject, [&known, &unseen]));
    let moved = trained.map(|rows| move_scores(rows, seed));
    let [known, unseen] = &moved;
    controls.push(control(
        "scores moved along their sequences",
        arguments,
        subject,
        [known, unseen],
    ));
    controls.push(of_labels(arguments, subject, way)?);
    Ok(controls)
}

fn control(name: &str, arguments: &Arguments, subject: &Subject, rows: [&Rows; 2]) -> Control {
    let named = find(arguments, subject, rows[0], rows[1]);
    let best = named.first().map(|named| Best {
        consensus: named.motif.name.clone(),
        name: named.best.map_or("–".into(), |best| subject.motifs[best.target].name.clone()),
        name_q: named.best.map_or(f64::NAN, |best| best.q_value),
        p_value: named.found.held_out.p_value,
        in_high: named.found.sites_in_high,
        high: named.found.high_fraction,
    });
    Control { name: name.to_owned(), motifs: named.len(), best }
}

/// Rotates the scores of each sequence by a random offset, so that high-scoring regions keep their
/// length.
fn move_scores(rows: &Rows, seed: u64) -> Rows {
    let moved = rows.scores.iter().enumerate().map(|(at, track)| {
        let mut track = track.clone();
        let by = derive_seed(seed, &[at as u64]) % track.len().max(1) as u64;
        track.rotate_left(by as usize);
        track
    });
    Rows {
        positives: rows.positives.clone(),
        scores: moved.collect(),
        negatives: rows.negatives.clone(),
    }
}

/// Assigns all rows to positives and negatives at random, several times. All motifs found are
/// false.
fn of_labels(arguments: &Arguments, subject: &Subject, way: &BoxedAttribution) -> Outcome<Control> {
    let all = |part: &[Example]| -> Outcome<Rows> {
        let mut positives = subject.of_class(part, true);
        let others = subject.of_class(part, false);
        positives.names.extend(others.names);
        positives.sequences.extend(others.sequences);
        let scores = attribute("scores of all rows", way, &positives)?;
        Ok(Rows { positives, scores, negatives: Vec::new() })
    };
    let parts = [all(&subject.train)?, all(&subject.unseen)?];
    let mut motifs = 0;
    for turn in 0..arguments.controls {
        let deal = |part: usize| {
            let Rows { positives: Named { names, sequences }, scores, .. } = &parts[part];
            let mut order: Vec<usize> = (0..sequences.len()).collect();
            shuffle(&mut order, arguments.subject.seed, (2 * turn + part) as u64);
            let (positives, negatives) = order.split_at(order.len() / 2);
            let sequence = |&at: &usize| sequences[at].clone();
            Rows {
                positives: Named {
                    names: positives.iter().map(|&at| names[at].clone()).collect(),
                    sequences: positives.iter().map(sequence).collect(),
                },
                scores: positives.iter().map(|&at| scores[at].clone()).collect(),
                negatives: negatives.iter().map(sequence).collect(),
            }
        };
        motifs += find(arguments, subject, &deal(0), &deal(1)).len();
    }
    let name = format!("labels shuffled, {} times", arguments.controls);
    Ok(Control { name, motifs, best: None })
}
