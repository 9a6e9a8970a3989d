//! Products in fewer bits: what is rounded, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test")]

use dnabert_kernels::{Level, PackedRows, PackedWeights, Weights};
use proptest::prelude::*;

/// Numbers between −1 and 1 that look random.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let number = |index: usize| ((index * 7919 + seed * 104_729) % 10_007) as f32 / 5003.0 - 1.0;
    (0..count).map(number).collect()
}

fn product(level: Level, packed: &PackedWeights, input: &[f32]) -> Vec<f32> {
    let mut rows = PackedRows::default();
    packed.pack_rows(level, input, &mut rows);
    let mut output = vec![f32::NAN; input.len() / packed.input() * packed.output()];
    packed.multiply(level, &rows, &mut output, packed.output());
    output
}

/// Rounds to the nearest bfloat16 by trying both neighbours.
fn nearest_bf16(value: f32) -> f64 {
    let below = f32::from_bits(value.to_bits() & 0xffff_0000);
    let above = f32::from_bits((value.to_bits() & 0xffff_0000) + 0x1_0000);
    let (down, up) = (f64::from(value - below).abs(), f64::from(above - value).abs());
    let even = (below.to_bits() >> 16) & 1 == 0;
    f64::from(if down < up || (down == up && even) { below } else { above })
}

/// The product of rounded rows and columns in double precision. `round` gets a row or a column.
fn expected(
    input: &[f32],
    weights: &[f32],
    [inner, columns]: [usize; 2],
    bias: &[f32],
    round: fn(&[f32]) -> Vec<f64>,
) -> Vec<f64> {
    let columns: Vec<Vec<f64>> = (0..columns)
        .map(|column| {
            let own: Vec<f32> = (0..inner).map(|row| weights[row * columns + column]).collect();
            round(&own)
        })
        .collect();
    let rows = input.chunks_exact(inner).map(round);
    rows.flat_map(|row| {
        let products = columns.iter().zip(bias).map(|(column, bias)| {
            let sum: f64 = row.iter().zip(column).map(|(left, right)| left * right).sum();
            sum + f64::from(*bias)
        });
        products.collect::<Vec<_>>()
    })
    .collect()
}

/// 255 equal steps.
fn steps(values: &[f32]) -> Vec<f64> {
    let greatest = values.iter().fold(0.0_f32, |greatest, value| greatest.max(value.abs()));
    let (inverse, scale) = (127.0 / greatest, f64::from(greatest / 127.0));
    values.iter().map(|value| f64::from((value * inverse).round_ties_even()) * scale).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn products_are_those_of_rounded_values(
        rows in 1..15_usize, inner in 1..140_usize, columns in 1..140_usize, seed in 0..1000_usize,
    ) {
        let (input, values) = (numbers(rows * inner, seed), numbers(inner * columns, seed + 1));
        let bias = numbers(columns, seed + 2);
        let weights = Weights::new(&values, [inner, columns], [columns, 1], Some(&bias));
        let rounded = |values: &[f32]| values.iter().map(|value| nearest_bf16(*value)).collect();
        let shape = [inner, columns];
        let bf16 = expected(&input, &values, shape, &bias, rounded);
        let int8 = expected(&input, &values, shape, &bias, steps);
        for level in Level::available() {
            let found = product(level, &PackedWeights::bf16(&weights), &input);
            for (found, expected) in found.iter().zip(&bf16) {
                prop_assert!((f64::from(*found) - expected).abs() < 2e-5, "{found} {expected}");
            }
            let found = product(level, &PackedWeights::int8(&weights), &input);
            for (found, expected) in found.iter().zip(&int8) {
                prop_assert!((f64::from(*found) - expected).abs() < 2e-5, "{found} {expected}");
            }
        }
    }

    #[test]
    fn windows_are_rows_that_overlap(
        count in 1..20_usize, width in 1..40_usize, step in 1..10_usize, columns in 1..70_usize,
    ) {
        let input = numbers((count - 1) * step + width, 3);
        let values = numbers(width * columns, 4);
        let weights = Weights::new(&values, [width, columns], [columns, 1], None);
        let packed = PackedWeights::bf16(&weights);
        let apart: Vec<f32> =
            (0..count).flat_map(|row| input[row * step..row * step + width].to_vec()).collect();
        for level in Level::available() {
            let mut rows = PackedRows::default();
            packed.pack_windows(level, &input, [count, step], &mut rows);
            let mut found = vec![0.0; count * columns];
            packed.multiply(level, &rows, &mut found, columns);
            let expected = product(level, &packed, &apart);
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert!((found - expected).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn what_is_not_finite_becomes_nan_and_stays_in_its_row() {
    let values = numbers(8 * 70, 1);
    let weights = Weights::new(&values, [8, 70], [70, 1], None);
    for level in Level::available() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut input = numbers(3 * 8, 2);
            input[8 + 3] = bad;
            for packed in [PackedWeights::int8(&weights), PackedWeights::bf16(&weights)] {
                let found = product(level, &packed, &input);
                assert!(found[70..140].iter().all(|value| !value.is_finite()), "{level:?} {bad}");
                assert!(found[..70].iter().chain(&found[140..]).all(|value| value.is_finite()));
            }
        }
    }
}

#[test]
fn weights_that_are_not_finite_are_not_lost() {
    let mut values = numbers(8 * 2, 1);
    values[2] = f32::NAN;
    let weights = Weights::new(&values, [8, 2], [2, 1], None);
    for packed in [PackedWeights::int8(&weights), PackedWeights::bf16(&weights)] {
        let found = product(Level::detected(), &packed, &numbers(8, 2));
        assert!(found[0].is_nan() && found[1].is_finite());
    }
}

#[test]
fn zeros_stay_zeros() {
    let weights = Weights::new(&[0.0; 12], [4, 3], [3, 1], None);
    for packed in [PackedWeights::int8(&weights), PackedWeights::bf16(&weights)] {
        assert_eq!(product(Level::detected(), &packed, &numbers(8, 1)), [0.0; 6]);
        assert_eq!(product(Level::detected(), &packed, &[0.0; 8]), [0.0; 6]);
    }
}

#[test]
fn eight_bits_need_a_quarter_of_the_memory() {
    let values = numbers(768 * 768, 1);
    let weights = Weights::new(&values, [768, 768], [768, 1], None);
    let whole = 4 * values.len();
    assert!(PackedWeights::int8(&weights).bytes() * 100 < whole * 27);
    assert!(PackedWeights::bf16(&weights).bytes() * 100 < whole * 51);
}

#[test]
fn one_kind_of_rows_is_refused_by_the_other_kind_of_weights() {
    let weights = Weights::new(&[1.0; 4], [2, 2], [2, 1], None);
    let (int8, bf16) = (PackedWeights::int8(&weights), PackedWeights::bf16(&weights));
    let mut rows = PackedRows::default();
    int8.pack_rows(Level::detected(), &[1.0, 2.0], &mut rows);
    let result = std::panic::catch_unwind(move || {
        bf16.multiply(Level::detected(), &rows, &mut [0.0; 2], 2);
    });
    assert!(result.is_err());
}
