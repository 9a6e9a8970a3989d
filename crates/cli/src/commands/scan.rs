//! `dnabert scan`: applies a trained model to every window of long sequences.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use dnabert::core::{LetterPolicy, Sequence, TokenizeError};
use dnabert::figure::{ScanPoint, scan_track};
use dnabert::genome::bed::read_bed;
use dnabert::genome::{Strand, fasta};
use dnabert::tasks::scan::{Call, Hits, Point, ScanConfig, ScanError, call_maxima, compare, scan};
use dnabert::{AnyClassifier, model_folder};
use serde::Serialize;

use crate::args::DatasetsOptions;
use crate::args::network::NetworkOptions;
use crate::config;
use crate::console::{note, noteln, out, outln};
use crate::failure::{Outcome, usage};
use crate::files;

/// Scan long sequences with a trained model, on both strands, and call sites.
///
/// Writes calls.bed, two bedGraph tracks, scan.json and a figure of each sequence. Without FASTA it
/// scans 200 kb of fruit-fly chromosome 2R with the shipped promoter model.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert scan --model runs/mine/model chromosome.fa --known sites.bed --out runs/scan")]
pub(crate) struct Arguments {
    /// FASTA file, plain or .gz
    #[arg(requires = "model")]
    fasta: Option<PathBuf>,
    /// Trained model: a folder, or a name on the Hugging Face Hub [default: the shipped
    /// promoter-fly]
    #[arg(long)]
    model: Option<String>,
    /// Known sites, a BED file [default: those of the default sequence]
    #[arg(long, value_name = "BED")]
    known: Option<PathBuf>,
    /// Bases of a window before the site, and from the site on
    #[arg(long, num_args = 2, default_values_t = [249, 51])]
    window: Vec<usize>,
    /// Bases from one window to the next
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    stride: u16,
    /// Probability above which a site is called [default: the threshold chosen on dev for a hundred
    /// negatives per positive, if the model's metrics.json has it; else 0.5]
    #[arg(long)]
    threshold: Option<f64>,
    /// Minimum distance of two calls on one strand, in bases
    #[arg(long, default_value_t = 500)]
    spacing: usize,
    /// Maximum distance of a call from a known site, in bases
    #[arg(long, default_value_t = 250)]
    tolerance: usize,
    /// Folder for results
    #[arg(long, value_name = "FOLDER", default_value = "runs/scan")]
    out: PathBuf,
    /// Print scan.json instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    network: NetworkOptions,
    #[command(flatten)]
    datasets: DatasetsOptions,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let (fasta, shipped_known) = match &arguments.fasta {
        Some(fasta) => (fasta.clone(), None),
        None => {
            let folder = arguments.datasets.find()?.folder().join("fly_promoters");
            (folder.join("scan.fa.gz"), Some(folder.join("scan_tss.bed.gz")))
        }
    };
    let known = arguments.known.clone().or(shipped_known);
    let folder = match &arguments.model {
        Some(model) => model_folder(model)?,
        None => arguments.datasets.find()?.model("promoter-fly"),
    };
    arguments.scan(&fasta, known.as_deref(), &folder)
}

/// A known site: its position, from 0, and its strand.
type Site = (usize, Strand);

/// The entry of one sequence in `scan.json`.
#[derive(Debug, Serialize)]
struct Scanned {
    sequence: String,
    bases: usize,
    windows: usize,
    threshold: f64,
    spacing: usize,
    tolerance: usize,
    /// Hits at the threshold; `None` without known sites.
    hits: Option<Hits>,
    recall: Option<f64>,
    precision: Option<f64>,
    /// Hits at other thresholds.
    curve: Vec<CurvePoint>,
}

#[derive(Debug, Serialize)]
struct CurvePoint {
    threshold: f64,
    recall: f64,
    precision: f64,
    #[serde(flatten)]
    hits: Hits,
}

impl Arguments {
    /// Scans `input` with the model of `folder`, and writes tracks, calls and figures.
    fn scan(&self, input: &Path, known: Option<&Path>, folder: &Path) -> Outcome {
        let device = self.network.device()?;
        let model = self.network.classifier(folder, &device)?;
        let threshold = match self.threshold {
            Some(threshold) => threshold,
            None => threshold_of(folder)?.unwrap_or(0.5),
        };
        let mut known = known_sites(known)?;
        let out = &self.out;
        let [before, after] = self.window[..] else {
            return Err(usage("--window: two numbers"));
        };
        let stride = usize::from(self.stride);
        if after == 0 {
            return Err(usage(
                "--window: the second number counts the site itself, and is at least 1",
            ));
        }
        let config = ScanConfig { width: before + after, before, stride, class: 1 };
        files::create_folder(out)?;
        let (mut texts, mut told, mut known_here) = (Texts::default(), Vec::new(), 0);
        for record in fasta::Reader::open(input, LetterPolicy::default())? {
            let record = record?;
            let (name, length) = (&record.name, record.sequence.len());
            let sites = known.remove(name).unwrap_or_default();
            known_here += sites.len();
            let points = match points(&model, name, &record.sequence, config) {
                Err(ScanError::TooShort { .. }) => Vec::new(),
                points => points.map_err(|error| named(name, error))?,
            };
            if points.is_empty() {
                if !self.json {
                    outln!("{name}: skipped, no window of {} bases", config.width);
                }
                told.push(self.evaluate(name, length, &points, threshold, &[]));
                continue;
            }
            let calls = call_maxima(&points, threshold, self.spacing);
            texts.add(name, length, &points, stride, &calls)?;
            if length <= DRAWN {
                let plain = |c: char| if c.is_alphanumeric() { c } else { '_' };
                let file_name: String = name.chars().map(plain).collect();
                let number = told.len() + 1;
                let svg = scan_track(&drawn(&points), &drawn(&calls), &sites, length)?;
                files::write(&out.join(format!("{number}_{file_name}.svg")), svg)?;
            }
            let scanned = self.evaluate(name, length, &points, threshold, &sites);
            if !self.json {
                outln!("{name}: {} calls above {threshold:.4}", calls.len());
                if let Some(hits) = &scanned.hits {
                    print_hits(&scanned.curve, hits, threshold, self.tolerance);
                }
            }
            told.push(scanned);
        }
        let Texts { forward, reverse, calls } = texts;
        files::write(&out.join("forward.bedgraph"), forward)?;
        files::write(&out.join("reverse.bedgraph"), reverse)?;
        files::write(&out.join("calls.bed"), calls)?;
        let json = serde_json::to_string_pretty(&told)? + "\n";
        if self.json {
            out!("{json}");
        }
        files::write(&out.join("scan.json"), json)?;
        config::write_beside(out)?;
        noteln!("wrote calls.bed, two bedGraph tracks, scan.json and figures to {}", out.display());
        // Names that do not match are reported after the results are written, so that hours of
        // scanning are not lost.
        match known.keys().min() {
            Some(name) if known_here == 0 => Err(format!(
                "no known site lies on a sequence that was scanned; one lies on {name:?}"
            )
            .into()),
            Some(_) => {
                noteln!("known sites on {} other sequences were skipped", known.len());
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Compares the calls with known sites at several thresholds.
    fn evaluate(
        &self,
        name: &str,
        length: usize,
        points: &[Point],
        threshold: f64,
        sites: &[Site],
    ) -> Scanned {
        let hits = |threshold| {
            let calls = call_maxima(points, threshold, self.spacing);
            compare(&calls, sites, self.tolerance, length, 1)
        };
        let is_known = !sites.is_empty();
        let curve: Vec<CurvePoint> = if is_known {
            THRESHOLDS.map(|threshold| CurvePoint::new(threshold, hits(threshold))).into()
        } else {
            Vec::new()
        };
        let hits = is_known.then(|| hits(threshold));
        Scanned {
            sequence: name.to_owned(),
            bases: length,
            windows: points.len(),
            threshold,
            spacing: self.spacing,
            tolerance: self.tolerance,
            recall: hits.as_ref().map(Hits::recall),
            precision: hits.as_ref().map(Hits::precision),
            hits,
            curve,
        }
    }
}

/// Known sites, by sequence.
fn known_sites(path: Option<&Path>) -> Outcome<HashMap<String, Vec<Site>>> {
    let mut known = HashMap::<String, Vec<Site>>::new();
    let Some(path) = path else { return Ok(known) };
    for record in read_bed(path)? {
        let (base, interval) = (record.transcription_start(), record.interval);
        if interval.strand() == Strand::Unknown {
            let path = path.display();
            return Err(format!("{path}: a known site without a strand: {interval}").into());
        }
        let sites = known.entry(interval.chromosome().to_owned()).or_default();
        sites.push((base, interval.strand()));
    }
    Ok(known)
}

/// Points in the form that a figure needs.
fn drawn(points: &[Point]) -> Vec<ScanPoint> {
    let point = |&Point { position, strand, score }: &Point| ScanPoint { position, strand, score };
    points.iter().map(point).collect()
}

/// Longer sequences get no figure, since it would have hundreds of rows.
const DRAWN: usize = 2_000_000;

/// The predictions of the model for every window of a sequence. They need 24 bytes per window.
fn points(
    model: &AnyClassifier,
    name: &str,
    sequence: &Sequence,
    config: ScanConfig,
) -> Result<Vec<Point>, ScanError<TokenizeError>> {
    let expected = 2 * (sequence.len().saturating_sub(config.width) / config.stride + 1);
    let started = Instant::now();
    let mut points = Vec::with_capacity(expected);
    scan(model, sequence, config, |point| {
        points.push(point);
        if points.len().is_multiple_of(4096) {
            let share = points.len() as f64 / expected as f64;
            let left = started.elapsed().as_secs_f64() * (1.0 - share) / share;
            note!("\r{name}: {:.0} %, about {left:.0} s left   ", 100.0 * share);
        }
    })?;
    let seconds = started.elapsed().as_secs_f64();
    noteln!("\r{name}: {} windows in {seconds:.0} s   ", points.len());
    Ok(points)
}

/// Adds the name of the sequence to an error.
fn named(name: &str, error: ScanError<TokenizeError>) -> Box<dyn std::error::Error> {
    match error {
        ScanError::Classifier(TokenizeError::InBatch { source, .. }) => {
            format!("{name}, a window: {source}").into()
        }
        other => format!("{name}: {other}").into(),
    }
}

/// The tracks and calls of all sequences.
#[derive(Default)]
struct Texts {
    forward: String,
    reverse: String,
    calls: String,
}

impl Texts {
    fn add(
        &mut self,
        name: &str,
        length: usize,
        points: &[Point],
        stride: usize,
        calls: &[Call],
    ) -> std::fmt::Result {
        // Each point covers the bases around it, up to those of the next point.
        let mut ends = [0, 0];
        for point in points {
            let (track, last) = match point.strand {
                Strand::Reverse => (&mut self.reverse, &mut ends[1]),
                _ => (&mut self.forward, &mut ends[0]),
            };
            let from = point.position.saturating_sub(stride / 2);
            let (start, end) = (from.max(*last), (from + stride).min(length));
            writeln!(track, "{name}\t{start}\t{end}\t{:.4}", point.score)?;
            *last = end;
        }
        for (number, Call { position, strand, score }) in calls.iter().enumerate() {
            let (end, score) = (position + 1, (1000.0 * score).round());
            let number = number + 1;
            writeln!(self.calls, "{name}\t{position}\t{end}\tcall{number}\t{score}\t{strand}")?;
        }
        Ok(())
    }
}

/// Thresholds of the curve in `scan.json`.
const THRESHOLDS: [f64; 8] = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995];

impl CurvePoint {
    fn new(threshold: f64, hits: Hits) -> Self {
        Self { threshold, recall: hits.recall(), precision: hits.precision(), hits }
    }
}

fn print_hits(curve: &[CurvePoint], found: &Hits, threshold: f64, tolerance: usize) {
    outln!("\n{} known sites, same strand, within {tolerance} bases:", found.sites);
    outln!(
        "{:>10}{:>8}{:>8}{:>10}{:>12}{:>22}",
        "threshold",
        "calls",
        "found",
        "recall",
        "precision",
        "found by chance"
    );
    let line = |threshold: f64, hits: &Hits| {
        let (recall, precision) = (hits.recall(), hits.precision());
        let chance = hits.sites_found_by_chance;
        outln!(
            "{threshold:>10.4}{:>8}{:>8}{recall:>10.3}{precision:>12.3}{chance:>22.1}",
            hits.calls,
            hits.sites_found
        );
    };
    curve.iter().for_each(|point| line(point.threshold, &point.hits));
    line(threshold, found);
    if let Some(distance) = found.median_distance {
        outln!("median distance of a found site to its call: {distance} bases\n");
    }
}

/// The threshold that was chosen on dev for a hundred negatives per positive, if a `metrics.json`
/// in the model's folder or above it has one.
fn threshold_of(folder: &Path) -> Outcome<Option<f64>> {
    let places = [Some(folder), folder.parent()];
    let file = places
        .into_iter()
        .flatten()
        .map(|place| place.join("metrics.json"))
        .find(|path| path.is_file());
    let Some(file) = file else { return Ok(None) };
    let metrics: serde_json::Value = serde_json::from_str(&files::read(&file)?)
        .map_err(|error| format!("{}: {error}", file.display()))?;
    if metrics["trainings"].as_array().is_some_and(|networks| networks.len() > 1) {
        let why = "is of several networks together, and one scans: give --threshold";
        return Err(format!("{}: {why}", file.display()).into());
    }
    let all = metrics["imbalanced"].as_array();
    let rarest = all.and_then(|all| all.last());
    Ok(rarest.and_then(|rarest| rarest["at_chosen"]["threshold"].as_f64()))
}
