//! Time and peak memory against the number of sequences and against their length, each point in a process of its own:
//! `cargo bench -p dnabert-benches --bench scale` prints two tables and writes `scale.svg` beside them.
//!
//! What is measured is `Predictor` with the shipped model of CTCF; sequences are made as they are read, 1,024 at a time, so
//! that memory is what the predictor holds. Peak memory is read where the kernel tells it (Linux).
#![allow(clippy::print_stdout, reason = "tables are what it is for")]

mod support;

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use dnabert::Model;
use dnabert::core::{Classifier, Sequence};
use dnabert::tasks::scan::{ScanConfig, scan};
use plotters::prelude::*;

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/ctcf-gm12878");

const SCANNED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/promoter-fly");

/// Sequences that are held at once.
const AT_ONCE: usize = 1024;

/// A number of sequences and their length, and what they cost.
struct Point {
    count: usize,
    length: usize,
    seconds: f64,
    /// MB, where it is known.
    peak: Option<f64>,
}

/// Does the work of one point in this process.
fn measure(count: usize, length: usize) -> Result<Point, Box<dyn Error>> {
    let predictor =
        Model::open(Path::new(MODEL), &support::device()).and_then(|model| model.predictor())?;
    let started = Instant::now();
    let mut sum = 0.0;
    for first in (0..count).step_by(AT_ONCE) {
        let last = count.min(first + AT_ONCE);
        let sequences: Vec<Sequence> =
            (first..last).map(|seed| support::sequence(seed as u64, length)).collect();
        sum += predictor.predict(&sequences)?.iter().map(|row| f64::from(row[1])).sum::<f64>();
    }
    let seconds = started.elapsed().as_secs_f64();
    assert!(sum > 0.0 && sum < count as f64, "probabilities");
    Ok(Point { count, length, seconds, peak: peak() })
}

/// The most memory that this process has had, in MB.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Leads the shipped model of promoters along `length` bases, both strands, a window every 1,000 bases.
fn measure_scan(length: usize) -> Result<Point, Box<dyn Error>> {
    let predictor =
        Model::open(Path::new(SCANNED), &support::device()).and_then(|model| model.predictor())?;
    let sequence = support::sequence(1, length);
    let started = Instant::now();
    let mut best = 0.0_f64;
    let config = ScanConfig { width: 300, before: 249, stride: 1000, class: 1 };
    scan(&predictor, &sequence, config, |point| best = best.max(point.score))?;
    assert!(best > 0.0, "probabilities");
    Ok(Point { count: 1, length, seconds: started.elapsed().as_secs_f64(), peak: peak() })
}

/// The same in a process of its own; of no sequence, a scan.
fn elsewhere(count: usize, length: usize) -> Result<Point, Box<dyn Error>> {
    let own = std::env::current_exe()?;
    let output =
        Command::new(own).args(["--point", &count.to_string(), &length.to_string()]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut fields = text.split_whitespace();
    let seconds = fields.next().ok_or("a point says its time")?.parse()?;
    let peak = fields.next().and_then(|field| field.parse().ok());
    Ok(Point { count, length, seconds, peak })
}

fn print(title: &str, points: &[Point]) {
    println!("\n| sequences | bases of each | seconds | bases a second | peak, MB |");
    println!("| --- | --- | --- | --- | --- |");
    for Point { count, length, seconds, peak } in points {
        let rate = (*count.max(&1) * length) as f64 / seconds;
        let peak = peak.map_or("–".into(), |peak| format!("{peak:.0}"));
        println!("| {count} | {length} | {seconds:.2} | {rate:.0} | {peak} |");
    }
    println!("({title})");
}

/// Seconds and MB over the changing number, all axes logarithmic.
fn plot(path: &Path, sides: [(&str, Vec<(f64, &Point)>); 2]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (900, 380)).into_drawing_area();
    area.fill(&WHITE)?;
    for (area, (title, points)) in area.split_evenly((1, 2)).iter().zip(sides) {
        let (first, last) = (points[0].0, points[points.len() - 1].0);
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 16))
            .margin(12)
            .x_label_area_size(34)
            .y_label_area_size(56)
            .build_cartesian_2d((first..last).log_scale(), (0.05..2000.0).log_scale())?;
        chart.configure_mesh().x_desc(title).y_desc("seconds, MB").draw()?;
        let seconds = points.iter().map(|(at, point)| (*at, point.seconds));
        chart
            .draw_series(LineSeries::new(seconds, BLUE.stroke_width(2)))?
            .label("seconds")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], BLUE));
        let peaks = points.iter().filter_map(|(at, point)| Some((*at, point.peak?)));
        chart
            .draw_series(LineSeries::new(peaks, RED.stroke_width(2)))?
            .label("peak memory, MB")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], RED));
        let background = WHITE.mix(0.8);
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(background)
            .draw()?;
    }
    area.present()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--point") {
        let (count, length) = (arguments[at + 1].parse()?, arguments[at + 2].parse()?);
        let point = if count == 0 { measure_scan(length)? } else { measure(count, length)? };
        println!("{} {}", point.seconds, point.peak.map_or("-".into(), |peak| peak.to_string()));
        return Ok(());
    }
    let numbers = [100, 1_000, 10_000, 100_000].map(|count| elsewhere(count, 101));
    let numbers: Vec<Point> = numbers.into_iter().collect::<Result<_, _>>()?;
    print("the number changes", &numbers);
    let lengths = [64, 128, 256, 512, 1024, 2048, 4096, 8192].map(|length| elsewhere(256, length));
    let lengths: Vec<Point> = lengths.into_iter().collect::<Result<_, _>>()?;
    print("the length changes", &lengths);
    let scans = [100_000, 1_000_000, 10_000_000].map(|length| elsewhere(0, length));
    let scans: Vec<Point> = scans.into_iter().collect::<Result<_, _>>()?;
    print("a scan, windows of 300 bases every 1,000, both strands", &scans);
    let path = Path::new("scale.svg");
    plot(
        path,
        [
            ("sequences of 101 bases", numbers.iter().map(|p| (p.count as f64, p)).collect()),
            ("bases of each of 256", lengths.iter().map(|p| (p.length as f64, p)).collect()),
        ],
    )?;
    println!("\nwrote {}", path.display());
    Ok(())
}
