//! The performance of the model and its attribution scores, before the search for motifs.

use dnabert::BoxedAttribution;
use dnabert::core::{BothStrands, Classifier, Sequence};
use dnabert::figure::report::Report;
use dnabert::figure::{HeatAxes, HeatMap, heat_maps};
use dnabert::motif::Background;
use dnabert::motif::scan::Scanner;
use dnabert::train::metric::{argmax, auroc};

use super::{NamedMotif, Rows};
use crate::args::subject::{Subject, attribute};
use crate::failure::Outcome;

/// The overview at the top of the page.
pub(crate) struct Overview {
    /// AUROC and accuracy of the class on rows that the model was not trained on.
    auroc: Option<f64>,
    accuracy: f64,
    rows: usize,
    landscape: String,
}

impl Overview {
    /// Evaluates the model on all unseen rows, and draws the scores of their bases.
    pub(crate) fn new(
        subject: &Subject,
        way: &BoxedAttribution,
        named: &[NamedMotif],
        unseen: &Rows,
    ) -> Outcome<Self> {
        let predictor = subject.model.predictor()?;
        let sequences: Vec<Sequence> =
            subject.unseen.iter().map(|row| row.sequence.clone()).collect();
        let rows = if subject.both_strands {
            BothStrands(&predictor).predict(&sequences)?
        } else {
            predictor.predict(&sequences)?
        };
        let scores: Vec<f64> = rows.iter().map(|row| row[subject.class].into()).collect();
        let own: Vec<bool> = subject.unseen.iter().map(|row| row.label == subject.class).collect();
        let pairs = subject.unseen.iter().zip(&rows);
        let right = pairs.filter(|(example, row)| example.label == argmax(row)).count();
        let others = subject.of_class(&subject.unseen, false);
        let of_others = attribute("scores of the others", way, &others)?;
        let order = |sequences: &[Sequence], tracks: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let mut order: Vec<usize> = (0..tracks.len()).collect();
            if let Some(first) = named.first() {
                let background = Background::from_sequences(sequences);
                let scanner = Scanner::new(&first.found.frequencies(), &background);
                order.sort_by_key(|&at| {
                    scanner.best(&sequences[at]).map(|hit| (hit.strand, hit.start))
                });
            }
            order.into_iter().map(|at| tracks[at].clone()).collect()
        };
        let class = &subject.classes[subject.class];
        let groups = [
            (&**class, order(&unseen.positives.sequences, &unseen.scores)),
            ("others", order(&others.sequences, &of_others)),
        ];
        let axes = HeatAxes { columns: "base", origin: 0, values: "score", row_names: None };
        let landscape = heat_maps(&[HeatMap { title: "scores of bases", groups: &groups }], &axes)?;
        Ok(Self {
            auroc: auroc(&scores, &own),
            accuracy: right as f64 / rows.len() as f64,
            rows: rows.len(),
            landscape,
        })
    }

    /// Adds it to the page, and writes the figure to the folder.
    pub(crate) fn write(&self, subject: &Subject, report: &mut Report) -> Outcome {
        let area = self.auroc.map_or("–".into(), |area| format!("{area:.3}"));
        report.paragraph(&format!(
            "On these {} rows of dev and test the model has AUROC {area} for the class, and accuracy {:.3}.",
            self.rows, self.accuracy
        ));
        subject.write("landscape.svg", &self.landscape)?;
        report.section("Landscape");
        report.figure(
            &self.landscape,
            "Scores of bases (columns) of sequences (rows) that had no part in finding motifs, ordered by strand and \
             place of the best window of the first motif.",
        );
        Ok(())
    }
}
