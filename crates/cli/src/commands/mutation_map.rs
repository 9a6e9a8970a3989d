//! `dnabert mutation-map`: all substitutions and deletions in one window, as a table and as
//! figures.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::variants::{Strands, check_class};
use crate::args::network::NetworkOptions;
use crate::console::noteln;
use crate::failure::{Outcome, usage};
use crate::files;
use dnabert::Ensemble;
use dnabert::core::{LetterPolicy, Sequence, Strand};
use dnabert::figure::{BaseTrack, HeatAxes, HeatMap, Mark, base_tracks, heat_maps};
use dnabert::genome::{Genome, Interval};
use dnabert::variants::effects::StrandMode;
use dnabert::variants::map::{COLUMNS, MutationMap};

/// Map the effect of every substitution and deletion in one window of a genome.
///
/// Writes map.tsv, map.svg and track.svg: the change of the log odds of a class for each change of
/// a base.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert mutation-map --model datasets/models/ctcf-gm12878 --width 101 --out runs/map genome.fa chr1:1000-1020")]
pub(crate) struct Arguments {
    /// Genome: FASTA, plain, gzip or bgzip
    genome: PathBuf,
    /// The region in the middle of the window: chromosome:start-end, 1-based, end included
    stretch: String,
    /// Trained model: a folder, or a name on the Hugging Face Hub; several form an ensemble
    #[arg(long, required = true)]
    model: Vec<String>,
    /// Bases of the window
    #[arg(long, value_parser = clap::value_parser!(u16).range(8..))]
    width: u16,
    /// The class to show, by its number
    #[arg(long, default_value_t = 1)]
    class: usize,
    /// The strand that the model reads
    #[arg(long, value_enum, default_value = "mean")]
    strands: Strands,
    /// Folder for results
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    #[command(flatten)]
    network: NetworkOptions,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let device = arguments.network.device()?;
    let models = arguments.network.ensemble(&arguments.model, &device)?;
    let genome = Genome::open(&arguments.genome, LetterPolicy::default())?;
    let map = Map {
        class: arguments.class,
        width: arguments.width.into(),
        strands: arguments.strands.into(),
    };
    map.run(&models, &genome, &arguments.stretch, &arguments.out)
}

/// The settings of a map.
struct Map {
    class: usize,
    width: usize,
    strands: StrandMode,
}

impl Map {
    /// Writes `map.tsv`, `map.svg` and `track.svg` to a folder.
    fn run(&self, models: &Ensemble, genome: &Genome, stretch: &str, out: &Path) -> Outcome {
        let classes = models.labels();
        check_class(models, self.class)?;
        let (chromosome, start, end) = parse(stretch)?;
        let (name, length) = genome.chromosome(&chromosome)?;
        if end > length {
            return Err(format!("{stretch}: {name} has {length} bases").into());
        }
        if end - start > self.width {
            return Err(usage(format!("{stretch}: longer than --width {}", self.width)));
        }
        if length <= self.width {
            return Err(format!("{name} has {length} bases: no more than a window").into());
        }
        let first = ((start + end) / 2).saturating_sub(self.width / 2).min(length - self.width);
        let bases = |from: usize, to: usize| -> Outcome<Sequence> {
            Ok(genome.sequence(&Interval::new(name, from, to, Strand::Forward)?)?)
        };
        let last = first + self.width;
        let left = if first > 0 { Some(bases(first - 1, first)?) } else { None };
        let right = if last < length { Some(bases(last, last + 1)?) } else { None };
        let window = bases(first, last)?;
        let map = MutationMap::new(models, self.class, window, [left, right], self.strands)?;
        let mut table = "chromosome\tposition\treference\talternate\tlog_odds_change\n".to_owned();
        for (base, (row, letter)) in map.effects.iter().zip(map.window.as_str().chars()).enumerate()
        {
            for (effect, column) in row.iter().zip(COLUMNS) {
                if column != letter.to_string() {
                    let position = first + base + 1;
                    let _ = writeln!(table, "{name}\t{position}\t{letter}\t{column}\t{effect:.5}");
                }
            }
        }
        files::create_folder(out)?;
        files::write(&out.join("map.tsv"), table)?;
        let rows: Vec<Vec<f64>> = (0..COLUMNS.len())
            .map(|column| map.effects.iter().map(|row| row[column]).collect())
            .collect();
        let names = COLUMNS.map(str::to_owned);
        let groups = [("", rows)];
        let axes = HeatAxes {
            columns: "base of the window",
            origin: 0,
            values: "change of log odds",
            row_names: Some(&names),
        };
        let title = format!("{}, {name}:{}-{}", classes[self.class], first + 1, first + self.width);
        let svg = heat_maps(&[HeatMap { title: &title, groups: &groups }], &axes)?;
        files::write(&out.join("map.svg"), svg)?;
        let (track, deleted) =
            (map.track(), map.effects.iter().map(|row| -row[4]).collect::<Vec<_>>());
        let tracks = [
            BaseTrack { name: "substitutions", scores: &track },
            BaseTrack { name: "deletion", scores: &deleted },
        ];
        let marks = [Mark { bases: start - first..end - first, name: stretch.into() }];
        let svg = base_tracks(&title, &map.window, &tracks, &marks)?;
        files::write(&out.join("track.svg"), svg)?;
        crate::config::write_beside(out)?;
        noteln!("wrote map.tsv, map.svg and track.svg to {}", out.display());
        Ok(())
    }
}

/// Parses `chr:start-end`, 1-based with the end included, to 0-based half-open.
fn parse(text: &str) -> Outcome<(String, usize, usize)> {
    let wrong = || usage(format!("{text:?}: chromosome:start-end is expected, counted from 1"));
    let (chromosome, range) = text.rsplit_once(':').ok_or_else(wrong)?;
    let (start, end) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| text.replace(',', "").parse::<usize>().map_err(|_| wrong());
    let (start, end) = (number(start)?, number(end)?);
    if start == 0 || start > end {
        return Err(wrong());
    }
    Ok((chromosome.to_owned(), start - 1, end))
}
