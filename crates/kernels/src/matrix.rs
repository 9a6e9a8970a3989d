//! Matrix products.

/// A matrix in memory: a pointer to its first element, and the strides from row to row and from
/// column to column.
pub(crate) struct Matrix<P> {
    pub(crate) start: P,
    pub(crate) strides: [usize; 2],
}

/// What happens to the old content of the result of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// It is replaced, and not read.
    Replace,
    /// The product is added to it.
    Add,
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
    sizes: [usize; 3],
    left: &Matrix<*const f32>,
    right: &Matrix<*const f32>,
    scale: f32,
    product: &Matrix<*mut f32>,
) {
    // SAFETY: the caller guarantees it.
    unsafe { run(sizes, left, right, scale, product, Store::Replace, gemm::Parallelism::None) }
}

/// As [`multiply`], on this thread, and with the old content of `product` in the sum if `store` says
/// so.
///
/// # Safety
///
/// As [`multiply`]; where `store` is [`Store::Add`], `product` must also be readable.
#[allow(unsafe_code, reason = "gemm takes pointers")]
pub(crate) unsafe fn multiply_onto(
    sizes: [usize; 3],
    left: &Matrix<*const f32>,
    right: &Matrix<*const f32>,
    scale: f32,
    product: &Matrix<*mut f32>,
    store: Store,
) {
    // SAFETY: the caller guarantees it.
    unsafe { run(sizes, left, right, scale, product, store, gemm::Parallelism::None) }
}

/// As [`multiply_onto`] with a scale of 1, on all cores of the current thread pool.
///
/// # Safety
///
/// As [`multiply_onto`].
#[allow(unsafe_code, reason = "gemm takes pointers")]
pub(crate) unsafe fn add_product(
    sizes: [usize; 3],
    left: &Matrix<*const f32>,
    right: &Matrix<*const f32>,
    product: &Matrix<*mut f32>,
    store: Store,
) {
    let threads = match rayon::current_num_threads() {
        1 => gemm::Parallelism::None,
        count => gemm::Parallelism::Rayon(count),
    };
    // SAFETY: the caller guarantees it.
    unsafe { run(sizes, left, right, 1.0, product, store, threads) }
}

/// # Safety
///
/// As [`multiply_onto`].
#[allow(unsafe_code, reason = "gemm takes pointers")]
unsafe fn run(
    [rows, inner, columns]: [usize; 3],
    left: &Matrix<*const f32>,
    right: &Matrix<*const f32>,
    scale: f32,
    product: &Matrix<*mut f32>,
    store: Store,
    threads: gemm::Parallelism,
) {
    let step = |strides: [usize; 2], axis: usize| strides[axis] as isize;
    // SAFETY: the caller guarantees it. The old content of `product` is read only if it is added.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            product.start,
            step(product.strides, 1),
            step(product.strides, 0),
            store == Store::Add,
            left.start,
            step(left.strides, 1),
            step(left.strides, 0),
            right.start,
            step(right.strides, 1),
            step(right.strides, 0),
            1.0,
            scale,
            false,
            false,
            false,
            threads,
        );
    }
}
