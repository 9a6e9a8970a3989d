//! Memory that is used again in the next step: an allocator gives large pieces back to the system,
//! which then clears every page again.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Numbers whose memory goes back to a pool of the program when they are dropped.
///
/// ```
/// use dnabert_kernels::Buffer;
///
/// let mut buffer = Buffer::new(1000);
/// buffer.fill(1.0);
/// assert_eq!(buffer.iter().sum::<f32>(), 1000.0);
/// ```
#[derive(Debug, Default)]
pub struct Buffer(Vec<f32>);

impl Buffer {
    /// A buffer with any content: the caller writes every element before it is read.
    pub fn new(length: usize) -> Self {
        Self(pool(|pool| pool.take(length)))
    }

    /// A buffer for so many bytes, with any content.
    pub fn for_bytes(length: usize) -> Self {
        Self::new(length.div_ceil(size_of::<f32>()))
    }

    /// The first bytes.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn as_bytes(&self, length: usize) -> &[u8] {
        &bytemuck::cast_slice(&self.0)[..length]
    }

    /// The first bytes.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn as_bytes_mut(&mut self, length: usize) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.0)[..length]
    }

    /// The numbers. Give them back by [`from`](Self::from), where they are no longer needed.
    pub fn into_vec(mut self) -> Vec<f32> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<f32>> for Buffer {
    /// Takes numbers back from [`into_vec`](Self::into_vec).
    fn from(values: Vec<f32>) -> Self {
        Self(values)
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.0.capacity() > 0 {
            let values = std::mem::take(&mut self.0);
            pool(|pool| pool.put(values));
        }
    }
}

/// The free memory of the program. Together with what is used, it is never more than was used at
/// once.
#[derive(Debug)]
struct Pool {
    /// In ascending order of capacity.
    free: Vec<Vec<f32>>,
    /// The capacity of all of `free`.
    available: usize,
    /// The capacity of what was taken and not put back. What is never put back counts for ever; it
    /// raises `most` by as much, so that no more is kept for it.
    used: usize,
    /// The largest value of `used`.
    most: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool::new());

fn pool<T>(work: impl FnOnce(&mut Pool) -> T) -> T {
    work(&mut POOL.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Pool {
    const fn new() -> Self {
        Self { free: Vec::new(), available: 0, used: 0, most: 0 }
    }

    fn take(&mut self, length: usize) -> Vec<f32> {
        let at = self.free.partition_point(|values| values.capacity() < length);
        // A piece that is much too large would be missing elsewhere.
        let fits = self.free.get(at).is_some_and(|values| values.capacity() <= 2 * length);
        let mut values = if fits { self.free.remove(at) } else { Vec::new() };
        self.available -= values.capacity();
        if values.capacity() < length {
            values = vec![0.0; length];
        } else if values.len() < length {
            values.resize(length, 0.0);
        } else {
            values.truncate(length);
        }
        self.used += values.capacity();
        self.most = self.most.max(self.used);
        self.shrink();
        values
    }

    fn put(&mut self, values: Vec<f32>) {
        self.used = self.used.saturating_sub(values.capacity());
        self.available += values.capacity();
        let at = self.free.partition_point(|other| other.capacity() < values.capacity());
        self.free.insert(at, values);
        self.shrink();
    }

    /// Gives back the smallest pieces while there is more than was ever used at once.
    fn shrink(&mut self) {
        let mut count = 0;
        while self.used + self.available > self.most && count < self.free.len() {
            self.available -= self.free[count].capacity();
            count += 1;
        }
        self.free.drain(..count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_never_grows_beyond_the_most_at_once() {
        let mut pool = Pool::new();
        let (one, two) = (pool.take(1000), pool.take(500));
        let place = one.as_ptr();
        assert_eq!((pool.used, pool.available), (1500, 0));
        pool.put(one);
        pool.put(two);
        assert_eq!((pool.used, pool.available), (0, 1500));
        let again = pool.take(900);
        assert_eq!((again.as_ptr(), again.len()), (place, 900));
        assert_eq!((pool.used, pool.available), (1000, 500));
        pool.put(again);
        // Small pieces make room for a large one.
        let large = pool.take(1400);
        assert!(pool.used == 1400 && pool.used + pool.available <= 1500, "{pool:?}");
        drop(large);
        // What never comes back does not raise what is kept.
        for _ in 0..10 {
            drop(pool.take(1500));
            let piece = pool.take(100);
            pool.put(piece);
            assert!(pool.available <= 1500, "{pool:?}");
        }
    }

    #[test]
    fn bytes_and_numbers_share_the_memory() {
        let mut buffer = Buffer::for_bytes(5);
        buffer.as_bytes_mut(5).copy_from_slice(&[1, 2, 3, 4, 5]);
        assert_eq!((buffer.len(), buffer.as_bytes(5)[4]), (2, 5));
        assert_eq!(Buffer::from(Buffer::new(3).into_vec()).len(), 3);
    }
}
