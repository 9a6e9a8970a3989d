//! Attention as scores of bases: beside DNABERT's own `atten.npy`, and without its quirks.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use dnabert::core::{Sequence, Tiling};
use dnabert::interpret::reference::attention_scores;
use dnabert::interpret::{Heads, Query};
use dnabert::model::{Checkpoint, Encoder, LayerSink, MaskMode, TokenBatch};
use dnabert::{AttentionReader, Model};

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

/// The numbers of a `.npy` file, behind its header.
fn npy<const N: usize, T>(path: &Path, number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let bytes = std::fs::read(path).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..].chunks_exact(N).map(|word| number(word.try_into().unwrap())).collect()
}

/// All of what `[CLS]` attends to in the last layer, `[batch, heads, length]`.
struct ClsRows {
    layer: usize,
    rows: Vec<f32>,
    heads: usize,
}

impl LayerSink for ClsRows {
    fn wants_attention(&self, layer: usize) -> bool {
        layer == self.layer
    }

    fn attention(&mut self, _layer: usize, weights: Tensor<4>) {
        [_, self.heads, _, _] = weights.dims();
        self.rows = weights.narrow(2, 0, 1).into_data().iter::<f32>().collect();
    }
}

#[test]
fn the_reference_definition_gives_what_the_reference_wrote() {
    const LENGTH: usize = 36;
    for (name, k) in [("k3_cls", 3), ("k4_splice3", 4)] {
        let folder = data("e2e").join(name);
        let ids = npy(&folder.join("features_input_ids.npy"), i32::from_le_bytes);
        let mask = npy(&folder.join("features_attention_mask.npy"), i32::from_le_bytes);
        let rows = ids.len() / LENGTH;
        for (mode, file) in [(MaskMode::Padding, "atten"), (MaskMode::Head, "atten_headmask")] {
            let mut checkpoint = Checkpoint::open(data("oracle/models").join(name)).unwrap();
            checkpoint.config_mut().mask_mode = mode;
            checkpoint.config_mut().padded_length = Some(LENGTH);
            let layer = checkpoint.config().num_hidden_layers - 1;
            let device = Device::flex();
            let encoder = checkpoint.encoder(&device).unwrap();
            let mask = mask.iter().map(|&real| real as f32).collect();
            let batch = TokenBatch::from_rows(
                [rows, LENGTH],
                ids.clone(),
                vec![0; ids.len()],
                mask,
                &device,
            );
            let mut sink = ClsRows { layer, rows: Vec::new(), heads: 0 };
            let _ = encoder.encode(&batch, &mut sink);
            let expected = npy(&folder.join(format!("{file}.npy")), f64::from_le_bytes);
            assert_eq!(expected.len(), rows * LENGTH);
            let per_row = sink.heads * LENGTH;
            for (row, expected) in sink.rows.chunks(per_row).zip(expected.chunks(LENGTH)) {
                let heads: Vec<&[f32]> = row.chunks(LENGTH).collect();
                for (found, expected) in attention_scores(&heads, k).iter().zip(expected) {
                    assert!((found - expected).abs() < 1e-4, "{name} {file}: {found} {expected}");
                }
            }
        }
    }
}

fn reader() -> AttentionReader {
    Model::open(data("oracle/models/k3_cls"), &Device::flex())
        .map(|model| model.attention())
        .unwrap()
}

fn sequence(text: &str) -> Sequence {
    text.parse().unwrap()
}

fn is_close(one: &[f64], other: &[f64]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-4)
}

#[test]
fn a_track_does_not_depend_on_what_else_is_in_the_batch() {
    let (short, long) = (sequence("ACGTTGCATG"), sequence(&"ACGTTGCATGCCATTAGACC".repeat(3)));
    for query in [Query::Cls, Query::All] {
        let alone = reader().with_query(query).tracks(std::slice::from_ref(&short)).unwrap();
        let together = reader().with_query(query).tracks(&[short.clone(), long.clone()]).unwrap();
        assert!(is_close(&alone[0], &together[0]), "{query:?}: {alone:?} {together:?}");
        assert_eq!(together[1].len(), 60);
        // 1 is even attention; special tokens take their part.
        let mean = together[1].iter().sum::<f64>() / 60.0;
        assert!((0.5..1.2).contains(&mean), "{mean}");
    }
}

#[test]
fn layers_and_heads_can_be_chosen() {
    let sequence = [sequence("ACGTTGCATGCCATTAGACC")];
    let track = |layers: std::ops::RangeInclusive<usize>, heads| {
        reader().with_heads(Heads { layers, heads }).tracks(&sequence).unwrap().remove(0)
    };
    let all = track(0..=2, None);
    let mean: Vec<f64> = (0..20)
        .map(|base| (0..3).map(|layer| track(layer..=layer, None)[base]).sum::<f64>() / 3.0)
        .collect();
    assert!(is_close(&all, &mean), "{all:?} {mean:?}");
    let half = |heads: std::ops::Range<usize>| track(2..=2, Some(heads.collect()));
    let (low, high, last) = (half(0..6), half(6..12), track(2..=2, None));
    let mean: Vec<f64> = low.iter().zip(high).map(|(a, b)| f64::midpoint(*a, b)).collect();
    assert!(is_close(&last, &mean), "{last:?} {mean:?}");
}

#[test]
fn long_sequences_are_read_in_rows_and_ambiguous_ones_named() {
    let long = sequence(&"ACGTTGCATGCCATTAGACC".repeat(30));
    let track = Model::open(data("oracle/models/k3_cls"), &Device::flex())
        .unwrap()
        .with_tiling(Tiling::new(50, 12))
        .attention()
        .tracks(&[long])
        .unwrap()
        .remove(0);
    assert!(track.len() == 600 && track.iter().all(|score| *score > 0.0));
    let error = reader().tracks(&[sequence("ACGT"), sequence("ACNGT")]).unwrap_err();
    assert_eq!(error.to_string(), "sequence 1 of the batch cannot be encoded");
}
