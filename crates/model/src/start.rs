//! Initial embedding tables for pre-training, instead of random ones.

use burn::tensor::{Tensor, TensorData};

use crate::Bert;

/// The longest wavelength, in tokens, divided by 2π.
const SLOWEST: f64 = 10_000.0;

impl Bert {
    /// Fills the position table with sines and cosines (Vaswani et al. 2017, arXiv 1706.03762) with
    /// this root mean square, as a starting point for training.
    ///
    /// With a random table, the network has to learn for each position which others are its
    /// neighbours. To predict k-mers it needs the neighbours from the start. A network without a
    /// position table does not change.
    #[must_use]
    pub fn with_sinusoidal_positions(mut self, root_mean_square: f64) -> Self {
        if let Some(positions) = &mut self.embeddings.position_embeddings {
            let weight = positions.weight.clone();
            positions.weight = weight.map(|table| {
                let [tokens, width] = table.dims();
                let values = waves(tokens, width, root_mean_square);
                Tensor::from_data(TensorData::new(values, [tokens, width]), &table.device())
            });
        }
        self
    }

    /// Replaces the word embeddings by `table`, `[vocabulary, hidden]`, row by row.
    ///
    /// # Panics
    ///
    /// If `table` has another number of values than the word embeddings.
    #[must_use]
    pub fn with_word_embeddings(mut self, table: Vec<f32>) -> Self {
        let words = &mut self.embeddings.word_embeddings;
        let weight = words.weight.clone();
        words.weight =
            weight.map(|old| Tensor::from_data(TensorData::new(table, old.dims()), &old.device()));
        self
    }
}

/// Returns the table `[tokens, width]`, with sine and cosine of each wave in neighbouring columns.
fn waves(tokens: usize, width: usize, root_mean_square: f64) -> Vec<f32> {
    let amplitude = root_mean_square * 2_f64.sqrt();
    let value = |token: usize, column: usize| {
        let wave = (column - column % 2) as f64 / width as f64;
        let angle = token as f64 / SLOWEST.powf(wave);
        (amplitude * if column.is_multiple_of(2) { angle.sin() } else { angle.cos() }) as f32
    };
    (0..tokens).flat_map(|token| (0..width).map(move |column| value(token, column))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BertConfig;
    use burn::tensor::Device;

    #[test]
    fn what_two_positions_have_in_common_depends_on_their_distance() {
        let table = waves(40, 16, 0.5);
        let row = |token: usize| &table[16 * token..16 * (token + 1)];
        let product = |a, b| row(a).iter().zip(row(b)).map(|(a, b)| a * b).sum::<f32>();
        assert!((product(0, 0) - 16.0 * 0.25).abs() < 1e-5);
        for (a, b) in [(3, 5), (20, 22), (37, 39)] {
            assert!((product(a, b) - product(0, 2)).abs() < 1e-5);
        }
    }

    #[test]
    fn the_rest_of_the_network_stays() {
        let config = BertConfig {
            hidden_size: 8,
            num_hidden_layers: 1,
            num_attention_heads: 2,
            intermediate_size: 16,
            max_position_embeddings: 10,
            ..BertConfig::new(20)
        };
        let model = config.masked_language_model(1, &Device::flex());
        let words = model.encoder.word_embeddings().into_data();
        let encoder = model.encoder.with_sinusoidal_positions(0.1);
        assert_eq!(encoder.word_embeddings().into_data(), words);
        let positions = encoder.embeddings.position_embeddings.expect("has a table").weight.val();
        let first: Vec<f32> = positions.into_data().iter::<f32>().take(4).collect();
        let cosine = 0.1 * 2_f32.sqrt();
        assert_eq!(first, [0.0, cosine, 0.0, cosine]);
    }
}
