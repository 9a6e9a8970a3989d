//! Landscapes, heads, and tracks over letters.

use std::error::Error;

use dnabert::core::{Sequence, Strand};
use dnabert::figure::{BaseTrack, HeatAxes, HeatMap, Mark, base_tracks, heat_maps};
use dnabert::report::Report;
use dnabert::{AttentionReader, BoxedAttribution};

use crate::judge::{Explained, Site, known_sites};
use crate::subject::{Subject, attribute};

/// Attention of every stage of training, sequences by positions: those of the class above the others, in
/// the order of the strand and place of their best site.
pub(crate) fn landscape(
    subject: &Subject,
    stages: &[(&str, BoxedAttribution)],
    [bound, others]: [&[Sequence]; 2],
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let mut groups = Vec::new();
    for (stage, way) in stages {
        let mut own = Vec::new();
        for (name, sequences) in [(&*subject.classes[subject.class], bound), ("others", others)] {
            let tracks = attribute(&format!("landscape, {stage}"), way, sequences)?;
            // Any window will do to bring order into sequences without a site.
            let sites = known_sites(subject, sequences, 1.0);
            let mut order: Vec<usize> = (0..tracks.len()).collect();
            order.sort_by_key(|&at| sites[at].as_ref().map(|site| (site.strand, site.bases.start)));
            own.push((name, order.into_iter().map(|at| tracks[at].clone()).collect::<Vec<_>>()));
        }
        groups.push(own);
    }
    let maps: Vec<HeatMap<'_>> = stages
        .iter()
        .zip(&groups)
        .map(|((stage, _), groups)| HeatMap { title: stage, groups })
        .collect();
    let axes = HeatAxes { columns: "base", origin: 0, values: "attention", row_names: None };
    let svg = heat_maps(&maps, &axes)?;
    subject.write("landscape.svg", &svg)?;
    report.section("Landscape");
    let order = match &subject.known {
        Some(known) => format!(
            "ordered by strand (forward above reverse) and place of the best window of {}",
            known.name
        ),
        None => "in the order of their table".into(),
    };
    report.figure(
        &svg,
        &format!(
            "Attention to each base (columns) of each sequence (rows), {order}, for the model before \
             training, after pre-training and after fine-tuning. Each map has a scale of its own."
        ),
    );
    Ok(())
}

/// Bases on each side of a site's middle that the map of heads shows.
const AROUND: usize = 40;

/// What every head sees around known sites.
pub(crate) fn heads(
    subject: &Subject,
    reader: &AttentionReader,
    sequences: &[Sequence],
    sites: &[Option<Site>],
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    if sites.iter().flatten().next().is_none() {
        return Ok(());
    }
    let tracks = reader.head_tracks(sequences)?;
    let count = tracks.first().map_or(0, Vec::len);
    let mut sums = vec![vec![0.0; 2 * AROUND + 1]; count];
    let mut numbers = vec![0_usize; 2 * AROUND + 1];
    for (heads, site) in tracks.iter().zip(sites) {
        let Some(Site { bases, strand, .. }) = site else { continue };
        let middle = (bases.start + bases.end) / 2;
        for column in 0..=2 * AROUND {
            let away = column as isize - AROUND as isize;
            let away = if *strand == Strand::Reverse { -away } else { away };
            let base = middle.checked_add_signed(away);
            let Some(base) = base.filter(|&base| base < heads[0].len()) else { continue };
            numbers[column] += 1;
            sums.iter_mut().zip(heads).for_each(|(sums, track)| sums[column] += track[base]);
        }
    }
    let mean = |sums: &Vec<f64>| -> Vec<f64> {
        sums.iter().zip(&numbers).map(|(sum, &number)| sum / number as f64).collect()
    };
    let config = dnabert::model::Checkpoint::open(&subject.model)?;
    let heads = config.config().num_attention_heads;
    let names: Vec<String> =
        (0..count).map(|head| format!("layer {} head {}", head / heads, head % heads)).collect();
    let groups = [("", sums.iter().map(mean).collect::<Vec<_>>())];
    let axes = HeatAxes {
        columns: "bases from the site's middle",
        origin: AROUND,
        values: "mean attention",
        row_names: Some(&names),
    };
    let svg = heat_maps(&[HeatMap { title: "heads", groups: &groups }], &axes)?;
    subject.write("heads.svg", &svg)?;
    report.section("Heads");
    report.figure(
        &svg,
        "Attention of every head of every layer around known sites, mean over sequences; sites on the \
         reverse strand are turned round.",
    );
    Ok(())
}

/// The sequences with the best sites, letter by letter.
pub(crate) fn examples(
    subject: &Subject,
    explained: &[Explained],
    sequences: &[Sequence],
    sites: &[Option<Site>],
    count: usize,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    let score = |at: usize| sites[at].as_ref().map_or(f64::NEG_INFINITY, |site| site.score);
    order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
    report.section("Examples");
    for (number, &at) in order.iter().take(count).enumerate() {
        let tracks: Vec<BaseTrack<'_>> = explained
            .iter()
            .filter(|each| !each.name.ends_with("shuffled"))
            .map(|each| BaseTrack { name: &each.name, scores: &each.tracks[at] })
            .collect();
        let known = subject.known.as_ref().map_or("site", |known| &known.name);
        let marks: Vec<Mark> = sites[at]
            .iter()
            .map(|site| Mark {
                bases: site.bases.clone(),
                name: format!("{known} {}", site.strand),
            })
            .collect();
        let rows = subject.unseen.iter().filter(|row| row.label == subject.class);
        let name = rows.map(|row| row.name.clone()).nth(at).unwrap_or_default();
        let svg = base_tracks(&name, &sequences[at], &tracks, &marks)?;
        subject.write(&format!("example_{}.svg", number + 1), &svg)?;
        report.wide_figure(&svg, &format!("{name}: every way of explaining, over its letters."));
    }
    Ok(())
}
