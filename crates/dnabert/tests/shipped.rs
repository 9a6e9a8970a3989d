//! The shipped models say of their test rows what their cards say.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use dnabert::core::{BothStrands, Classifier, Sequence, Split, Task};
use dnabert::model::{Checkpoint, NewHead, Pooling, ProblemType};
use dnabert::tasks::{
    BindingSet, BindingTask, CentreCrop, OffsetNegatives, PromoterSet, PromoterTask, SpliceSet,
    SpliceTask,
};
use dnabert::train::ClassificationReport;
use dnabert::{AnyClassifier, Device};

fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
}

/// Half precision and another processor may move a row over a border, but not many.
fn says_what_its_card_says<T: Task>(name: &str, task: &T, strands: Strands) {
    let folder = datasets().join("models").join(name);
    let model = AnyClassifier::open(&folder, &Device::flex()).unwrap();
    assert_eq!(model.labels(), task.classes());
    let test = task.examples(Split::Test).unwrap();
    let sequences: Vec<Sequence> = test.iter().map(|example| example.sequence.clone()).collect();
    let labels: Vec<usize> = test.iter().map(|example| example.label).collect();
    let found = match strands {
        Strands::One => model.predict(&sequences).unwrap(),
        Strands::Both => BothStrands(model).predict(&sequences).unwrap(),
    };
    let found: Vec<Vec<f64>> =
        found.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect();
    let report = ClassificationReport::new(&found, &labels);
    let text = std::fs::read_to_string(folder.join("metrics.json")).unwrap();
    let card: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (what, found) in [("auroc", report.auroc.unwrap()), ("accuracy", report.accuracy)] {
        let told = card[what].as_f64().unwrap();
        assert!((found - told).abs() < 0.005, "{name}: {what} is {found}, told as {told}");
    }
    assert_eq!(card["task"], task.name());
}

#[derive(Clone, Copy)]
enum Strands {
    One,
    Both,
}

#[test]
fn promoters_of_the_fly() {
    let task = PromoterTask::new(datasets(), PromoterSet::Fly300);
    says_what_its_card_says("promoter-fly", &task, Strands::One);
}

#[test]
fn splice_sites_of_the_fly() {
    let task = SpliceTask::new(datasets(), SpliceSet::Fly);
    says_what_its_card_says("splice-fly", &task, Strands::One);
}

#[test]
fn splice_sites_of_the_fly_in_sixty_bases() {
    let task = CentreCrop::new(SpliceTask::new(datasets(), SpliceSet::Fly), 60);
    says_what_its_card_says("splice-fly-60", &task, Strands::One);
}

#[test]
fn splice_sites_of_the_fly_and_places_beside() {
    let task = OffsetNegatives::new(SpliceTask::new(datasets(), SpliceSet::Fly), 20, 1);
    says_what_its_card_says("splice-fly-scan-1", &task, Strands::One);
}

#[test]
fn binding_sites_of_ctcf() {
    let task = BindingTask::new(datasets(), BindingSet::CtcfGm12878);
    says_what_its_card_says("ctcf-gm12878", &task, Strands::Both);
    says_what_its_card_says("ctcf-gm12878-convolutional", &task, Strands::Both);
}

#[test]
fn two_networks_of_one_shape_start_from_the_shipped_models_with_a_convolution() {
    let head = NewHead {
        labels: &["other", "bound"],
        problem: ProblemType::SingleLabelClassification,
        pooling: Pooling::Max,
        new_pooler: true,
        seed: 1,
    };
    let [known, plain] = ["convolutional-4-motifs", "convolutional-4"].map(|name| {
        let folder = datasets().join("models").join(name);
        let checkpoint = Checkpoint::open(&folder).unwrap();
        checkpoint.with_new_head(&head, &Device::flex()).unwrap().1
    });
    assert_eq!(known, plain);
}

#[test]
fn binding_sites_of_tap73() {
    let task = BindingTask::new(datasets(), BindingSet::Tap73Alpha);
    says_what_its_card_says("tap73alpha-convolutional", &task, Strands::Both);
}
