//! Gradients against differences of the same functions in double precision, at every level of the
//! processor.
#![allow(clippy::unwrap_used, reason = "a test")]

mod truth;

use std::ops::Range;

use dnabert_kernels::{
    Attention, Kept, KeptWeights, Level, Norm, Store, Weights, apply_mask, attention_gradient,
    column_sums, draw_mask, input_gradient, norm_gradient, train_attention, train_gelu,
    train_gelu_tanh, train_norm, train_relu, weight_count, weight_gradient,
};
use truth::{true_gelu, true_gelu_tanh};

/// Numbers between −1 and 1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    (0..count).map(|i| ((i as f64 + 0.5) * (1.3 + seed as f64)).sin() as f32).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// The gradient of `Σ factors × function(inputs)` by central differences.
fn differences(inputs: &[f32], factors: &[f32], function: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let step = 1e-5;
    let sum = |inputs: &[f64]| -> f64 {
        function(inputs).iter().zip(factors).map(|(a, b)| a * f64::from(*b)).sum()
    };
    let mut inputs = wide(inputs);
    (0..inputs.len())
        .map(|at| {
            let old = inputs[at];
            inputs[at] = old + step;
            let above = sum(&inputs);
            inputs[at] = old - step;
            let below = sum(&inputs);
            inputs[at] = old;
            (above - below) / (2.0 * step)
        })
        .collect()
}

fn assert_near(found: &[f32], expected: &[f64], limit: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        assert!(error < limit, "{what} [{at}]: {found} instead of {expected}");
    }
}

#[test]
fn slopes_of_activations_are_those_of_their_values() {
    let inputs: Vec<f32> = (-20_000..20_000).map(|step| step as f32 * 1e-3 + 3e-4).collect();
    for level in Level::available() {
        for (name, function, truth) in [
            ("gelu", train_gelu as fn(Level, &mut [f32], &mut [f32]), true_gelu as fn(f64) -> f64),
            ("gelu_tanh", train_gelu_tanh, true_gelu_tanh),
            ("relu", train_relu, |x| x.max(0.0)),
        ] {
            let mut values = inputs.clone();
            let mut slopes = vec![0.0; inputs.len()];
            function(level, &mut values, &mut slopes);
            let slope = |x: &f32| {
                let x = f64::from(*x);
                (truth(x + 1e-5) - truth(x - 1e-5)) / 2e-5
            };
            let expected: Vec<f64> = inputs.iter().map(slope).collect();
            assert_near(&slopes, &expected, 1e-6, name);
            let expected: Vec<f64> = inputs.iter().map(|x| truth(f64::from(*x))).collect();
            assert_near(&values, &expected, 2e-6, name);
        }
        let mut edges = [f32::INFINITY, f32::NEG_INFINITY, 1e30, f32::NAN];
        let mut slopes = [0.5; 4];
        train_gelu(level, &mut edges, &mut slopes);
        assert!(slopes[..3] == [1.0, 0.0, 1.0] && slopes[3].is_nan(), "{slopes:?}");
    }
}

/// A mask as it is defined: one row after the other.
fn plain_mask(seeds: &[u64], threshold: u32, width: usize) -> Vec<u8> {
    let mut mask = Vec::new();
    for seed in seeds {
        let mut state = if *seed == 0 { 1 } else { *seed };
        let mut halves = Vec::new();
        while halves.len() < width {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            let word = state.wrapping_mul(0x2545_f491_4f6c_dd1d);
            halves.extend([word as u32, (word >> 32) as u32]);
        }
        mask.extend(halves[..width].iter().map(|half| u8::from(*half >= threshold)));
    }
    mask
}

#[test]
fn masks_are_drawn_side_by_side_as_one_by_one() {
    let seeds: Vec<u64> = (0_u64..19).map(|row| row.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    for level in Level::available() {
        for (rows, width) in [(1, 1), (3, 8), (8, 33), (19, 100), (0, 5)] {
            let mut mask = vec![7; rows * width];
            draw_mask(level, &seeds[..rows], 1 << 30, &mut mask);
            assert_eq!(mask, plain_mask(&seeds[..rows], 1 << 30, width), "{rows} × {width}");
        }
        let mut values = [1.0, 2.0, 3.0];
        apply_mask(level, &mut values, Kept { mask: &[1, 0, 1], factor: 2.0 });
        assert_eq!(values, [2.0, 0.0, 6.0]);
    }
}

#[test]
fn gradients_of_a_linear_layer() {
    let (rows, inputs, outputs, stride) = (5, 4, 3, 7);
    let (x, dy) = (numbers(rows * inputs, 1), numbers(rows * stride, 2));
    for strides in [[outputs, 1], [1, inputs]] {
        let values = numbers(inputs * outputs, 3);
        let at = |input: usize, output: usize| input * strides[0] + output * strides[1];
        let weights = Weights::new(&values, [inputs, outputs], strides, None);
        let mut dx = vec![1.0; rows * inputs];
        input_gradient(&dy, stride, &weights, &mut dx, Store::Add);
        let mut dw = vec![9.0; inputs * outputs];
        weight_gradient(&x, [rows, inputs], &dy, stride, &mut dw, [inputs, outputs]);
        for row in 0..rows {
            for input in 0..inputs {
                let sum: f32 = (0..outputs)
                    .map(|output| dy[row * stride + output] * values[at(input, output)])
                    .sum();
                assert!((dx[row * inputs + input] - 1.0 - sum).abs() < 1e-6);
            }
        }
        for input in 0..inputs {
            for output in 0..outputs {
                let sum: f32 =
                    (0..rows).map(|row| x[row * inputs + input] * dy[row * stride + output]).sum();
                assert!((dw[input * outputs + output] - sum).abs() < 1e-6);
            }
        }
    }
    for level in Level::available() {
        let mut sums = vec![0.0; outputs];
        column_sums(level, &dy, stride, &mut sums);
        for (output, sum) in sums.iter().enumerate() {
            let expected: f32 = (0..rows).map(|row| dy[row * stride + output]).sum();
            assert!((sum - expected).abs() < 1e-6);
        }
    }
}

#[test]
fn the_gradient_of_a_norm() {
    let (rows, width) = (3, 37);
    let (x, residual, dy) =
        (numbers(rows * width, 1), numbers(rows * width, 2), numbers(rows * width, 3));
    let (gamma, beta) = (numbers(width, 4), numbers(width, 5));
    let mask: Vec<u8> = (0..rows * width).map(|at| u8::from(at % 3 != 0)).collect();
    let factor = 1.5;
    let norm = |sums: &[f64], gamma: &[f64], beta: &[f64]| -> Vec<f64> {
        sums.chunks(width)
            .flat_map(|row| {
                let mean = row.iter().sum::<f64>() / width as f64;
                let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
                let scale = 1.0 / (variance + 1e-5).sqrt();
                let normalized = row.iter().map(move |x| (x - mean) * scale);
                normalized.zip(gamma).zip(beta).map(|((x, g), b)| x * g + b).collect::<Vec<_>>()
            })
            .collect()
    };
    let sums: Vec<f32> = x
        .iter()
        .zip(&residual)
        .zip(&mask)
        .map(|((x, r), kept)| x * f32::from(*kept) * factor + r)
        .collect();
    let expected = differences(&sums, &dy, |sums| norm(sums, &wide(&gamma), &wide(&beta)));
    let of_gamma = differences(&gamma, &dy, |gamma| norm(&wide(&sums), gamma, &wide(&beta)));
    let of_beta = differences(&beta, &dy, |beta| norm(&wide(&sums), &wide(&gamma), beta));
    for level in Level::available() {
        let mut y = x.clone();
        let (mut normalized, mut scales) = (vec![0.0; rows * width], vec![0.0; rows]);
        let kept = Some(Kept { mask: &mask, factor });
        let parameters = Norm { gamma: &gamma, beta: &beta, epsilon: 1e-5 };
        train_norm(level, &mut y, &residual, kept, parameters, &mut normalized, &mut scales);
        assert_near(&y, &norm(&wide(&sums), &wide(&gamma), &wide(&beta)), 1e-5, "norm");
        let mut dx = dy.clone();
        let (mut dgamma, mut dbeta) = (vec![0.0; width], vec![0.0; width]);
        norm_gradient(level, &mut dx, &normalized, &scales, &gamma, &mut dgamma, &mut dbeta);
        assert_near(&dx, &expected, 1e-5, "sums");
        assert_near(&dgamma, &of_gamma, 1e-5, "gamma");
        assert_near(&dbeta, &of_beta, 1e-5, "beta");
    }
}

/// Attention by its definition.
fn true_attention(
    projected: &[f64],
    [hidden, heads]: [usize; 2],
    sequences: &[Range<usize>],
    bias: &[f32],
    kept: impl Fn(usize, usize, usize, usize) -> f64,
) -> Vec<f64> {
    let width = hidden / heads;
    let mut context = vec![0.0; projected.len() / 3];
    let value = |token: usize, part: usize, column: usize| {
        projected[token * 3 * hidden + part * hidden + column]
    };
    for (row, tokens) in sequences.iter().enumerate() {
        for head in 0..heads {
            for (query_at, query) in tokens.clone().enumerate() {
                let columns = || head * width..(head + 1) * width;
                let score = |key: usize| -> f64 {
                    let sum: f64 = columns().map(|c| value(query, 0, c) * value(key, 1, c)).sum();
                    sum / (width as f64).sqrt() + f64::from(bias[key])
                };
                let scores: Vec<f64> = tokens.clone().map(|key| score(key).exp()).collect();
                let all: f64 = scores.iter().sum();
                for column in columns() {
                    let parts = tokens.clone().zip(&scores).enumerate();
                    context[query * hidden + column] = parts
                        .map(|(at, (key, score))| {
                            score / all * kept(row, head, query_at, at) * value(key, 2, column)
                        })
                        .sum();
                }
            }
        }
    }
    context
}

#[test]
fn the_gradient_of_attention() {
    let (hidden, heads, length) = (6, 2, 5);
    let sequences = [0..3, 3..4, 4..9];
    let tokens = 9;
    let projected = numbers(tokens * 3 * hidden, 1);
    let factors = numbers(tokens * hidden, 2);
    let bias = numbers(tokens, 3);
    let mask: Vec<u8> = (0..sequences.len() * heads * length * length)
        .map(|at| u8::from(at * 7 % 4 != 0))
        .collect();
    for dropout in [false, true] {
        let kept = |row: usize, head: usize, query: usize, key: usize| {
            let at = ((row * heads + head) * length + query) * length + key;
            if dropout { f64::from(mask[at]) * 4.0 / 3.0 } else { 1.0 }
        };
        let truth =
            |projected: &[f64]| true_attention(projected, [hidden, heads], &sequences, &bias, kept);
        let expected = differences(&projected, &factors, truth);
        for level in Level::available() {
            let attention = Attention {
                projected: &projected,
                hidden,
                heads,
                sequences: &sequences,
                bias: Some(&bias),
                queries: None,
            };
            let factor = 4.0 / 3.0;
            let drop =
                dropout.then_some(KeptWeights { kept: Kept { mask: &mask, factor }, length });
            let mut weights = vec![0.0; weight_count(&sequences, heads)];
            let mut context = vec![0.0; tokens * hidden];
            train_attention(level, &attention, drop, &mut weights, &mut context);
            assert_near(&context, &truth(&wide(&projected)), 1e-5, "context");
            let mut found = vec![0.0; projected.len()];
            let factor = if dropout { factor } else { 1.0 };
            attention_gradient(level, &attention, &weights, factor, &factors, &mut found);
            assert_near(&found, &expected, 1e-5, "projections");
        }
    }
}
