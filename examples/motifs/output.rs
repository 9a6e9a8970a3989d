//! Files and the page.

use std::error::Error;
use std::fmt::Write as _;

use dnabert::figure::{BaseTrack, Mark, base_tracks};
use dnabert::motif::compare::Match;
use dnabert::motif::file::MotifFormat;
use dnabert::motif::{Background, Motif, logo};
use dnabert::report::Report;

use crate::control::Control;
use crate::subject::Subject;
use crate::{Arguments, Named, Rows};

/// Names of a motif that the table of matches lists.
const NAMES: usize = 5;

/// Sequences that are drawn with the motifs' sites.
const DRAWN: usize = 3;

pub(crate) fn write(
    arguments: &Arguments,
    subject: &Subject,
    named: &[Named],
    rows: [&Rows; 2],
    controls: &[Control],
) -> Result<(), Box<dyn Error>> {
    let background = Background::of(rows.iter().flat_map(|rows| &rows.positives));
    let motifs: Vec<Motif> = named.iter().map(|named| named.motif.clone()).collect();
    subject.write("motifs.jaspar", &MotifFormat::Jaspar.format(&motifs, &background))?;
    subject.write("motifs.meme", &MotifFormat::Meme.format(&motifs, &background))?;
    subject.write("motifs.transfac", &MotifFormat::Transfac.format(&motifs, &background))?;
    subject.write("sites.bed", &bed(subject, named))?;
    let summary = summary(subject, named);
    subject.write("motifs.tsv", &summary)?;
    subject.write("matches.tsv", &matches(subject, named))?;
    print!("{summary}");
    let mut report = Report::new(&format!("Motifs that the model of {} looks at", subject.name));
    report.section("Data");
    let counts = rows.map(|rows| [rows.positives.len(), rows.negatives.len()]);
    report.paragraph(&format!(
        "Model: {}. Scores of bases: {}. Motifs were found in {} sequences of class {:?} against {} others, \
         from which the model learned, and tested on {} and {} that it had not seen.",
        subject.model.display(),
        arguments.attribution.name(),
        counts[0][0],
        subject.classes[subject.class],
        counts[0][1],
        counts[1][0],
        counts[1][1]
    ));
    table_of_motifs(subject, named, &background, &mut report)?;
    if !controls.is_empty() {
        let text = table_of_controls(controls, &mut report);
        print!("{text}");
        subject.write("controls.tsv", &text)?;
    }
    examples(subject, named, rows, &mut report)?;
    subject.write("report.html", &report.finish())?;
    println!("wrote report.html, motifs, sites and matches to {}", subject.out.display());
    Ok(())
}

/// A name, where it is sure enough.
fn best_name(subject: &Subject, named: &Named) -> (String, Option<Match>) {
    let best = named.matches.first().copied();
    let name = best.map_or("–".to_owned(), |best| {
        let target = &subject.motifs[best.target];
        format!("{} {}", target.id, target.name)
    });
    (name, best)
}

fn summary(subject: &Subject, named: &[Named]) -> String {
    let mut text =
        "motif\tconsensus\tsites\theld_out_positives\theld_out_negatives\tp\tq\tsites_in_high\t\
                    high_share\tbest_match\tmatch_p\tmatch_q\n"
            .to_owned();
    for each in named {
        let held = &each.found.held_out;
        let (name, best) = best_name(subject, each);
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}/{}\t{}/{}\t{:.2e}\t{:.2e}\t{:.2}\t{:.2}\t{name}\t{:.2e}\t{:.2e}",
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
            each.found.high_share,
            best.map_or(f64::NAN, |best| best.p_value),
            best.map_or(f64::NAN, |best| best.q_value),
        );
    }
    text
}

fn matches(subject: &Subject, named: &[Named]) -> String {
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
fn bed(subject: &Subject, named: &[Named]) -> String {
    let of_class = |rows: &[dnabert::core::Example]| -> Vec<String> {
        let own = rows.iter().filter(|row| row.label == subject.class);
        own.map(|row| row.name.clone()).collect()
    };
    let names = [of_class(&subject.train), of_class(&subject.unseen)].concat();
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
    named: &[Named],
    background: &Background,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
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
            each.motif.id.clone(),
            forward,
            reverse,
            format!("{} of {}", held.positives_with, held.positives),
            format!("{} of {}", held.negatives_with, held.negatives),
            format!("{:.1e}", held.q_value),
            format!(
                "{:.0} % ({:.0} %)",
                100.0 * each.found.sites_in_high,
                100.0 * each.found.high_share
            ),
        ]);
    }
    let header =
        ["motif", "logo", "reverse complement", "class with", "others with", "q", "sites in high"];
    report.table(&header, &table);
    report.paragraph(
        "Class with, others with: sequences with a site, of those that had no part in finding the motif; \
         q: Fisher's exact test, adjusted for all motifs tested. Sites in high: the share of sites in \
         stretches where scores are above their sequence's mean; in brackets the share of all bases there.",
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
                each.motif.id.clone(),
                format!("{} {}", target.id, target.name),
                logo(&shares, &Background::uniform()),
                format!("{:.1e}", found.p_value),
                format!("{:.1e}", found.e_value),
                format!("{:.1e}", found.q_value),
                format!("{}, {} columns", found.offset, found.overlap),
            ]);
        }
        report.table(&["motif", "match", "logo, on its strand", "p", "E", "q", "offset"], &table);
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
                format!("{:.1e}", best.p_value),
                format!("{:.2}", best.in_high),
                format!("{:.2}", best.high),
                best.name.clone(),
                format!("{:.1e}", best.name_q),
            ]),
        }
        row
    };
    let rows: Vec<Vec<String>> = controls.iter().map(row).collect();
    report.table(&header, &rows);
    report.paragraph(
        "A search on scores that mean nothing still finds motifs: they are in the sequences, and half of all \
         bases are searched. What it cannot have is sites in high stretches beyond chance.",
    );
    let mut text = header.join("\t") + "\n";
    rows.iter().for_each(|row| text += &(row.join("\t") + "\n"));
    text
}

/// The first sequences with most sites, letter by letter.
fn examples(
    subject: &Subject,
    named: &[Named],
    [known, unseen]: [&Rows; 2],
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let first = known.positives.len();
    let marks = |at: usize| -> Vec<Mark> {
        let own = named.iter().flat_map(|each| {
            let sites = each.found.sites.iter().filter(move |(place, _)| *place == first + at);
            sites.map(|(_, hit)| Mark {
                bases: hit.start..hit.start + each.motif.width(),
                name: format!("{} {}", each.motif.id, hit.strand),
            })
        });
        own.collect()
    };
    let mut order: Vec<usize> = (0..unseen.positives.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(marks(at).len()));
    report.section("Examples");
    let names: Vec<&str> = subject
        .unseen
        .iter()
        .filter(|row| row.label == subject.class)
        .map(|row| &*row.name)
        .collect();
    for &at in order.iter().take(DRAWN) {
        let track = BaseTrack { name: "score", scores: &unseen.scores[at] };
        let svg = base_tracks(names[at], &unseen.positives[at], &[track], &marks(at))?;
        report.wide_figure(&svg, &format!("{}: scores and sites.", names[at]));
    }
    Ok(())
}
