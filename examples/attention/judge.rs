//! Scores of bases against known sites, and against one another.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use dnabert::core::{Sequence, Strand, derive_seed};
use dnabert::genome::bed::{BedRecord, read_bed};
use dnabert::interpret::{rank_correlation, site_auroc, top_overlap};
use dnabert::motif::Background;
use dnabert::motif::scan::Scanner;
use dnabert::train::{Interval, bootstrap};
use dnabert::{AttributionMethod, BoxedAttribution};

use crate::subject::{Subject, attribute};

/// A known site.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) bases: Range<usize>,
    pub(crate) strand: Strand,
    pub(crate) score: f64,
}

/// The tracks of a way of explaining.
pub(crate) struct Explained {
    pub(crate) name: String,
    pub(crate) tracks: Vec<Vec<f64>>,
}

/// How well tracks find known sites.
pub(crate) struct Judged {
    name: String,
    auroc: f64,
    interval: Option<Interval>,
    sequences: usize,
}

/// The best site of the known motif in each sequence, where it is good enough; none without a motif.
pub(crate) fn known_sites(
    subject: &Subject,
    sequences: &[Sequence],
    p_value: f64,
) -> Vec<Option<Site>> {
    let Some(known) = &subject.known else { return vec![None; sequences.len()] };
    let all = subject.train.iter().chain(&subject.unseen).map(|row| &row.sequence);
    let scanner = Scanner::new(&known.frequencies(), &Background::of(all));
    let threshold = scanner.threshold(p_value);
    let site = |sequence: &Sequence| {
        let hit = scanner.best(sequence).filter(|hit| hit.score >= threshold)?;
        let bases = hit.start..hit.start + scanner.width();
        Some(Site { bases, strand: hit.strand, score: hit.score })
    };
    sequences.iter().map(site).collect()
}

/// The first site of each sequence of the class in a BED file that calls sequences as their rows are called.
pub(crate) fn listed_sites(
    subject: &Subject,
    path: &Path,
) -> Result<Vec<Option<Site>>, Box<dyn Error>> {
    let records = read_bed(path)?;
    let mut sites = Vec::new();
    for row in subject.unseen.iter().filter(|row| row.label == subject.class) {
        let own = records.iter().find(|record| record.interval.chromosome() == row.name);
        sites.push(match own {
            None => None,
            Some(record) if record.interval.end() > row.sequence.len() => {
                let (name, end) = (&row.name, record.interval.end());
                return Err(format!(
                    "{}: {name}: a site ends at {end}, and the sequence at {}",
                    path.display(),
                    row.sequence.len()
                )
                .into());
            }
            Some(BedRecord { interval, .. }) => Some(Site {
                bases: interval.start()..interval.end(),
                strand: interval.strand(),
                score: 0.0,
            }),
        });
    }
    if sites.iter().flatten().next().is_none() {
        return Err(format!("{}: no site in any sequence that is explained", path.display()).into());
    }
    Ok(sites)
}

/// All ways of explaining: attention of each stage, then the others.
pub(crate) fn explain(
    subject: &Subject,
    stages: &[(&str, BoxedAttribution)],
    sequences: &[Sequence],
    seed: u64,
) -> Result<Vec<Explained>, Box<dyn Error>> {
    let mut explained = Vec::new();
    for (stage, way) in stages {
        let name = format!("attention, {stage}");
        let tracks = attribute(&name, way, sequences)?;
        explained.push(Explained { name, tracks });
    }
    if let Some(last) = explained.last() {
        let name = format!("{}, shuffled", last.name);
        let shuffled = last.tracks.iter().enumerate();
        let tracks = shuffled.map(|(at, track)| shuffle(track, seed, at as u64)).collect();
        explained.push(Explained { name, tracks });
    }
    for method in AttributionMethod::ALL {
        if method == AttributionMethod::Attention {
            continue;
        }
        let way = method.open(&subject.model, subject.class, &subject.device)?;
        let name = method.name().replace('-', " ");
        let tracks = attribute(&name, &subject.on_strands(way), sequences)?;
        explained.push(Explained { name, tracks });
    }
    let way = AttributionMethod::open_likelihood(&subject.pretrained, &subject.device)?;
    let name = "likelihood, pre-trained".to_owned();
    let tracks = attribute(&name, &way, sequences)?;
    explained.push(Explained { name, tracks });
    Ok(explained)
}

/// The scores of a track in random order.
pub(crate) fn shuffle(track: &[f64], seed: u64, place: u64) -> Vec<f64> {
    let mut track = track.to_vec();
    for at in (1..track.len()).rev() {
        let other = derive_seed(seed, &[place, at as u64]) % (at as u64 + 1);
        track.swap(at, other as usize);
    }
    track
}

/// Resamples behind an interval.
const RESAMPLES: usize = 1000;

/// How well each way finds the sites.
pub(crate) fn judge(explained: &[Explained], sites: &[Option<Site>], seed: u64) -> Vec<Judged> {
    explained
        .iter()
        .filter_map(|each| {
            let of_sequence = |(track, site): (&Vec<f64>, &Option<Site>)| {
                let bases = &site.as_ref()?.bases;
                let inside: Vec<bool> =
                    (0..track.len()).map(|base| bases.contains(&base)).collect();
                site_auroc(track, &inside)
            };
            let values: Vec<f64> = each.tracks.iter().zip(sites).filter_map(of_sequence).collect();
            if values.is_empty() {
                return None;
            }
            let mean = |values: &mut dyn Iterator<Item = f64>, count: usize| {
                values.sum::<f64>() / count as f64
            };
            let interval = bootstrap(values.len(), RESAMPLES, seed, |drawn| {
                Some(mean(&mut drawn.iter().map(|&at| values[at]), drawn.len()))
            });
            Some(Judged {
                name: each.name.clone(),
                auroc: mean(&mut values.iter().copied(), values.len()),
                interval,
                sequences: values.len(),
            })
        })
        .collect()
}

/// A table of what was judged.
pub(crate) fn judged_rows(judged: &[Judged]) -> ([&'static str; 4], Vec<Vec<String>>) {
    let row = |each: &Judged| {
        let interval = each.interval.map_or(String::new(), |interval| {
            format!("{:.3} to {:.3}", interval.low, interval.high)
        });
        vec![each.name.clone(), format!("{:.3}", each.auroc), interval, each.sequences.to_string()]
    };
    (["scores", "AUROC", "95 % interval", "sequences"], judged.iter().map(row).collect())
}

/// Bases that are compared as the highest.
const TOP: usize = 10;

/// A table of rank correlations (above the diagonal) and shares of the highest bases (below).
pub(crate) fn agreement_rows(explained: &[Explained]) -> (Vec<String>, Vec<Vec<String>>) {
    let mut header = vec![String::new()];
    header.extend((1..=explained.len()).map(|number| number.to_string()));
    let cell = |row: usize, column: usize| {
        if row == column {
            return String::new();
        }
        let pairs = explained[row].tracks.iter().zip(&explained[column].tracks);
        let values: Vec<f64> = pairs
            .filter_map(|(a, b)| {
                if row < column {
                    rank_correlation(a, b)
                } else {
                    (a.len() >= TOP).then(|| top_overlap(a, b, TOP))
                }
            })
            .collect();
        if values.is_empty() {
            return "–".into();
        }
        format!("{:.2}", values.iter().sum::<f64>() / values.len() as f64)
    };
    let rows = (0..explained.len()).map(|row| {
        let mut cells = vec![format!("{} {}", row + 1, explained[row].name)];
        cells.extend((0..explained.len()).map(|column| cell(row, column)));
        cells
    });
    (header, rows.collect())
}
