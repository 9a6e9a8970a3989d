//! Each objective on a planted task that a toy model can learn.
#![allow(clippy::unwrap_used, reason = "a test")]

mod planted;

use burn::tensor::Device;
use dnabert_core::Encoding;
use dnabert_model::{BertConfig, Pooling, ProblemType, Scorer};
use dnabert_train::{
    EncodedExample, FineTuneConfig, FineTuned, MultiLabel, Objective, Regression, Selection,
    Splits, TokenClassification, TrainError, fine_tune, fine_tune_for,
};
use planted::{SPECIAL, config, random, row};

fn labelled<L>(label: impl Fn(&Encoding) -> L, salt: u64) -> Vec<EncodedExample<L>> {
    (0..160)
        .map(|index| {
            let length = 4 + index % 6;
            let ids: Vec<u32> =
                (0..length).map(|place| 8 + random(salt, [index, place], 6) as u32).collect();
            let encoding = row(&ids);
            EncodedExample { label: label(&encoding), encoding }
        })
        .collect()
}

fn settings() -> FineTuneConfig {
    FineTuneConfig { epochs: 60, batch_size: 8, learning_rate: 5e-3, ..FineTuneConfig::default() }
}

fn tune<M: Scorer, O: Objective>(
    objective: &O,
    model: M,
    label: impl Fn(&Encoding) -> O::Label,
) -> FineTuned<M, O::Report> {
    let (train, dev) = (labelled(&label, 1), labelled(&label, 2));
    let splits = Splits { train: &train, dev: &dev };
    fine_tune_for(objective, model, splits, SPECIAL, &settings(), &mut ()).unwrap()
}

fn count(encoding: &Encoding, id: u32) -> usize {
    encoding.ids.iter().filter(|found| **found == id).count()
}

#[test]
fn a_number_is_learned() {
    let config = BertConfig { pooling: Pooling::Mean, ..config(0.0) }.with_labels(&["share"]);
    let model = config.sequence_classifier(5, &Device::flex());
    let share = |row: &Encoding| vec![count(row, 9) as f32 / (row.len() - 2) as f32];
    let tuned = tune(&Regression, model, share);
    assert!(tuned.dev.r2.unwrap() > 0.95, "{}", tuned.dev);
    assert!(tuned.dev.pearson.unwrap() > 0.97 && tuned.dev.spearman.unwrap() > 0.9);
}

#[test]
fn labels_that_exclude_nothing_are_learned() {
    let config = BertConfig {
        pooling: Pooling::Max,
        problem_type: Some(ProblemType::MultiLabelClassification),
        ..config(0.0)
    };
    let model = config.with_labels(&["9", "10", "11"]).sequence_classifier(5, &Device::flex());
    let holds = |row: &Encoding| [9, 10, 11].map(|id| count(row, id) > 0).to_vec();
    let tuned = tune(&MultiLabel, model, holds);
    assert!(tuned.dev.auroc_macro.unwrap() > 0.99, "{}", tuned.dev);
    assert!(tuned.dev.exact > 0.9, "{}", tuned.dev);
}

#[test]
fn a_class_for_each_token_is_learned() {
    let model = config(0.0).with_labels(&["other", "after 9"]).token_classifier(5, &Device::flex());
    // Whether the previous token is 9; the token itself does not tell.
    let after = |row: &Encoding| {
        let inner = row.ids.windows(2).map(|pair| Some(usize::from(pair[0] == 9)));
        std::iter::once(None).chain(inner).collect()
    };
    let tuned = tune(&TokenClassification { selection: Selection::Mcc }, model, after);
    assert!(tuned.dev.mcc > 0.95, "{}", tuned.dev);
}

#[test]
fn whether_a_pair_belongs_together_is_learned() {
    let pair = |index: u64, salt: u64| {
        let ids: [u32; 2] = [0, 1].map(|place| 8 + random(salt, [index, place], 3) as u32);
        let mut encoding = row(&ids[..1]);
        encoding.push(ids[1], 1, Some(0..3));
        encoding.push(SPECIAL.sep, 1, None);
        EncodedExample { encoding, label: usize::from(ids[0] == ids[1]) }
    };
    let [train, dev]: [Vec<_>; 2] =
        [1, 2].map(|salt| (0..120).map(|index| pair(index, salt)).collect());
    let model = config(0.0).sequence_classifier(5, &Device::flex());
    let tuned = fine_tune(model, &train, &dev, SPECIAL, &settings(), &mut ()).unwrap();
    assert!(tuned.dev.accuracy > 0.95, "{}", tuned.dev);
}

#[test]
fn labels_that_do_not_fit_are_named() {
    let fail = |label: Vec<f32>| {
        let model = config(0.0).with_labels(&["a", "b"]).sequence_classifier(5, &Device::flex());
        let wrong = [EncodedExample { encoding: row(&[9]), label }];
        let splits = Splits { train: &wrong, dev: &wrong };
        let settings = FineTuneConfig::default();
        fine_tune_for(&Regression, model, splits, SPECIAL, &settings, &mut ()).unwrap_err()
    };
    for label in [vec![1.0], vec![1.0, f32::NAN]] {
        let error = fail(label);
        assert!(matches!(error, TrainError::Label { split: "train", index: 0, .. }), "{error}");
    }
}
