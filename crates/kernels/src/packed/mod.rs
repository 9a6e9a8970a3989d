//! Products of rows with weights in fewer bits than f32.

mod bf16;
#[cfg(target_arch = "x86_64")]
mod bf16_x86;
mod int8;
#[cfg(target_arch = "x86_64")]
mod int8_x86;

use bf16::Bf16Weights;
use int8::Int8Weights;

use crate::linear::last_of;
use crate::{Buffer, Level, Weights};

/// The number of columns that are packed side by side: four AVX-512 registers of 32 bits.
const PANEL: usize = 64;

/// The largest number of rows of one tile of the product. Its sums, 24 registers with AVX-512, leave
/// room for the weights.
const TILE: usize = 6;

/// The bytes of packed rows that stay in the second cache of a core while the panels pass by.
const CACHED: usize = 256 << 10;

/// A matrix of weights in fewer bits, packed for products, with its bias.
///
/// | | weights | rows | sums |
/// | --- | --- | --- | --- |
/// | [`bf16`](Self::bf16) | rounded to bfloat16 | rounded to bfloat16 | f32 |
/// | [`int8`](Self::int8) | 8 bits, a scale for each output | 8 bits, a scale for each row | exact |
///
/// ```
/// use dnabert_kernels::{Level, PackedRows, PackedWeights, Weights};
///
/// let weights = Weights::new(&[0.5, -1.0, 0.25, 2.0], [2, 2], [2, 1], None);
/// let packed = PackedWeights::int8(&weights);
/// let (level, mut rows) = (Level::detected(), PackedRows::default());
/// packed.pack_rows(level, &[1.0, 3.0], &mut rows);
/// let mut output = [0.0; 2];
/// packed.multiply(level, &rows, &mut output, 2);
/// assert!((output[0] - 1.25).abs() < 0.02 && (output[1] - 5.0).abs() < 0.05);
/// ```
#[derive(Debug)]
pub struct PackedWeights(Packed);

#[derive(Debug)]
enum Packed {
    Bf16(Bf16Weights),
    Int8(Int8Weights),
}

/// Rows that are ready for products with [`PackedWeights`] of one kind; its memory is used again.
#[derive(Debug, Default)]
pub struct PackedRows {
    /// The number of rows.
    count: usize,
    /// Elements from one row to the next.
    pitch: usize,
    /// Elements of a row.
    width: usize,
    kind: Kind,
    /// The number of elements.
    length: usize,
    /// Memory for the elements.
    values: Buffer,
    /// The scale of each row of 8 bits.
    scales: Vec<f32>,
}

/// The format of packed rows.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Bf16,
    Int8,
}

impl PackedWeights {
    /// Rounds the weights to bfloat16: 8 bits of precision, the range of f32.
    pub fn bf16(weights: &Weights<'_>) -> Self {
        Self(Packed::Bf16(Bf16Weights::new(weights)))
    }

    /// Rounds the weights of each output to 255 equal steps, between plus and minus the largest of
    /// them.
    pub fn int8(weights: &Weights<'_>) -> Self {
        Self(Packed::Int8(Int8Weights::new(weights)))
    }

    /// The number of input columns.
    pub fn input(&self) -> usize {
        match &self.0 {
            Packed::Bf16(weights) => weights.input,
            Packed::Int8(weights) => weights.input,
        }
    }

    /// The number of output columns.
    pub fn output(&self) -> usize {
        match &self.0 {
            Packed::Bf16(weights) => weights.output,
            Packed::Int8(weights) => weights.output,
        }
    }

    /// The memory of the packed weights, in bytes.
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Packed::Bf16(weights) => weights.bytes(),
            Packed::Int8(weights) => weights.bytes(),
        }
    }

    /// Prepares rows for [`multiply`](Self::multiply) by these weights, or by others of the same
    /// kind and input.
    ///
    /// # Shapes
    ///
    /// - `input`: `[rows, input]`
    ///
    /// # Panics
    ///
    /// If `input` is not a whole number of rows.
    pub fn pack_rows(&self, level: Level, input: &[f32], rows: &mut PackedRows) {
        let width = self.input();
        let count = input.len() / width;
        assert_eq!(count * width, input.len(), "the input must be a whole number of rows");
        (rows.count, rows.width) = (count, width);
        match &self.0 {
            Packed::Bf16(_) => bf16::pack_rows(level, input, rows),
            Packed::Int8(_) => int8::pack_rows(level, input, rows),
        }
    }

    /// Prepares windows that may overlap: each of the `count` windows starts `step` elements after
    /// the window before.
    ///
    /// # Panics
    ///
    /// If the last window ends after `input`, or the weights are not of bfloat16: a value of 8 bits
    /// has the scale of its row, and so cannot be in two of them.
    pub fn pack_windows(
        &self,
        level: Level,
        input: &[f32],
        [count, step]: [usize; 2],
        rows: &mut PackedRows,
    ) {
        assert!(matches!(self.0, Packed::Bf16(_)), "windows are of bfloat16");
        let width = self.input();
        let end = if count == 0 { 0 } else { last_of([count, width], [step, 1]) };
        assert!(
            count == 0 || end < input.len(),
            "{} values, but the last window ends at index {end}",
            input.len()
        );
        (rows.count, rows.width) = (count, width);
        bf16::pack_windows(level, &input[..(end + 1).min(input.len())], step, rows);
    }

    /// Computes `rows × weights + bias` on one thread.
    ///
    /// Rows of the output start `stride` elements apart; elements between rows are not written. A
    /// row with a value that is not finite gives NaN.
    ///
    /// # Shapes
    ///
    /// - `rows`: `[rows, input]`
    /// - `output`: `[rows, output]`, with `stride` elements from row to row
    ///
    /// # Panics
    ///
    /// If the rows are of another kind or width, or `output` is too small.
    pub fn multiply(&self, level: Level, rows: &PackedRows, output: &mut [f32], stride: usize) {
        if rows.count == 0 {
            return;
        }
        assert_eq!(rows.width, self.input(), "the rows are packed for other weights");
        let width = self.output();
        let last = last_of([rows.count, width], [if rows.count == 1 { 0 } else { stride }, 1]);
        assert!(
            (rows.count == 1 || stride >= width) && last < output.len(),
            "the output is too small"
        );
        match &self.0 {
            Packed::Bf16(weights) => bf16::multiply(level, rows, weights, output, stride),
            Packed::Int8(weights) => int8::multiply(level, rows, weights, output, stride),
        }
    }
}

impl PackedRows {
    /// Makes room for so many elements of a format, of so many bytes each.
    fn reset(&mut self, kind: Kind, length: usize, bytes: usize) {
        (self.kind, self.length) = (kind, length);
        let needed = (length * bytes).div_ceil(size_of::<f32>());
        if self.values.len() < needed {
            self.values = Buffer::new(needed);
        }
    }

    fn make_bf16(&mut self, length: usize) -> &mut [u16] {
        self.reset(Kind::Bf16, length, 2);
        &mut bytemuck::cast_slice_mut(&mut self.values)[..length]
    }

    fn make_int8(&mut self, length: usize) -> (&mut [u8], &mut [f32]) {
        self.reset(Kind::Int8, length, 1);
        self.scales.resize(self.count, 0.0);
        (self.values.as_bytes_mut(length), &mut self.scales)
    }

    /// The elements in bfloat16.
    ///
    /// # Panics
    ///
    /// If they have another format.
    fn bf16(&self) -> &[u16] {
        assert_eq!(self.kind, Kind::Bf16, "the rows are not in bfloat16");
        &bytemuck::cast_slice(&self.values)[..self.length]
    }

    /// The elements of 8 bits.
    ///
    /// # Panics
    ///
    /// If they have another format.
    fn int8(&self) -> &[u8] {
        assert_eq!(self.kind, Kind::Int8, "the rows are not of 8 bits");
        self.values.as_bytes(self.length)
    }

    /// Calls `tile` with the first row, the number of rows and the panel of each tile, in an order
    /// in which rows and panels stay in the caches.
    fn for_each_tile(
        &self,
        row_bytes: usize,
        panels: usize,
        mut tile: impl FnMut(usize, usize, usize),
    ) {
        let chunk = (CACHED / row_bytes.max(1)).next_multiple_of(TILE);
        for start in (0..self.count).step_by(chunk) {
            let end = (start + chunk).min(self.count);
            for panel in 0..panels {
                for first in (start..end).step_by(TILE) {
                    tile(first, TILE.min(end - first), panel);
                }
            }
        }
    }
}

/// The bias of each column of the panels; 0 beyond the last.
fn padded_bias(weights: &Weights<'_>) -> Vec<f32> {
    let mut bias = weights.bias().map_or_else(Vec::new, <[f32]>::to_vec);
    bias.resize(weights.output().next_multiple_of(PANEL), 0.0);
    bias
}

/// The bits of the 16 columns from `column` on that a product with `output` columns has.
#[cfg(target_arch = "x86_64")]
#[inline]
fn mask_from(column: usize, output: usize) -> u16 {
    let left = output.saturating_sub(column).min(16);
    ((1_u32 << left) - 1) as u16
}
