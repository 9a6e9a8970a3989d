//! A layer as one operation of the autodiff graph.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, ExtensionType, backend_extension};
use burn_flex::{Flex, FlexTensor};

use super::layer::{Inputs, Saved};
use super::{INPUTS, Settings, gradient};
use crate::flex::give_back;

/// Two tensors: weight and bias of a linear layer, or scale and shift of a norm.
#[derive(ExtensionType)]
pub(crate) struct Pair<B: Backend> {
    pub(crate) first: FloatTensor<B>,
    pub(crate) second: FloatTensor<B>,
}

/// The tensors that a layer reads.
#[derive(ExtensionType)]
pub(crate) struct LayerTensors<B: Backend> {
    /// The states before the layer, `[tokens, hidden]`.
    pub(crate) states: FloatTensor<B>,
    #[extension_type]
    pub(crate) query: Pair<B>,
    #[extension_type]
    pub(crate) key: Pair<B>,
    #[extension_type]
    pub(crate) value: Pair<B>,
    #[extension_type]
    pub(crate) attended: Pair<B>,
    #[extension_type]
    pub(crate) attended_norm: Pair<B>,
    #[extension_type]
    pub(crate) wide: Pair<B>,
    #[extension_type]
    pub(crate) output: Pair<B>,
    #[extension_type]
    pub(crate) output_norm: Pair<B>,
}

impl<B: Backend> LayerTensors<B> {
    /// All tensors, in the order of their declaration.
    fn into_list(self) -> [FloatTensor<B>; INPUTS] {
        let Self { query, key, value, attended, attended_norm, wide, output, output_norm, .. } =
            self;
        [
            self.states,
            query.first,
            query.second,
            key.first,
            key.second,
            value.first,
            value.second,
            attended.first,
            attended.second,
            attended_norm.first,
            attended_norm.second,
            wide.first,
            wide.second,
            output.first,
            output.second,
            output_norm.first,
            output_norm.second,
        ]
    }
}

/// BERT's layer as one operation.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait LayerOperation: Backend {
    /// Returns the states after the layer, `[tokens, hidden]`.
    fn bert_layer(
        #[extension_type] tensors: LayerTensors<Self>,
        settings: Arc<Settings>,
    ) -> FloatTensor<Self>;
}

impl LayerOperation for Flex {
    fn bert_layer(tensors: LayerTensors<Self>, settings: Arc<Settings>) -> FlexTensor {
        Inputs::new(tensors.into_list(), settings.epsilon).forward(&settings).0
    }
}

impl<C: CheckpointStrategy> LayerOperation for Autodiff<Flex, C> {
    fn bert_layer(tensors: LayerTensors<Self>, settings: Arc<Settings>) -> FloatTensor<Self> {
        let tensors = tensors.into_list();
        let (mut primitives, mut guards) = (Vec::new(), Vec::new());
        for tensor in tensors {
            let (primitive, guard) = tensor.into_parts();
            primitives.push(primitive);
            guards.push(guard);
        }
        let tensors: [FlexTensor; INPUTS] = primitives.try_into().expect("as many as there were");
        let guards: [NodeGuard; INPUTS] = guards.try_into().expect("as many as there were");
        let inputs = Inputs::new(tensors, settings.epsilon);
        let (output, saved) = inputs.forward(&settings);
        match LayerGradient.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(operation) => {
                operation.finish(Arc::new(State { inputs, settings, saved }), output)
            }
            OpsKind::UnTracked(operation) => operation.finish(output),
        }
    }
}

/// What the gradient is computed from.
#[derive(Debug)]
struct State {
    inputs: Inputs,
    settings: Arc<Settings>,
    saved: Saved,
}

/// The gradient of [`LayerOperation::bert_layer`].
#[derive(Debug)]
struct LayerGradient;

impl Backward<Flex, INPUTS> for LayerGradient {
    type State = Arc<State>;

    fn backward(
        self,
        operation: Ops<Arc<State>, INPUTS>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<Flex>(&operation.node);
        let wanted = operation.parents.each_ref().map(Option::is_some);
        let state = operation.state;
        let found =
            gradient::gradients(&state.inputs, &state.settings, &state.saved, output, wanted);
        if let Some(state) = Arc::into_inner(state) {
            give_back(state.inputs.into_states());
        }
        for (parent, gradient) in operation.parents.iter().zip(found) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
}
