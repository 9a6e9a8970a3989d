//! The output files and the page.

use std::fmt::Write as _;

use dnabert::figure::report::{Cell, Report};
use dnabert::figure::{BaseTrack, Mark, base_tracks};
use dnabert::motif::file::MotifFormat;
use dnabert::motif::{Background, Motif, logo};

use super::control::Control;
use super::overview::Overview;
use super::{Arguments, NamedMotif, Rows};
use crate::args::subject::Subject;
use crate::console::{noteln, out};
use crate::failure::Outcome;

/// Number of names per motif in the table of matches.
const NAMES: usize = 5;

/// Number of sequences that are drawn with the motifs' sites.
const DRAWN: usize = 3;

pub(crate) fn write(
    arguments: &Arguments,
    subject: &Subject,
    named: &[NamedMotif],
    rows: [&Rows; 2],
    overview: &Overview,
    controls: &[Control],
) -> Outcome {
    let background =
        Background::from_sequences(rows.iter().flat_map(|rows| &rows.positives.sequences));
    let motifs: Vec<Motif> = named.iter().map(|named| named.motif.clone()).collect();
    subject.write("motifs.jaspar", &MotifFormat::Jaspar.format(&motifs, &background))?;
    subject.write("motifs.meme", &MotifFormat::Meme.format(&motifs, &background))?;
    subject.write("motifs.transfac", &MotifFormat::Transfac.format(&motifs, &background))?;
    let names: Vec<&str> =
        rows.iter().flat_map(|rows| &rows.positives.names).map(String::as_str).collect();
    subject.write("sites.bed", &bed(named, &names))?;
    let summary = summary(subject, named);
    subject.write("motifs.tsv", &summary)?;
    subject.write("matches.tsv", &matches(subject, named))?;
    out!("{summary}");
    let mut report = Report::new(&format!("Motifs that the model of {} looks at", subject.name));
    report.section("Data");
    let counts = rows.map(|rows| [rows.positives.sequences.len(), rows.negatives.len()]);
    report.paragraph(&format!(
        "Model: {}. Scores of bases: {}. Motifs were found in {} sequences of class {:?} against {} others, \
         from which the model learned, and tested on {} and {} of dev (which chose its epoch) and test.",
        dnabert::datasets::shown(subject.model.folder()),
        arguments.attribution.name(),
        counts[0][0],
        subject.classes[subject.class],
        counts[0][1],
        counts[1][0],
        counts[1][1]
    ));
    overview.write(subject, &mut report)?;
    table_of_motifs(subject, named, &background, &mut report)?;
    if !controls.is_empty() {
        let text = table_of_controls(controls, &mut report);
        out!("{text}");
        subject.write("controls.tsv", &text)?;
    }
    examples(named, rows, &mut report)?;
    subject.write("report.html", &report.finish())?;
    crate::config::write_beside(&subject.out)?;
    noteln!("wrote report.html, motifs, sites and matches to {}", subject.out.display());
    Ok(())
}

/// The best name, if its q-value is low enough.
fn best_name(subject: &Subject, named: &NamedMotif) -> String {
    named.best.map_or("–".to_owned(), |best| {
        let target = &subject.motifs[best.target];
        format!("{} {}", target.id, target.name)
    })
}

fn summary(subject: &Subject, named: &[NamedMotif]) -> String {
    let mut text =
        "motif\tconsensus\tsites\theld_out_positives\theld_out_negatives\tp\tq\tsites_in_high\t\
                    high_fraction\tbest_match\tmatch_p\tmatch_q\n"
            .to_owned();
    for each in named {
        let held = &each.found.held_out;
        let (name, best) = (best_name(subject, each), each.best);
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}/{}\t{}/{}\t{:.2e}\t{:.2e}\t{:.2}\t{:.2}\t{name}\t{}\t{}",
            each.motif.id,
            each.motif.name,
            each.found.sites.len(),
            held.positives_with,
            held.positives,
            held.negatives_with,
            held.negatives,
            held.p_value,
            held.q_value,
            each.found.sites_in_high,
            each.found.high_fraction,
            exact(best.map(|best| best.p_value)),
            exact(best.map(|best| best.q_value)),
        );
    }
    text
}

/// A number for a table, or a dash.
fn exact(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| format!("{value:.2e}"))
}

fn matches(subject: &Subject, named: &[NamedMotif]) -> String {
    let mut text = "motif\tid\tname\tp\te\tq\toffset\toverlap\tstrand\n".to_owned();
    for each in named {
        for found in &each.matches {
            let target = &subject.motifs[found.target];
            let _ = writeln!(
                text,
                "{}\t{}\t{}\t{:.3e}\t{:.3e}\t{:.3e}\t{}\t{}\t{}",
                each.motif.id,
                target.id,
                target.name,
                found.p_value,
                found.e_value,
                found.q_value,
                found.offset,
                found.overlap,
                found.strand
            );
        }
    }
    text
}

/// Sites as BED: sequence, start, end, motif, score in bits × 10, strand.
fn bed(named: &[NamedMotif], names: &[&str]) -> String {
    let mut text = String::new();
    for each in named {
        for (place, hit) in &each.found.sites {
            let score = (10.0 * hit.score).round().clamp(0.0, 1000.0);
            let end = hit.start + each.motif.width();
            let _ = writeln!(
                text,
                "{}\t{}\t{end}\t{}\t{score}\t{}",
                names[*place], hit.start, each.motif.id, hit.strand
            );
        }
    }
    text
}

fn table_of_motifs(
    subject: &Subject,
    named: &[NamedMotif],
    background: &Background,
    report: &mut Report,
) -> Outcome {
    report.section("Motifs");
    if named.is_empty() {
        report.paragraph("No motif passed the test on sequences that had no part in finding it.");
        return Ok(());
    }
    let mut table = Vec::new();
    for each in named {
        let forward = logo(&each.found.frequencies(), background);
        let reverse = logo(&each.found.frequencies().reverse_complement(), background);
        subject.write(&format!("logos/{}.svg", each.motif.id), &forward)?;
        subject.write(&format!("logos/{}_reverse.svg", each.motif.id), &reverse)?;
        let held = &each.found.held_out;
        table.push(vec![
            Cell::Text(each.motif.id.clone()),
            Cell::Svg(forward),
            Cell::Svg(reverse),
            Cell::Text(format!("{} of {}", held.positives_with, held.positives)),
            Cell::Text(format!("{} of {}", held.negatives_with, held.negatives)),
            Cell::Text(small(held.q_value)),
            Cell::Text(format!(
                "{:.0} % ({:.0} %)",
                100.0 * each.found.sites_in_high,
                100.0 * each.found.high_fraction
            )),
        ]);
    }
    let header =
        ["motif", "logo", "reverse complement", "class with", "others with", "q", "sites in high"];
    report.table_of_cells(&header, &table);
    report.paragraph(
        "Class with, others with: sequences with a site, of those that had no part in finding the motif; \
         q: Fisher's exact test, adjusted for all motifs tested. Sites in high: the share of their sites in \
         stretches where scores are above their sequence's mean; in brackets the share of bases there.",
    );
    report.section("Known names");
    for each in named {
        let mut table = Vec::new();
        for found in each.matches.iter().take(NAMES) {
            let target = &subject.motifs[found.target];
            let shares = target.frequencies();
            let is_reverse = found.strand == dnabert::core::Strand::Reverse;
            let shares = if is_reverse { shares.reverse_complement() } else { shares };
            table.push(vec![
                Cell::Text(each.motif.id.clone()),
                Cell::Text(format!("{} {}", target.id, target.name)),
                Cell::Svg(logo(&shares, &Background::uniform())),
                Cell::Text(small(found.p_value)),
                Cell::Text(small(found.e_value)),
                Cell::Text(small(found.q_value)),
                Cell::Text(format!("{}, {} columns", found.offset, found.overlap)),
            ]);
        }
        report.table_of_cells(
            &["motif", "match", "logo, on its strand", "p", "E", "q", "offset"],
            &table,
        );
    }
    report.paragraph(&format!(
        "Against {} motifs. p: that columns drawn from these motifs would match as well (TOMTOM's null); E: \
         how many motifs would; q: Benjamini and Hochberg.",
        subject.motifs.len()
    ));
    Ok(())
}

fn table_of_controls(controls: &[Control], report: &mut Report) -> String {
    report.section("Controls");
    let header = [
        "search",
        "motifs",
        "strongest",
        "p held out",
        "sites in high",
        "by chance",
        "name",
        "its q",
    ];
    let row = |control: &Control| {
        let mut row = vec![control.name.clone(), control.motifs.to_string()];
        match &control.best {
            None => row.extend((0..6).map(|_| "–".to_owned())),
            Some(best) => row.extend([
                best.consensus.clone(),
                small(best.p_value),
                format!("{:.2}", best.in_high),
                format!("{:.2}", best.high),
                best.name.clone(),
                small(best.name_q),
            ]),
        }
        row
    };
    let rows: Vec<Vec<String>> = controls.iter().map(row).collect();
    report.table(&header, &rows);
    report.paragraph(
        "A search on scores that mean nothing still finds motifs: they are in the sequences, and a good part \
         of the bases is searched. What it cannot have is more sites in high stretches of held-out sequences \
         than chance puts there.",
    );
    let mut text = header.join("\t") + "\n";
    rows.iter().for_each(|row| text += &(row.join("\t") + "\n"));
    text
}

/// A small number, with as few digits as it needs.
fn small(value: f64) -> String {
    match value {
        value if value.is_nan() => "–".into(),
        value if value < 0.01 => format!("{value:.1e}"),
        value => format!("{value:.2}"),
    }
}

/// The first sequences with the most sites, with their letters.
fn examples(named: &[NamedMotif], [known, unseen]: [&Rows; 2], report: &mut Report) -> Outcome {
    let first = known.positives.sequences.len();
    let mut marks: Vec<Vec<Mark>> = vec![Vec::new(); unseen.positives.sequences.len()];
    for each in named {
        for (place, hit) in each.found.sites.iter().filter(|(place, _)| *place >= first) {
            marks[place - first].push(Mark {
                bases: hit.start..hit.start + each.motif.width(),
                name: format!("{} {}", each.motif.id, hit.strand),
            });
        }
    }
    let mut order: Vec<usize> = (0..marks.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(marks[at].len()));
    report.section("Examples");
    for &at in order.iter().take(DRAWN) {
        let name = &unseen.positives.names[at];
        let track = BaseTrack { name: "score", scores: &unseen.scores[at] };
        let svg = base_tracks(name, &unseen.positives.sequences[at], &[track], &marks[at])?;
        report.wide_figure(&svg, &format!("{name}: scores and sites."));
    }
    Ok(())
}
