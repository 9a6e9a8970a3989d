//! Variants of the human beta-globin genes with a known effect, and variants known to have none.

use std::fmt::Write as _;
use std::path::Path;

use dnabert::core::{
    Attribution as _, Classifier, Example, LetterPolicy, Sequence, Split, Strand, Task,
};
use dnabert::datasets::shown;
use dnabert::figure::report::Report;
use dnabert::figure::{BaseTrack, Mark, base_tracks};
use dnabert::genome::Genome;
use dnabert::genome::vcf::{Allele, Variant, Variants};
use dnabert::motif::file::read_motifs;
use dnabert::motif::scan::Scanner;
use dnabert::motif::{Background, CountMatrix, FrequencyMatrix};
use dnabert::tasks::{BindingSet, BindingTask, OffsetNegatives, SpliceSet, SpliceTask};
use dnabert::train::{bootstrap, metric::auroc};
use dnabert::variants::annotate::{Counts as Tally, Placed};
use dnabert::variants::effects::StrandMode;
use dnabert::variants::score::{difference, empirical_p_value, log_odds_ratio};
use dnabert::variants::{ScoredAllele, Scorer};
use dnabert::{Datasets, Device, Ensemble, Model, model_folder};

use crate::commands::variants::further::Likelihood;
use crate::console::{noteln, out, outln};
use crate::failure::Outcome;
use crate::files;

/// The splice model's window, and how far it is scanned along the sequence. In training, sites were
/// shifted as far.
const WIDTH: usize = 160;
const REACH: usize = 20;

/// Number of shipped models with different seeds, whose mean is taken.
const MODELS: usize = 3;

/// Every tenth variant of the background is scored.
const STEP: usize = 10;

/// A variant of the list and its scores.
struct Row {
    name: String,
    class: String,
    region: String,
    model: ScoredAllele,
    matrices: f64,
    /// Empirical p-value of its score among the background variants.
    p_value: f64,
}

/// Scores the list, and writes a table, a page and figures.
pub(super) fn run(datasets: &Datasets, models: &[String], out: &Path, device: &Device) -> Outcome {
    let folders = match models {
        [] => (1..=MODELS).map(|seed| datasets.model(&format!("splice-fly-scan-{seed}"))).collect(),
        models => models.iter().map(|model| model_folder(model)).collect::<Result<Vec<_>, _>>()?,
    };
    let datasets = datasets.folder();
    let likelihood = Model::open(datasets.join("models/small-4"), device)?.masked_scorer()?;
    let opened: Vec<Model> =
        folders.iter().map(|folder| Model::open(folder, device)).collect::<Result<_, _>>()?;
    let members: Result<Vec<_>, _> = opened.iter().map(Model::predictor).collect();
    let models = Ensemble::new(members?)?;
    let classes = models.labels().to_vec();
    if classes.len() != 3 {
        return Err(format!(
            "{}: a model of neither, donor and acceptor is needed",
            folders[0].display()
        )
        .into());
    }
    let genome = Genome::open(datasets.join("hbb/HUMHBB_U01317.fa.gz"), LetterPolicy::default())?;
    let common = Genome::open(datasets.join("chr22/chr22_20M_21M.fa.gz"), LetterPolicy::default())?;
    let ours = scorer(&models, &classes, &genome).with_further(Likelihood(&likelihood));
    let matrices = scorer(Matrices::fit(datasets)?, &classes, &genome);
    let variants =
        Variants::open(datasets.join("hbb/hbb.vcf"))?.collect::<Result<Vec<Variant>, _>>()?;
    let placed = place(&ours, &genome, &variants)?;
    let placed: Vec<&Placed> = placed.iter().collect();
    noteln!("the list: {} variants", placed.len());
    let (scored, by_matrices) = (ours.score(&placed)?, matrices.score(&placed)?);
    let mut background = background(datasets, &scorer(&models, &classes, &common))?;
    background.sort_by(f64::total_cmp);
    let positive = ours.positive();
    let rows: Vec<Row> = variants
        .iter()
        .zip(scored)
        .zip(&by_matrices)
        .map(|((variant, model), matrices)| Row {
            name: match &variant.ids[..] {
                [] => changed(variant),
                ids => ids.join(";"),
            },
            class: info(variant, "CLASS"),
            region: info(variant, "REGION"),
            p_value: empirical_p_value(model.effect.strongest(&positive), &background),
            matrices: matrices.effect.strongest(&positive),
            model,
        })
        .collect();
    let (table, cells) = table(&rows, &positive);
    let summary = summary(&rows, &positive);
    out!("{table}\n{summary}");
    let mut report = Report::new("Variants of the human beta-globin genes");
    report.section("Scores");
    report.paragraph(&format!(
        "Model: the mean of {}, trained on splice sites of the fruit fly, windows of {WIDTH} bases, scanned up to {REACH} \
         bases on each side. model: the greatest change of the probability of a donor or an acceptor; p: the \
         share of {} common variants of chromosome 22 that change it as much; matrices: the same change by \
         position weight matrices of the same training rows; LLR: ln P(reference) − ln P(alternate) of the \
         base by the pre-trained model alone.",
        folders.iter().map(|folder| shown(folder)).collect::<Vec<_>>().join(", "),
        background.len()
    ));
    report.table(
        &[
            "variant", "class", "region", "model", "p", "gain", "at", "loss", "at", "matrices",
            "LLR",
        ],
        &cells,
    );
    report.section("Functional against polymorphism");
    for line in summary.lines() {
        report.paragraph(line);
    }
    write(out, "scores.tsv", &table)?;
    alleles(out, &opened[0], &rows, &placed, &mut report)?;
    ctcf(out, datasets, device, &mut report)?;
    write(out, "report.html", &report.finish())?;
    crate::config::write_beside(out)?;
    noteln!("wrote scores.tsv, report.html and figures to {}", out.display());
    Ok(())
}

/// A scorer of splice sites of genes on the forward strand.
fn scorer<'a, C: Classifier>(
    classifier: C,
    classes: &[String],
    genome: &'a Genome,
) -> Scorer<'a, C> {
    Scorer::new(classifier, classes, genome, WIDTH)
        .with_reach(REACH)
        .with_strands(StrandMode::Forward)
}

/// The single alternate allele of each variant of the list.
fn place<C: Classifier>(
    scorer: &Scorer<'_, C>,
    genome: &Genome,
    variants: &[Variant],
) -> Outcome<Vec<Placed>> {
    let mut tally = Tally::default();
    let mut placed = Vec::new();
    for variant in variants {
        for allele in scorer.placement().place(genome, variant, &mut tally)? {
            placed.push(allele.map_err(|reason| format!("line {}: {reason}", variant.line))?);
        }
    }
    if placed.len() != variants.len() {
        return Err("the list has one alternate allele for each variant".into());
    }
    Ok(placed)
}

/// The name of a variant without an identifier, such as `62279G>A`.
fn changed(variant: &Variant) -> String {
    let alternates = variant.alternates.iter().map(|allele| match allele {
        Allele::Bases(bases) => bases.to_string(),
        _ => "?".to_owned(),
    });
    let alternates: Vec<String> = alternates.collect();
    format!("{}{}>{}", variant.interval.start() + 1, variant.reference, alternates.join(","))
}

/// The scores of common variants.
fn background<C: Classifier>(datasets: &Path, scorer: &Scorer<'_, C>) -> Outcome<Vec<f64>> {
    let variants = Variants::open(datasets.join("chr22/chr22_20M_21M.vcf.gz"))?;
    let variants = variants.step_by(STEP).collect::<Result<Vec<Variant>, _>>()?;
    let started = std::time::Instant::now();
    let found = scorer.strongest(&variants)?;
    noteln!("background: {} variants in {:.1} s", found.len(), started.elapsed().as_secs_f64());
    Ok(found)
}

/// A value of the INFO column.
fn info(variant: &Variant, key: &str) -> String {
    let column = variant.text.split('\t').nth(7).unwrap_or_default();
    let entry = column.split(';').find_map(|entry| entry.strip_prefix(&format!("{key}=")));
    entry.unwrap_or_default().to_owned()
}

/// A table, with the strongest effect first.
fn table(rows: &[Row], positive: &[usize]) -> (String, Vec<Vec<String>>) {
    let mut order: Vec<&Row> = rows.iter().collect();
    let strongest = |row: &Row| row.model.effect.strongest(positive);
    order.sort_by(|a, b| strongest(b).total_cmp(&strongest(a)));
    let cells: Vec<Vec<String>> = order
        .iter()
        .map(|row| {
            let classes = positive.iter().map(|&class| row.model.effect.classes[class]);
            let gain = classes
                .clone()
                .map(|effect| effect.gain)
                .max_by(|a, b| a.change.total_cmp(&b.change));
            let loss =
                classes.map(|effect| effect.loss).min_by(|a, b| a.change.total_cmp(&b.change));
            let (gain, loss) = (gain.expect("classes"), loss.expect("classes"));
            vec![
                row.name.clone(),
                row.class.clone(),
                row.region.clone(),
                format!("{:.3}", strongest(row)),
                format!("{:.3}", row.p_value),
                format!("{:+.3}", gain.change),
                gain.at.to_string(),
                format!("{:+.3}", loss.change),
                loss.at.to_string(),
                format!("{:.3}", row.matrices),
                row.model.further[0].map_or("–".into(), |value| format!("{value:+.2}")),
            ]
        })
        .collect();
    let mut text =
        "variant\tclass\tregion\tmodel\tp\tgain\tat\tloss\tat\tmatrices\tLLR\n".to_owned();
    cells.iter().for_each(|row| text += &(row.join("\t") + "\n"));
    (text, cells)
}

/// How well each score separates functional variants from polymorphisms.
fn summary(rows: &[Row], positive: &[usize]) -> String {
    type Score<'a> = (&'a str, Box<dyn Fn(&Row) -> f64 + 'a>);
    let scores: [Score<'_>; 4] = [
        ("splice model", Box::new(|row: &Row| row.model.effect.strongest(positive))),
        ("position weight matrices", Box::new(|row: &Row| row.matrices)),
        ("masked likelihood (LLR)", Box::new(|row: &Row| row.model.further[0].unwrap_or_default())),
        ("pseudo-likelihood (PLL)", Box::new(|row: &Row| row.model.further[1].unwrap_or_default())),
    ];
    let mut text = String::new();
    for (what, takes) in [("splice regions", true), ("all", false)] {
        let chosen: Vec<&Row> = rows
            .iter()
            .filter(|row| match &*row.class {
                "functional" => !takes || row.region == "splice_region",
                "polymorphism" => true,
                _ => false,
            })
            .collect();
        let labels: Vec<bool> = chosen.iter().map(|row| row.class == "functional").collect();
        let functional = labels.iter().filter(|label| **label).count();
        for (name, score) in &scores {
            let values: Vec<f64> = chosen.iter().map(|row| score(row)).collect();
            let Some(area) = auroc(&values, &labels) else { continue };
            let interval = bootstrap(values.len(), 1000, 1, |drawn| {
                let values: Vec<f64> = drawn.iter().map(|&at| values[at]).collect();
                let labels: Vec<bool> = drawn.iter().map(|&at| labels[at]).collect();
                auroc(&values, &labels)
            });
            let interval = interval
                .map_or(String::new(), |found| format!(" ({:.3} to {:.3})", found.low, found.high));
            let _ = writeln!(
                text,
                "AUROC of {functional} functional variants ({what}) against {} polymorphisms, {name}: \
                 {area:.3}{interval}",
                labels.len() - functional
            );
        }
    }
    text
}

fn write(out: &Path, name: &str, text: &str) -> Outcome {
    files::create_folder(out)?;
    files::write(&out.join(name), text)
}

/// Attention to both alleles of the splice variants that lie outside of GT and AG.
fn alleles(
    out: &Path,
    model: &Model,
    rows: &[Row],
    placed: &[&Placed],
    report: &mut Report,
) -> Outcome {
    let reader = model.attention();
    report.section("Both alleles");
    for (row, placed) in rows.iter().zip(placed).filter(|(row, _)| row.name.contains("IVS1-")) {
        let pair = placed.windows.middle();
        let tracks = reader.attribute(&pair)?;
        // The middle hundred bases.
        let shown = WIDTH / 4..3 * WIDTH / 4;
        let change: Vec<f64> = tracks[0].iter().zip(&tracks[1]).map(|(a, b)| b - a).collect();
        let cut = |track: &[f64]| track[shown.clone()].to_vec();
        let (before, after, change) = (cut(&tracks[0]), cut(&tracks[1]), cut(&change));
        let middle = WIDTH / 4;
        let svg = base_tracks(
            &row.name,
            &pair[0].slice(shown.clone()),
            &[
                BaseTrack { name: "reference", scores: &before },
                BaseTrack { name: "alternate", scores: &after },
                BaseTrack { name: "alternate − reference", scores: &change },
            ],
            &[Mark { bases: middle..middle + 1, name: format!("→ {}", placed.change.alternate) }],
        )?;
        let name = row.name.replace(|c: char| !c.is_alphanumeric() && c != '-', "_");
        write(out, &format!("{name}.svg"), &svg)?;
        report.wide_figure(
            &svg,
            &format!("{}: attention of the last layer to each base, for both alleles.", row.name),
        );
    }
    Ok(())
}

/// Number of deleted bases, as in the paper.
const DELETED: usize = 4;

/// A CTCF site with four bases deleted, as in the paper's figure.
fn ctcf(out: &Path, datasets: &Path, device: &Device, report: &mut Report) -> Outcome {
    let model = Model::open(datasets.join("models/ctcf-gm12878"), device)?;
    let predictor = dnabert::core::BothStrands(model.predictor()?);
    let task = BindingTask::new(datasets, BindingSet::CtcfGm12878);
    let bound: Vec<Example> =
        task.examples(Split::Test)?.into_iter().filter(|row| row.label == 1).collect();
    let motifs = read_motifs(datasets.join("jaspar/subset.jaspar"))?;
    let motif =
        motifs.iter().find(|motif| motif.id == "MA0139.2").ok_or("CTCF's matrix is shipped")?;
    let background = Background::from_sequences(bound.iter().map(|row| &row.sequence));
    let scanner = Scanner::new(&motif.frequencies(), &background);
    // The best site on the forward strand, far enough from the ends.
    let site = |row: &Example| {
        let room = 20..row.sequence.len().saturating_sub(20 + scanner.width());
        let hit = scanner.best_where(&row.sequence, |start| room.contains(&start))?;
        (hit.strand == Strand::Forward).then_some(hit)
    };
    let best = bound
        .iter()
        .filter_map(|row| Some((row, site(row)?)))
        .max_by(|a, b| a.1.score.total_cmp(&b.1.score));
    let Some((row, hit)) = best else { return Ok(()) };
    // Of all deletions within the site, the one with the greatest effect. All mutant windows are
    // shorter by the same length.
    let length = row.sequence.len() - DELETED;
    let starts: Vec<usize> = (hit.start..=hit.start + scanner.width() - DELETED).collect();
    let mut alleles = vec![row.sequence.slice(0..length)];
    alleles.extend(
        starts.iter().map(|&at| row.sequence.replace(at..at + DELETED, &Sequence::default())),
    );
    let bound: Vec<f64> = predictor.predict(&alleles)?.iter().map(|row| row[1].into()).collect();
    let before = bound[0];
    let (start, after) = starts
        .iter()
        .zip(&bound[1..])
        .min_by(|a, b| a.1.total_cmp(b.1))
        .map_or((hit.start, before), |(&start, &after)| (start, after));
    let pair =
        [alleles[0].clone(), row.sequence.replace(start..start + DELETED, &Sequence::default())];
    let text = format!(
        "CTCF, {}: of the {} deletions of {DELETED} bases in the site at {}..{} that of {} costs most: P(bound) {before:.3} → {after:.3}, diff {:+.3}, log2 odds \
         ratio {:+.2}",
        row.name,
        starts.len(),
        hit.start,
        hit.start + scanner.width(),
        row.sequence.slice(start..start + DELETED),
        difference(before, after),
        log_odds_ratio(before, after)
    );
    outln!("{text}");
    report.section("A deletion in a site of CTCF");
    report.paragraph(&text);
    let reader = dnabert::core::BothStrands(model.attention());
    let tracks = reader.attribute(&pair)?;
    // The mutant's bases are aligned with those of the reference. The four deleted bases have no
    // value.
    let mut mutant = tracks[1].clone();
    let missing = std::iter::repeat_n(0.0, DELETED);
    mutant.splice(start..start, missing);
    mutant.truncate(length);
    let svg = base_tracks(
        &format!("{}: {DELETED} bases of a CTCF site are deleted", row.name),
        &pair[0],
        &[
            BaseTrack { name: "wild type", scores: &tracks[0] },
            BaseTrack { name: "deletion", scores: &mutant },
        ],
        &[
            Mark { bases: hit.start..hit.start + scanner.width(), name: "CTCF".into() },
            Mark { bases: start..start + DELETED, name: String::new() },
        ],
    )?;
    write(out, "ctcf_deletion.svg", &svg)?;
    report.wide_figure(&svg, "Attention to each base of both alleles, under the letters of the wild type; the deleted bases have none.");
    Ok(())
}

/// A classifier by position weight matrices of donors and acceptors, with positions that are
/// neither as the background: the method used before neural networks.
struct Matrices {
    /// The weight of each base at each position, for donors and acceptors (natural logarithm).
    weights: [Vec<[f64; 4]>; 2],
}

/// Bases on each side of the boundary.
const AROUND: usize = 20;

impl Matrices {
    /// Fits them to the rows that the model was trained on. Shifted sites are among the negatives.
    fn fit(datasets: &Path) -> Outcome<Self> {
        let task = SpliceTask::new(datasets, SpliceSet::Fly);
        let rows = OffsetNegatives::new(task, REACH, 1).examples(Split::Train)?;
        let of_class = |class: usize| -> Outcome<FrequencyMatrix> {
            let rows = rows.iter().filter(|row| row.label == class);
            let sites: Vec<Sequence> = rows.map(|row| around(&row.sequence)).collect();
            Ok(CountMatrix::from_sites(&sites)?.frequencies(0.5))
        };
        let neither = of_class(0)?;
        let weights = |class: usize| -> Outcome<Vec<[f64; 4]>> {
            let own = of_class(class)?;
            let pairs = own.rows().iter().zip(neither.rows());
            Ok(pairs.map(|(a, b)| std::array::from_fn(|at| (a[at] / b[at]).ln())).collect())
        };
        Ok(Self { weights: [weights(1)?, weights(2)?] })
    }
}

/// The bases around the boundary in the middle.
fn around(sequence: &Sequence) -> Sequence {
    let middle = sequence.len() / 2;
    sequence.slice(middle - AROUND..middle + AROUND)
}

impl Classifier for Matrices {
    type Error = std::convert::Infallible;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
        let row = |sequence: &Sequence| {
            let letters = around(sequence);
            let sum = |weights: &Vec<[f64; 4]>| -> f64 {
                let pairs = weights.iter().zip(letters.as_bytes());
                pairs
                    .filter_map(|(row, letter)| {
                        Some(row[b"ACGT".iter().position(|base| base == letter)?])
                    })
                    .sum()
            };
            let odds = [1.0, sum(&self.weights[0]).exp(), sum(&self.weights[1]).exp()];
            let all: f64 = odds.iter().sum();
            odds.map(|own| (own / all) as f32).to_vec()
        };
        Ok(sequences.iter().map(row).collect())
    }
}
