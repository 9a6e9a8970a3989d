//! Compares every function with double precision, over the range of f32, at every level of the
//! processor.
#![allow(clippy::print_stdout, reason = "errors are shown by --nocapture")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod truth;

use dnabert_kernels::{Level, Norm, add_norm, exp, gelu, gelu_tanh, softmax};
use truth::{true_gelu, true_gelu_tanh};

/// Every 997th number of f32, of both signs, and some between −20 and 20 where the functions bend.
fn numbers() -> Vec<f32> {
    let all = (0..=u32::MAX).step_by(997).map(f32::from_bits).filter(|x| x.is_finite());
    let near = (-2_000_000..2_000_000).map(|step| step as f32 * 1e-5);
    all.chain(near).chain([0.0, -0.0, 88.7, -87.3, 13.9, -13.0]).collect()
}

/// Smaller results are nearly subnormal, and have few digits.
const TINY: f64 = 1e-36;

/// The largest error in units in the last place of the true value; true values below TINY count as
/// 0.
fn worst(function: fn(Level, &mut [f32]), level: Level, truth: fn(f64) -> f64) -> (f64, f32) {
    let inputs = numbers();
    let mut outputs = inputs.clone();
    function(level, &mut outputs);
    let mut worst = (0.0, 0.0);
    for (x, found) in inputs.into_iter().zip(outputs) {
        let exact = truth(f64::from(x));
        if exact.abs() < TINY {
            assert!(found.abs() < 1.1 * TINY as f32, "{found:e} at {x:e}, expected {exact:e}");
            continue;
        }
        if exact.abs() > f64::from(f32::MAX) {
            assert!(found.is_infinite(), "{found:e} at {x:e}, expected {exact:e}");
            continue;
        }
        let unit = 2_f64.powi(exact.abs().log2().floor() as i32 - 23);
        let error = (f64::from(found) - exact).abs() / unit;
        if error > worst.0 || error.is_nan() {
            worst = (error, x);
        }
    }
    worst
}

#[test]
fn errors_stay_within_the_limits_of_the_readme() {
    for level in Level::available() {
        for (name, function, truth, limit) in [
            ("exp", exp as fn(Level, &mut [f32]), f64::exp as fn(f64) -> f64, 2.0),
            ("gelu", gelu, true_gelu, 12.0),
            ("gelu_tanh", gelu_tanh, true_gelu_tanh, 400.0),
        ] {
            let (error, at) = worst(function, level, truth);
            println!("{name} {level:?}: {error:.2} ulp at {at:e}");
            assert!(error <= limit, "{name} {level:?}: {error} ulp at {at:e}");
        }
    }
}

#[test]
fn nan_and_infinity_are_handled() {
    for level in Level::available() {
        let infinite = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0];
        let apply = |function: fn(Level, &mut [f32])| {
            let mut values = infinite;
            function(level, &mut values);
            values
        };
        let found = apply(exp);
        assert!(found[0].is_infinite() && found[1] == 0.0 && found[2].is_nan() && found[3] == 1.0);
        for function in [gelu as fn(Level, &mut [f32]), gelu_tanh] {
            let found = apply(function);
            assert!(
                found[0].is_infinite() && found[1] == 0.0 && found[2].is_nan() && found[3] == 0.0,
                "{found:?}"
            );
        }
    }
}

#[test]
fn softmax_agrees_with_double_precision_for_every_length() {
    for level in Level::available() {
        for length in (1..100).chain([512, 8191]) {
            let row: Vec<f32> =
                (0..length).map(|at| ((at * 7919) % 97) as f32 / 3.0 - 20.0).collect();
            let mut found = row.clone();
            softmax(level, &mut found);
            let exact: Vec<f64> = row.iter().map(|value| f64::from(*value).exp()).collect();
            let sum: f64 = exact.iter().sum();
            for (found, exact) in found.iter().zip(exact) {
                let exact = exact / sum;
                assert!((f64::from(*found) - exact).abs() <= 2e-6 * exact, "{found} of {exact}");
            }
        }
        // BERT masks padding with −10⁴, which must become 0.
        let mut row = [1.0, 2.0, -1e4, f32::NEG_INFINITY];
        softmax(level, &mut row);
        assert_eq!(row[2..], [0.0, 0.0]);
        for broken in [f32::NAN, f32::INFINITY] {
            let mut row = [broken, 1.0];
            softmax(level, &mut row);
            assert!(row[0].is_nan(), "{row:?}");
        }
    }
}

#[test]
fn norms_agree_with_double_precision() {
    for level in Level::available() {
        for width in [1, 5, 32, 100, 768] {
            let value = |at: usize, k: usize| ((at * k) % 101) as f32 / 7.0 - 5.0;
            let fill =
                |count: usize, k: usize| (0..count).map(|at| value(at, k)).collect::<Vec<f32>>();
            let (rows, residual) = (fill(3 * width, 37), fill(3 * width, 53));
            let (gamma, beta) = (fill(width, 17), fill(width, 29));
            let norm = Norm { gamma: &gamma, beta: &beta, epsilon: 1e-12 };
            let mut found = rows.clone();
            add_norm(level, &mut found, Some(&residual), norm);
            for row in 0..3 {
                let at = |column: usize| {
                    f64::from(rows[row * width + column] + residual[row * width + column])
                };
                let mean = (0..width).map(at).sum::<f64>() / width as f64;
                let variance = (0..width).map(|column| (at(column) - mean).powi(2)).sum::<f64>()
                    / width as f64;
                for column in 0..width {
                    let exact = (at(column) - mean) / (variance + 1e-12).sqrt()
                        * f64::from(gamma[column])
                        + f64::from(beta[column]);
                    let found = f64::from(found[row * width + column]);
                    assert!((found - exact).abs() < 3e-5, "{found} of {exact}, width {width}");
                }
            }
        }
    }
}
