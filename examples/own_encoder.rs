//! An encoder of your own under the classification head: one convolution over embedded bases.
#![allow(clippy::print_stdout, reason = "a program's output")]

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{Embedding, EmbeddingConfig, PaddingConfig1d};
use burn::tensor::{Tensor, activation::relu};
use dnabert::kmer::KmerTokenizer;
use dnabert::model::{Encoder, EncoderOutput, LayerSink, Pooling, TokenBatch, initialize};
use dnabert::prelude::*;
use dnabert::{AnyTokenizer, ModelSize, OwnEncoder};

const WIDTH: usize = 64;

/// Learned motifs of nine bases, as in DeepBind (Alipanahi et al. 2015, doi 10.1038/nbt.3300).
#[derive(Module, Debug)]
struct Motifs {
    bases: Embedding,
    motifs: Conv1d,
}

impl Motifs {
    fn new(tokens: usize, seed: u64, device: &Device) -> Self {
        let bases = EmbeddingConfig::new(tokens, 4).init(device);
        let same = PaddingConfig1d::Same;
        let motifs = Conv1dConfig::new(4, WIDTH, 9).with_padding(same).init(device);
        initialize(Self { bases, motifs }, 0.3, seed)
    }
}

impl Encoder for Motifs {
    fn hidden_size(&self) -> usize {
        WIDTH
    }

    fn encode(&self, batch: &TokenBatch, _: &mut dyn LayerSink) -> EncoderOutput {
        let bases = self.bases.forward(batch.ids.clone()).swap_dims(1, 2);
        let hidden: Tensor<3> = relu(self.motifs.forward(bases)).swap_dims(1, 2);
        let pooled = hidden.clone().max_dim(1).squeeze_dim(1);
        EncoderOutput { hidden, pooled }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (task, device) = (Benchmark::PromoterUci.task(&Datasets::find()?), device(None)?);
    let bases: AnyTokenizer = KmerTokenizer::new(1)?.into();
    let tokens = bases.vocab_size();
    let new = move |seed, device: &Device| Motifs::new(tokens, seed, device);
    let motifs = OwnEncoder::new(bases.clone(), new).with_pooling(Pooling::Max);

    let mut experiment = Experiment::fresh(ModelSize::Tiny, 1).with_epochs(40).with_seed(2);
    experiment.fine_tune.learning_rate = 5e-3;
    let outcome = experiment.run_with_encoder(&motifs, &task, &device, &mut ())?;
    println!("{}", outcome.metrics);

    outcome.write("runs/own-encoder")?;
    let model = Predictor::open_own("runs/own-encoder/model", new(0, &device), bases, &device)?;
    let sequence: Sequence = "TATAATGCGC".repeat(5).parse()?;
    for class in model.predict_labels(&[sequence])? {
        println!("{} {:.3}", class.label, class.probability);
    }
    Ok(())
}
