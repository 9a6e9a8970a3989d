//! Attention maps, heads, and tracks over letters.

use dnabert::core::{Sequence, Strand};
use dnabert::figure::report::Report;
use dnabert::figure::{BaseTrack, HeatAxes, HeatMap, Mark, base_tracks, heat_maps};
use dnabert::{AttentionReader, BoxedAttribution};

use super::evaluate::{Explained, Known, Sites};
use crate::args::subject::{Named, Subject, attribute};
use crate::failure::Outcome;

/// Attention of every stage of training, sequences by positions. Sequences of the class are above
/// the others, ordered by the strand and the position of their best site.
pub(crate) fn landscape(
    subject: &Subject,
    stages: &[(&str, BoxedAttribution)],
    [bound, others]: [&Named; 2],
    known: &Known,
    report: &mut Report,
) -> Outcome {
    let mut groups = Vec::new();
    for (stage, way) in stages {
        let mut own = Vec::new();
        for (name, sequences) in [(&*subject.classes[subject.class], bound), ("others", others)] {
            let tracks = attribute(&format!("landscape, {stage}"), way, sequences)?;
            // Sequences without a site are ordered by their best window of any score.
            let sites = known.sites(&sequences.sequences, 1.0);
            let mut order: Vec<usize> = (0..tracks.len()).collect();
            order.sort_by_key(|&at| {
                sites[at].as_ref().map(|site| (site.strand, site.bases[0].start))
            });
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
    let order = match &known.motif {
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

/// Bases on each side of a site's middle in the map of heads.
const AROUND: usize = 40;

/// Number of sequences whose heads are in memory at once.
const AT_ONCE: usize = 32;

/// The attention of every head around known sites.
pub(crate) fn heads(
    subject: &Subject,
    reader: &AttentionReader,
    sequences: &[Sequence],
    sites: &[Option<Sites>],
    report: &mut Report,
) -> Outcome {
    if sites.iter().flatten().next().is_none() {
        return Ok(());
    }
    let mut sums: Vec<Vec<f64>> = Vec::new();
    let mut numbers = vec![0_usize; 2 * AROUND + 1];
    let known: Vec<(&Sequence, &Sites)> = sequences
        .iter()
        .zip(sites)
        .filter_map(|(sequence, sites)| Some((sequence, sites.as_ref()?)))
        .collect();
    for some in known.chunks(AT_ONCE) {
        let sequences: Vec<Sequence> =
            some.iter().map(|(sequence, _)| (*sequence).clone()).collect();
        for (heads, (_, Sites { bases, strand, .. })) in
            reader.head_tracks(&sequences)?.iter().zip(some)
        {
            sums.resize(heads.len(), vec![0.0; 2 * AROUND + 1]);
            // For an even number of bases, the middle is the right one of two, in the direction of
            // the site.
            let is_reverse = *strand == Strand::Reverse;
            let middle = (bases[0].start + bases[0].end - usize::from(is_reverse)) / 2;
            for column in 0..=2 * AROUND {
                let away = column as isize - AROUND as isize;
                let base = middle.checked_add_signed(if is_reverse { -away } else { away });
                let Some(base) = base.filter(|&base| base < heads[0].len()) else { continue };
                numbers[column] += 1;
                sums.iter_mut().zip(heads).for_each(|(sums, track)| sums[column] += track[base]);
            }
        }
    }
    let count = sums.len();
    let mean = |sums: &Vec<f64>| -> Vec<f64> {
        sums.iter().zip(&numbers).map(|(sum, &number)| sum / number as f64).collect()
    };
    let heads = subject.model.config().num_attention_heads;
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

/// Sequences, their tracks and their sites.
pub(crate) struct Drawn<'a> {
    pub(crate) named: &'a Named,
    pub(crate) explained: &'a [Explained],
    pub(crate) sites: &'a [Option<Sites>],
    /// The name of the sites.
    pub(crate) name: &'a str,
}

/// The sequences with the best sites, with their letters.
pub(crate) fn examples(
    subject: &Subject,
    drawn: &Drawn<'_>,
    count: usize,
    report: &mut Report,
) -> Outcome {
    let Drawn { named, explained, sites, name } = drawn;
    let mut order: Vec<usize> = (0..named.sequences.len()).collect();
    let score = |at: usize| sites[at].as_ref().map_or(f64::NEG_INFINITY, |sites| sites.score);
    order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
    report.section("Examples");
    let is_control =
        |name: &str| ["shuffled", "sequence", "magnitude"].iter().any(|end| name.ends_with(end));
    for (number, &at) in order.iter().take(count).enumerate() {
        let tracks: Vec<BaseTrack<'_>> = explained
            .iter()
            .filter(|each| !is_control(&each.name))
            .map(|each| BaseTrack { name: &each.name, scores: &each.tracks[at] })
            .collect();
        let marks: Vec<Mark> = sites[at]
            .iter()
            .flat_map(|sites| {
                let name = format!("{name} {}", sites.strand);
                sites
                    .bases
                    .iter()
                    .map(move |bases| Mark { bases: bases.clone(), name: name.clone() })
            })
            .collect();
        let title = &named.names[at];
        let svg = base_tracks(title, &named.sequences[at], &tracks, &marks)?;
        subject.write(&format!("example_{}.svg", number + 1), &svg)?;
        report.wide_figure(&svg, &format!("{title}: every way of explaining, over its letters."));
    }
    Ok(())
}
