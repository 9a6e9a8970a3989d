//! Weights and rows in bfloat16: the upper half of an f32.

use rayon::prelude::*;

use super::{PANEL, PackedRows, padded_bias};
use crate::level::for_each_level;
use crate::math::Arithmetic;
use crate::matrix::{Matrix, multiply as product};
use crate::{Level, Weights};

/// The number of products that one instruction adds.
pub(super) const GROUP: usize = 2;

#[derive(Debug)]
pub(super) struct Bf16Weights {
    pub(super) input: usize,
    pub(super) output: usize,
    /// The groups of inputs; the last may be padded with zeros.
    pub(super) groups: usize,
    /// `[panels, groups, PANEL, GROUP]`.
    pub(super) panels: Vec<u16>,
    pub(super) bias: Vec<f32>,
}

impl Bf16Weights {
    pub(super) fn new(weights: &Weights<'_>) -> Self {
        let (input, output) = (weights.input(), weights.output());
        let groups = input.div_ceil(GROUP);
        let mut panels = vec![0; output.next_multiple_of(PANEL) * groups * GROUP];
        let size = groups * PANEL * GROUP;
        panels.par_chunks_mut(size).enumerate().for_each(|(index, panel)| {
            let first = index * PANEL;
            for row in 0..input {
                let group = &mut panel[row / GROUP * PANEL * GROUP..];
                for column in 0..PANEL.min(output - first) {
                    group[column * GROUP + row % GROUP] = rounded(weights.at(row, first + column));
                }
            }
        });
        Self { input, output, groups, panels, bias: padded_bias(weights) }
    }

    pub(super) fn bytes(&self) -> usize {
        2 * self.panels.len() + 4 * self.bias.len()
    }

    /// The packed weights of a panel.
    pub(super) fn panel(&self, panel: usize) -> &[u16] {
        let size = self.groups * PANEL * GROUP;
        &self.panels[panel * size..(panel + 1) * size]
    }
}

/// Rounds to the nearest bfloat16, ties to even. NaN stays NaN.
#[inline(always)]
fn rounded(value: f32) -> u16 {
    let bits = value.to_bits();
    let nearest = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
    // A NaN with zeros above would become infinite, or wrap.
    if value.is_nan() { (bits >> 16) as u16 | 0x40 } else { nearest }
}

fn widened(value: u16) -> f32 {
    f32::from_bits(u32::from(value) << 16)
}

pub(super) fn pack_rows(level: Level, input: &[f32], rows: &mut PackedRows) {
    rows.pitch = rows.width.next_multiple_of(GROUP);
    let (width, pitch) = (rows.width, rows.pitch);
    round(level, input, width, rows.make_bf16(rows.count * pitch), pitch);
}

/// Packs windows that start `step` elements apart, over all of `input`.
pub(super) fn pack_windows(level: Level, input: &[f32], step: usize, rows: &mut PackedRows) {
    if !rows.width.is_multiple_of(GROUP) || step == 0 {
        // The last group of a window must not read what follows it.
        let starts = (0..rows.count).map(|row| row * step);
        let apart: Vec<f32> =
            starts.flat_map(|start| &input[start..start + rows.width]).copied().collect();
        pack_rows(level, &apart, rows);
        return;
    }
    rows.pitch = step;
    let values = rows.make_bf16(input.len());
    if !input.is_empty() {
        round(level, input, input.len(), values, input.len());
    }
}

#[inline(always)]
fn round_body<A: Arithmetic>(input: &[f32], width: usize, values: &mut [u16], pitch: usize) {
    for (row, values) in input.chunks_exact(width).zip(values.chunks_exact_mut(pitch)) {
        let (own, padding) = values.split_at_mut(width);
        own.iter_mut().zip(row).for_each(|(place, value)| *place = rounded(*value));
        padding.fill(0);
    }
}

for_each_level! {
    /// Rounds each row of `input`, and pads it with zeros.
    fn round(input: &[f32], width: usize, values: &mut [u16], pitch: usize) = round_body
}

pub(super) fn multiply(
    level: Level,
    rows: &PackedRows,
    weights: &Bf16Weights,
    output: &mut [f32],
    stride: usize,
) {
    let end = (rows.count - 1) * rows.pitch + weights.groups * GROUP;
    assert!(rows.bf16().len() >= end, "the rows are packed for other weights");
    #[cfg(target_arch = "x86_64")]
    if super::bf16_x86::multiply(level, rows, weights, output, stride) {
        return;
    }
    let _ = level;
    multiply_widened(rows, weights, output, stride);
}

/// The product in f32, of the same rounded values.
#[allow(unsafe_code, reason = "a product takes pointers")]
fn multiply_widened(rows: &PackedRows, weights: &Bf16Weights, output: &mut [f32], stride: usize) {
    let inner = weights.groups * GROUP;
    let states: Vec<f32> = rows.bf16().iter().copied().map(widened).collect();
    let mut panel_weights = vec![0.0; inner * PANEL];
    for panel in 0..weights.bias.len() / PANEL {
        let columns = panel * PANEL..((panel + 1) * PANEL).min(weights.output);
        for (group, values) in
            weights.panel(panel).as_chunks::<{ PANEL * GROUP }>().0.iter().enumerate()
        {
            for (column, pair) in values.as_chunks::<GROUP>().0.iter().enumerate() {
                for (within, value) in pair.iter().enumerate() {
                    panel_weights[(group * GROUP + within) * PANEL + column] = widened(*value);
                }
            }
        }
        let place = output[columns.start..].as_mut_ptr();
        // SAFETY: `multiply` checked that the rows hold all their groups, and its caller that the
        // output holds its last element. The weights of the panel have `inner` rows.
        unsafe {
            product(
                [rows.count, inner, columns.len()],
                &Matrix { start: states.as_ptr(), strides: [rows.pitch, 1] },
                &Matrix { start: panel_weights.as_ptr(), strides: [PANEL, 1] },
                1.0,
                &Matrix { start: place, strides: [stride, 1] },
            );
        }
    }
    for row in output.chunks_mut(stride.max(weights.output)).take(rows.count) {
        row.iter_mut()
            .zip(&weights.bias[..weights.output])
            .for_each(|(value, bias)| *value += bias);
    }
}
