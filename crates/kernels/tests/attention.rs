//! Compares attention and products with double precision.

use dnabert_kernels::{Attention, Level, Weights, attention, convolve, linear};
use proptest::prelude::*;

fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|at| ((at * 7919 + seed * 104_729) % 1013) as f32 / 500.0 - 1.0).collect()
}

/// Context and weights of one sequence and head in double precision.
fn plain(
    projected: &[f32],
    hidden: usize,
    column: usize,
    width: usize,
    tokens: std::ops::Range<usize>,
    bias: Option<&[f32]>,
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let at = |token: usize, part: usize, c: usize| {
        f64::from(projected[token * 3 * hidden + part * hidden + column + c])
    };
    let mut contexts = Vec::new();
    let mut weights = Vec::new();
    for query in tokens.clone() {
        let scores: Vec<f64> = tokens
            .clone()
            .map(|key| {
                let product: f64 = (0..width).map(|c| at(query, 0, c) * at(key, 1, c)).sum();
                product / (width as f64).sqrt() + bias.map_or(0.0, |bias| f64::from(bias[key]))
            })
            .collect();
        let most = scores.iter().copied().fold(f64::MIN, f64::max);
        let exps: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
        let sum: f64 = exps.iter().sum();
        let row: Vec<f64> = exps.iter().map(|value| value / sum).collect();
        contexts.push(
            (0..width)
                .map(|c| tokens.clone().zip(&row).map(|(key, weight)| weight * at(key, 2, c)).sum())
                .collect(),
        );
        weights.push(row);
    }
    (contexts, weights)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn attention_agrees_with_double_precision(
        lengths in proptest::collection::vec(1_usize..200, 1..4),
        heads in 1_usize..4,
        width in prop_oneof![Just(8_usize), Just(16), Just(64)],
        seed in 0_usize..1000,
        has_bias: bool,
        keeps: bool,
        first in prop_oneof![Just(None), Just(Some(1_usize))],
    ) {
        let hidden = heads * width;
        let mut sequences = Vec::new();
        let mut end = 0;
        for length in &lengths {
            sequences.push(end..end + length);
            end += length;
        }
        let projected = values(end * 3 * hidden, seed);
        let terms = values(end, seed + 1);
        let bias = has_bias.then_some(&terms[..]);
        let longest = lengths.iter().copied().max().unwrap_or(0);
        for level in Level::available() {
            let asking: usize = lengths.iter().map(|length| first.unwrap_or(*length)).sum();
            let mut context = vec![f32::NAN; asking * hidden];
            let mut kept = vec![-1.0; sequences.len() * heads * longest * longest];
            let what = Attention { projected: &projected, hidden, heads, sequences: &sequences, bias, queries: first };
            attention(level, &what, &mut context, keeps.then_some((&mut kept[..], longest)));
            let mut row = 0;
            for (sequence, tokens) in sequences.iter().enumerate() {
                let count = first.unwrap_or(tokens.len());
                for head in 0..heads {
                    let (contexts, weights) = plain(&projected, hidden, head * width, width, tokens.clone(), bias);
                    for query in 0..count {
                        for c in 0..width {
                            let found = f64::from(context[(row + query) * hidden + head * width + c]);
                            prop_assert!((found - contexts[query][c]).abs() < 1e-5);
                        }
                        if keeps {
                            let start = ((sequence * heads + head) * longest + query) * longest;
                            for (key, exact) in weights[query].iter().enumerate() {
                                prop_assert!((f64::from(kept[start + key]) - exact).abs() < 1e-6);
                            }
                            // Elements after the sequence are not written.
                            prop_assert!(kept[start + tokens.len()..start + longest].iter().all(|weight| *weight == -1.0));
                        }
                    }
                }
                row += count;
            }
        }
    }

    #[test]
    fn products_agree_with_double_precision_in_either_order_of_weights(
        rows in 0_usize..70, input in 1_usize..90, output in 1_usize..90, gap in 0_usize..5, turned: bool,
    ) {
        let (x, w, b) = (values(rows * input, 1), values(input * output, 2), values(output, 3));
        let strides = if turned { [1, input] } else { [output, 1] };
        let weights = Weights::new(&w, [input, output], strides, Some(&b));
        let stride = output + gap;
        let mut found = vec![7.0; rows * stride];
        linear(Level::detected(), &x, &weights, &mut found, stride);
        for row in 0..rows {
            for column in 0..stride {
                let found = f64::from(found[row * stride + column]);
                if column >= output {
                    prop_assert_eq!(found, 7.0);
                    continue;
                }
                let exact = f64::from(b[column]) + (0..input).map(|i| {
                    f64::from(x[row * input + i]) * f64::from(w[i * strides[0] + column * strides[1]])
                }).sum::<f64>();
                prop_assert!((found - exact).abs() < 1e-4);
            }
        }
    }
}

#[test]
fn windows_overlap_and_must_end_inside_the_input() {
    let (step, width, output, rows) = (3, 7, 4, 5);
    let x = values((rows - 1) * step + width, 1);
    let w = values(width * output, 2);
    let weights = Weights::new(&w, [width, output], [output, 1], None);
    let mut found = vec![0.0; rows * output];
    convolve(Level::detected(), &x, [rows, step], &weights, &mut found, output);
    for row in 0..rows {
        for column in 0..output {
            let term = |i: usize| f64::from(x[row * step + i]) * f64::from(w[i * output + column]);
            let exact: f64 = (0..width).map(term).sum();
            assert!((f64::from(found[row * output + column]) - exact).abs() < 1e-5);
        }
    }
    // With a single row the step is ignored.
    let mut one = vec![0.0; output];
    convolve(Level::detected(), &x[..width], [1, usize::MAX], &weights, &mut one, output);
    assert_eq!(one, found[..output]);
    let short = &x[..x.len() - 1];
    let outside = std::panic::catch_unwind(|| {
        convolve(
            Level::detected(),
            short,
            [rows, step],
            &weights,
            &mut vec![0.0; rows * output],
            output,
        );
    });
    assert!(outside.is_err());
}
