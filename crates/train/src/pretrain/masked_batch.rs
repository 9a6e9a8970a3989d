//! Scores of the hidden tokens of a batch.

use burn::tensor::{Device, Int, Tensor, TensorData};
use dnabert_core::{Encoding, MaskedRow};
use dnabert_model::{Encoder, MaskedLanguageModel, TokenBatch};

/// A row, its hidden positions and the true ids there.
pub(super) struct Masked {
    /// The row with hidden tokens replaced.
    pub(super) row: Encoding,
    pub(super) places: Vec<usize>,
    pub(super) targets: Vec<u32>,
}

impl Masked {
    pub(super) fn new(row: Encoding, masked: MaskedRow) -> Self {
        let MaskedRow { ids, places, targets } = masked;
        Self { row: Encoding { ids, ..row }, places, targets }
    }
}

/// Returns the scores of the hidden tokens, `[hidden tokens, vocabulary]`, and their true ids.
pub(super) fn scores(
    model: &MaskedLanguageModel,
    rows: &[&Masked],
    pad: u32,
    attend_to_padding: bool,
    device: &Device,
) -> (Tensor<2>, Tensor<1, Int>) {
    let tokens: Vec<&Encoding> = rows.iter().map(|masked| &masked.row).collect();
    let mut batch = TokenBatch::from_encodings(&tokens, pad, device);
    if attend_to_padding {
        batch.mask = None;
    }
    let [count, length] = batch.dims();
    let ints = |values: Vec<i32>| {
        let shape = [values.len()];
        Tensor::<1, Int>::from_data(TensorData::new(values, shape), device)
    };
    let places = rows.iter().enumerate().flat_map(|(index, masked)| {
        masked.places.iter().map(move |place| (index * length + place) as i32)
    });
    let places = ints(places.collect());
    let targets = rows.iter().flat_map(|masked| masked.targets.iter().map(|&id| id as i32));
    let targets = ints(targets.collect());
    let hidden = model.encoder.encode(&batch, &mut ()).hidden;
    let width = model.encoder.hidden_size();
    let hidden = hidden.reshape([count * length, width]).select(0, places);
    (model.predict(hidden), targets)
}
