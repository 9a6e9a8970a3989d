//! The recurrent layers of DNABERT's heads over the chunks of a long sequence.
//!
//! A sequence has only a few chunks, so a plain loop is fast enough. The parameters have PyTorch's
//! layout, with all gates in one matrix.

use burn::module::{Module, Param};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};

use crate::RecurrentKind;

/// Bidirectional LSTM or GRU layers with hidden states as wide as their input.
#[derive(Module, Debug)]
pub struct Recurrent {
    forward: Vec<Direction>,
    backward: Vec<Direction>,
    #[module(skip)]
    kind: RecurrentKind,
}

/// One layer in one direction; the gates are stacked as i, f, g, o (LSTM) or r, z, n (GRU).
#[derive(Module, Debug)]
pub(crate) struct Direction {
    weight_ih: Param<Tensor<2>>,
    weight_hh: Param<Tensor<2>>,
    bias_ih: Param<Tensor<1>>,
    bias_hh: Param<Tensor<1>>,
}

impl Recurrent {
    /// Creates layers of zeros, to be loaded or [initialised](crate::initialize).
    pub fn new(kind: RecurrentKind, layers: usize, hidden: usize, device: &Device) -> Self {
        let gates = match kind {
            RecurrentKind::Lstm => 4 * hidden,
            RecurrentKind::Gru => 3 * hidden,
        };
        let direction = |layer: usize| {
            let input = if layer == 0 { hidden } else { 2 * hidden };
            Direction {
                weight_ih: Param::from_tensor(Tensor::zeros([gates, input], device)),
                weight_hh: Param::from_tensor(Tensor::zeros([gates, hidden], device)),
                bias_ih: Param::from_tensor(Tensor::zeros([gates], device)),
                bias_hh: Param::from_tensor(Tensor::zeros([gates], device)),
            }
        };
        let all = || (0..layers).map(direction).collect();
        Self { forward: all(), backward: all(), kind }
    }

    /// Returns the sum of the final hidden states of all layers in both directions.
    ///
    /// # Shapes
    ///
    /// - `chunks`: `[batch, chunks, hidden]`
    /// - output: `[batch, hidden]`
    pub fn forward(&self, chunks: Tensor<3>) -> Tensor<2> {
        let [batch, _, hidden] = chunks.dims();
        let mut sum = Tensor::zeros([batch, hidden], &chunks.device());
        let mut input = chunks;
        for (forward, backward) in self.forward.iter().zip(&self.backward) {
            let (onward, last) = forward.run(self.kind, &input);
            let (reverse, first) = backward.run(self.kind, &input.flip([1]));
            input = Tensor::cat(vec![onward, reverse.flip([1])], 2); // [batch, chunks, 2 × hidden]
            sum = sum + last + first;
        }
        sum
    }
}

impl Direction {
    /// Returns all hidden states, `[batch, chunks, hidden]`, and the last one, `[batch, hidden]`.
    fn run(&self, kind: RecurrentKind, input: &Tensor<3>) -> (Tensor<3>, Tensor<2>) {
        let [batch, chunks, _] = input.dims();
        let [_, hidden] = self.weight_hh.dims();
        let mut state = Tensor::<2>::zeros([batch, hidden], &input.device());
        let mut cell = state.clone();
        let mut states = Vec::with_capacity(chunks);
        for chunk in 0..chunks {
            let x = input.clone().narrow(1, chunk, 1).squeeze_dim::<2>(1);
            let from_input = affine(x, &self.weight_ih, &self.bias_ih); // [batch, gates × hidden]
            let from_state = affine(state.clone(), &self.weight_hh, &self.bias_hh);
            let part = |all: &Tensor<2>, gate: usize| all.clone().narrow(1, gate * hidden, hidden);
            let gate = |gate| part(&from_input, gate) + part(&from_state, gate);
            state = match kind {
                RecurrentKind::Lstm => {
                    let [input, forget, output] = [0, 1, 3].map(|index| sigmoid(gate(index)));
                    cell = forget * cell + input * gate(2).tanh();
                    output * cell.clone().tanh()
                }
                RecurrentKind::Gru => {
                    let [reset, update] = [0, 1].map(|index| sigmoid(gate(index)));
                    let new = (part(&from_input, 2) + reset * part(&from_state, 2)).tanh();
                    new.clone() + update * (state - new)
                }
            };
            states.push(state.clone());
        }
        (Tensor::stack::<3>(states, 1), state)
    }
}

/// Computes `rows × weightᵀ + bias`.
fn affine(rows: Tensor<2>, weight: &Param<Tensor<2>>, bias: &Param<Tensor<1>>) -> Tensor<2> {
    rows.matmul(weight.val().transpose()) + bias.val().unsqueeze()
}
