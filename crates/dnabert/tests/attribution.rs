//! Ways of explaining a classifier: they find the sites that it was trained on, and are what they say.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use dnabert::core::{Attribution, BothStrands, Example, Sequence, Split, Task, TokenizeError};
use dnabert::interpret::site_auroc;
use dnabert::motif::file::read_motifs;
use dnabert::motif::scan::Scanner;
use dnabert::motif::{Background, Motif};
use dnabert::tasks::{BindingSet, BindingTask};
use dnabert::{AttributionMethod, BoxedAttribution, Device, GradientMethod, Model, ModelError};

fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
}

fn model() -> PathBuf {
    datasets().join("models/ctcf-gm12878")
}

fn opened() -> Model {
    Model::open(model(), &Device::flex()).unwrap()
}

/// Bound sequences that the model has not learned from.
fn bound(count: usize) -> Vec<Sequence> {
    let task = BindingTask::new(datasets(), BindingSet::CtcfGm12878);
    let rows = task.examples(Split::Test).unwrap();
    let bound = rows.into_iter().filter(|row: &Example| row.label == 1);
    bound.map(|row| row.sequence).take(count).collect()
}

fn ctcf() -> Motif {
    let motifs = read_motifs(datasets().join("jaspar/subset.jaspar")).unwrap();
    motifs.into_iter().find(|motif| motif.id == "MA0139.2").unwrap()
}

/// The mean AUROC of bases against the best window of CTCF's own matrix.
fn auroc(way: &BoxedAttribution, sequences: &[Sequence]) -> f64 {
    let scanner = Scanner::new(&ctcf().frequencies(), &Background::from_sequences(sequences));
    let threshold = scanner.threshold(1e-4);
    let tracks = BothStrands(way).attribute(sequences).unwrap();
    let values: Vec<f64> = sequences
        .iter()
        .zip(tracks)
        .filter_map(|(sequence, track)| {
            let hit = scanner.best(sequence).filter(|hit| hit.score >= threshold)?;
            let site = hit.start..hit.start + scanner.width();
            let inside: Vec<bool> = (0..track.len()).map(|base| site.contains(&base)).collect();
            site_auroc(&track, &inside)
        })
        .collect();
    assert!(values.len() > 5, "{} sequences have a site", values.len());
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn a_trained_model_knows_its_sites_and_an_untrained_one_does_not() {
    let device = Device::flex();
    let sequences = bound(40);
    let trained = opened().attribution(AttributionMethod::Attention, 1).unwrap();
    let untrained: BoxedAttribution =
        Box::new(Model::untrained(model(), 1, &device).map(|model| model.attention()).unwrap());
    let (trained, untrained) = (auroc(&trained, &sequences), auroc(&untrained, &sequences));
    assert!(trained > 0.65 && trained > untrained + 0.05, "{trained} {untrained}");
}

#[test]
fn every_way_scores_each_base_whatever_stands_beside() {
    let short: Sequence = bound(1)[0].slice(10..60);
    let mut sequences = bound(2);
    sequences.push(short.clone());
    let pretrained = Model::open(datasets().join("models/small-4"), &Device::flex()).unwrap();
    let likelihood: BoxedAttribution = Box::new(pretrained.masked_scorer().unwrap());
    let model = opened();
    let methods = AttributionMethod::ALL.map(|method| model.attribution(method, 1).unwrap());
    for way in methods.into_iter().chain([likelihood]) {
        let together = way.attribute(&sequences).unwrap();
        let alone = way.attribute(std::slice::from_ref(&short)).unwrap();
        let lengths: Vec<usize> = together.iter().map(Vec::len).collect();
        assert_eq!(lengths, [101, 101, 50]);
        let most = alone[0].iter().fold(0.0_f64, |most, score| most.max(score.abs()));
        for (a, b) in together[2].iter().zip(&alone[0]) {
            assert!((a - b).abs() < 1e-3 * most, "{a} {b}");
        }
        assert!(way.attribute(&[]).unwrap().is_empty());
        let error = way.attribute(&["ACGTNACGTA".parse().unwrap()]).unwrap_err();
        let TokenizeError::InBatch { index: 0, source } = error else { panic!("{error}") };
        assert!(source.to_string().contains('N'), "{source}");
    }
}

#[test]
fn integrated_gradients_add_up() {
    let reader = opened().gradients(1).unwrap();
    let sequences = bound(4);
    let (_, errors) = reader.tracks(&sequences).unwrap();
    assert!(errors.iter().all(|&error| error < 0.05), "{errors:?}");
    let few = reader.with_method(GradientMethod::Integrated { steps: 1 });
    let (_, coarse) = few.tracks(&sequences).unwrap();
    let worst = |errors: &[f64]| errors.iter().copied().fold(0.0, f64::max);
    assert!(worst(&coarse) > worst(&errors), "{coarse:?} {errors:?}");
}

#[test]
fn what_is_expected_of_a_base_does_not_depend_on_it() {
    let scorer = Model::open(datasets().join("models/small-4"), &Device::flex())
        .and_then(|model| model.masked_scorer())
        .unwrap();
    let sequence = bound(1).remove(0);
    let places = [(0, 0), (0, 50), (0, 100)];
    let found = scorer.log_probabilities_at(std::slice::from_ref(&sequence), &places).unwrap();
    for (&(_, base), found) in places.iter().zip(&found) {
        let found = found.unwrap();
        assert!((found.iter().map(|ln| ln.exp()).sum::<f64>() - 1.0).abs() < 1e-6);
        for letter in ["A", "C", "G", "T"] {
            let changed = sequence.replace(base..base + 1, &letter.parse().unwrap());
            let again = scorer.log_probabilities_at(&[changed], &[(0, base)]).unwrap();
            for (a, b) in found.iter().zip(again[0].unwrap()) {
                assert!((a - b).abs() < 1e-5, "the hidden base {base} leaks");
            }
        }
    }
    // Its neighbours do count.
    let changed = sequence.replace(51..52, &"A".parse().unwrap());
    let other = sequence.replace(51..52, &"C".parse().unwrap());
    let [a, b] = [changed, other]
        .map(|sequence| scorer.log_probabilities_at(&[sequence], &[(0, 50)]).unwrap()[0].unwrap());
    assert!(a.iter().zip(b).any(|(a, b)| (a - b).abs() > 1e-3));
}

#[test]
fn a_folder_without_a_model_is_named() {
    let error = Model::open("no/such/folder", &Device::flex()).unwrap_err();
    assert!(matches!(error, ModelError::Checkpoint(_)), "{error}");
    for method in AttributionMethod::ALL {
        assert_eq!(method.name().parse(), Ok(method));
    }
    for method in [AttributionMethod::Mutagenesis, AttributionMethod::IntegratedGradients] {
        let Err(error) = opened().attribution(method, 2) else { panic!() };
        assert!(matches!(error, ModelError::NoClass { class: 2, classes: 2, .. }), "{error}");
    }
    let pretrained = Model::open(datasets().join("models/small-4"), &Device::flex()).unwrap();
    let error = pretrained.predictor().unwrap_err();
    assert!(error.to_string().contains("this is a masked language model"), "{error}");
    let error = opened().masked_scorer().unwrap_err();
    assert!(error.to_string().contains("this is a classifier of sequences"), "{error}");
}
