//! The linear layer of a convolution in training: an operation that reads overlapping windows where
//! they lie, instead of copying each token once for every window that it is in.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
use burn::nn::Linear;
use burn::tensor::{DType, Tensor, TensorData};
use burn_flex::{Flex, FlexTensor};
use dnabert_kernels::{self as kernels, Buffer, Level, Weights};
use rayon::prelude::*;

use super::super::{block_of, give_back};
use super::is_flex_training;
use crate::flex::param::FlexParamLinear;

/// Multiplies the window around each token with the weights of a linear layer with a bias; `None` if
/// the kernels do not apply: on other devices, without gradients, in half precision, for windows of
/// an even width, or if they are switched off.
///
/// # Shapes
///
/// - `states`: `[batch, length, hidden]`, zeros on padding
/// - weights of `dense`: `[width × hidden, output]`
/// - output: `[batch × length, output]`
pub(crate) fn windows(states: &Tensor<3>, dense: &Linear) -> Option<Tensor<2>> {
    let [rows, length, hidden] = states.dims();
    let [inputs, _] = dense.weight.dims();
    let width = inputs / hidden;
    let bias = dense.bias.as_ref()?;
    let applies = is_flex_training(&states.device()) && states.dtype() == DType::F32;
    if !applies || width.is_multiple_of(2) || rows == 0 || length == 0 {
        return None;
    }
    let shape = Arc::new(Shape { rows, length, hidden, width });
    Some(Tensor::from_dispatch(Dispatch::window_product(
        states.clone().into_dispatch(),
        dense.weight.val().into_dispatch(),
        bias.val().into_dispatch(),
        shape,
    )))
}

/// The sizes of a convolution.
#[derive(Debug)]
pub(crate) struct Shape {
    rows: usize,
    length: usize,
    hidden: usize,
    /// Tokens in a window.
    width: usize,
}

/// The product of windows and weights as one operation.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait WindowProduct: Backend {
    /// Returns the products, `[batch × length, output]`.
    fn window_product(
        states: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: Arc<Shape>,
    ) -> FloatTensor<Self>;
}

impl WindowProduct for Flex {
    fn window_product(
        states: FlexTensor,
        weights: FlexTensor,
        bias: FlexTensor,
        shape: Arc<Shape>,
    ) -> FlexTensor {
        let dense = FlexParamLinear::from_tensors([weights, bias]);
        let states = shape.apart(&states.to_contiguous());
        shape.product(&states, &dense)
    }
}

impl<C: CheckpointStrategy> WindowProduct for Autodiff<Flex, C> {
    fn window_product(
        states: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: Arc<Shape>,
    ) -> FloatTensor<Self> {
        let [(states, own), (weights, of_weights), (bias, of_bias)] =
            [states, weights, bias].map(FloatTensor::<Self>::into_parts);
        let dense = FlexParamLinear::from_tensors([weights, bias]);
        let states = shape.apart(&states.to_contiguous());
        let output = shape.product(&states, &dense);
        match WindowGradient.prepare::<C>([own, of_weights, of_bias]).compute_bound().stateful() {
            OpsKind::Tracked(operation) => {
                operation.finish(Arc::new(State { states, dense, shape }), output)
            }
            OpsKind::UnTracked(operation) => operation.finish(output),
        }
    }
}

/// What the gradient is computed from.
#[derive(Debug)]
struct State {
    /// The states with zeros between rows, as [`Shape::apart`] makes them.
    states: Buffer,
    dense: FlexParamLinear,
    shape: Arc<Shape>,
}

/// The gradient of [`WindowProduct::window_product`].
#[derive(Debug)]
struct WindowGradient;

impl Backward<Flex, 3> for WindowGradient {
    type State = Arc<State>;

    fn backward(
        self,
        operation: Ops<Arc<State>, 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<Flex>(&operation.node).to_contiguous();
        let State { states, dense, shape } = &*operation.state;
        let [inputs, outputs] = dense.dims();
        let spread = shape.apart(&output);
        give_back(output);
        let [of_states, of_weights, of_bias] = operation.parents;
        if let Some(parent) = of_states {
            // Each state was read at every place of a window: the gradient is a convolution of that
            // of the output, with the weights transposed and their places in reverse order.
            let reversed = shape.reversed(dense);
            let weights = Weights::new(
                &reversed,
                [shape.width * outputs, shape.hidden],
                [shape.hidden, 1],
                None,
            );
            let found = shape.convolve(&spread, &weights);
            let dims = [shape.rows, shape.length, shape.hidden];
            gradients.register::<Flex>(parent.id, tensor(found, &dims));
        }
        let beyond = shape.width / 2 * outputs;
        let inner = &spread[beyond..spread.len() - beyond];
        if let Some(parent) = of_weights {
            let mut found = Buffer::new(inputs * outputs);
            let windows = [inner.len() / outputs, shape.hidden];
            kernels::weight_gradient(
                states,
                windows,
                inner,
                outputs,
                &mut found,
                [inputs, outputs],
            );
            gradients.register::<Flex>(parent.id, tensor(found, &[inputs, outputs]));
        }
        if let Some(parent) = of_bias {
            let mut found = Buffer::new(outputs);
            found.fill(0.0);
            kernels::column_sums(Level::detected(), inner, outputs, &mut found);
            gradients.register::<Flex>(parent.id, tensor(found, &[outputs]));
        }
    }
}

impl Shape {
    /// Copies `[batch × length, columns]` to rows with zeros before, between and after them, so that
    /// no window covers two rows: `[batch × (length + width / 2) + width / 2, columns]`.
    fn apart(&self, values: &FlexTensor) -> Buffer {
        let values = values.as_slice::<f32>().expect("made contiguous");
        let own = values.len() / self.rows;
        let between = self.width / 2 * (own / self.length);
        let mut apart = Buffer::new(self.rows * (own + between) + between);
        let (first, rest) = apart.split_at_mut(between);
        first.fill(0.0);
        for (to, from) in rest.chunks_exact_mut(own + between).zip(values.chunks_exact(own)) {
            to[..own].copy_from_slice(from);
            to[own..].fill(0.0);
        }
        apart
    }

    /// The product with the weights of a linear layer.
    fn product(&self, apart: &[f32], dense: &FlexParamLinear) -> FlexTensor {
        let [_, outputs] = dense.dims();
        tensor(self.convolve(apart, &dense.weights()), &[self.rows * self.length, outputs])
    }

    /// Multiplies the window around each token with `weights`, `[width × columns, output]`.
    fn convolve(&self, apart: &[f32], weights: &Weights<'_>) -> Buffer {
        let level = Level::detected();
        let columns = weights.input() / self.width;
        let outputs = weights.output();
        let mut output = Buffer::new(self.rows * self.length * outputs);
        let from_row_to_row = (self.length + self.width / 2) * columns;
        let block = block_of(self.rows * self.length);
        output.par_chunks_mut(self.length * outputs).enumerate().for_each(|(row, output)| {
            let pieces = output.par_chunks_mut(block * outputs).enumerate();
            pieces.for_each(|(piece, output)| {
                let windows = [output.len() / outputs, columns];
                let start = row * from_row_to_row + piece * block * columns;
                kernels::convolve(level, &apart[start..], windows, weights, output, outputs);
            });
        });
        output
    }

    /// The weights from outputs to states, `[width × output, hidden]`, last place first.
    fn reversed(&self, dense: &FlexParamLinear) -> Buffer {
        let [_, outputs] = dense.dims();
        let weights = dense.weights();
        let mut reversed = Buffer::new(self.width * outputs * self.hidden);
        let places = reversed.chunks_exact_mut(outputs * self.hidden).rev().enumerate();
        for (place, to) in places {
            for (output, to) in to.chunks_exact_mut(self.hidden).enumerate() {
                for (input, to) in to.iter_mut().enumerate() {
                    *to = weights.at(place * self.hidden + input, output);
                }
            }
        }
        reversed
    }
}

fn tensor(values: Buffer, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values.into_vec(), shape.to_vec()))
}
