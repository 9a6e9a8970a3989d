//! Products in bfloat16 by `vdpbf16ps` of AVX-512.
#![allow(unsafe_code, reason = "calls instructions that were detected at run time, on pointers")]

use std::arch::x86_64::*;
use std::mem::transmute;

use super::bf16::{Bf16Weights, GROUP};
use super::{PANEL, PackedRows, mask_from};
use crate::Level;

/// Returns false if the processor does not have the instruction.
pub(super) fn multiply(
    level: Level,
    rows: &PackedRows,
    weights: &Bf16Weights,
    output: &mut [f32],
    stride: usize,
) -> bool {
    let is_here =
        level.min(Level::detected()) == Level::Avx512 && is_x86_feature_detected!("avx512bf16");
    if !is_here {
        return false;
    }
    let panels = weights.bias.len() / PANEL;
    rows.for_each_tile(2 * weights.groups * GROUP, panels, |first, count, panel| {
        let values = &rows.bf16()[first * rows.pitch..];
        let output = &mut output[first * stride..];
        assert!(
            values.len() >= (count - 1) * rows.pitch + weights.groups * GROUP
                && output.len() >= (count - 1) * stride + weights.output,
            "rows and output hold the tile"
        );
        let (values, output) = (values.as_ptr(), output.as_mut_ptr());
        let tile = Tile { weights, panel, pitch: rows.pitch, stride };
        // SAFETY: the instructions were detected, and both pointers are at `count` rows.
        unsafe {
            match count {
                6 => avx512::<6>(&tile, values, output),
                5 => avx512::<5>(&tile, values, output),
                4 => avx512::<4>(&tile, values, output),
                3 => avx512::<3>(&tile, values, output),
                2 => avx512::<2>(&tile, values, output),
                _ => avx512::<1>(&tile, values, output),
            }
        }
    });
    true
}

/// The panel of a tile, and the elements from row to row of its values and of the output.
struct Tile<'a> {
    weights: &'a Bf16Weights,
    panel: usize,
    pitch: usize,
    stride: usize,
}

/// Writes the product of `ROWS` rows with a panel.
///
/// # Safety
///
/// The processor must have the instructions. `values` and `output` must be at `ROWS` rows, `pitch`
/// and `stride` apart, and no longer than the weights need.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma")]
unsafe fn avx512<const ROWS: usize>(tile: &Tile<'_>, values: *const u16, output: *mut f32) {
    const LANES: usize = 16;
    const PARTS: usize = PANEL / LANES;
    let Tile { weights, panel, pitch, stride } = *tile;
    let panel_weights = weights.panel(panel).as_ptr();
    let mut sums = [[_mm512_setzero_ps(); PARTS]; ROWS];
    for group in 0..weights.groups {
        // SAFETY: the panel has this group, and each row has as many.
        unsafe {
            let at = panel_weights.add(group * PANEL * GROUP);
            let mut parts = [_mm512_setzero_si512(); PARTS];
            for (index, part) in parts.iter_mut().enumerate() {
                *part = _mm512_loadu_si512(at.add(index * LANES * GROUP).cast());
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let pair = values.add(row * pitch + group * GROUP).cast::<i32>().read_unaligned();
                // The types say what the bits are; they have the same size.
                let pair = transmute::<__m512i, __m512bh>(_mm512_set1_epi32(pair));
                for (sum, part) in sums.iter_mut().zip(parts) {
                    *sum = _mm512_dpbf16_ps(*sum, pair, transmute::<__m512i, __m512bh>(part));
                }
            }
        }
    }
    for part in 0..PARTS {
        let column = panel * PANEL + part * LANES;
        let mask = mask_from(column, weights.output);
        // SAFETY: the bias is as long as all panels, and the mask leaves out the columns that the
        // output does not have.
        unsafe {
            let bias = _mm512_loadu_ps(weights.bias.as_ptr().add(column));
            for (row, sums) in sums.iter().enumerate() {
                let value = _mm512_add_ps(sums[part], bias);
                _mm512_mask_storeu_ps(output.wrapping_add(row * stride + column), mask, value);
            }
        }
    }
}
