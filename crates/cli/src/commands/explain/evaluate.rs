//! Compares attribution scores with known sites, and attribution methods with one another.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use dnabert::core::{Sequence, Strand};
use dnabert::genome::bed::{BedRecord, read_bed};
use dnabert::interpret::{rank_correlation, site_auroc, top_overlap};
use dnabert::motif::scan::Scanner;
use dnabert::motif::{Background, Motif};
use dnabert::train::{ConfidenceInterval, bootstrap};
use dnabert::{AttributionMethod, BoxedAttribution, Model};

use crate::args::subject::{Named, Subject, attribute, shuffle};
use crate::failure::Outcome;

/// The known sites of a sequence.
#[derive(Debug, Clone)]
pub(crate) struct Sites {
    /// The bases of each site; more than one site where a file lists them.
    pub(crate) bases: Vec<Range<usize>>,
    /// The strand of the first site.
    pub(crate) strand: Strand,
    /// The score of the first site, where a motif found it.
    pub(crate) score: f64,
}

/// The known sites, or the motif to find them by.
pub(crate) struct Known {
    pub(crate) motif: Option<Motif>,
    pub(crate) both_strands: bool,
    pub(crate) background: Background,
}

/// The tracks of one attribution method.
pub(crate) struct Explained {
    pub(crate) name: String,
    pub(crate) tracks: Vec<Vec<f64>>,
}

/// How well the tracks of a method find known sites.
pub(crate) struct Evaluated {
    name: String,
    auroc: f64,
    interval: Option<ConfidenceInterval>,
    sequences: usize,
}

impl Known {
    /// The best window of the motif in each sequence, if its p-value is low enough. `None` without
    /// a motif.
    pub(crate) fn sites(&self, sequences: &[Sequence], p_value: f64) -> Vec<Option<Sites>> {
        let Some(motif) = &self.motif else { return vec![None; sequences.len()] };
        let scanner = Scanner::new(&motif.frequencies(), &self.background);
        let scanner = if self.both_strands { scanner } else { scanner.forward_only() };
        let threshold = scanner.threshold(p_value);
        let site = |sequence: &Sequence| {
            let hit = scanner.best(sequence).filter(|hit| hit.score >= threshold)?;
            let bases = hit.start..hit.start + scanner.width();
            Some(Sites { bases: vec![bases], strand: hit.strand, score: hit.score })
        };
        sequences.iter().map(site).collect()
    }
}

/// The sites of each sequence in a BED file that names sequences by their rows.
pub(crate) fn listed_sites(named: &Named, path: &Path) -> Outcome<Vec<Option<Sites>>> {
    let mut listed: HashMap<String, Vec<BedRecord>> = HashMap::new();
    for record in read_bed(path)? {
        listed.entry(record.interval.chromosome().to_owned()).or_default().push(record);
    }
    let mut sites = Vec::new();
    for (name, sequence) in named.names.iter().zip(&named.sequences) {
        let Some(records) = listed.get(name) else {
            sites.push(None);
            continue;
        };
        if let Some(end) =
            records.iter().map(|each| each.interval.end()).find(|&end| end > sequence.len())
        {
            let (path, bases) = (path.display(), sequence.len());
            return Err(
                format!("{path}: {name}: a site ends at {end}, the sequence at {bases}").into()
            );
        }
        let bases = records.iter().map(|each| each.interval.start()..each.interval.end()).collect();
        sites.push(Some(Sites { bases, strand: records[0].interval.strand(), score: 0.0 }));
    }
    if sites.iter().flatten().next().is_none() {
        return Err(format!("{}: no site in any sequence that is explained", path.display()).into());
    }
    Ok(sites)
}

/// The model and the attribution methods to compare.
pub(crate) struct Chosen<'a> {
    /// The methods besides attention; all if this is empty.
    pub(crate) beside: &'a [AttributionMethod],
    pub(crate) pretrained: &'a Model,
    pub(crate) seed: u64,
}

/// The tracks of all attribution methods: attention of each stage, then the others.
pub(crate) fn explain(
    subject: &Subject,
    stages: &[(&str, BoxedAttribution)],
    chosen: &Chosen<'_>,
    sequences: &Named,
) -> Outcome<Vec<Explained>> {
    // All methods are opened before the first one runs: gradients are refused in low precision.
    let mut beside = Vec::new();
    for method in AttributionMethod::ALL {
        let is_left_out = !chosen.beside.is_empty() && !chosen.beside.contains(&method);
        if method != AttributionMethod::Attention && !is_left_out {
            beside.push((method, subject.model.attribution(method, subject.class)?));
        }
    }
    let mut explained = Vec::new();
    for (stage, way) in stages {
        let name = format!("attention, {stage}");
        let tracks = attribute(&name, way, sequences)?;
        explained.push(Explained { name, tracks });
    }
    if let Some(last) = explained.last() {
        let name = format!("{}, shuffled", last.name);
        let shuffled = last.tracks.iter().enumerate();
        let tracks = shuffled.map(|(at, track)| {
            let mut track = track.clone();
            shuffle(&mut track, chosen.seed, at as u64);
            track
        });
        let tracks = tracks.collect();
        explained.push(Explained { name, tracks });
    }
    if let Some(last) = stages.len().checked_sub(1).map(|last| &explained[last]) {
        let name = format!("{}, of another sequence", last.name);
        let mut tracks = last.tracks.clone();
        tracks.rotate_left(1);
        // Tracks of another length are cut, or padded with zeros.
        for (track, sequence) in tracks.iter_mut().zip(&sequences.sequences) {
            track.resize(sequence.len(), 0.0);
        }
        explained.push(Explained { name, tracks });
    }
    for (method, way) in beside {
        let name = method.name().replace('-', " ");
        let tracks = attribute(&name, &subject.on_strands(way), sequences)?;
        let magnitudes = (method == AttributionMethod::GradientTimesInput).then(|| {
            // Where the model is sure, its gradient may have either sign.
            let of_track = |track: &Vec<f64>| track.iter().map(|score| score.abs()).collect();
            let tracks = tracks.iter().map(of_track).collect();
            Explained { name: format!("{name}, magnitude"), tracks }
        });
        explained.push(Explained { name, tracks });
        explained.extend(magnitudes);
    }
    if !chosen.beside.is_empty() {
        return Ok(explained);
    }
    let way: BoxedAttribution = Box::new(chosen.pretrained.masked_scorer()?);
    let name = "likelihood, pre-trained".to_owned();
    let tracks = attribute(&name, &subject.on_strands(way), sequences)?;
    explained.push(Explained { name, tracks });
    Ok(explained)
}

/// Number of bootstrap resamples for an interval.
const RESAMPLES: usize = 1000;

/// How well each method finds the sites.
pub(crate) fn evaluate(
    explained: &[Explained],
    sites: &[Option<Sites>],
    seed: u64,
) -> Vec<Evaluated> {
    explained
        .iter()
        .filter_map(|each| {
            let of_sequence = |(track, site): (&Vec<f64>, &Option<Sites>)| {
                let bases = &site.as_ref()?.bases;
                let is_inside = |base| bases.iter().any(|site| site.contains(&base));
                let inside: Vec<bool> = (0..track.len()).map(is_inside).collect();
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
            Some(Evaluated {
                name: each.name.clone(),
                auroc: mean(&mut values.iter().copied(), values.len()),
                interval,
                sequences: values.len(),
            })
        })
        .collect()
}

/// A table of the evaluation.
pub(crate) fn evaluated_rows(evaluated: &[Evaluated]) -> ([&'static str; 4], Vec<Vec<String>>) {
    let row = |each: &Evaluated| {
        let interval = each.interval.map_or(String::new(), |interval| {
            format!("{:.3} to {:.3}", interval.low, interval.high)
        });
        vec![each.name.clone(), format!("{:.3}", each.auroc), interval, each.sequences.to_string()]
    };
    (["scores", "AUROC", "95 % interval", "sequences"], evaluated.iter().map(row).collect())
}

/// Number of highest-scoring bases that are compared.
const TOP: usize = 10;

/// A table of rank correlations (above the diagonal) and of the overlap of the highest-scoring
/// bases, as a fraction (below).
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
