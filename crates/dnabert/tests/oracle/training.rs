//! Gradients, schedule, and ten steps of training.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor, TensorData};
use dnabert::model::checkpoint::{NamedTensor, tensors};
use dnabert::model::{Bert, Checkpoint, SequenceClassifier, TokenBatch};
use dnabert::train::{
    AdamWSettings, LinearSchedule, StepLoop, adamw, gradient_norm, weighted_cross_entropy,
};
use serde_json::Value;

use crate::arrays::Arrays;
use crate::ledger::{Ledger, Tolerance};
use crate::models::{batch, values};
use crate::place::device;
use crate::tokens::{items, json, numbers};

const IO: &str = "io/k3_cls.safetensors";
const TRACE: &str = "io/optim.json";
const FINAL: &str = "io/train_k3_cls_final.safetensors";

pub(crate) fn compare(ledger: &mut Ledger) {
    schedule(ledger);
    let Some(io) = ledger.attempt(IO, Arrays::read(&ledger.path(IO))) else {
        return;
    };
    gradients(ledger, &io);
    trace(ledger, &io);
}

fn schedule(ledger: &mut Ledger) {
    let trace = json(ledger, TRACE);
    for case in items(&trace["lr_schedule"]) {
        let whole = |field: &str| case[field].as_u64().unwrap() as usize;
        let (total_steps, warmup_steps) = (whole("total"), whole("warmup"));
        let schedule = LinearSchedule { peak: 1.0, warmup_steps, total_steps };
        let expected = numbers(&case["factor_at_step"]);
        let found: Vec<f64> = (0..expected.len()).map(|step| schedule.rate(step)).collect();
        let name = format!("schedule of {total_steps} steps");
        ledger.compare(TRACE, &name, found, expected, Tolerance::absolute(1e-12));
    }
}

/// The k3_cls network without dropout, ready to train, its batch, and the labels.
fn start(
    ledger: &mut Ledger,
    io: &Arrays,
) -> Option<(SequenceClassifier<Bert>, TokenBatch, Vec<i32>)> {
    let folder = ledger.path("models/k3_cls");
    let mut checkpoint = ledger.attempt(IO, Checkpoint::open(folder))?;
    checkpoint.config_mut().hidden_dropout_prob = 0.0;
    checkpoint.config_mut().attention_probs_dropout_prob = 0.0;
    let device = device();
    let network = ledger.attempt(IO, checkpoint.sequence_classifier(&device))?;
    Some((network.train(), batch(io, None, &device.autodiff()), io.ints("labels")))
}

/// The mean cross-entropy of the batch.
fn loss(network: &SequenceClassifier<Bert>, batch: &TokenBatch, labels: &[i32]) -> Tensor<1> {
    let device = device().autodiff();
    let count = labels.len();
    let labels = TensorData::new(labels.to_vec(), [count]);
    let labels = Tensor::<1, Int>::from_data(labels, &device);
    let weights = Tensor::full([count], 1.0 / count as f64, &device);
    weighted_cross_entropy(network.forward(batch, &mut ()), labels, weights)
}

/// Puts each parameter's gradient in its place.
struct Swap(GradientsParams);

impl ModuleMapper for Swap {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let gradient = self.0.remove::<D>(param.id).expect("every parameter has a gradient");
        param.map(|_| gradient)
    }
}

fn gradients(ledger: &mut Ledger, io: &Arrays) {
    let Some((network, batch, labels)) = start(ledger, io) else {
        return;
    };
    let loss = loss(&network, &batch, &labels);
    let gradients = GradientsParams::from_grads(loss.backward(), &network);
    let expected = io.get("loss").values.clone();
    ledger.compare(IO, "loss", values(loss), expected, Tolerance::LOSS);
    let norm = gradient_norm(&network, &gradients);
    let expected = io.get("grad_norm_total").values.clone();
    ledger.compare(IO, "grad_norm_total", [norm], expected, Tolerance::GRADIENT);

    let swapped = network.map(&mut Swap(gradients));
    for NamedTensor { name, values, .. } in tensors(&swapped) {
        let name = format!("grad.{name}");
        if !io.has(&name) {
            ledger.fail(IO, format!("{name} is not in the file"));
            continue;
        }
        // Of the position table only the rows in use are stored; the rest is zero.
        let mut expected = io.get(&name).values.clone();
        expected.resize(values.len(), 0.0);
        ledger.compare(IO, &name, values, expected, Tolerance::GRADIENT);
    }
    let elsewhere = [
        "input_ids",
        "labels",
        "attention_mask",
        "token_type_ids_split",
        "pooler_output",
        "last_hidden_state",
        "attentions_last_cls_row",
        "attentions_last_cls_row_headmask",
        "logits",
        "logits_headmask",
        "logits_segment_split",
        "probs",
    ];
    for name in io.forgotten(&elsewhere) {
        ledger.fail(IO, format!("{name} was not compared"));
    }
}

fn trace(ledger: &mut Ledger, io: &Arrays) {
    let all = json(ledger, TRACE);
    let hyper = &all["hyper"];
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let whole = |field: &str| hyper[field].as_u64().unwrap_or_default() as usize;
    let Some((mut network, batch, labels)) = start(ledger, io) else {
        return;
    };
    let settings = AdamWSettings {
        beta_1: number(&hyper["betas"][0]) as f32,
        beta_2: number(&hyper["betas"][1]) as f32,
        epsilon: number(&hyper["eps"]) as f32,
        weight_decay: number(&hyper["weight_decay"]) as f32,
    };
    let schedule = LinearSchedule {
        peak: number(&hyper["lr"]),
        warmup_steps: whole("warmup_steps"),
        total_steps: whole("total_steps"),
    };
    let optimizer = adamw(&network, &settings);
    let mut steps = StepLoop::new(optimizer, schedule, number(&hyper["max_grad_norm"]));
    for expected in items(&all["trace"]) {
        let loss = loss(&network, &batch, &labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        let report;
        (network, report) = steps.apply(network, gradients).expect("finite gradients");
        let step = expected["step"].as_u64().unwrap();
        let mut compare = |field: &str, found: f64, tolerance| {
            let name = format!("step {step} {field}");
            ledger.compare(TRACE, &name, [found], [number(&expected[field])], tolerance);
        };
        compare("loss", values(loss)[0], Tolerance::TRAINING);
        compare("grad_norm_before_clip", report.gradient_norm, Tolerance::TRAINING);
        compare("lr_used", report.learning_rate, Tolerance::absolute(1e-12));
    }

    let Some(end) = ledger.attempt(FINAL, Arrays::read(&ledger.path(FINAL))) else {
        return;
    };
    for NamedTensor { name, values, .. } in tensors(&network.valid()) {
        if end.has(&name) {
            let expected = end.get(&name).values.clone();
            ledger.compare(FINAL, &name, values, expected, Tolerance::FINAL_WEIGHTS);
        }
    }
    for name in end.forgotten(&[]) {
        ledger.fail(FINAL, format!("{name} is no tensor of the network"));
    }
}
