//! Matrix products.

/// A matrix in memory: a pointer to its first element, and the strides from row to row and from
/// column to column.
pub(crate) struct Matrix<P> {
    pub(crate) start: P,
    pub(crate) strides: [usize; 2],
}

/// Writes `scale × left × right`, `[rows, inner]` times `[inner, columns]`, to `product`, on this
/// thread.
///
/// # Safety
///
/// All elements of `left` and `right` must be readable. All elements of `product` must be writable,
/// and no other thread may read or write them during the call.
#[allow(unsafe_code, reason = "gemm takes pointers")]
pub(crate) unsafe fn multiply(
    [rows, inner, columns]: [usize; 3],
    left: &Matrix<*const f32>,
    right: &Matrix<*const f32>,
    scale: f32,
    product: &Matrix<*mut f32>,
) {
    let step = |strides: [usize; 2], axis: usize| strides[axis] as isize;
    // SAFETY: the caller guarantees it. The old content of `product` is not read.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            product.start,
            step(product.strides, 1),
            step(product.strides, 0),
            false,
            left.start,
            step(left.strides, 1),
            step(left.strides, 0),
            right.start,
            step(right.strides, 1),
            step(right.strides, 0),
            0.0,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
