//! Products of 8 bits by the instructions of x86-64: `vpdpbusd` with AVX-512 VNNI or AVX-VNNI, and
//! `vpmaddubsw` with AVX2.
#![allow(unsafe_code, reason = "calls instructions that were detected at run time, on pointers")]

use std::arch::x86_64::*;

use super::int8::{GROUP, Int8Weights, finish};
use super::{PANEL, PackedRows, TILE, mask_from};
use crate::Level;

/// The instructions for products of 8 bits.
#[derive(Debug, Clone, Copy)]
enum Instructions {
    Avx2,
    AvxVnni,
    Avx512Vnni,
}

impl Instructions {
    fn of(level: Level) -> Option<Self> {
        let level = level.min(Level::detected());
        if level == Level::Avx512 && is_x86_feature_detected!("avx512vnni") {
            return Some(Self::Avx512Vnni);
        }
        if level >= Level::Avx2 && is_x86_feature_detected!("avxvnni") {
            return Some(Self::AvxVnni);
        }
        (level >= Level::Avx2).then_some(Self::Avx2)
    }
}

/// Returns false if the processor has none of the instructions.
pub(super) fn multiply(
    level: Level,
    rows: &PackedRows,
    weights: &Int8Weights,
    output: &mut [f32],
    stride: usize,
) -> bool {
    let Some(instructions) = Instructions::of(level) else {
        return false;
    };
    multiply_by(instructions, rows, weights, output, stride);
    true
}

fn multiply_by(
    instructions: Instructions,
    rows: &PackedRows,
    weights: &Int8Weights,
    output: &mut [f32],
    stride: usize,
) {
    let panels = weights.scales.len() / PANEL;
    rows.for_each_tile(rows.pitch, panels, |first, count, panel| {
        if matches!(instructions, Instructions::Avx512Vnni) {
            let tile = Tile { rows, weights, first, panel };
            let output = &mut output[first * stride..];
            let needed = (count - 1) * stride + weights.output;
            assert!(output.len() >= needed, "the output is too small");
            let output = output.as_mut_ptr();
            // SAFETY: the instructions were detected, and `output` holds `count` rows.
            unsafe {
                match count {
                    6 => avx512::<6>(&tile, output, stride),
                    5 => avx512::<5>(&tile, output, stride),
                    4 => avx512::<4>(&tile, output, stride),
                    3 => avx512::<3>(&tile, output, stride),
                    2 => avx512::<2>(&tile, output, stride),
                    _ => avx512::<1>(&tile, output, stride),
                }
            }
            return;
        }
        let mut sums = [[0; PANEL]; TILE];
        for (row, sums) in (first..).zip(&mut sums[..count]) {
            let own = &rows.int8()[row * rows.pitch..][..rows.pitch];
            // SAFETY: the instructions were detected.
            unsafe {
                if matches!(instructions, Instructions::AvxVnni) {
                    avx_vnni(own, weights.panel(panel), sums);
                } else {
                    // These products leave out the 128 in the rows.
                    sums.copy_from_slice(&weights.offsets[panel * PANEL..][..PANEL]);
                    avx2(own, weights.panel(panel), sums);
                }
            }
        }
        for (row, sums) in (first..).zip(&sums[..count]) {
            finish(sums, rows.scales[row], weights, panel, &mut output[row * stride..]);
        }
    });
}

/// The operands of a tile: some rows and one panel.
struct Tile<'a> {
    rows: &'a PackedRows,
    weights: &'a Int8Weights,
    first: usize,
    panel: usize,
}

/// Writes the product of `ROWS` rows with a panel.
///
/// # Safety
///
/// The processor must have the instructions, and `output` must hold `ROWS` rows, `stride` apart.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni,avx2,fma")]
unsafe fn avx512<const ROWS: usize>(tile: &Tile<'_>, output: *mut f32, stride: usize) {
    const LANES: usize = 16;
    const PARTS: usize = PANEL / LANES;
    let Tile { rows, weights, first, panel } = *tile;
    let pitch = rows.pitch;
    let values = rows.int8()[first * pitch..(first + ROWS) * pitch].as_ptr();
    let panel_weights = weights.panel(panel).as_ptr();
    let mut sums = [[_mm512_setzero_si512(); PARTS]; ROWS];
    for group in 0..pitch / GROUP {
        // SAFETY: the panel has as many groups as the rows, and `values` has `ROWS` rows.
        unsafe {
            let at = panel_weights.add(group * PANEL * GROUP);
            let mut parts = [_mm512_setzero_si512(); PARTS];
            for (index, part) in parts.iter_mut().enumerate() {
                *part = _mm512_loadu_si512(at.add(index * LANES * GROUP).cast());
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let four = values.add(row * pitch + group * GROUP).cast::<i32>().read_unaligned();
                let four = _mm512_set1_epi32(four);
                for (sum, part) in sums.iter_mut().zip(parts) {
                    *sum = _mm512_dpbusd_epi32(*sum, four, part);
                }
            }
        }
    }
    for part in 0..PARTS {
        let column = panel * PANEL + part * LANES;
        let mask = mask_from(column, weights.output);
        // SAFETY: offsets, scales and bias are as long as all panels, and the mask leaves out the
        // columns that the output does not have.
        unsafe {
            let offsets = _mm512_loadu_si512(weights.offsets.as_ptr().add(column).cast());
            let scales = _mm512_loadu_ps(weights.scales.as_ptr().add(column));
            let bias = _mm512_loadu_ps(weights.bias.as_ptr().add(column));
            for (row, sums) in sums.iter().enumerate() {
                let scale = _mm512_mul_ps(_mm512_set1_ps(rows.scales[first + row]), scales);
                let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[part], offsets));
                // Not fused, as in `finish`.
                let value = _mm512_add_ps(_mm512_mul_ps(sum, scale), bias);
                _mm512_mask_storeu_ps(output.wrapping_add(row * stride + column), mask, value);
            }
        }
    }
}

/// Defines a function that adds the products of a row with a panel to `sums`, given the step for
/// four values, four weights of eight columns, and their sums.
macro_rules! row_by_panel {
    ($name:ident, $features:literal, $step:expr) => {
        /// # Safety
        ///
        /// The processor must have the instructions.
        #[target_feature(enable = $features)]
        unsafe fn $name(row: &[u8], panel: &[i8], sums: &mut [i32; PANEL]) {
            const LANES: usize = 8;
            let mut registers = [_mm256_setzero_si256(); PANEL / LANES];
            for (register, places) in registers.iter_mut().zip(sums.as_chunks::<LANES>().0) {
                // SAFETY: the chunk has the 8 numbers of a register.
                *register = unsafe { _mm256_loadu_si256(places.as_ptr().cast()) };
            }
            let groups = panel.as_chunks::<{ PANEL * GROUP }>().0;
            for (four, group) in row.as_chunks::<GROUP>().0.iter().zip(groups) {
                let four = _mm256_set1_epi32(i32::from_le_bytes(*four));
                for (sum, weights) in
                    registers.iter_mut().zip(group.as_chunks::<{ LANES * GROUP }>().0)
                {
                    // SAFETY: the chunk has the 32 bytes of a register.
                    let weights = unsafe { _mm256_loadu_si256(weights.as_ptr().cast()) };
                    *sum = $step(*sum, four, weights);
                }
            }
            for (places, register) in sums.as_chunks_mut::<LANES>().0.iter_mut().zip(registers) {
                // SAFETY: the chunk has the 8 places of a register.
                unsafe { _mm256_storeu_si256(places.as_mut_ptr().cast(), register) };
            }
        }
    };
}

row_by_panel!(avx_vnni, "avx,avx2,avxvnni", |sum, four, weights| _mm256_dpbusd_avx_epi32(
    sum, four, weights
));

row_by_panel!(avx2, "avx,avx2", |sum, four, weights| {
    // The first factor has no sign here, so that of the value moves to the weight. Two products of
    // at most 127 × 127 fit in 16 bits.
    let signed = _mm256_xor_si256(four, _mm256_set1_epi8(-128));
    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(signed), _mm256_sign_epi8(weights, signed));
    _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
});

#[cfg(test)]
mod tests {
    use super::super::int8;
    use super::*;
    use crate::Weights;

    #[test]
    fn all_instructions_give_the_same_bits() {
        let number = |index: usize| ((index * 7919) % 1009) as f32 / 504.0 - 1.0;
        let level = Level::detected();
        for (count, input, output) in [(1, 3, 1), (5, 8, 64), (7, 130, 70), (13, 257, 129)] {
            let values: Vec<f32> = (0..input * output).map(number).collect();
            let weights = Weights::new(&values, [input, output], [output, 1], None);
            let packed = Int8Weights::new(&weights);
            let states: Vec<f32> = (0..count * input).map(|index| number(index + 5)).collect();
            let mut rows = PackedRows { count, width: input, ..PackedRows::default() };
            int8::pack_rows(level, &states, &mut rows);
            let mut expected = vec![0.0; count * output];
            int8::multiply(Level::Portable, &rows, &packed, &mut expected, output);
            let has_256 = is_x86_feature_detected!("avx2");
            for (is_here, instructions) in [
                (has_256, Instructions::Avx2),
                (is_x86_feature_detected!("avxvnni"), Instructions::AvxVnni),
                (is_x86_feature_detected!("avx512vnni"), Instructions::Avx512Vnni),
            ] {
                if is_here {
                    let mut found = vec![0.0; count * output];
                    multiply_by(instructions, &rows, &packed, &mut found, output);
                    assert_eq!(found, expected, "{instructions:?}, {count} × {input} × {output}");
                }
            }
        }
    }
}
