//! Weights and rows of 8 bits.
//!
//! A weight is a number from −127 to 127 times the scale of its column. A row is the same, with a
//! scale of its own, and is stored with 128 added, as the instructions for such products want it.
//! Sums are exact, so every processor gives the same bits.

use rayon::prelude::*;

use super::{PANEL, PackedRows, padded_bias};
use crate::level::for_each_level;
use crate::math::Arithmetic;
use crate::{Level, Weights};

/// The number of products that one instruction adds.
pub(super) const GROUP: usize = 4;

/// The greatest size of a value.
const GREATEST: f32 = 127.0;

/// What is added to the values of rows.
const ZERO: u8 = 128;

/// A row whose values are all smaller is a row of zeros; its scale would not be a normal number.
const TINY: f32 = 1e-36;

/// 1.5 × 2²³ + 128: added to a number between −127 and 127, its low byte is the rounded number plus
/// 128.
const ROUNDER: f32 = 12_583_040.0;

#[derive(Debug)]
pub(super) struct Int8Weights {
    pub(super) input: usize,
    pub(super) output: usize,
    /// The groups of inputs; the last may be padded with zeros.
    pub(super) groups: usize,
    /// `[panels, groups, PANEL, GROUP]`.
    pub(super) panels: Vec<i8>,
    /// 128 times the sum of each column, which the 128 in the rows adds to a product.
    pub(super) offsets: Vec<i32>,
    /// The scale of each column.
    pub(super) scales: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Int8Weights {
    pub(super) fn new(weights: &Weights<'_>) -> Self {
        let (input, output) = (weights.input(), weights.output());
        let groups = input.div_ceil(GROUP);
        let padded = output.next_multiple_of(PANEL);
        let size = groups * PANEL * GROUP;
        let mut panels = vec![0; padded * groups * GROUP];
        let (mut offsets, mut scales) = (vec![0; padded], vec![0.0; padded]);
        let places = offsets.par_chunks_mut(PANEL).zip(scales.par_chunks_mut(PANEL));
        panels.par_chunks_mut(size).zip(places).enumerate().for_each(
            |(index, (panel, (offsets, scales)))| {
                let first = index * PANEL;
                let columns = PANEL.min(output - first);
                let mut greatest = [0; PANEL];
                for row in 0..input {
                    for (column, greatest) in greatest[..columns].iter_mut().enumerate() {
                        *greatest = size_bits(weights.at(row, first + column)).max(*greatest);
                    }
                }
                let factors = greatest.map(|greatest| factors_for(f32::from_bits(greatest)));
                scales.iter_mut().zip(factors).for_each(|(place, (_, scale))| *place = scale);
                for row in 0..input {
                    let group = &mut panel[row / GROUP * PANEL * GROUP..];
                    for column in 0..columns {
                        let value = weights.at(row, first + column) * factors[column].0;
                        let rounded = value.round_ties_even() as i8;
                        offsets[column] += i32::from(ZERO) * i32::from(rounded);
                        group[column * GROUP + row % GROUP] = rounded;
                    }
                }
            },
        );
        Self { input, output, groups, panels, offsets, scales, bias: padded_bias(weights) }
    }

    pub(super) fn bytes(&self) -> usize {
        self.panels.len() + 12 * self.scales.len()
    }

    /// The packed weights of a panel.
    pub(super) fn panel(&self, panel: usize) -> &[i8] {
        let size = self.groups * PANEL * GROUP;
        &self.panels[panel * size..(panel + 1) * size]
    }
}

/// The bits of a number without its sign. They are in the order of the numbers, and NaN comes last.
#[inline(always)]
fn size_bits(value: f32) -> u32 {
    value.to_bits() & 0x7fff_ffff
}

/// What values are multiplied with to be at most 127, and the scale that undoes it; NaN for values
/// that are not finite.
#[inline(always)]
fn factors_for(greatest: f32) -> (f32, f32) {
    if !greatest.is_finite() {
        (0.0, f32::NAN)
    } else if greatest < TINY {
        (0.0, 0.0)
    } else {
        (GREATEST / greatest, greatest / GREATEST)
    }
}

pub(super) fn pack_rows(level: Level, input: &[f32], rows: &mut PackedRows) {
    rows.pitch = rows.width.next_multiple_of(GROUP);
    let (width, pitch) = (rows.width, rows.pitch);
    let (values, scales) = rows.make_int8(rows.count * pitch);
    quantize(level, input, width, values, pitch, scales);
}

#[inline(always)]
fn quantize_body<A: Arithmetic>(
    input: &[f32],
    width: usize,
    values: &mut [u8],
    pitch: usize,
    scales: &mut [f32],
) {
    let rows = input.chunks_exact(width).zip(values.chunks_exact_mut(pitch));
    for ((row, values), scale) in rows.zip(scales) {
        let greatest = row.iter().map(|value| size_bits(*value)).max();
        let (inverse, undo) = factors_for(f32::from_bits(greatest.unwrap_or_default()));
        *scale = undo;
        let (own, padding) = values.split_at_mut(width);
        for (place, value) in own.iter_mut().zip(row) {
            *place = (value * inverse + ROUNDER).to_bits() as u8;
        }
        padding.fill(ZERO);
    }
}

for_each_level! {
    /// Writes each row of `input` as bytes, and its scale.
    fn quantize(input: &[f32], width: usize, values: &mut [u8], pitch: usize, scales: &mut [f32])
        = quantize_body
}

pub(super) fn multiply(
    level: Level,
    rows: &PackedRows,
    weights: &Int8Weights,
    output: &mut [f32],
    stride: usize,
) {
    let values = rows.int8();
    assert_eq!(rows.pitch, weights.groups * GROUP, "the rows are packed for other weights");
    #[cfg(target_arch = "x86_64")]
    if super::int8_x86::multiply(level, rows, weights, output, stride) {
        return;
    }
    let _ = level;
    let panels = weights.scales.len() / PANEL;
    rows.for_each_tile(rows.pitch, panels, |first, count, panel| {
        for row in first..first + count {
            let mut sums = [0; PANEL];
            let own = &values[row * rows.pitch..][..rows.pitch];
            let groups = weights.panel(panel).as_chunks::<{ PANEL * GROUP }>().0;
            for (values, group) in own.as_chunks::<GROUP>().0.iter().zip(groups) {
                for (sum, weights) in sums.iter_mut().zip(group.as_chunks::<GROUP>().0) {
                    for (value, weight) in values.iter().zip(weights) {
                        *sum += i32::from(*value) * i32::from(*weight);
                    }
                }
            }
            finish(&sums, rows.scales[row], weights, panel, &mut output[row * stride..]);
        }
    });
}

/// Writes the products of one row with a panel, given its sums.
pub(super) fn finish(
    sums: &[i32; PANEL],
    scale: f32,
    weights: &Int8Weights,
    panel: usize,
    row: &mut [f32],
) {
    let columns = panel * PANEL..((panel + 1) * PANEL).min(weights.output);
    let places = row[columns.clone()].iter_mut().zip(sums);
    for ((place, sum), column) in places.zip(columns) {
        // Not fused, so that every processor rounds alike.
        let product = (sum - weights.offsets[column]) as f32 * (scale * weights.scales[column]);
        *place = product + weights.bias[column];
    }
}
